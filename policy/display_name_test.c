#include "policy/display_name.h"

#include "base/check.h"
#include "base/mem.h"

static void
check_key(const char *name, const char *want)
{
	struct buf key = buf_init(DISPLAY_NAME_KEY_MAX);
	char *copy = mem_dup(slice_from_cstr(name));

	CHECK_STATUS(display_name_key(slice_from_cstr(copy), &key), STATUS_OK);
	CHECK_SLICE(buf_slice(&key), want);
	mem_free(copy);
	buf_clear(&key);
}

static void
names_that_people_take_for_the_same_have_one_key(void **state)
{
	static const struct { const char *name, *key; } rows[] = {
		{ "", "" },
		{ "Zhang San", "zhangsan" },
		{ "ZHANG SAN", "zhangsan" },
		{ "Zhang, San", "zhangsan" },
		{ "zhang.san", "zhangsan" },
		{ "Zhang-San", "zhangsan" },
		{ "'Zhang San'", "zhangsan" },
		{ "\"Zhang San\"", "zhangsan" },
		{ "ＺＨＡＮＧ　ＳＡＮ", "zhangsan" },
		{ "Zhāng Sān", "zhangsan" },
		{ "Zha\xcc\x84ng Sa\xcc\x84n", "zhangsan" },
		{ "Lǚ Bù", "lubu" },
		{ "S. Zhang", "szhang" },
		{ "张　三", "张三" },
		{ "　张三　", "张三" },
		{ "\xe2\x80\x8b张三\xef\xbb\xbf", "张三" },
		{ "张·三", "张三" },
		{ "张三😀", "张三" },
		{ "張三", "張三" },
		{ "张三 Steven", "张三steven" },
		{ "STRASSE", "strasse" },
		{ "Straße", "strasse" },
		{ "田中 太郎", "田中太郎" },
		{ "か", "か" },
		{ "が", "か\xe3\x82\x99" },	/* a voiced sound is another one */
		{ "ﾀﾅｶ", "タナカ" },
		{ "③", "3" },
		{ " ,.-()[]", "" },
		{ "\xe2\x80\xae张三", "张三" },	/* right-to-left override */
		{ "𠮷田", "𠮷田" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_key(rows[i].name, rows[i].key);
}

static void
a_name_is_never_read_past_its_end(void **state)
{
	static const char text[] = "Zhāng 三（部）";
	struct buf out = buf_init(DISPLAY_NAME_KEY_MAX);

	(void)state;
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		char *copy = mem_dup(slice_make(text, cut));

		buf_reset(&out);
		CHECK(display_name_key(slice_make(copy, cut), &out) != STATUS_LIMIT);
		display_name_without_brackets(slice_make(copy, cut), &out);
		mem_free(copy);
	}
	CHECK_STATUS(display_name_key(SLICE("\xff\xfe"), &out), STATUS_SYNTAX);
	buf_clear(&out);
}

static void
a_key_that_does_not_fit_leaves_the_buffer_alone(void **state)
{
	struct buf out = buf_init(8);

	(void)state;
	CHECK_STATUS(display_name_key(SLICE("abcdefgh"), &out), STATUS_OK);
	buf_reset(&out);
	CHECK_STATUS(display_name_key(SLICE("abcdefghi"), &out), STATUS_LIMIT);
	CHECK_U64(out.len, 0);
	buf_clear(&out);
}

static void
brackets_of_any_width_are_left_out(void **state)
{
	static const struct { const char *name, *want; } rows[] = {
		{ "", "" },
		{ "张三（外贸部）", "张三" },
		{ "Zhang (Sales [A]) San", "Zhang  San" },
		{ "【部】张三", "张三" },
		{ ")Zhang", "Zhang" },
		{ "Zhang (open", "Zhang " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = buf_init(256);

		display_name_without_brackets(slice_from_cstr(rows[i].name), &out);
		CHECK_SLICE(buf_slice(&out), rows[i].want);
		buf_clear(&out);
	}
}

static void
a_name_that_repeats_the_address_is_none(void **state)
{
	static const struct { const char *name; bool want; } rows[] = {
		{ "sales@example.com", true },
		{ "'sales@example.com'", true },
		{ "SALES", true },
		{ "Sales Team", false },
		{ "example.com", false },
		{ "张三", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK(display_name_is_address(slice_from_cstr(rows[i].name),
		    SLICE("sales@example.com")) == rows[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_people_take_for_the_same_have_one_key),
		cmocka_unit_test(a_name_is_never_read_past_its_end),
		cmocka_unit_test(a_key_that_does_not_fit_leaves_the_buffer_alone),
		cmocka_unit_test(brackets_of_any_width_are_left_out),
		cmocka_unit_test(a_name_that_repeats_the_address_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
