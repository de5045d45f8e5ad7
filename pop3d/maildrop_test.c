#include "pop3d/maildrop.h"

#include "base/check.h"

static void
a_text_gets_the_line_ends_it_lacks(void **state)
{
	static const struct {
		const char *text;
		uint32_t header_len;	/* empty line included, as a digest says */
		uint8_t ending;
		uint32_t more;
	} rows[] = {
		{ "", 0, ENDING_HEADER, 2 },
		{ "\r\n", 2, 0, 0 },
		{ "A: b", 4, ENDING_LINE | ENDING_HEADER, 4 },
		{ "A: b\r", 5, ENDING_LINE | ENDING_HEADER, 4 },
		{ "A: b\r\n", 6, ENDING_HEADER, 2 },
		{ "A: b\r\n\r\n", 8, 0, 0 },
		{ "A: b\r\n\r\nx", 8, ENDING_LINE, 2 },
		{ "A: b\r\n\r\nx\r\n", 8, 0, 0 },
		{ "\r\nx", 2, ENDING_LINE, 2 },
		{ "\n", 1, ENDING_LINE | ENDING_HEADER, 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice text = slice_from_cstr(rows[i].text);
		struct slice tail = text.len > 4 ? slice_skip(text, text.len - 4) : text;
		uint8_t got = ending_of(tail, (uint32_t)text.len, rows[i].header_len);

		CHECK_U64(got, rows[i].ending);
		CHECK_U64(ending_size(got), rows[i].more);
	}
}

static void
an_empty_maildrop_has_no_message(void **state)
{
	struct maildrop *d = maildrop_new(NULL, 1);
	uint32_t n = 7;
	uint64_t bytes = 7;

	(void)state;
	maildrop_total(d, &n, &bytes);
	CHECK_U64(n, 0);
	CHECK_U64(bytes, 0);
	CHECK(maildrop_entry(d, 0) == NULL);
	CHECK(maildrop_entry(d, 1) == NULL);
	CHECK_STATUS(maildrop_number(d, SLICE("1"), &n), STATUS_ABSENT);
	CHECK_STATUS(maildrop_number(d, SLICE("0"), &n), STATUS_ABSENT);
	CHECK_STATUS(maildrop_number(d, SLICE("99999999999"), &n), STATUS_ABSENT);
	CHECK_STATUS(maildrop_number(d, SLICE("-1"), &n), STATUS_SYNTAX);
	CHECK_STATUS(maildrop_number(d, SLICE("1 2"), &n), STATUS_SYNTAX);
	CHECK_STATUS(maildrop_number(d, SLICE(""), &n), STATUS_SYNTAX);
	maildrop_free(&d);
	maildrop_free(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_gets_the_line_ends_it_lacks),
		cmocka_unit_test(an_empty_maildrop_has_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
