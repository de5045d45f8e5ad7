"""A working day of five people: customers' mail is fetched and finds its person, is answered through
the smarthost with the company's address, the answers come back; colleagues write; a printer
scans to mail; what cannot be delivered returns; and the audit explains every message.

Played twice: with the programs under test and a smarthost of our own, and as root with those that
have their cages and Postfix as smarthost."""

import email
import email.policy
import email.utils
import json
import os
import re
import smtplib

import pytest

from harness import postfix
from harness.build import build_caged
from harness.instance import Instance
from harness.pop3_server import Pop3Server
from harness.smtp_server import SmtpServer
from harness.wait import wait_until

SHARED = "sales@example.com"
PATIENCE = 30.0
PRINTER, STRANGER = "127.77.0.9", "127.66.0.9"
CUSTOMER, FACTORY, UNKNOWN = "john@far.test", "lin@far.test", "unknown@far.test"

# login: names, nicks; all five are sales@example.com to the outside.
STAFF = {
    "zhang": (["Zhang San", "张三"], ["小张"]),
    "li": (["Li Si", "李四"], []),
    "wang": (["Wang Wu", "王五"], []),
    "chen": (["Chen Liu", "陈六"], ["Lily"]),
    "zhao": (["Zhao Qi", "赵七"], []),
}
DISPATCHER = "zhao"

# Whom customers name beside the one address everybody writes to, as their programs write it.
MORNING = {
    "morning-1": ("=?GB2312?B?1cXI/Q==?= <sales@example.com>", "zhang"),
    "morning-2": ('"Li Si" <sales@example.com>', "li"),
    "morning-3": ("=?UTF-8?B?546L5LqU?= <sales@example.com>", "wang"),
    "morning-4": ("Lily <sales@example.com>", "chen"),
    "morning-5": ("<sales@example.com>", DISPATCHER),
}


def parsed(text):
    return email.message_from_bytes(text, policy=email.policy.default)


class OwnSmarthost:
    """The sink of the harness."""

    def __init__(self):
        self.server = SmtpServer()

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def route(self, _):
        return ["--smarthost", f"127.0.0.1:{self.server.port}", "--tls", "off"], ""

    def refuse_next(self, is_refusing):
        self.server.behaviour = "refuse" if is_refusing else "good"

    def taken(self):
        """[(sender, text)]"""
        return [(sender, text) for sender, _, text in self.server.messages]


class PostfixSmarthost:
    """Asks for a login and TLS; refuses unknown@far.test by itself."""

    def __init__(self):
        self.server = postfix.Postfix()

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__(None, None, None)

    def route(self, instance):
        known = instance.known_ca(self.server.ca)
        return ["--smarthost", f"localhost:{self.server.port}", "--user", self.server.user,
                "--secret-stdin", "--tls", "require", "--ca", known], self.server.password

    def refuse_next(self, is_refusing):
        pass

    def taken(self):
        found = []
        for text in self.server.texts():
            sender = re.search(rb"^Return-Path: <(.*)>$", text, re.MULTILINE)[1].decode()
            # From here on it is as relayd sent it: Postfix put its own lines in front.
            at = re.search(rb"^(?!Return-Path:|X-Original-To:|Delivered-To:|Received:|\s)", text,
                           re.MULTILINE).start()
            found.append((sender, text[at:].replace(b"\n", b"\r\n")))
        return found


class Company:
    """The instance, and what its people and machines do."""

    def __init__(self, instance, smarthost, outside):
        self.instance = instance
        self.smarthost = smarthost
        self.outside = outside  # the mailbox that the provider keeps for sales@example.com
        self.arrivals = 0

    def begin(self):
        one = self.instance
        for login, (names, nicks) in STAFF.items():
            one.user_add(login, f"secret of {login}", names, nicks, f'"{names[0]}" <{SHARED}>')
        words, secret = self.smarthost.route(one)
        one.mailadm("route", "add", "isp", "--default", *words, stdin=secret + "\n")
        one.mailadm("fetch", "add", "sales", "--server", f"127.0.0.1:{self.outside.port}",
                    "--protocol", "pop3", "--tls", "off", "--user", "sales", "--secret-stdin",
                    "--shared", SHARED, "--dispatcher", one.login(DISPATCHER), "--keep", "0",
                    "--every", "6h", stdin="outside secret\n")

    def write(self, login, to, message, extra=()):
        """Submit, as a mail client does; the id that the server gave the message."""
        with self.instance.smtp("submission", login=login) as client:
            return hand_over(client, self.instance.login(login), [*to, *extra], message)

    def fetch(self, texts):
        """The provider got these meanwhile."""
        for text in texts:
            self.arrivals += 1
            self.outside.messages[f"uid{self.arrivals}"] = text
        report = json.loads(self.instance.mailadm("--json", "fetch", "run", "sales")
                            .splitlines()[-1])
        assert (report["stored"], report["failed"]) == (len(texts), 0), report
        assert not self.outside.messages

    def sent(self, token):
        """(envelope sender, text) of the one message at the smarthost with the token."""
        def found():
            return [m for m in self.smarthost.taken() if token.encode() in m[1]]
        hits = wait_until(found, PATIENCE, f"{token} at the smarthost", 0.1)
        assert len(hits) == 1
        return hits[0]

    def inbox(self, login, token):
        text = self.instance.wait_for_mail(login, token.encode(), PATIENCE)
        assert len(self.instance.find_mail(login, token.encode())) == 1
        return text

    def queue(self):
        return self.instance.mailadm("--json", "queue", "list").splitlines()

    def explained(self, mid):
        """What the audit says of a message: {kind: detail} and the words of mailadm audit show."""
        rows = [json.loads(line) for line in
                self.instance.mailadm("--json", "audit", "list", "--subject", mid).splitlines()]
        return {row["kind"]: row for row in rows}, self.instance.mailadm("audit", "show", mid)


