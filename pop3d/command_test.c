#include "pop3d/command.h"

#include "base/check.h"
#include "pop3d/session.h"

#define BEFORE IN(POP3_AUTHORIZATION)
#define AFTER IN(POP3_TRANSACTION)

static void
each_command_is_legal_where_the_rfc_says(void **state)
{
	static const struct {
		const char *name;
		unsigned legal_in;
	} rows[] = {
		{ "USER", BEFORE }, { "PASS", BEFORE }, { "AUTH", BEFORE }, { "STLS", BEFORE },
		{ "CAPA", BEFORE | AFTER }, { "QUIT", BEFORE | AFTER },
		{ "STAT", AFTER }, { "LIST", AFTER }, { "RETR", AFTER }, { "DELE", AFTER },
		{ "NOOP", AFTER }, { "RSET", AFTER }, { "TOP", AFTER }, { "UIDL", AFTER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct pop3_command *c = command_find(slice_from_cstr(rows[i].name));

		CHECK(c != NULL);
		CHECK_U64(c->legal_in, rows[i].legal_in);
		CHECK(c->run != NULL);
	}
}

static void
commands_are_found_in_any_case_and_whole_only(void **state)
{
	static const char *const unknown[] = { "", "S", "STA", "STATS", "APOP", "UTF8", "STAT ",
		"LAST", "\xe5\xbc\xa0" };

	(void)state;
	CHECK(command_find(SLICE("stat")) == command_find(SLICE("STAT")));
	CHECK(command_find(SLICE("sTaT")) != NULL);
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
		CHECK(command_find(slice_from_cstr(unknown[i])) == NULL);
	CHECK(command_find(SLICE("ST\0T")) == NULL);
}

static void
only_a_password_keeps_its_blanks(void **state)
{
	(void)state;
	CHECK(command_find(SLICE("PASS"))->is_exact);
	CHECK(!command_find(SLICE("USER"))->is_exact);
	CHECK(!command_find(SLICE("AUTH"))->is_exact);
}

static void
each_refusal_is_one_short_line(void **state)
{
	(void)state;
	for (unsigned st = 0; st < STATUS_COUNT; st++) {
		struct slice text = slice_from_cstr(command_refusal((enum status)st));

		CHECK(text.len > 0 && text.len < 200);	/* RFC 2449 s.4: 512 */
		for (size_t i = 0; i < text.len; i++)
			CHECK(text.ptr[i] >= ' ' && text.ptr[i] < 0x7f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_command_is_legal_where_the_rfc_says),
		cmocka_unit_test(commands_are_found_in_any_case_and_whole_only),
		cmocka_unit_test(only_a_password_keeps_its_blanks),
		cmocka_unit_test(each_refusal_is_one_short_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
