#include "policy/rewrite.h"

#include <string.h>

#include "base/ascii.h"
#include "base/check.h"
#include "base/mem.h"
#include "mime/encoding.h"
#include "mime/header.h"
#include "mime/part.h"
#include "policy/facts.h"

static const struct slice domains[] = { SLICE("acme.test"), SLICE("office.lan") };
static const struct rewrite_address addresses[] = {
	{ SLICE("zhang@acme.test"), SLICE("Zhang San"), SLICE("sales@example.com") },
	{ SLICE("li@acme.test"), SLICE("李四"), SLICE("sales@example.com") },
	{ SLICE("wang@office.lan"), SLICE(""), SLICE("sales@example.com") },
};
static const struct rewrite_order order = {
	.at_s = 1700000000,
	.mid = SLICE("m1"),
	.name = SLICE("Zhang San"),
	.address = SLICE("sales@example.com"),
	.domain = SLICE("example.com"),
	.domain_count = ARRAY_LEN(domains),
	.domains = domains,
	.address_count = ARRAY_LEN(addresses),
	.addresses = addresses,
};

/* 7-bit, lines of at most 998 bytes that end in CRLF, one empty line behind the header. */
static void
check_clean(struct slice text)
{
	size_t line = 0;

	for (size_t i = 0; i < text.len; i++) {
		CHECK(!ascii_is_8bit(text.ptr[i]) && text.ptr[i] != '\0');
		if (text.ptr[i] == '\r') {
			CHECK(i + 1 < text.len && text.ptr[i + 1] == '\n');
			i++;
			line = 0;
			continue;
		}
		CHECK(text.ptr[i] != '\n');
		CHECK(++line <= 998);
	}
	CHECK(slice_find(text, SLICE("\r\n\r\n")) < text.len);
}

static struct buf
rewritten(struct slice text, const struct rewrite_order *o)
{
	struct buf out = buf_init(64 * 1024 * 1024);
	char *copy = mem_dup(text);

	CHECK_STATUS(rewrite_outgoing(slice_make(copy, text.len), o, &out), STATUS_OK);
	check_clean(buf_slice(&out));
	mem_free(copy);
	return out;
}

#define COMMON "From: zhang@acme.test\r\nTo: c@x.test\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n" \
	"Message-ID: <a@example.com>\r\n"
#define TRACE "Received: by example.com id m1;\r\n\tTue, 14 Nov 2023 22:13:20 +0000\r\n"
#define FROM "From: Zhang San <sales@example.com>\r\n"
#define COMMON_OUT FROM "To: c@x.test\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n" \
	"Message-ID: <a@example.com>\r\n"
#define GBK_NI_HAO "\xc4\xe3\xba\xc3"
#define UTF8_NI_HAO "\xe4\xbd\xa0\xe5\xa5\xbd"
#define WORD_NI_HAO "=?utf-8?B?5L2g5aW9?="

