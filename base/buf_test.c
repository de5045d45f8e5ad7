#include "base/buf.h"

#include <string.h>

#include "base/check.h"

static void
a_new_buf_is_empty_and_owns_nothing(void **state)
{
	struct buf b = buf_init(10);

	(void)state;
	CHECK(b.ptr == NULL);
	CHECK_SLICE(buf_slice(&b), "");
	CHECK_STATUS(buf_status(&b), STATUS_OK);
	buf_clear(&b);
	buf_wipe(&b);
}

static void
it_fills_to_its_maximum_and_not_one_byte_further(void **state)
{
	struct buf b = buf_init(5);

	(void)state;
	CHECK_STATUS(buf_append(&b, SLICE("hell")), STATUS_OK);
	CHECK_STATUS(buf_append(&b, SLICE("o!")), STATUS_LIMIT);
	CHECK_SLICE(buf_slice(&b), "hell");
	CHECK_STATUS(buf_append_byte(&b, 'o'), STATUS_OK);
	CHECK_STATUS(buf_append_byte(&b, '!'), STATUS_LIMIT);
	CHECK_STATUS(buf_append(&b, slice_make(NULL, 0)), STATUS_OK);
	CHECK_STATUS(buf_reserve(&b, 0), STATUS_OK);
	CHECK_STATUS(buf_reserve(&b, 1), STATUS_LIMIT);
	CHECK_STATUS(buf_reserve(&b, SIZE_MAX), STATUS_LIMIT);
	CHECK_SLICE(buf_slice(&b), "hello");
	CHECK_STATUS(buf_status(&b), STATUS_LIMIT);
	buf_reset(&b);
	CHECK_STATUS(buf_status(&b), STATUS_OK);
	CHECK_SLICE(buf_slice(&b), "");
	CHECK(b.ptr != NULL);
	buf_clear(&b);
	CHECK(b.ptr == NULL && b.max == 5);
}

static void
a_maximum_of_zero_holds_nothing(void **state)
{
	struct buf b = buf_init(0);
	const char *text = NULL;

	(void)state;
	CHECK_STATUS(buf_append(&b, slice_make(NULL, 0)), STATUS_OK);
	CHECK_STATUS(buf_append_byte(&b, 'a'), STATUS_LIMIT);
	CHECK_STATUS(buf_cstr(&b, &text), STATUS_OK);
	assert_string_equal(text, "");
	buf_clear(&b);
}

static void
numbers_hex_and_formats_are_whole_or_absent(void **state)
{
	struct buf b = buf_init(28);

	(void)state;
	buf_append_u64(&b, 0);
	buf_append_u64(&b, UINT64_MAX);
	CHECK_SLICE(buf_slice(&b), "018446744073709551615");
	CHECK_STATUS(buf_append_hex(&b, SLICE("\x00\xfe\x7f\x01")), STATUS_LIMIT);
	CHECK_STATUS(buf_append_hex(&b, SLICE("\x00\xfe\x7f")), STATUS_OK);
	CHECK_SLICE(buf_slice(&b), "01844674407370955161500fe7f");
	CHECK_STATUS(buf_printf(&b, "%d", 12), STATUS_LIMIT);
	CHECK_STATUS(buf_printf(&b, "%.*s", SLICE_ARG(SLICE("z!"))), STATUS_LIMIT);
	CHECK_STATUS(buf_printf(&b, "%c", 'z'), STATUS_OK);
	CHECK_SLICE(buf_slice(&b), "01844674407370955161500fe7fz");
	buf_clear(&b);
}

static void
growing_keeps_every_byte(void **state)
{
	struct buf b = buf_init(100000);
	size_t i;

	(void)state;
	for (i = 0; i < 100000; i++)
		CHECK_STATUS(buf_append_byte(&b, (char)(i * 7)), STATUS_OK);
	CHECK_STATUS(buf_append_byte(&b, 'x'), STATUS_LIMIT);
	for (i = 0; i < 100000; i++)
		CHECK(b.ptr[i] == (char)(i * 7));
	buf_wipe(&b);
}

static void
consume_and_truncate_work_from_both_ends(void **state)
{
	struct buf b = buf_init(8);

	(void)state;
	buf_append(&b, SLICE("abcdefgh"));
	buf_consume(&b, 0);
	buf_consume(&b, 3);
	buf_truncate(&b, 4);
	CHECK_SLICE(buf_slice(&b), "defg");
	buf_consume(&b, 4);
	CHECK_SLICE(buf_slice(&b), "");
	CHECK(b.ptr == NULL);
}

static void
a_c_string_never_hides_a_nul(void **state)
{
	struct buf b = buf_init(4);
	const char *text = NULL;

	(void)state;
	buf_append(&b, SLICE("full"));
	CHECK_STATUS(buf_cstr(&b, &text), STATUS_OK);
	assert_string_equal(text, "full");
	CHECK_U64(b.len, 4);
	buf_reset(&b);
	buf_append(&b, SLICE("a\0b"));
	text = NULL;
	CHECK_STATUS(buf_cstr(&b, &text), STATUS_SYNTAX);
	CHECK(text == NULL);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_buf_is_empty_and_owns_nothing),
		cmocka_unit_test(it_fills_to_its_maximum_and_not_one_byte_further),
		cmocka_unit_test(a_maximum_of_zero_holds_nothing),
		cmocka_unit_test(numbers_hex_and_formats_are_whole_or_absent),
		cmocka_unit_test(growing_keeps_every_byte),
		cmocka_unit_test(consume_and_truncate_work_from_both_ends),
		cmocka_unit_test(a_c_string_never_hides_a_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
