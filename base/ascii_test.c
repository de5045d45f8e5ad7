#include "base/ascii.h"

#include "base/check.h"

static void
classes_hold_for_all_256_bytes(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		bool is_lower = i >= 0x61 && i <= 0x7a;
		bool is_upper = i >= 0x41 && i <= 0x5a;
		bool is_digit = i >= 0x30 && i <= 0x39;
		char c = (char)i;

		CHECK(ascii_is_alpha(c) == (is_lower || is_upper));
		CHECK(ascii_is_digit(c) == is_digit);
		CHECK(ascii_is_alnum(c) == (is_lower || is_upper || is_digit));
		CHECK(ascii_is_space(c) == (i == 32 || i == 9 || i == 13 || i == 10));
		CHECK(ascii_is_control(c) == (i < 32 || i == 127));
		CHECK(ascii_is_8bit(c) == (i > 127));
		CHECK(ascii_lower(c) == (char)(is_upper ? i + 32 : i));
		CHECK(ascii_upper(c) == (char)(is_lower ? i - 32 : i));
	}
	CHECK(ascii_hex_value('0') == 0 && ascii_hex_value('9') == 9);
	CHECK(ascii_hex_value('a') == 10 && ascii_hex_value('F') == 15);
	CHECK(ascii_hex_value('g') == -1 && ascii_hex_value('/') == -1);
	CHECK(ascii_hex_value(':') == -1 && ascii_hex_value('\xb1') == -1);
}

static void
hexadecimal_bytes_are_read_whole_or_not_at_all(void **state)
{
	uint8_t out[2] = { 0 };

	(void)state;
	CHECK_STATUS(ascii_hex_decode(SLICE("0aFf"), out, 2), STATUS_OK);
	CHECK(out[0] == 0x0a && out[1] == 0xff);
	CHECK_STATUS(ascii_hex_decode(SLICE(""), out, 0), STATUS_OK);
	CHECK_STATUS(ascii_hex_decode(SLICE("0aF"), out, 2), STATUS_SYNTAX);
	CHECK_STATUS(ascii_hex_decode(SLICE("0aFff"), out, 2), STATUS_SYNTAX);
	CHECK_STATUS(ascii_hex_decode(SLICE("0aFg"), out, 2), STATUS_SYNTAX);
}

static const struct {
	struct slice text;
	bool is_valid;
} utf8_cases[] = {
	{ { NULL, 0 }, true },
	{ SLICE("a\0b\x7f"), true },
	{ SLICE("\xc2\x80"), true },
	{ SLICE("\xdf\xbf"), true },
	{ SLICE("\xe0\xa0\x80"), true },
	{ SLICE("\xed\x9f\xbf"), true },
	{ SLICE("\xee\x80\x80"), true },
	{ SLICE("\xef\xbf\xbf"), true },
	{ SLICE("\xf0\x90\x80\x80"), true },
	{ SLICE("\xf4\x8f\xbf\xbf"), true },
	{ SLICE("x\xe5\xbc\xa0y\xf0\x9f\x98\x80z"), true },
	{ SLICE("\x80"), false },
	{ SLICE("\xbf"), false },
	{ SLICE("\xc0\x80"), false },		/* overlong */
	{ SLICE("\xc1\xbf"), false },
	{ SLICE("\xe0\x9f\xbf"), false },
	{ SLICE("\xf0\x8f\xbf\xbf"), false },
	{ SLICE("\xed\xa0\x80"), false },	/* surrogates */
	{ SLICE("\xed\xbf\xbf"), false },
	{ SLICE("\xf4\x90\x80\x80"), false },	/* beyond U+10FFFF */
	{ SLICE("\xf5\x80\x80\x80"), false },
	{ SLICE("\xff"), false },
	{ SLICE("\xc2"), false },		/* cut */
	{ SLICE("\xe5\xbc"), false },
	{ SLICE("\xf0\x9f\x98"), false },
	{ SLICE("\xe5\xbc" "a"), false },
	{ SLICE("\xc2\xc2"), false },
	{ SLICE("\xd5\xc5"), false },		/* GBK */
};

static void
utf8_is_what_rfc_3629_says(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(utf8_cases); i++)
		if (utf8_is_valid(utf8_cases[i].text) != utf8_cases[i].is_valid)
			fail_msg("case %zu", i);
}

