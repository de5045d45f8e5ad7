#include "wire/pop3_reply.h"

#include "base/check.h"

static void
reply_lines_have_three_forms(void **state)
{
	static const struct {
		const char *line;
		enum status st;
		enum pop3_reply_kind kind;
		const char *code, *text;
	} rows[] = {
		{ "+OK", STATUS_OK, POP3_REPLY_OK, "", "" },
		{ "+OK  ready ", STATUS_OK, POP3_REPLY_OK, "", "ready" },
		{ "+ok", STATUS_OK, POP3_REPLY_OK, "", "" },
		{ "-ERR [SYS/TEMP] later", STATUS_OK, POP3_REPLY_ERR, "SYS/TEMP", "later" },
		{ "-ERR [AUTH]", STATUS_OK, POP3_REPLY_ERR, "AUTH", "" },
		{ "-ERR [no code] x", STATUS_OK, POP3_REPLY_ERR, "", "[no code] x" },
		{ "-ERR []", STATUS_OK, POP3_REPLY_ERR, "", "[]" },
		{ "-ERR [open", STATUS_OK, POP3_REPLY_ERR, "", "[open" },
		{ "+", STATUS_OK, POP3_REPLY_GO_ON, "", "" },
		{ "+ VXNlcg==", STATUS_OK, POP3_REPLY_GO_ON, "", "VXNlcg==" },
		{ "", STATUS_SYNTAX, 0, "", "" },
		{ "+O", STATUS_SYNTAX, 0, "", "" },
		{ "+OKAY", STATUS_SYNTAX, 0, "", "" },
		{ "-ER", STATUS_SYNTAX, 0, "", "" },
		{ "-ERROR", STATUS_SYNTAX, 0, "", "" },
		{ "* PREAUTH", STATUS_SYNTAX, 0, "", "" },
		{ " +OK", STATUS_SYNTAX, 0, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pop3_reply r = { 0 };
		enum status st = pop3_reply_parse(slice_from_cstr(rows[i].line), &r);

		CHECK_STATUS(st, rows[i].st);
		if (st != STATUS_OK)
			continue;
		CHECK_U64(r.kind, rows[i].kind);
		CHECK_SLICE(r.code, rows[i].code);
		CHECK_SLICE(r.text, rows[i].text);
	}
	CHECK_STATUS(pop3_reply_parse(SLICE("+OK a\0b"), &(struct pop3_reply){ 0 }), STATUS_SYNTAX);
}

static void
reply_lines_may_be_cut_after_any_byte(void **state)
{
	struct slice line = SLICE("-ERR [SYS/TEMP] disk is full");

	(void)state;
	for (size_t cut = 0; cut < line.len; cut++) {
		struct pop3_reply r = { 0 };
		enum status st = pop3_reply_parse(slice_sub(line, 0, cut), &r);

		CHECK_STATUS(st, cut < 4 ? STATUS_SYNTAX : STATUS_OK);
		CHECK(st != STATUS_OK || r.code.len == (cut > 14 ? 8u : 0u));
	}
}

static void
scan_lines_hold_two_numbers(void **state)
{
	static const struct {
		const char *line;
		enum status st;
		uint32_t number;
		uint64_t size;
	} rows[] = {
		{ "1 120", STATUS_OK, 1, 120 },
		{ " 7   5 and more ", STATUS_OK, 7, 5 },
		{ "4294967295 18446744073709551615", STATUS_OK, UINT32_MAX, UINT64_MAX },
		{ "4294967296 1", STATUS_LIMIT, 0, 0 },
		{ "1 18446744073709551616", STATUS_LIMIT, 0, 0 },
		{ "", STATUS_SYNTAX, 0, 0 },
		{ "1", STATUS_SYNTAX, 0, 0 },
		{ "1 ", STATUS_SYNTAX, 0, 0 },
		{ "-1 5", STATUS_SYNTAX, 0, 0 },
		{ "1 5k", STATUS_SYNTAX, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t n = 0;
		uint64_t size = 0;

		CHECK_STATUS(pop3_scan_parse(slice_from_cstr(rows[i].line), &n, &size), rows[i].st);
		CHECK_U64(n, rows[i].number);
		CHECK_U64(size, rows[i].size);
	}
}

#define SEVENTY "0123456789012345678901234567890123456789012345678901234567890123456789"

static void
uidl_lines_hold_a_printable_id(void **state)
{
	static const struct {
		const char *line;
		enum status st;
		uint32_t number;
		const char *uidl;
	} rows[] = {
		{ "1 whqtswO00WBw418f9t5JxYwZ", STATUS_OK, 1, "whqtswO00WBw418f9t5JxYwZ" },
		{ "2 !~", STATUS_OK, 2, "!~" },
		{ "3 " SEVENTY, STATUS_OK, 3, SEVENTY },
		{ "3 " SEVENTY "x", STATUS_LIMIT, 0, "" },
		{ "99999999999 a", STATUS_LIMIT, 0, "" },
		{ "", STATUS_SYNTAX, 0, "" },
		{ "1", STATUS_SYNTAX, 0, "" },
		{ "1 ", STATUS_SYNTAX, 0, "" },
		{ "x y", STATUS_SYNTAX, 0, "" },
		{ "1 a b", STATUS_SYNTAX, 0, "" },
		{ "1 a\x7f", STATUS_SYNTAX, 0, "" },
		{ "1 \xe5\xbc\xa0", STATUS_SYNTAX, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t n = 0;
		struct slice uidl = SLICE("");

		CHECK_STATUS(pop3_uidl_parse(slice_from_cstr(rows[i].line), &n, &uidl), rows[i].st);
		CHECK_U64(n, rows[i].number);
		CHECK_SLICE(uidl, rows[i].uidl);
	}
}

static void
capabilities_are_known_by_their_first_word(void **state)
{
	static const struct {
		const char *line;
		unsigned bits;
	} rows[] = {
		{ "", 0 },
		{ "TOP", POP3_CAPA_TOP },
		{ "uidl", POP3_CAPA_UIDL },
		{ "USER", POP3_CAPA_USER },
		{ "STLS", POP3_CAPA_STLS },
		{ "STLSX", 0 },
		{ "PIPELINING", POP3_CAPA_PIPELINING },
		{ "SASL", 0 },
		{ "SASL CRAM-MD5  login PLAIN", POP3_CAPA_SASL_PLAIN | POP3_CAPA_SASL_LOGIN },
		{ "SASL PLAINTEXT", 0 },
		{ "EXPIRE NEVER", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_U64(pop3_capa_parse(slice_from_cstr(rows[i].line)), rows[i].bits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply_lines_have_three_forms),
		cmocka_unit_test(reply_lines_may_be_cut_after_any_byte),
		cmocka_unit_test(scan_lines_hold_two_numbers),
		cmocka_unit_test(uidl_lines_hold_a_printable_id),
		cmocka_unit_test(capabilities_are_known_by_their_first_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
