#include "base/check.h"

#include <string.h>

#include "base/ascii.h"
#include "mime/address.h"
#include "mime/encoding.h"
#include "mime/header.h"
#include "mime/part.h"
#include "mime/word.h"
#include "smtpd/bounce.h"
#include "smtpd/bounce_text.h"

static const char original[] =
	"Message-ID: <1@acme.test>\r\n"
	"Subject: =?utf-8?B?5oql5Lu3?= offer\r\n"
	"X-Raw: \xb1\xa8\xbc\xdb\r\n"
	"Date: Tue, 24 Nov 2026 10:36:51 +0800\r\n"
	"\r\n"
	"secret body\r\n";

struct fixture {
	struct relay_result results[2];
	struct bounce_recipient recipients[2];
	struct bounce bounce;
	struct buf out;
	struct part_tree tree;
};

static void
fixture_open(struct fixture *f)
{
	*f = (struct fixture){ .out = buf_init(BOUNCE_MAX) };
	f->results[0] = relay_result_make("5.1.1", SLICE("550 5.1.1 \xff no such user\r\nX: y"));
	f->results[0].code = 550;
	f->results[1] = relay_result_make("5.4.99", SLICE("something else"));
	f->recipients[0] = (struct bounce_recipient){ SLICE("ann@a.test"), SLICE(""),
		&f->results[0] };
	f->recipients[1] = (struct bounce_recipient){ SLICE("\xe5\xbc\xa0@a.test"),
		SLICE(""), &f->results[1] };
	f->bounce = (struct bounce){
		.hostname = SLICE("mail.acme.test"),
		.domain = SLICE("acme.test"),
		.mid = SLICE("abc123"),
		.author = SLICE("zhang@acme.test"),
		.remote = SLICE("mx.a.test"),
		.made_at = 1795516611,
		.now_s = 1795516711,
		.until_s = 1795516611 + 5 * 86400,
		.recipients = f->recipients,
		.count = 2,
		.text = slice_from_cstr(original),
	};
}

static void
write_and_scan(struct fixture *f)
{
	struct slice s;
	size_t line = 0;

	bounce_write(&f->bounce, &f->out);
	CHECK_STATUS(buf_status(&f->out), STATUS_OK);
	s = buf_slice(&f->out);
	for (size_t i = 0; i < s.len; i++) {
		CHECK(!ascii_is_8bit(s.ptr[i]) && s.ptr[i] != '\0');
		CHECK((s.ptr[i] == '\n') == (i > 0 && s.ptr[i - 1] == '\r'));
		line = s.ptr[i] == '\n' ? 0 : line + 1;
		CHECK(line <= 999);
	}
	part_scan(s, &f->tree);
}

static void
fixture_clear(struct fixture *f)
{
	part_tree_clear(&f->tree);
	buf_clear(&f->out);
}

static struct slice
header_of(const struct fixture *f, uint32_t i)
{
	return slice_sub(buf_slice(&f->out), f->tree.parts[i].header_at,
	    f->tree.parts[i].header_len);
}

static void
body_of(const struct fixture *f, uint32_t i, struct buf *out)
{
	buf_reset(out);
	CHECK_STATUS(encoding_decode((enum encoding)f->tree.parts[i].encoding,
	    slice_sub(buf_slice(&f->out), f->tree.parts[i].body_at, f->tree.parts[i].body_len),
	    out), STATUS_OK);
}

static bool
holds(const struct buf *b, const char *text)
{
	return slice_find(buf_slice(b), slice_from_cstr(text)) < b->len;
}

static void
check_field(struct slice header, const char *name, const char *want)
{
	struct buf text = buf_init(4096);
	struct header_field field;

	CHECK(header_find(header, slice_from_cstr(name), &field));
	CHECK_STATUS(word_decode(slice_trim(field.value), SLICE(""), &text), STATUS_OK);
	CHECK_SLICE(buf_slice(&text), want);
	buf_clear(&text);
}

