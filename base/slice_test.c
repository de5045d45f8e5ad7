#include "base/slice.h"

#include "base/check.h"

static const struct slice nothing = { NULL, 0 };

static void
equality_counts_bytes_and_may_ignore_case(void **state)
{
	(void)state;
	CHECK(slice_equal(nothing, SLICE("")));
	CHECK(slice_equal(SLICE("a\0b"), SLICE("a\0b")));
	CHECK(!slice_equal(SLICE("a\0b"), SLICE("a\0c")));
	CHECK(!slice_equal(SLICE("a"), SLICE("A")));
	CHECK(slice_equal_nocase(SLICE("InBox"), SLICE("INBOX")));
	CHECK(!slice_equal_nocase(SLICE("[@"), SLICE("{`")));
	CHECK(!slice_equal_nocase(SLICE("\xc4"), SLICE("\xe4")));
}

static void
starts_and_ends_handle_the_short_side(void **state)
{
	(void)state;
	CHECK(slice_starts(SLICE("abc"), SLICE("ab")));
	CHECK(slice_starts(SLICE("abc"), nothing));
	CHECK(!slice_starts(SLICE("a"), SLICE("ab")));
	CHECK(!slice_starts(nothing, SLICE("a")));
	CHECK(slice_starts_nocase(SLICE("MAIL from"), SLICE("mail FROM")));
	CHECK(slice_ends(SLICE("abc"), SLICE("bc")));
	CHECK(slice_ends(nothing, nothing));
	CHECK(!slice_ends(SLICE("c"), SLICE("bc")));
}

static void
comparing_puts_the_shorter_first_and_bytes_unsigned(void **state)
{
	(void)state;
	CHECK(slice_compare(nothing, nothing) == 0);
	CHECK(slice_compare(SLICE("a"), SLICE("ab")) < 0);
	CHECK(slice_compare(SLICE("b"), SLICE("ab")) > 0);
	CHECK(slice_compare(SLICE("\xff"), SLICE("a")) > 0);
}

static void
finding_gives_the_length_when_absent(void **state)
{
	(void)state;
	CHECK_U64(slice_find_byte(SLICE("a:b:c"), ':'), 1);
	CHECK_U64(slice_find_last_byte(SLICE("a:b:c"), ':'), 3);
	CHECK_U64(slice_find_byte(SLICE("abc"), ':'), 3);
	CHECK_U64(slice_find_last_byte(SLICE("abc"), ':'), 3);
	CHECK_U64(slice_find_byte(nothing, ':'), 0);
	CHECK_U64(slice_find_last_byte(nothing, ':'), 0);
	CHECK_U64(slice_find(SLICE("aab"), SLICE("ab")), 1);
	CHECK_U64(slice_find(SLICE("aa"), SLICE("ab")), 2);
	CHECK_U64(slice_find(SLICE("aa"), nothing), 0);
	CHECK_U64(slice_find(nothing, SLICE("a")), 0);
}

static void
sub_and_skip_are_cut_to_what_is_there(void **state)
{
	struct slice s = SLICE("hello");

	(void)state;
	CHECK_SLICE(slice_sub(s, 1, 3), "ell");
	CHECK_SLICE(slice_sub(s, 1, SIZE_MAX), "ello");
	CHECK_SLICE(slice_sub(s, SIZE_MAX, SIZE_MAX), "");
	CHECK_SLICE(slice_skip(s, 5), "");
	CHECK_SLICE(slice_skip(s, 6), "");
	CHECK_SLICE(slice_skip(nothing, 1), "");
}

static void
trim_takes_white_space_only_at_the_ends(void **state)
{
	(void)state;
	CHECK_SLICE(slice_trim(SLICE(" \t a b\r\n")), "a b");
	CHECK_SLICE(slice_trim(SLICE(" \r\n")), "");
	CHECK_SLICE(slice_trim(nothing), "");
}

static void
taking_words_consumes_exactly_one_separator(void **state)
{
	struct slice s = SLICE("UID  FETCH 1:*");
	struct slice pair = SLICE("k=v=w");

	(void)state;
	CHECK_SLICE(slice_take_word(&s), "UID");
	CHECK_SLICE(slice_take_word(&s), "");
	CHECK_SLICE(slice_take_word(&s), "FETCH");
	CHECK_SLICE(slice_take_word(&s), "1:*");
	CHECK_SLICE(slice_take_word(&s), "");
	CHECK_U64(s.len, 0);
	CHECK_SLICE(slice_take_until(&pair, '='), "k");
	CHECK_SLICE(pair, "v=w");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality_counts_bytes_and_may_ignore_case),
		cmocka_unit_test(starts_and_ends_handle_the_short_side),
		cmocka_unit_test(comparing_puts_the_shorter_first_and_bytes_unsigned),
		cmocka_unit_test(finding_gives_the_length_when_absent),
		cmocka_unit_test(sub_and_skip_are_cut_to_what_is_there),
		cmocka_unit_test(trim_takes_white_space_only_at_the_ends),
		cmocka_unit_test(taking_words_consumes_exactly_one_separator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