static void
a_character_is_measured_or_refused(void **state)
{
	(void)state;
	CHECK_U64(utf8_char_len(SLICE("")), 0);
	CHECK_U64(utf8_char_len(SLICE("\0")), 1);
	CHECK_U64(utf8_char_len(SLICE("\xc3\xa4\xc3")), 2);
	CHECK_U64(utf8_char_len(SLICE("\xe5\xbc\xa0")), 3);
	CHECK_U64(utf8_char_len(SLICE("\xe5\xbc")), 0);
	CHECK_U64(utf8_char_len(SLICE("\xf0\x9f\x98\x80")), 4);
	CHECK_U64(utf8_char_len(SLICE("\x80")), 0);
}

static void
a_cut_never_splits_a_character(void **state)
{
	struct slice s = SLICE("a\xe5\xbc\xa0\xf0\x9f\x98\x80");
	static const size_t want[] = { 0, 1, 1, 1, 4, 4, 4, 4, 8, 8 };
	size_t max;

	(void)state;
	for (max = 0; max < ARRAY_LEN(want); max++)
		CHECK_U64(utf8_cut(s, max), want[max]);
	CHECK_U64(utf8_cut(SLICE(""), 0), 0);
	CHECK_U64(utf8_cut(SLICE("\x80\x80\x80\x80\x80\x80"), 5), 5);
	CHECK_U64(utf8_cut(SLICE("\x80\x80\x80"), 2), 2);
}

static const struct {
	struct slice text;
	uint64_t min, max;
	enum status want;
	uint64_t value;
} number_cases[] = {
	{ SLICE(""), 0, 9, STATUS_SYNTAX, 0 },
	{ SLICE("0"), 0, 9, STATUS_OK, 0 },
	{ SLICE("0009"), 0, 9, STATUS_OK, 9 },
	{ SLICE("10"), 0, 9, STATUS_LIMIT, 0 },
	{ SLICE("0"), 1, 9, STATUS_LIMIT, 0 },
	{ SLICE("+1"), 0, 9, STATUS_SYNTAX, 0 },
	{ SLICE("-1"), 0, 9, STATUS_SYNTAX, 0 },
	{ SLICE(" 1"), 0, 9, STATUS_SYNTAX, 0 },
	{ SLICE("1\0"), 0, 9, STATUS_SYNTAX, 0 },
	{ SLICE("0x1"), 0, 9, STATUS_SYNTAX, 0 },
	{ SLICE("4294967295"), 0, UINT32_MAX, STATUS_OK, UINT32_MAX },
	{ SLICE("4294967296"), 0, UINT32_MAX, STATUS_LIMIT, 0 },
	{ SLICE("18446744073709551615"), 0, UINT64_MAX, STATUS_OK, UINT64_MAX },
	{ SLICE("18446744073709551616"), 0, UINT64_MAX, STATUS_LIMIT, 0 },
	{ SLICE("99999999999999999999999"), 0, UINT64_MAX, STATUS_LIMIT, 0 },
	{ SLICE("99999999999999999999999x"), 0, UINT64_MAX, STATUS_SYNTAX, 0 },
};

static void
numbers_are_digits_within_bounds(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(number_cases); i++) {
		uint64_t max = number_cases[i].max;
		uint64_t wide = 77;
		uint32_t narrow = 77;
		bool is_ok = number_cases[i].want == STATUS_OK;

		CHECK_STATUS(parse_u64(number_cases[i].text, number_cases[i].min, max, &wide),
		    number_cases[i].want);
		CHECK_U64(wide, is_ok ? number_cases[i].value : 77);
		if (max > UINT32_MAX)
			continue;
		CHECK_STATUS(parse_u32(number_cases[i].text, (uint32_t)number_cases[i].min,
		    (uint32_t)max, &narrow), number_cases[i].want);
		CHECK_U64(narrow, is_ok ? number_cases[i].value : 77);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_hold_for_all_256_bytes),
		cmocka_unit_test(hexadecimal_bytes_are_read_whole_or_not_at_all),
		cmocka_unit_test(utf8_is_what_rfc_3629_says),
		cmocka_unit_test(a_character_is_measured_or_refused),
		cmocka_unit_test(a_cut_never_splits_a_character),
		cmocka_unit_test(numbers_are_digits_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