def mid_of(text):
    """The id that our own line, the first in the text, gives a message."""
    return re.search(rb"^Received: .*?\sid (\w+);", text, re.MULTILINE | re.DOTALL)[1].decode()


def hand_over(client, sender, recipients, message):
    """The id of the message, which our server says in its last reply."""
    client.ehlo()
    assert client.mail(sender)[0] == 250
    for recipient in recipients:
        code, said = client.rcpt(recipient)
        if code != 250:
            raise smtplib.SMTPRecipientsRefused({recipient: (code, said)})
    code, said = client.data(message)
    assert code == 250, said
    return re.search(r"\b[a-z2-7]{12}\b", said.decode())[0]


def customer_text(token, to, sender=f"John Smith <{CUSTOMER}>", more=""):
    return (f"From: {sender}\r\nTo: {to}\r\nSubject: {token}\r\n{more}"
            f"Date: Tue, 24 Nov 2026 09:00:00 +0000\r\nMessage-ID: <{token}@far.test>\r\n"
            f"\r\nDear Sirs,\r\n\r\nsee above: {token}.\r\n").encode("ascii")


def staff_text(login, to, token, more=""):
    return (f"From: {STAFF[login][0][0]} <{login}@acme.test>\r\nTo: {to}\r\nSubject: {token}\r\n"
            f"Date: Tue, 24 Nov 2026 10:00:00 +0800\r\nMessage-ID: <{token}@zhang-pc.acme.test>\r\n"
            f"{more}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Transfer-Encoding: 8bit\r\n\r\n您好 {token}\r\n").encode()


@pytest.fixture(name="company", scope="module", params=["given", "caged"])
def working_company(request, tmp_path_factory):
    is_caged = request.param == "caged"
    if is_caged and os.geteuid() != 0:
        pytest.skip("only root can give processes other users")
    with_postfix = is_caged and postfix.missing() is None
    programs = build_caged() if is_caged else None
    with PostfixSmarthost() if with_postfix else OwnSmarthost() as smarthost, \
            Pop3Server([], user="sales", password="outside secret") as outside, \
            Instance(tmp_path_factory.mktemp("company") / "i", programs=programs,
                     settings={"policy": {"lan": "127.77.0.0/16"},
                               "relay": {"idle": "1s"}}) as instance:
        working = Company(instance, smarthost, outside)
        working.begin()
        yield working
        if is_caged:
            assert len(instance.log_lines("net.daemon.caged")) == len(instance.daemons())
        assert not instance.log_lines("serve.process.ended")


def test_a_working_day(company):
    """In the order of the day: each part stands on what was sent before."""
    mids = [*morning(company), *answers(company), *colleagues(company), *printer(company),
            *returned(company)]
    wait_until(lambda: not company.queue(), PATIENCE, "an empty queue", 0.1)
    assert len(set(mids)) == len(mids)
    everything(company, mids)


def morning(company):
    """Customers wrote over night; everybody finds their own, and only their own."""
    company.fetch([customer_text(token, to) for token, (to, _) in MORNING.items()])
    mids = []
    for token, (_, person) in MORNING.items():
        text = company.inbox(person, token)
        for other in set(STAFF) - {person}:
            assert not company.instance.find_mail(other, token.encode())
        mids.append(mid_of(text))
        kinds, shown = company.explained(mids[-1])
        assert f"{person}@acme.test" in shown and "mail" in kinds, shown
    return mids