static void
a_notice_is_a_report_for_people_and_programs(void **state)
{
	struct fixture f;
	struct buf body = buf_init(BOUNCE_MAX);

	(void)state;
	fixture_open(&f);
	write_and_scan(&f);
	CHECK_U64(f.tree.count, 4);
	check_field(header_of(&f, 0), "From", "邮件系统 Mail System <mailer-daemon@acme.test>");
	check_field(header_of(&f, 0), "To", "<zhang@acme.test>");
	check_field(header_of(&f, 0), "Auto-Submitted", "auto-replied");
	check_field(header_of(&f, 0), "Return-Path", "<>");
	check_field(header_of(&f, 0), "Message-ID", "<abc123@acme.test>");
	check_field(header_of(&f, 0), "In-Reply-To", "<1@acme.test>");
	CHECK_U64(header_count(header_of(&f, 0), SLICE("Subject"), 2), 1);
	body_of(&f, 1, &body);
	CHECK(utf8_is_valid(buf_slice(&body)));
	CHECK(holds(&body, "没有这个收件人") && holds(&body, "knows no such recipient"));
	CHECK(holds(&body, "<ann@a.test>") && holds(&body, "<张@a.test>"));
	CHECK(holds(&body, "550 5.1.1 ? no such user??X: y"));
	CHECK(holds(&body, "主题：报价 offer"));
	body_of(&f, 2, &body);
	CHECK(slice_starts(buf_slice(&body), SLICE("Reporting-MTA: dns; mail.acme.test\r\n")));
	CHECK(holds(&body, "\r\n\r\nFinal-Recipient: rfc822; ann@a.test\r\nAction: failed\r\n"
	    "Status: 5.1.1\r\nRemote-MTA: dns; mx.a.test\r\n"
	    "Diagnostic-Code: smtp; 550 5.1.1 ? no such user??X: y\r\n"));
	CHECK(holds(&body, "\r\n\r\nFinal-Recipient: utf-8; \\x{5F20}@a.test\r\nAction: failed\r\n"
	    "Status: 5.4.99\r\nDiagnostic-Code: x-tradepost; something else\r\n"));
	CHECK(!holds(&body, "Will-Retry-Until"));
	body_of(&f, 3, &body);
	CHECK(holds(&body, "X-Raw: \xb1\xa8\xbc\xdb\r\n") && !holds(&body, "secret body"));
	buf_clear(&body);
	fixture_clear(&f);
}

static void
a_delay_is_told_as_such(void **state)
{
	struct fixture f;
	struct buf body = buf_init(BOUNCE_MAX);

	(void)state;
	fixture_open(&f);
	f.bounce.kind = BOUNCE_DELAYED;
	f.bounce.count = 1;
	write_and_scan(&f);
	check_field(header_of(&f, 0), "Auto-Submitted", "auto-generated");
	body_of(&f, 1, &body);
	CHECK(holds(&body, "系统还会重试 5 天") && holds(&body, "It will be tried for 5 more"));
	body_of(&f, 2, &body);
	CHECK(holds(&body, "Action: delayed\r\n") && holds(&body, "Will-Retry-Until: "));
	buf_clear(&body);
	fixture_clear(&f);
}

static void
a_success_is_told_as_such_and_mends_nothing(void **state)
{
	static const struct {
		enum bounce_kind kind;
		const char *action, *zh, *en;
	} rows[] = {
		{ BOUNCE_DELIVERED, "Action: delivered\r\nStatus: 2.0.0\r\nLast-Attempt-Date: ",
		    "已经送到", "has been delivered" },
		{ BOUNCE_RELAYED, "Action: relayed\r\nStatus: 2.0.0\r\nRemote-MTA: dns; mx.a.test\r\n"
		    "Diagnostic-Code: smtp; 250 taken\r\n", "已经转交", "handed on" },
	};
	struct buf body = buf_init(BOUNCE_MAX);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;

		fixture_open(&f);
		f.results[0] = (struct relay_result){ .verdict = RELAY_SENT, .enhanced = "2.0.0" };
		if (rows[i].kind == BOUNCE_RELAYED) {
			f.results[0].code = 250;
			memcpy(f.results[0].text, "250 taken", 10);
		}
		f.bounce.kind = rows[i].kind;
		f.bounce.count = 1;
		f.bounce.dsn.ret = SMTP_RET_FULL;	/* speaks of failures alone */
		write_and_scan(&f);
		check_field(header_of(&f, 0), "Auto-Submitted", "auto-replied");
		body_of(&f, 1, &body);
		CHECK(holds(&body, rows[i].zh) && holds(&body, rows[i].en));
		CHECK(!holds(&body, "怎么办") && !holds(&body, "What to do"));
		CHECK(holds(&body, "主题：报价 offer"));
		body_of(&f, 2, &body);
		CHECK(holds(&body, rows[i].action));
		body_of(&f, 3, &body);
		CHECK(!holds(&body, "secret body"));
		fixture_clear(&f);
	}
	buf_clear(&body);
}

