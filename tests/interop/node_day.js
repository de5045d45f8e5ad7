// A day's work of a program that writes with nodemailer and reads with imapflow; prints one JSON object.
//   node_day.js '{"imaps":1,"submission":2,"submissions":3,"ca":"...","people":{"li":["login","password"],...}}'
"use strict";
const fs = require("node:fs");
const { ImapFlow } = require("imapflow");
const nodemailer = require("nodemailer");

const given = JSON.parse(process.argv[2]);
const ca = fs.readFileSync(given.ca);
const BIG = Buffer.alloc(5 * 1024 * 1024, "0123456789abcdef");
const seen = {};

function transport(name, port, secure, more) {
	const [user, pass] = given.people[name];
	return nodemailer.createTransport({ host: "localhost", port, secure, requireTLS: !secure,
		name: "DESKTOP-3507", auth: { user, pass }, tls: { ca }, ...more });
}

function reader(name) {
	const [user, pass] = given.people[name];
	return new ImapFlow({ host: "localhost", port: given.imaps, secure: true, auth: { user, pass },
		tls: { ca }, logger: false });
}

async function write() {
	const [li] = given.people.li, [wang] = given.people.wang;
	const one = transport("li", given.submission, false);
	seen.verified = await one.verify();
	const done = await one.sendMail({ from: { name: "李四", address: li }, to: wang,
		subject: "报价单 第一", text: "正文\n.\n..\n", html: "<p>正文</p>",
		attachments: [{ filename: "报价.bin", content: BIG }] });
	seen.accepted = done.accepted;
	seen.messageId = done.messageId;
	one.close();
	const pooled = transport("li", given.submissions, true, { pool: true, maxConnections: 3 });
	const sent = await Promise.all([...Array(15).keys()].map(n => pooled.sendMail({ from: li,
		to: wang, subject: `pooled ${n}`, text: `number ${n}`, dsn: { id: `n${n}`, return: "headers",
			notify: ["failure", "delay"], recipient: li } })));
	seen.pooled = sent.filter(one => one.accepted.length === 1).length;
	const half = await pooled.sendMail({ from: li, to: [wang, "nobody.here@acme.test"], subject: "half",
		text: "x" });
	seen.half = [half.accepted, half.rejected, half.rejectedErrors[0].responseCode];
	pooled.close();
	const wrong = nodemailer.createTransport({ host: "localhost", port: given.submissions, secure: true,
		auth: { user: li, pass: "wrong" }, tls: { ca } });
	seen.wrong = await wrong.verify().catch(error => `${error.code} ${error.responseCode}`);
	wrong.close();
}

async function read() {
	const client = reader("wang");
	await client.connect();
	seen.uses = Object.fromEntries((await client.list()).filter(one => one.specialUse)
		.map(one => [one.path, one.specialUse]));
	await client.mailboxCreate("客户/2026");
	let lock = await client.getMailboxLock("INBOX");
	const found = await client.search({ header: { subject: "报价单" } }, { uid: true });
	seen.found = found.length;
	const big = await client.fetchOne(found[0], { envelope: true, bodyStructure: true, flags: true,
		size: true, internalDate: true, threadId: true }, { uid: true });
	seen.envelope = [big.envelope.subject, big.envelope.from[0].name, big.envelope.messageId === seen.messageId];
	const part = big.bodyStructure.childNodes.find(node => node.disposition === "attachment");
	seen.filename = part.dispositionParameters.filename;
	const { content } = await client.download(found[0], part.part, { uid: true });
	const pieces = [];
	for await (const piece of content) pieces.push(piece);
	seen.attachment = Buffer.concat(pieces).equals(BIG);
	const alternative = big.bodyStructure.childNodes[0].childNodes[0];
	const text = await client.download(found[0], alternative.part, { uid: true });
	const words = [];
	for await (const piece of text.content) words.push(piece);
	seen.text = Buffer.concat(words).toString().replaceAll("\r\n", "\n");
	seen.flagged = await client.messageFlagsAdd(found, ["\\Flagged", "$Ordered"], { uid: true });
	const pooled = await client.search({ subject: "pooled", seen: false }, { uid: true });
	const moved = await client.messageMove(pooled, "客户/2026", { uid: true });
	seen.moved = moved.uidMap.size;
	await client.messageCopy(found, "客户/2026", { uid: true });
	const subjects = [];
	lock.release();
	lock = await client.getMailboxLock("客户/2026");
	for await (const one of client.fetch("1:*", { envelope: true, flags: true })) {
		subjects.push(one.envelope.subject);
		if (one.envelope.subject.startsWith("报价单")) seen.copied = [...one.flags].filter(flag => flag !== "\\Recent").sort();
	}
	seen.subjects = subjects.length;
	seen.deleted = await client.messageDelete({ subject: "pooled 1" });
	lock.release();
	seen.status = await client.status("客户/2026", { messages: true, unseen: true, uidNext: true });
	await client.append("客户/2026", "Subject: filed\r\n\r\nx\r\n", ["\\Seen"], new Date("2026-11-24T02:36:51Z"));
	await idle(client);
	await client.mailboxRename("客户/2026", "客户/旧");
	await client.mailboxDelete("客户/旧");
	await client.mailboxDelete("客户");
	await client.logout();
}

async function idle(client) {
	const lock = await client.getMailboxLock("INBOX");
	const heard = new Promise((done, fail) => {
		client.once("exists", news => done(news.count - news.prevCount));
		setTimeout(() => fail(new Error("nothing came while idle")), 60000).unref();
	});
	client.idle();
	const writer = transport("li", given.submissions, true);
	await writer.sendMail({ from: given.people.li[0], to: given.people.wang[0], subject: "to the idle", text: "x" });
	writer.close();
	seen.idle = await heard;
	lock.release();
}

write().then(read).then(() => console.log(JSON.stringify(seen)),
	error => { console.error(error.stack, error.response, error.responseText, JSON.stringify(seen)); process.exit(1); });