/* What a header was and has to become; around them stand what every message needs. */
static const struct { const char *what, *in, *out; } headers[] = {
	{ "clean fields stay byte for byte", "Subject:  a\r\n\tb  \r\nX-Mailer: Foxmail 7\r\n",
	    "Subject:  a\r\n\tb  \r\nX-Mailer: Foxmail 7\r\n" },
	{ "a raw GBK subject, as Foxmail 5 writes it", "Subject: " GBK_NI_HAO "\r\n",
	    "Subject: " WORD_NI_HAO "\r\n" },
	{ "a raw UTF-8 subject", "Subject: " UTF8_NI_HAO "\r\n",
	    "Subject: " WORD_NI_HAO "\r\n" },
	{ "encoded words that hide nothing stay", "Subject: =?gb2312?B?xOO6ww==?=\r\n",
	    "Subject: =?gb2312?B?xOO6ww==?=\r\n" },
	{ "a line end inside an encoded word", "Subject: =?utf-8?B?YQ0KQmNjOiB4?=\r\n",
	    "Subject: a  Bcc: x\r\n" },
	{ "the same in Q", "Subject: =?utf-8?Q?a=0D=0AX:y?=\r\n", "Subject: a  X:y\r\n" },
	{ "and in a charset that has letters for it", "Subject: =?utf-7*en?Q?a+AA0ACg-Bcc:x?=\r\n",
	    "Subject: a  Bcc:x\r\n" },
	{ "and beside a name", "Cc: =?utf-8?B?YQ0KQmNjOiB4?= <c@x.test>\r\n",
	    "Cc: \"a  Bcc: x\" <c@x.test>\r\n" },
	{ "NUL and other controls", "Subject: a\001b\r\n", "Subject: a b\r\n" },
	{ "Bcc goes", "bcc: secret@x.test\r\nResent-Bcc: b@x.test\r\n", "" },
	{ "a folded Bcc, too", "Bcc: a@x.test,\r\n b@x.test\r\nX-A: b\r\n", "X-A: b\r\n" },
	{ "our network", "Return-Path: <zhang@acme.test>\r\nX-Originating-IP: [10.0.0.1]\r\n"
	    "X-Sender: zhang\r\nx-mozilla-status: 0001\r\nX-MS-Exchange-Organization-SCL: 1\r\n"
	    "Delivered-To: z@acme.test\r\nDKIM-Signature: v=1\r\nStatus: RO\r\n", "" },
	{ "colleagues are shown as outside", "Cc: \"Li\" <LI@acme.test>, other@x.test\r\n",
	    "Cc: =?utf-8?B?5p2O5Zub?= <sales@example.com>, other@x.test\r\n" },
	{ "a name that is there stays where the directory has none",
	    "Cc: \"W, Wu\" <wang@office.lan>\r\n", "Cc: \"W, Wu\" <sales@example.com>\r\n" },
	{ "an address of ours that is known outside stays", "Cc: info@acme.test\r\n",
	    "Cc: info@acme.test\r\n" },
	{ "where answers go", "Reply-To: zhang@acme.test\r\nSender: <zhang@acme.test>\r\n"
	    "Disposition-Notification-To: \"Z\" <zhang@acme.test>\r\n",
	    "Reply-To: Zhang San <sales@example.com>\r\nSender: Zhang San <sales@example.com>\r\n"
	    "Disposition-Notification-To: Zhang San <sales@example.com>\r\n" },
	{ "a Reply-To outside stays", "Reply-To: me@x.test\r\n", "Reply-To: me@x.test\r\n" },
	{ "raw GBK names", "Cc: " GBK_NI_HAO " <c@x.test>, \"" GBK_NI_HAO "\" <d@x.test>\r\n",
	    "Cc: " WORD_NI_HAO " <c@x.test>, " WORD_NI_HAO " <d@x.test>\r\n" },
	{ "groups", "Cc: Us: li@acme.test, a@x.test;, b@x.test\r\n",
	    "Cc: Us: =?utf-8?B?5p2O5Zub?= <sales@example.com>, a@x.test;, b@x.test\r\n" },
	{ "ids of threads", "In-Reply-To: <1@acme.test>\r\n"
	    "References: <0@x.test> <1@acme.test>,\r\n\t<2@ZHANGPC>\r\n",
	    "In-Reply-To: <b7694c385c4b0bf5d74e80465bcff7f9@example.com>\r\n"
	    "References: <0@x.test>\r\n <b7694c385c4b0bf5d74e80465bcff7f9@example.com>\r\n"
	    " <e2daa2f2a07f0418c9ba7876b331aa99@example.com>\r\n" },
	{ "ids outside stay as they are", "References: <a@x.test>, \r\n\t<b@y.test>\r\n",
	    "References: <a@x.test>, \r\n\t<b@y.test>\r\n" },
	{ "our own outside ids, too", "References: <7@example.com>\r\n",
	    "References: <7@example.com>\r\n" },
	{ "ids of our machines", "References: <1@pc.office.lan> <2@erp.acme.test>\r\n"
	    "In-Reply-To: <3@[192.168.1.5]>\r\nOriginal-Message-ID: <4@nas.local>\r\n",
	    "References: <697e129d061f1f842b5c6f7c920bd6b9@example.com>\r\n"
	    " <1aac3aad34132fa1145d51bb29a4430a@example.com>\r\n"
	    "In-Reply-To: <a0feae04557f4cad0fa6399be3bac1ae@example.com>\r\n"
	    "Original-Message-ID: <a066769b7be26243de1879608ac2e952@example.com>\r\n" },
	{ "domains that only end like ours", "References: <1@notacme.test>\r\n",
	    "References: <1@notacme.test>\r\n" },
	{ "an address for a name", "Cc: \"'wang@office.lan'\" <wang@office.lan>\r\n"
	    "Resent-To: \"zhang@acme.test\" <sales@example.com>\r\n",
	    "Cc: \"'sales@example.com'\" <sales@example.com>\r\n"
	    "Resent-To: \"sales@example.com\" <sales@example.com>\r\n" },
	{ "our addresses in fields that nobody knows", "Autocrypt: addr=Zhang@acme.test; keydata=x\r\n"
	    "List-Unsubscribe: <mailto:zhang@acme.test>\r\nX-Own: azhang@acme.test, "
	    "zhang@acme.test.\r\n", "Autocrypt: addr=sales@example.com; keydata=x\r\n"
	    "List-Unsubscribe: <mailto:sales@example.com>\r\nX-Own: azhang@acme.test, "
	    "sales@example.com.\r\n" },
	{ "but not in what is for people", "Subject: write to zhang@acme.test\r\n",
	    "Subject: write to zhang@acme.test\r\n" },
	{ "file names", "Content-Disposition: attachment; filename=\"" GBK_NI_HAO ".pdf\"\r\n",
	    "Content-Disposition: attachment;\r\n\tfilename*=utf-8''%E4%BD%A0%E5%A5%BD.pdf\r\n" },
	{ "what is no field", "no field at all\r\nX\xc4\xe3: y\r\n: z\r\nA: b\r\n", "A: b\r\n" },
	{ "a body without an empty line before it", "A: b\r\nDear Ann,\r\nhello\r\n",
	    "A: b\r\n\r\nDear Ann,\r\nhello\r\n" },
	{ "parts without an empty line before them", "Content-Type: multipart/mixed; boundary=b\r\n"
	    "A preamble\r\n--b \r\nX-A: b\r\n\r\none\r\n--b--\r\n",
	    "Content-Type: multipart/mixed; boundary=b\r\n\r\nA preamble\r\n\r\n--b \r\nX-A: b\r\n"
	    "\r\none\r\n--b--\r\n" },
	{ "a date that is there once stays alone", "Date: Wed, 15 Nov 2023 22:13:20 +0000\r\n", "" },
	{ "so does an id", "Message-ID: <b@x.test>\r\n", "" },
	{ "and a From", "From: boss@acme.test\r\n", "" },
};