static void
what_the_author_said_of_notices_is_in_them(void **state)
{
	struct fixture f;
	struct buf body = buf_init(BOUNCE_MAX);

	(void)state;
	fixture_open(&f);
	f.bounce.dsn.envid = SLICE("QQ+2B1+0D+0ABcc:+20x");	/* no parser lets that in */
	f.recipients[0].orcpt = SLICE("rfc822;ann+2Btag@old.test");
	f.recipients[1].orcpt = SLICE("utf-8;\\x{5F20}+0D+0A@old.test");
	write_and_scan(&f);
	body_of(&f, 2, &body);
	CHECK(slice_starts(buf_slice(&body), SLICE("Original-Envelope-Id: QQ+1??Bcc: x\r\n"
	    "Reporting-MTA: dns; mail.acme.test\r\n")));
	CHECK(holds(&body, "\r\n\r\nOriginal-Recipient: rfc822; ann+tag@old.test\r\n"
	    "Final-Recipient: rfc822; ann@a.test\r\n"));
	CHECK(holds(&body, "\r\n\r\nOriginal-Recipient: utf-8; \\x{5F20}??@old.test\r\n"));
	buf_clear(&body);
	fixture_clear(&f);
}

static void
a_failure_goes_back_whole_where_that_was_asked_for_and_can_be(void **state)
{
	static char big[BOUNCE_FULL_MAX + 1];
	static const char plain[] = "Subject: x\r\n\r\nsecret body\r\n";
	static const char raw[] = "Subject: x\r\n\r\nsecret body \xff\r\n";
	struct slice largest = slice_make(big, BOUNCE_FULL_MAX);
	const struct {
		uint8_t ret;
		struct slice text;
		bool is_whole;
	} rows[] = {
		{ SMTP_RET_FULL, slice_from_cstr(plain), true },
		{ SMTP_RET_HDRS, slice_from_cstr(plain), false },
		{ SMTP_RET_UNSAID, slice_from_cstr(plain), false },
		{ SMTP_RET_FULL, slice_from_cstr(raw), false },
		{ SMTP_RET_FULL, largest, true },
		{ SMTP_RET_FULL, slice_make(big, BOUNCE_FULL_MAX + 1), false },
	};

	(void)state;
	memset(big, '\n', sizeof(big));
	memcpy(big, plain, sizeof(plain) - 1);
	for (size_t i = 0; i < sizeof(big); i++)
		if (i >= sizeof(plain) - 1)
			big[i] = i % 60 == 0 ? '\n' : i % 60 == 59 ? '\r' : 'x';
	big[sizeof(plain) - 1] = 'x';
	big[BOUNCE_FULL_MAX - 2] = 'x';
	big[BOUNCE_FULL_MAX - 1] = 'x';
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		struct slice all;

		fixture_open(&f);
		f.bounce.dsn.ret = rows[i].ret;
		f.bounce.text = rows[i].text;
		write_and_scan(&f);
		all = buf_slice(&f.out);
		CHECK((slice_find(all, SLICE("\r\nsecret body\r\n")) < all.len) == rows[i].is_whole);
		CHECK((slice_find(all, SLICE("message/rfc822")) < all.len) == rows[i].is_whole);
		fixture_clear(&f);
	}
}

static void
originals_of_any_shape_are_quoted(void **state)
{
	static char big[200000];
	struct slice rows[] = {
		SLICE(""), SLICE("no header at all"), SLICE("\r\n\r\n"), SLICE("A: b"),
		SLICE("Subject: =?utf-8?B?DQpCY2M6IHg=?=\r\nMessage-ID: <a\r\n b>\r\n\r\n"),
		SLICE("Subject: a\0b\r\n\r\n"), slice_make(big, sizeof(big)),
	};

	(void)state;
	memset(big, 'x', sizeof(big));
	memcpy(big, "Subject: ", 9);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;

		fixture_open(&f);
		f.bounce.text = rows[i];
		f.bounce.is_expired = true;
		write_and_scan(&f);
		CHECK_U64(f.tree.count, 4);
		CHECK_U64(header_count(header_of(&f, 0), SLICE("Bcc"), 1), 0);
		fixture_clear(&f);
	}
}

static void
every_code_has_a_reason(void **state)
{
	static const struct {
		const char *enhanced, *row;
	} rows[] = {
		{ "5.1.1", "1.1" }, { "5.1.10", "1.10" }, { "5.1.0", "1." }, { "4.2.2", "2.2" },
		{ "5.2.9", "2." }, { "5.3.4", "3.4" }, { "4.4.1", "4." }, { "4.4.7", "4." },
		{ "5.7.1", "7." }, { "4.7.8", "7.8" }, { "5.5.2", "" }, { "5.0.0", "" }, { "", "" },
		{ "5", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(bounce_reason(rows[i].enhanced)->code, rows[i].row);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notice_is_a_report_for_people_and_programs),
		cmocka_unit_test(a_delay_is_told_as_such),
		cmocka_unit_test(a_success_is_told_as_such_and_mends_nothing),
		cmocka_unit_test(what_the_author_said_of_notices_is_in_them),
		cmocka_unit_test(a_failure_goes_back_whole_where_that_was_asked_for_and_can_be),
		cmocka_unit_test(originals_of_any_shape_are_quoted),
		cmocka_unit_test(every_code_has_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
