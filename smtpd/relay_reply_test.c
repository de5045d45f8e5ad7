#include "base/check.h"

#include <string.h>

#include "smtpd/relay_auth.h"
#include "smtpd/relay_features.h"
#include "smtpd/relay_reply.h"

static void
lines_become_one_clean_reply(void **state)
{
	static const struct {
		const char *lines[4];
		enum status st;
		unsigned code;
		const char *enhanced, *text;
	} rows[] = {
		{ { "250 ok" }, STATUS_OK, 250, "", "ok" },
		{ { "250" }, STATUS_OK, 250, "", "" },
		{ { "250-" }, STATUS_PENDING, 250, "", "" },
		{ { "550-5.1.1 no", "550-5.1.1", "550 5.1.1 such  user\t" }, STATUS_OK, 550,
		    "5.1.1", "no such  user" },
		{ { "450 4.2.1 \x1b[2J\xc3\xa4\x7f%n" }, STATUS_OK, 450, "4.2.1", "?[2J???%n" },
		{ { "250-a", "251 b" }, STATUS_SYNTAX, 250, "", "a" },
		{ { "250-a", "hello" }, STATUS_SYNTAX, 250, "", "a" },
		{ { "" }, STATUS_SYNTAX, 0, "", "" },
		{ { "600 x" }, STATUS_SYNTAX, 0, "", "" },
		{ { "550 5.1.9999 x" }, STATUS_OK, 550, "", "5.1.9999 x" },
		{ { "550 4.1.1 x" }, STATUS_OK, 550, "", "4.1.1 x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct relay_reply r;
		enum status st = STATUS_PENDING;

		relay_reply_reset(&r);
		for (size_t n = 0; n < 4 && rows[i].lines[n] != NULL; n++)
			st = relay_reply_add(&r, slice_from_cstr(rows[i].lines[n]));
		CHECK_STATUS(st, rows[i].st);
		CHECK_U64(r.code, rows[i].code);
		assert_string_equal(r.enhanced, rows[i].enhanced);
		assert_string_equal(r.text, rows[i].text);
	}
}

static void
replies_have_an_end(void **state)
{
	static char line[RELAY_LINE_MAX + 1];
	struct relay_reply r;

	(void)state;
	relay_reply_reset(&r);
	for (unsigned i = 0; i < RELAY_LINES_MAX; i++)
		CHECK_STATUS(relay_reply_add(&r, SLICE("599-words of a server")), STATUS_PENDING);
	CHECK_STATUS(relay_reply_add(&r, SLICE("599 the last")), STATUS_LIMIT);
	CHECK_U64(strlen(r.text), RELAY_TEXT_MAX - 1);
	memset(line, 'x', sizeof(line));
	memcpy(line, "550 ", 4);
	relay_reply_reset(&r);
	CHECK_STATUS(relay_reply_add(&r, slice_make(line, sizeof(line))), STATUS_LIMIT);
}

static void
verdicts_follow_from_phase_and_code(void **state)
{
	static const struct {
		enum relay_phase phase;
		const char *line;
		enum relay_verdict verdict;
		const char *enhanced;
	} rows[] = {
		{ RELAY_CONNECT, "220 hi", RELAY_SENT, "" },
		{ RELAY_CONNECT, "250 hi", RELAY_LATER, "4.5.0" },
		{ RELAY_CONNECT, "554 5.7.1 blocked", RELAY_LATER, "4.7.1" },
		{ RELAY_CONNECT, "521 no mail", RELAY_FAILED, "5.3.2" },
		{ RELAY_HELLO, "550 your name", RELAY_LATER, "4.4.1" },
		{ RELAY_AUTH, "535 5.7.8 wrong", RELAY_LATER, "4.7.8" },
		{ RELAY_AUTH, "235 ok", RELAY_SENT, "" },
		{ RELAY_SENDER, "250 2.1.0 ok", RELAY_SENT, "2.1.0" },
		{ RELAY_SENDER, "530 5.7.0 log in first", RELAY_LATER, "4.7.0" },
		{ RELAY_SENDER, "552 too large", RELAY_FAILED, "5.3.4" },
		{ RELAY_SENDER, "354 what", RELAY_LATER, "4.5.0" },
		{ RELAY_RECIPIENT, "550 unknown", RELAY_FAILED, "5.1.0" },
		{ RELAY_RECIPIENT, "550 5.1.1 unknown", RELAY_FAILED, "5.1.1" },
		{ RELAY_RECIPIENT, "450 greylisted", RELAY_LATER, "4.2.0" },
		{ RELAY_RECIPIENT, "552 too many", RELAY_LATER, "4.5.3" },
		{ RELAY_RECIPIENT, "552 5.2.2 full", RELAY_FAILED, "5.2.2" },
		{ RELAY_RECIPIENT, "552 5.3.4 large", RELAY_FAILED, "5.3.4" },
		{ RELAY_RECIPIENT, "552 5.5.3 too many", RELAY_LATER, "4.5.3" },
		{ RELAY_RECIPIENT, "556 null MX", RELAY_FAILED, "5.1.10" },
		{ RELAY_DATA, "354 go", RELAY_SENT, "" },
		{ RELAY_DATA, "250 ok", RELAY_LATER, "4.5.0" },
		{ RELAY_DATA, "554 no", RELAY_FAILED, "5.3.0" },
		{ RELAY_TEXT, "250 ok", RELAY_SENT, "" },
		{ RELAY_TEXT, "554 5.7.1 spam", RELAY_FAILED, "5.7.1" },
		{ RELAY_TEXT, "552 large", RELAY_FAILED, "5.3.4" },
		{ RELAY_TEXT, "552 5.2.2 full", RELAY_FAILED, "5.2.2" },
		{ RELAY_TEXT, "451 4.3.0 x", RELAY_LATER, "4.3.0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct relay_reply r;
		struct relay_result got;

		relay_reply_reset(&r);
		CHECK_STATUS(relay_reply_add(&r, slice_from_cstr(rows[i].line)), STATUS_OK);
		got = relay_judge(rows[i].phase, &r);
		if (got.verdict != rows[i].verdict ||
		    strcmp(got.enhanced, rows[i].enhanced) != 0)
			print_error("phase %d: %s\n", (int)rows[i].phase, rows[i].line);
		CHECK_U64(got.verdict, rows[i].verdict);
		assert_string_equal(got.enhanced, rows[i].enhanced);
		CHECK(slice_starts(slice_from_cstr(got.text),
		    slice_sub(slice_from_cstr(rows[i].line), 0, 3)));
	}
}

static void
offers_are_read_in_any_case(void **state)
{
	static const struct {
		const char *line;
		unsigned offers, auth;
		uint64_t size_max;
	} rows[] = {
		{ "", 0, 0, 0 },
		{ "pipelining", RELAY_PIPELINING, 0, 0 },
		{ "SIZE 10485760", RELAY_SIZE, 0, 10485760 },
		{ "SIZE", RELAY_SIZE, 0, 0 },
		{ "SIZE 99999999999999999999", RELAY_SIZE, 0, 0 },
		{ "AUTH LOGIN plain X", 0, RELAY_AUTH_LOGIN | RELAY_AUTH_PLAIN, 0 },
		{ "AUTH=CRAM-MD5 LOGIN", 0, RELAY_AUTH_LOGIN | RELAY_AUTH_CRAM_MD5, 0 },
		{ "AUTHENTIC PLAIN", 0, 0, 0 },
		{ "8BITMIME ", RELAY_8BITMIME, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct relay_features f = { 0 };

		relay_features_add(&f, slice_from_cstr(rows[i].line));
		CHECK_U64(f.offers, rows[i].offers);
		CHECK_U64(f.auth, rows[i].auth);
		CHECK_U64(f.size_max, rows[i].size_max);
	}
}

static void
passwords_are_shown_only_where_they_may_be(void **state)
{
	enum { P = RELAY_AUTH_PLAIN, L = RELAY_AUTH_LOGIN, C = RELAY_AUTH_CRAM_MD5 };
	static const struct {
		unsigned offered;
		bool is_secure, may_be_seen;
		enum relay_mechanism chosen;
	} rows[] = {
		{ P | L | C, true, false, RELAY_AUTH_PLAIN },
		{ L | C, true, false, RELAY_AUTH_LOGIN },
		{ C, true, false, RELAY_AUTH_CRAM_MD5 },
		{ P | L | C, false, false, RELAY_AUTH_CRAM_MD5 },
		{ P | L | C, false, true, RELAY_AUTH_CRAM_MD5 },
		{ P | L, false, false, RELAY_AUTH_NONE },
		{ P | L, false, true, RELAY_AUTH_PLAIN },
		{ 0, true, true, RELAY_AUTH_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_U64(relay_auth_choose(rows[i].offered, rows[i].is_secure,
		    rows[i].may_be_seen), rows[i].chosen);
}

static void
cram_md5_is_that_of_rfc_2195(void **state)
{
	struct buf out = buf_init(RELAY_AUTH_LINE_MAX);

	(void)state;
	CHECK_STATUS(relay_auth_answer(RELAY_AUTH_CRAM_MD5, 0,
	    SLICE("PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"), SLICE("tim"),
	    SLICE("tanstaaftanstaaf"), &out), STATUS_OK);
	CHECK_SLICE(buf_slice(&out), "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw");
	buf_reset(&out);
	CHECK_STATUS(relay_auth_answer(RELAY_AUTH_CRAM_MD5, 0, SLICE("no base64!"),
	    SLICE("tim"), SLICE("x"), &out), STATUS_SYNTAX);
	CHECK_STATUS(relay_auth_answer(RELAY_AUTH_CRAM_MD5, 1, SLICE(""), SLICE("tim"),
	    SLICE("x"), &out), STATUS_SYNTAX);
	CHECK_U64(out.len, 0);
	CHECK_STATUS(relay_auth_answer(RELAY_AUTH_CRAM_MD5, 0, SLICE(""), SLICE("tim"),
	    SLICE("x"), &out), STATUS_OK);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_one_clean_reply),
		cmocka_unit_test(replies_have_an_end),
		cmocka_unit_test(verdicts_follow_from_phase_and_code),
		cmocka_unit_test(offers_are_read_in_any_case),
		cmocka_unit_test(passwords_are_shown_only_where_they_may_be),
		cmocka_unit_test(cram_md5_is_that_of_rfc_2195),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