static void
each_header_field_leaves_as_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		struct buf in = buf_init(65536), want = buf_init(65536), out;

		buf_printf(&in, "%s%s\r\nbody\r\n", COMMON, headers[i].in);
		buf_printf(&want, "%s%s%s\r\nbody\r\n", TRACE, COMMON_OUT, headers[i].out);
		out = rewritten(buf_slice(&in), &order);
		if (!slice_equal(buf_slice(&out), buf_slice(&want))) {
			print_error("%s: %.*s", headers[i].what, SLICE_ARG(buf_slice(&out)));
			CHECK(false);
		}
		buf_clear(&in);
		buf_clear(&want);
		buf_clear(&out);
	}
}

static struct slice
field_of(const struct buf *out, const char *name)
{
	struct slice header, body;
	struct header_field f;

	header_split(buf_slice(out), &header, &body);
	CHECK(header_find(header, slice_from_cstr(name), &f));
	return slice_trim(f.value);
}

static void
who_wrote_it_is_the_outside_identity(void **state)
{
	static const struct { const char *from, *name, *address, *out; } rows[] = {
		{ "From: =?gb2312?B?1cXI/Q==?= <zhang@acme.test>\r\n", "张三", "sales@example.com",
		    "=?utf-8?B?5byg5LiJ?=\r\n <sales@example.com>" },
		{ "From: \"Zhang\" <zhang@acme.test>\r\n", "", "zhang@example.com",
		    "Zhang <zhang@example.com>" },
		{ "From: zhang@acme.test, li@acme.test\r\n", "Zhang, San", "sales@example.com",
		    "\"Zhang, San\" <sales@example.com>" },
		{ "", "Zhang San", "sales@example.com", "Zhang San <sales@example.com>" },
		{ "From: \xd5\xc5\xc8\xfd <zhang@acme.test>\r\n", "", "sales@example.com",
		    "=?utf-8?B?5byg5LiJ?=\r\n <sales@example.com>" },
		{ "From: \"zhang@acme.test\" <zhang@acme.test>\r\n", "", "sales@example.com",
		    "\"sales@example.com\" <sales@example.com>" },
		/* A device keeps its own. */
		{ "From: Scanner <scan@acme.test>\r\n", "", "", "Scanner <scan@acme.test>" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rewrite_order o = order;
		struct buf in = buf_init(4096), out;

		o.name = slice_from_cstr(rows[i].name);
		o.address = slice_from_cstr(rows[i].address);
		buf_printf(&in, "%sTo: a@b.test\r\n\r\n", rows[i].from);
		out = rewritten(buf_slice(&in), &o);
		CHECK_SLICE(field_of(&out, "From"), rows[i].out);
		CHECK_U64(header_count(buf_slice(&out), SLICE("From"), 9), 1);
		buf_clear(&in);
		buf_clear(&out);
	}
}

static void
what_is_missing_is_added_and_ids_are_the_same_each_time(void **state)
{
	struct buf none = rewritten(SLICE(""), &order), bare = rewritten(SLICE("a"), &order);
	struct buf one = rewritten(SLICE("Message-ID: <1@acme.test>\r\n\r\nx\r\n"), &order);
	struct buf answer = rewritten(SLICE("References: <1@acme.test>\r\n\r\nx\r\n"), &order);
	struct buf host = rewritten(SLICE("Message-Id: <$1@ZHANGPC>\r\n\r\n"), &order);

	(void)state;
	CHECK(slice_starts(buf_slice(&none), SLICE(TRACE FROM)));
	CHECK_SLICE(field_of(&none, "To"), "undisclosed-recipients:;");
	CHECK_SLICE(field_of(&none, "Date"), "Tue, 14 Nov 2023 22:13:20 +0000");
	CHECK_SLICE(field_of(&bare, "Message-ID"), "<7dfe63d5055e9373a097363082b42410@example.com>");
	CHECK(slice_equal(field_of(&one, "Message-ID"), field_of(&answer, "References")));
	CHECK_U64(field_of(&one, "Message-ID").len, 34 + sizeof("@example.com") - 1);
	CHECK(slice_find(buf_slice(&one), SLICE("acme")) == one.len);
	CHECK(slice_find(buf_slice(&host), SLICE("ZHANGPC")) == host.len);
	buf_clear(&none);
	buf_clear(&bare);
	buf_clear(&one);
	buf_clear(&answer);
	buf_clear(&host);
}

static void
our_prefix_and_inner_trace_become_neutral_lines(void **state)
{
	static const char prefix[] = "Return-Path: <zhang@acme.test>\r\nReceived: from pc ([10.0.0.1])\r\n"
	    "\tby mail.acme.test\r\n";
	struct rewrite_order o = order;
	struct buf in = buf_init(4096), out;

	(void)state;
	o.prefix_len = sizeof(prefix) - 1;
	buf_printf(&in, "%sReceived: from printer by erp.office.lan\r\n" COMMON "\r\n", prefix);
	out = rewritten(buf_slice(&in), &o);
	CHECK(slice_starts(buf_slice(&out), SLICE(TRACE TRACE FROM)));
	CHECK_U64(header_count(buf_slice(&out), SLICE("Received"), 9), 2);
	CHECK(slice_find(buf_slice(&out), SLICE("10.0.0.1")) == out.len);
	CHECK(slice_find(buf_slice(&out), SLICE("lan")) == out.len);
	buf_clear(&in);
	buf_clear(&out);
}

/* Parts of the text, and what their bodies say when they are decoded. */
static void
check_bodies(const struct buf *out, const char *const bodies[], uint32_t count)
{
	struct part_tree tree;
	struct buf back = buf_init(1024 * 1024);
	uint32_t leaf = 0;

	part_scan(buf_slice(out), &tree);
	for (uint32_t i = 0; i < tree.count; i++) {
		const struct part *p = &tree.parts[i];

		if (p->kind != PART_LEAF)
			continue;
		CHECK(leaf < count);
		buf_reset(&back);
		CHECK_STATUS(encoding_decode((enum encoding)p->encoding,
		    slice_sub(buf_slice(out), p->body_at, p->body_len), &back), STATUS_OK);
		CHECK_SLICE(buf_slice(&back), bodies[leaf++]);
	}
	CHECK_U64(leaf, count);
	part_tree_clear(&tree);
	buf_clear(&back);
}

static void
bodies_are_left_alone_or_recoded_without_loss(void **state)
{
	static const char multipart[] = COMMON "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
	    "pre\xe4\xbd\xa0\r\n--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/plain; charset=gbk\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n\r\nhello " GBK_NI_HAO " and much more here"
	    "\r\n--b\r\n"
	    "Content-Type: application/pdf; name=" GBK_NI_HAO ".pdf\r\n"
	    "Content-Transfer-Encoding: binary\r\n\r\n\xff\xfe" "bin\r\n--b\r\n"
	    "Content-Type: message/rfc822\r\n\r\nSubject: " UTF8_NI_HAO "\r\nBcc: k@x.test\r\n\r\n"
	    UTF8_NI_HAO "\r\n--b\r\nContent-Type: text/plain\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n\r\nascii\r\n--b--\r\nend\r\n";
	static const char *const bodies[] = { "plain", "hello " GBK_NI_HAO " and much more here",
		("\xff\xfe" "bin"), UTF8_NI_HAO, "ascii" };
	static const char calendar[] = COMMON "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	    "--b\r\nContent-Type: message/rfc822\r\n\r\nBEGIN of a file\r\n: that \xff is none\r\n"
	    "--b--\r\n";
	static const char *const text[] = { "hello, this is " GBK_NI_HAO "\r\n" };
	static const char *const dense[] = { GBK_NI_HAO "\r\n" };
	struct buf out;

	(void)state;
	out = rewritten(SLICE(COMMON "Content-Transfer-Encoding: 8bit\r\n\r\n.\r\nFrom x\r\n\r\n"),
	    &order);
	CHECK_SLICE(buf_slice(&out), TRACE COMMON_OUT "Content-Transfer-Encoding: 7bit\r\n\r\n.\r\n"
	    "From x\r\n\r\n");
	buf_clear(&out);
	out = rewritten(SLICE(COMMON "\r\nhello, this is " GBK_NI_HAO "\r\n"), &order);
	check_bodies(&out, text, 1);
	CHECK_SLICE(field_of(&out, "Content-Type"), "text/plain; charset=gb18030");
	CHECK_SLICE(field_of(&out, "Content-Transfer-Encoding"), "quoted-printable");
	CHECK_SLICE(field_of(&out, "MIME-Version"), "1.0");
	buf_clear(&out);
	out = rewritten(SLICE(COMMON "Content-Type: text/html; format=x\r\n\r\n" GBK_NI_HAO "\r\n"),
	    &order);
	check_bodies(&out, dense, 1);
	CHECK_SLICE(field_of(&out, "Content-Type"), "text/html;\r\n\tformat=x;\r\n\tcharset=gb18030");
	CHECK_SLICE(field_of(&out, "Content-Transfer-Encoding"), "base64");
	buf_clear(&out);
	out = rewritten(slice_make(calendar, sizeof(calendar) - 1), &order);
	CHECK(slice_ends(buf_slice(&out), SLICE("\r\n\r\nBEGIN of a file\r\n: that ? is none\r\n"
	    "--b--\r\n")));
	buf_clear(&out);
	out = rewritten(slice_make(multipart, sizeof(multipart) - 1), &order);
	check_bodies(&out, bodies, 5);
	CHECK_SLICE(field_of(&out, "Content-Transfer-Encoding"), "7bit");
	CHECK(slice_find(buf_slice(&out), SLICE("\r\nBcc: k@x.test\r\n")) < out.len);
	CHECK(slice_find(buf_slice(&out), SLICE("name*=utf-8''%E4%BD%A0")) < out.len);
	buf_clear(&out);
}

/* A file is the same file, whatever became of its lines. */
static void
a_file_that_is_recoded_keeps_its_line_ends(void **state)
{
	struct buf in = buf_init(65536), out;
	static const char *const bodies[] = { "%PDF\n\r-\n\xff" };

	(void)state;
	buf_printf(&in, COMMON "Content-Type: application/pdf\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n%%PDF=0A=0D-=0A\xff");
	out = rewritten(buf_slice(&in), &order);
	check_bodies(&out, bodies, 1);
	CHECK_SLICE(field_of(&out, "Content-Transfer-Encoding"), "base64");
	buf_clear(&in);
	buf_clear(&out);
}

#define RECEIPT_BEGIN "Content-Type: multipart/report; report-type=disposition-notification;\r\n" \
	"\tboundary=b\r\n\r\n--b\r\n\r\nIt was read.\r\n--b\r\n" \
	"Content-Type: message/disposition-notification\r\n\r\n"
#define RECEIPT_END "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"

/* What mail programs send by themselves tells no more of us than what people write. */
static void
a_receipt_names_nobody_inside(void **state)
{
	static const char in[] = COMMON RECEIPT_BEGIN "Reporting-UA: ZHANGPC.office.lan; Mailer 1\r\n"
	    "Original-Recipient: rfc822;sales@example.com\r\n"
	    "Final-Recipient: rfc822;zhang@acme.test\r\nOriginal-Message-ID: <1@x.test>\r\n"
	    "Disposition: manual-action/MDN-sent-manually; displayed" RECEIPT_END
	    "Return-Path: <c@x.test>\r\nDelivered-To: zhang@office.lan\r\n"
	    "Received: from pop.example.com (sales at pop.example.com)\r\n by mail.acme.test with "
	    "POP3S id m2;\r\n Tue, 14 Nov 2023 22:13:20 +0000\r\n"
	    "Received: from x.test by mx.example.com; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
	    "Message-ID: <1@x.test>\r\nBcc: k@x.test\r\n\r\nhello\r\n--b--\r\n";
	static const char want[] = TRACE COMMON_OUT RECEIPT_BEGIN
	    "Original-Recipient: rfc822;sales@example.com\r\n"
	    "Final-Recipient: rfc822;sales@example.com\r\nOriginal-Message-ID: <1@x.test>\r\n"
	    "Disposition: manual-action/MDN-sent-manually; displayed" RECEIPT_END
	    "Return-Path: <c@x.test>\r\n"
	    "Received: from x.test by mx.example.com; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
	    "Message-ID: <1@x.test>\r\nBcc: k@x.test\r\n\r\nhello\r\n--b--\r\n";
	struct buf out = rewritten(slice_make(in, sizeof(in) - 1), &order), body = buf_init(65536);

	(void)state;
	CHECK_SLICE(buf_slice(&out), want);
	buf_clear(&out);
	/* What is signed stays. */
	buf_printf(&body, COMMON "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n%s--s--\r\n",
	    in + sizeof(COMMON) - 1);
	out = rewritten(buf_slice(&body), &order);
	CHECK(slice_ends(buf_slice(&out), slice_skip(buf_slice(&body), sizeof(COMMON) - 1)));
	buf_clear(&out);
	buf_clear(&body);
	for (size_t cut = sizeof(COMMON); cut < sizeof(in); cut++) {
		out = rewritten(slice_make(in, cut), &order);
		buf_clear(&out);
	}
}

static void
long_lines_are_cut_by_an_encoding(void **state)
{
	char line[1000];
	const struct { unsigned len; const char *encoding; } rows[] = { { 998, NULL },
		{ 999, "quoted-printable" } };

	(void)state;
	memset(line, 'x', sizeof(line));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf in = buf_init(8192), out;
		struct header_field f;

		buf_printf(&in, COMMON "\r\n%.*s\r\n", rows[i].len, line);
		out = rewritten(buf_slice(&in), &order);
		CHECK(header_find(buf_slice(&out), SLICE("Content-Transfer-Encoding"), &f) ==
		    (rows[i].encoding != NULL));
		buf_reset(&in);
		buf_clear(&out);
		/* In a header, too: with blanks, without, in a parameter, in a list. */
		buf_printf(&in, COMMON "X-A: %.*s\r\nCc: %.300s@x.test, b@x.test, %.300s@y.test, "
		    "\"%.300s\" <%.*s@z.test>\r\nContent-Type: text/plain; name=\"%.*s\"\r\n"
		    "References: <%.240s@a.b>\r\n <%.*s@c.d>\r\n\r\nx\r\n", rows[i].len, line, line,
		    line, line, rows[i].len, line, rows[i].len, line, line, rows[i].len, line);
		out = rewritten(buf_slice(&in), &order);
		buf_clear(&in);
		buf_clear(&out);
	}
}

