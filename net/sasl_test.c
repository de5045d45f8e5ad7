#include "net/sasl.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define SLICE_OF(literal) { "" literal, sizeof(literal) - 1 }

static void
mechanism_names_have_a_form(void **state)
{
	static const struct {
		const char *name;
		int is_valid;
	} rows[] = {
		{ "", 0 }, { "PLAIN", 1 }, { "scram-sha-256", 1 }, { "X_Y-1", 1 }, { "A B", 0 },
		{ "PLAIN=", 0 }, { "\xc3\xa4", 0 }, { "ABCDEFGHIJKLMNOPQRST", 1 },
		{ "ABCDEFGHIJKLMNOPQRSTU", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_U64(sasl_name_is_valid(slice_from_cstr(rows[i].name)), rows[i].is_valid);
}

static void
lines_and_initial_responses_decode(void **state)
{
	static const struct {
		struct slice text;
		enum status as_line, as_initial;
		struct slice message;
	} rows[] = {
		{ SLICE_OF(""), STATUS_OK, STATUS_SYNTAX, SLICE_OF("") },
		{ SLICE_OF("="), STATUS_SYNTAX, STATUS_OK, SLICE_OF("") },
		{ SLICE_OF("*"), STATUS_DENIED, STATUS_DENIED, SLICE_OF("") },
		{ SLICE_OF("AHUAcA=="), STATUS_OK, STATUS_OK, SLICE_OF("\0u\0p") },
		{ SLICE_OF("AHUAcA="), STATUS_SYNTAX, STATUS_SYNTAX, SLICE_OF("") },
		{ SLICE_OF("AHUA cA=="), STATUS_SYNTAX, STATUS_SYNTAX, SLICE_OF("") },
		{ SLICE_OF("AHUAcA==x"), STATUS_SYNTAX, STATUS_SYNTAX, SLICE_OF("") },
		{ SLICE_OF("**"), STATUS_SYNTAX, STATUS_SYNTAX, SLICE_OF("") },
		{ SLICE_OF("\0"), STATUS_SYNTAX, STATUS_SYNTAX, SLICE_OF("") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = buf_init(100);
		enum status st;

		CHECK_STATUS(buf_append(&out, SLICE("old")), STATUS_OK);
		st = sasl_line_decode(rows[i].text, &out);
		CHECK_STATUS(st, rows[i].as_line);
		if (st == STATUS_OK)
			CHECK(slice_equal(buf_slice(&out), rows[i].message));
		st = sasl_initial_decode(rows[i].text, &out);
		CHECK_STATUS(st, rows[i].as_initial);
		if (st == STATUS_OK)
			CHECK(slice_equal(buf_slice(&out), rows[i].message));
		buf_clear(&out);
	}
}

static void
lines_have_a_limit(void **state)
{
	struct buf out = buf_init(SASL_LINE_MAX);
	char *text = mem_zeroed(SASL_LINE_MAX + 4, 1);

	(void)state;
	memset(text, 'A', SASL_LINE_MAX + 4);
	CHECK_STATUS(sasl_line_decode(slice_make(text, SASL_LINE_MAX), &out), STATUS_OK);
	CHECK_STATUS(sasl_line_decode(slice_make(text, SASL_LINE_MAX + 4), &out), STATUS_LIMIT);
	out.max = 10;
	CHECK_STATUS(sasl_line_decode(slice_make(text, 16), &out), STATUS_LIMIT);
	buf_clear(&out);
	mem_free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mechanism_names_have_a_form),
		cmocka_unit_test(lines_and_initial_responses_decode),
		cmocka_unit_test(lines_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
