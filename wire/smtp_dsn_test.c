#include "base/check.h"

#include <string.h>

#include "wire/smtp_dsn.h"

static void
notify_is_never_or_a_list(void **state)
{
	static const struct {
		const char *value;
		enum status status;
		uint8_t notify;
		const char *written;
	} rows[] = {
		{ "NEVER", STATUS_OK, SMTP_NOTIFY_NEVER, "NEVER" },
		{ "success", STATUS_OK, SMTP_NOTIFY_SUCCESS, "SUCCESS" },
		{ "FAILURE,Delay", STATUS_OK, SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY,
		    "FAILURE,DELAY" },
		{ "DELAY,SUCCESS,FAILURE", STATUS_OK, SMTP_NOTIFY_ALL & ~SMTP_NOTIFY_NEVER,
		    "SUCCESS,FAILURE,DELAY" },
		{ "SUCCESS,SUCCESS", STATUS_OK, SMTP_NOTIFY_SUCCESS, "SUCCESS" },
		{ "", STATUS_SYNTAX, 0, NULL },
		{ ",", STATUS_SYNTAX, 0, NULL },
		{ "SUCCESS,", STATUS_SYNTAX, 0, NULL },
		{ ",SUCCESS", STATUS_SYNTAX, 0, NULL },
		{ "NEVER,FAILURE", STATUS_SYNTAX, 0, NULL },
		{ "FAILURE,NEVER", STATUS_SYNTAX, 0, NULL },
		{ "SUCCES", STATUS_SYNTAX, 0, NULL },
		{ "SUCCESS FAILURE", STATUS_SYNTAX, 0, NULL },
		{ "SUCCESS;FAILURE", STATUS_SYNTAX, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = buf_init(100);
		uint8_t notify = 77;

		CHECK_STATUS(smtp_notify_parse(slice_from_cstr(rows[i].value), &notify),
		    rows[i].status);
		CHECK_U64(notify, rows[i].status == STATUS_OK ? rows[i].notify : 77);
		if (rows[i].written != NULL) {
			smtp_notify_write(notify, &out);
			CHECK_SLICE(buf_slice(&out), rows[i].written);
		}
		buf_clear(&out);
	}
}

static void
who_says_nothing_hears_of_failures_and_delays(void **state)
{
	static const struct {
		uint8_t notify;
		bool success, failure, delay;
	} rows[] = {
		{ 0, false, true, true },
		{ SMTP_NOTIFY_NEVER, false, false, false },
		{ SMTP_NOTIFY_SUCCESS, true, false, false },
		{ SMTP_NOTIFY_FAILURE, false, true, false },
		{ SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY, true, false, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK(smtp_notify_wants(rows[i].notify, SMTP_NOTIFY_SUCCESS) == rows[i].success);
		CHECK(smtp_notify_wants(rows[i].notify, SMTP_NOTIFY_FAILURE) == rows[i].failure);
		CHECK(smtp_notify_wants(rows[i].notify, SMTP_NOTIFY_DELAY) == rows[i].delay);
	}
}

static void
ret_is_one_of_two_words(void **state)
{
	uint8_t ret = SMTP_RET_UNSAID;

	(void)state;
	CHECK_STATUS(smtp_ret_parse(SLICE(""), &ret), STATUS_SYNTAX);
	CHECK_STATUS(smtp_ret_parse(SLICE("FULLY"), &ret), STATUS_SYNTAX);
	CHECK_U64(ret, SMTP_RET_UNSAID);
	CHECK_STATUS(smtp_ret_parse(SLICE("full"), &ret), STATUS_OK);
	CHECK_U64(ret, SMTP_RET_FULL);
	CHECK_STATUS(smtp_ret_parse(SLICE("HDRS"), &ret), STATUS_OK);
	CHECK_U64(ret, SMTP_RET_HDRS);
}

static void
envid_is_xtext_that_can_be_printed(void **state)
{
	static const struct {
		const char *value;
		enum status status;
		const char *shown;
	} rows[] = {
		{ "", STATUS_OK, "" },
		{ "QQ314159", STATUS_OK, "QQ314159" },
		{ "a+2Bb+3Dc+20d", STATUS_OK, "a+b=c d" },
		{ "a+0D+0Ab", STATUS_SYNTAX, "a??b" },
		{ "a+00", STATUS_SYNTAX, "a?" },
		{ "a+7F", STATUS_SYNTAX, "a?" },
		{ "a+E4", STATUS_SYNTAX, NULL },
		{ "a+2b", STATUS_SYNTAX, "a+2b" },
		{ "a+2", STATUS_SYNTAX, "a+2" },
		{ "a+", STATUS_SYNTAX, "a+" },
		{ "a=b", STATUS_SYNTAX, "a=b" },
		{ "a b", STATUS_SYNTAX, "a b" },
		{ "\xc3\xa4", STATUS_SYNTAX, "\xc3\xa4" },
	};
	char long_one[SMTP_ENVID_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = buf_init(100);

		CHECK_STATUS(smtp_envid_check(slice_from_cstr(rows[i].value)), rows[i].status);
		smtp_xtext_show(slice_from_cstr(rows[i].value), &out);
		if (rows[i].shown != NULL)
			CHECK_SLICE(buf_slice(&out), rows[i].shown);
		buf_clear(&out);
	}
	memset(long_one, 'x', sizeof(long_one));
	CHECK_STATUS(smtp_envid_check(slice_make(long_one, SMTP_ENVID_MAX)), STATUS_OK);
	CHECK_STATUS(smtp_envid_check(slice_make(long_one, SMTP_ENVID_MAX + 1)), STATUS_LIMIT);
}

static void
orcpt_is_a_type_and_an_address(void **state)
{
	static const struct {
		const char *value;
		bool is_utf8;
		enum status status;
		const char *taken;	/* NULL: as it stands */
	} rows[] = {
		{ "rfc822;ann@a.test", false, STATUS_OK, NULL },
		{ "RFC822;ann+2Btag@a.test", false, STATUS_OK, NULL },
		{ "x400;/C+3DUS/", false, STATUS_OK, NULL },
		{ "utf-8;\\x{5F20}@a.test", false, STATUS_OK, NULL },
		{ "utf-8;\xe5\xbc\xa0@a.test", true, STATUS_OK, "utf-8;\\x{5F20}@a.test" },
		{ "UTF-8;\xc3\xa4\xf0\x9f\x98\x80", true, STATUS_OK, "UTF-8;\\x{E4}\\x{1F600}" },
		{ "utf-8;\xe5\xbc\xa0@a.test", false, STATUS_SYNTAX, NULL },
		{ "rfc822;\xe5\xbc\xa0@a.test", true, STATUS_SYNTAX, NULL },
		{ "utf-8;\xe5\xbc", true, STATUS_SYNTAX, NULL },
		{ "", false, STATUS_SYNTAX, NULL },
		{ ";", false, STATUS_SYNTAX, NULL },
		{ "rfc822", false, STATUS_SYNTAX, NULL },
		{ "rfc822;", false, STATUS_SYNTAX, NULL },
		{ ";ann@a.test", false, STATUS_SYNTAX, NULL },
		{ "rfc 822;ann@a.test", false, STATUS_SYNTAX, NULL },
		{ "rfc822;ann+0D+0ABcc:+20x", false, STATUS_SYNTAX, NULL },
		{ "rfc822;ann=b@a.test", false, STATUS_SYNTAX, NULL },
		{ "rfc822;ann@a.test+", false, STATUS_SYNTAX, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = buf_init(SMTP_ORCPT_MAX);

		CHECK_STATUS(smtp_orcpt_parse(slice_from_cstr(rows[i].value), rows[i].is_utf8,
		    &out), rows[i].status);
		CHECK_SLICE(buf_slice(&out), rows[i].status != STATUS_OK ? "" :
		    rows[i].taken != NULL ? rows[i].taken : rows[i].value);
		buf_clear(&out);
	}
}

static void
orcpt_has_500_bytes_at_most(void **state)
{
	char value[SMTP_ORCPT_MAX + 1] = "rfc822;";
	struct buf out = buf_init(2 * SMTP_ORCPT_MAX);

	(void)state;
	memset(value + 7, 'x', sizeof(value) - 7);
	CHECK_STATUS(smtp_orcpt_parse(slice_make(value, SMTP_ORCPT_MAX + 1), false, &out),
	    STATUS_LIMIT);
	CHECK_U64(out.len, 0);
	CHECK_STATUS(smtp_orcpt_parse(slice_make(value, SMTP_ORCPT_MAX), false, &out), STATUS_OK);
	CHECK_U64(out.len, SMTP_ORCPT_MAX);
	/* What grows beyond the limit in its 7-bit form is too long, too. */
	memcpy(value, "utf-8;\xc3\xa4", 8);
	buf_reset(&out);
	CHECK_STATUS(smtp_orcpt_parse(slice_make(value, SMTP_ORCPT_MAX), true, &out),
	    STATUS_LIMIT);
	buf_clear(&out);
}

static void
any_bytes_become_xtext_and_come_back(void **state)
{
	struct buf out = buf_init(1000), again = buf_init(1000);
	char all[95];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)(' ' + i);
	smtp_xtext_write(slice_make(all, sizeof(all)), &out);
	CHECK(slice_starts(buf_slice(&out), SLICE("+20!\"#$%&'()*+2B,-")));
	smtp_xtext_show(buf_slice(&out), &again);
	CHECK(slice_equal(buf_slice(&again), slice_make(all, sizeof(all))));
	buf_reset(&out);
	smtp_xtext_write(SLICE("a\r\n\xff"), &out);
	CHECK_SLICE(buf_slice(&out), "a+0D+0A+FF");
	buf_clear(&out);
	buf_clear(&again);
}

static void
fields_travel_as_they_are_and_forged_ones_do_not(void **state)
{
	static const struct smtp_dsn_rcpt bad[] = {
		{ .notify = SMTP_NOTIFY_NEVER | SMTP_NOTIFY_FAILURE },
		{ .notify = 16 },
		{ .orcpt = { "rfc822;a\nb", 10 } },
		{ .orcpt = { "rfc822;a+0Ab", 12 } },
	};
	struct smtp_dsn_mail mail = { SMTP_RET_HDRS, SLICE("QQ+2B1") }, mail_read;
	struct smtp_dsn_rcpt rcpt = { SMTP_NOTIFY_SUCCESS, SLICE("rfc822;a@b") }, rcpt_read;
	struct buf b = buf_init(1000);
	struct reader in;

	(void)state;
	smtp_dsn_mail_put(&mail, &b);
	smtp_dsn_rcpt_put(&rcpt, &b);
	in = reader_of(buf_slice(&b));
	smtp_dsn_mail_read(&in, &mail_read);
	smtp_dsn_rcpt_read(&in, &rcpt_read);
	CHECK(reader_at_end(&in));
	CHECK(mail_read.ret == SMTP_RET_HDRS && rcpt_read.notify == SMTP_NOTIFY_SUCCESS);
	CHECK_SLICE(mail_read.envid, "QQ+2B1");
	CHECK_SLICE(rcpt_read.orcpt, "rfc822;a@b");
	for (size_t n = 0; n < b.len; n++) {
		in = reader_of(slice_sub(buf_slice(&b), 0, n));
		smtp_dsn_mail_read(&in, &mail_read);
		smtp_dsn_rcpt_read(&in, &rcpt_read);
		CHECK(!reader_at_end(&in));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_reset(&b);
		smtp_dsn_rcpt_put(&bad[i], &b);
		in = reader_of(buf_slice(&b));
		smtp_dsn_rcpt_read(&in, &rcpt_read);
		CHECK(!reader_at_end(&in));
	}
	mail.envid = SLICE("a+0D");
	buf_reset(&b);
	smtp_dsn_mail_put(&mail, &b);
	in = reader_of(buf_slice(&b));
	smtp_dsn_mail_read(&in, &mail_read);
	CHECK(!reader_at_end(&in));
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notify_is_never_or_a_list),
		cmocka_unit_test(who_says_nothing_hears_of_failures_and_delays),
		cmocka_unit_test(ret_is_one_of_two_words),
		cmocka_unit_test(envid_is_xtext_that_can_be_printed),
		cmocka_unit_test(orcpt_is_a_type_and_an_address),
		cmocka_unit_test(orcpt_has_500_bytes_at_most),
		cmocka_unit_test(any_bytes_become_xtext_and_come_back),
		cmocka_unit_test(fields_travel_as_they_are_and_forged_ones_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