/* Whatever stands there, cut after every byte: clean, and readable without end. */
static void
a_text_that_ends_anywhere_leaves_clean(void **state)
{
	static const char text[] = "Return-Path: <a@b>\r\nFrom \xc4: \"" GBK_NI_HAO "\" <zhang@acme.test>\r\n"
	    "To: A: li@acme.test, \"b\\\"\" (c(d)) <x@y>;\r\nMessage-ID: <" GBK_NI_HAO "@acme.test>\r\n"
	    "References: <a@b><c@acme.test>,\r\n <\xc4@x>\r\nContent-Type: multipart/mixed;\r\n"
	    "\tboundary=\"b\xc4\"; name*0*=gbk''%C4%E3; name*1=\"x\"\r\nSubject: =?utf-8?Q?=0A?=\n"
	    "Bcc: x\r\n\r\n\r\n--b\xc4\r\nContent-Type: message/rfc822\r\n\r\nA: \xff\r\n\r\n\xff\n\r--b"
	    "\r\n--b\xc4\r\nContent-Transfer-Encoding: base64\r\n\r\n\xffQUJD\r\n--b\xc4--\r\n\0\r\nx";

	/* Found by fuzzing. */
	static const char nul[] = "Content-Type: multipart/mixed; boundary=\"AAA\0\r\n\r\nx\r\n";
	struct buf found = rewritten(slice_make(nul, sizeof(nul) - 1), &order);

	(void)state;
	buf_clear(&found);
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct buf out = rewritten(slice_make(text, cut), &order);

		struct slice header, body;

		header_split(buf_slice(&out), &header, &body);
		CHECK(slice_find(header, SLICE("acme.test")) == header.len);
		buf_clear(&out);
	}
}

static void
what_finds_no_room_is_over_the_limit(void **state)
{
	struct buf out = buf_init(100);

	(void)state;
	CHECK_STATUS(rewrite_outgoing(SLICE(COMMON "\r\nx\r\n"), &order, &out), STATUS_LIMIT);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_header_field_leaves_as_it_should),
		cmocka_unit_test(who_wrote_it_is_the_outside_identity),
		cmocka_unit_test(what_is_missing_is_added_and_ids_are_the_same_each_time),
		cmocka_unit_test(our_prefix_and_inner_trace_become_neutral_lines),
		cmocka_unit_test(bodies_are_left_alone_or_recoded_without_loss),
		cmocka_unit_test(a_file_that_is_recoded_keeps_its_line_ends),
		cmocka_unit_test(a_receipt_names_nobody_inside),
		cmocka_unit_test(long_lines_are_cut_by_an_encoding),
		cmocka_unit_test(a_text_that_ends_anywhere_leaves_clean),
		cmocka_unit_test(what_finds_no_room_is_over_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