def answers(company):
    """Zhang answers as the company; the customer's answers come back to their authors."""
    text = staff_text("zhang", f"John Smith <{CUSTOMER}>", "quotation-6",
                      "In-Reply-To: <morning-1@far.test>\r\nReferences: <morning-1@far.test>\r\n"
                      "Bcc: li@acme.test\r\n")
    mids = [company.write("zhang", [CUSTOMER], text, ["li@acme.test"])]
    sender, outside = company.sent("quotation-6")
    message = parsed(outside)
    assert sender == SHARED
    assert message["From"] == f"Zhang San <{SHARED}>"
    assert message["Message-ID"].endswith("@example.com>")
    assert message["In-Reply-To"] == "<morning-1@far.test>" and message["Bcc"] is None
    assert message.get_content() == "您好 quotation-6\r\n"
    for inside in (b"acme.test", b"zhang-pc", b"127.0.0.1"):
        assert inside not in outside, outside
    company.inbox("li", "quotation-6")
    # By thread, though no name or a wrong one stands there; and by name.
    thread = f"References: <morning-1@far.test> {message['Message-ID']}\r\n"
    company.fetch([customer_text("answer-7", f"<{SHARED}>", more=thread),
                   customer_text("answer-8", f'"Li Si" <{SHARED}>',
                                 more=f"In-Reply-To: {message['Message-ID']}\r\n"),
                   customer_text("answer-9", f"Wang Wu <{SHARED}>")])
    for token, person in (("answer-7", "zhang"), ("answer-8", "zhang"), ("answer-9", "wang")):
        mids.append(mid_of(company.inbox(person, token)))
        assert person in company.explained(mids[-1])[1]
    kinds, shown = company.explained(mids[0])
    assert {"mail", "mail.sent"} <= set(kinds), kinds
    assert CUSTOMER in shown and "isp" in shown and SHARED in shown, shown
    return mids


def colleagues(company):
    """What stays inside arrives as it was written, from the address inside."""
    mids = []
    for author, reader in (("wang", "chen"), ("chen", "wang"), ("zhao", "li")):
        token = f"lunch-{author}"
        text = staff_text(author, f"{reader}@acme.test", token)
        mids.append(company.write(author, [f"{reader}@acme.test"], text))
        assert company.inbox(reader, token).endswith(b"\r\n" + text)
        kinds, shown = company.explained(mids[-1])
        assert set(kinds) == {"mail"} and f"{reader}@acme.test" in shown, shown
    assert not [text for _, text in company.smarthost.taken() if b"lunch-" in text]
    return mids


def machine(company, source):
    client = smtplib.SMTP(source_address=(source, 0), timeout=PATIENCE)
    client.connect(*company.instance.endpoints["smtp"])
    return client


def printer(company):
    """A scanner knows no passwords.  From elsewhere nobody relays."""
    scan = (b"From: Printer <sales@example.com>\r\nTo: you\r\nSubject: %s\r\n"
            b"Date: Tue, 24 Nov 2026 11:00:00 +0800\r\n\r\nscanned\r\n")
    with machine(company, PRINTER) as client:
        mids = [hand_over(client, SHARED, ["zhao@acme.test"], scan % b"scan-inside")]
        mids.append(hand_over(client, SHARED, [FACTORY], scan % b"scan-outside"))
    company.inbox("zhao", "scan-inside")
    sender, outside = company.sent("scan-outside")
    assert sender == SHARED and parsed(outside)["Message-ID"] is not None
    assert PRINTER.encode() not in outside
    for mid in mids:
        kinds, shown = company.explained(mid)
        assert PRINTER in shown and "mail" in kinds, shown
    with machine(company, STRANGER) as client, \
            pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        hand_over(client, SHARED, [FACTORY], scan % b"spam")
    assert list(refused.value.recipients.values())[0][0] in (550, 554)
    return mids


def returned(company):
    """Nobody of that name outside: its author is told, in both languages, and can read why."""
    company.smarthost.refuse_next(True)
    mid = company.write("chen", [UNKNOWN],
                        staff_text("chen", UNKNOWN, "offer-10"))
    report = parsed(company.inbox("chen", "offer-10"))
    company.smarthost.refuse_next(False)
    assert report.get_content_type() == "multipart/report"
    words, status, _ = report.iter_parts()
    assert UNKNOWN in words.get_content() and "没有" in words.get_content()
    assert "What to do" in words.get_content()
    assert status.get_payload()[1]["Action"] == "failed"
    assert report["Return-Path"] == "<>"
    kinds, shown = company.explained(mid)
    assert {"mail", "mail.failed"} <= set(kinds), kinds
    notice = report["Message-ID"].strip("<>").split("@")[0]
    failed = kinds["mail.failed"]["detail"]
    assert f"to={UNKNOWN}" in failed and "550" in failed, failed
    assert f"told=chen@acme.test notice={notice}" in failed, failed
    assert f"about={mid}" in company.explained(notice)[1]
    return [mid, notice]


def everything(company, mids):
    """The audit knows every message, and no other."""
    rows = [json.loads(line) for line in company.instance.mailadm(
        "--json", "audit", "list", "--limit", "1000").splitlines()]
    assert {row["subject"] for row in rows if row["kind"] == "mail"} == set(mids)
    assert sum(row["kind"] == "mail.sent" for row in rows) == 2
    assert sum(row["kind"] == "mail.failed" for row in rows) == 1
