#include "mime/charset.h"

#include "base/ascii.h"
#include "base/check.h"

#define BAD "\357\277\275"

static const struct {
	const char *charset, *in, *want;
	enum status strict;
} rows[] = {
	{ "utf-8", "", "", STATUS_OK },
	{ "UTF-8", "\345\274\240", "张", STATUS_OK },
	{ "utf-8", "a\345\274b", "a" BAD "b", STATUS_SYNTAX },
	{ "utf-8", "\300\200\355\240\200", BAD BAD, STATUS_SYNTAX },
	{ "utf-8", "\377\376", BAD BAD, STATUS_SYNTAX },
	{ "us-ascii", "abc", "abc", STATUS_OK },
	{ "us-ascii", "\325\305", "张", STATUS_SYNTAX },
	{ "gb2312", "\206\264", "喆", STATUS_OK },
	{ "GBK", "\325\305\310", "张" BAD, STATUS_SYNTAX },
	{ "gb18030", "\225\064\262\065", "𠮷", STATUS_OK },
	{ "big5", "\263\\\245\\", "許功", STATUS_OK },
	{ "iso-8859-1", "\223x\224 \351", "“x” é", STATUS_OK },
	{ "windows-1251", "\317\360", "Пр", STATUS_OK },
	{ "shift_jis", "\223\143\222\206", "田中", STATUS_OK },
	{ "iso-2022-jp", "\033$BEDCf\033(B", "田中", STATUS_OK },
	{ "euc-kr", "\261\350", "김", STATUS_OK },
	{ "ks_c_5601-1987", "\202\240", "궇", STATUS_OK },
	{ "hz-gb-2312", "a~{UEH}~}~~b", "a张三~b", STATUS_OK },
	{ "utf-7", "+XyA-", "张", STATUS_OK },
	{ "utf-16be", "\137\040", "张", STATUS_OK },
	{ "x-nobody", "\325\305", "张", STATUS_ABSENT },
	{ "../../etc/passwd", "abc", "abc", STATUS_ABSENT },
	{ "", "\345\274\240", "张", STATUS_ABSENT },
};

static void
charsets_are_read_as_mail_programs_do(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice charset = slice_from_cstr(rows[i].charset);
		struct slice in = slice_from_cstr(rows[i].in);
		struct buf out = buf_init(100);
		struct buf strict = buf_init(100);

		CHECK_STATUS(charset_to_utf8(charset, in, &out), STATUS_OK);
		CHECK(utf8_is_valid(buf_slice(&out)));
		CHECK_SLICE(buf_slice(&out), rows[i].want);
		CHECK_STATUS(charset_to_utf8_strict(charset, in, &strict), rows[i].strict);
		CHECK(strict.len == (rows[i].strict == STATUS_OK ? out.len : 0));
		buf_clear(&out);
		buf_clear(&strict);
	}
}

static void
what_does_not_fit_is_cut_at_a_character(void **state)
{
	size_t max;

	(void)state;
	for (max = 0; max < 6; max++) {
		struct buf out = buf_init(max);

		CHECK_STATUS(charset_to_utf8(SLICE("gbk"), SLICE("\325\305\310\375"), &out),
		    STATUS_LIMIT);
		CHECK_U64(out.len, max / 3 * 3);
		buf_clear(&out);
	}
}

static void
bytes_without_a_label_are_guessed(void **state)
{
	(void)state;
	CHECK_SLICE(charset_guess(SLICE("abc"), SLICE("big5")), "utf-8");
	CHECK_SLICE(charset_guess(SLICE("\345\274\240"), SLICE("big5")), "utf-8");
	CHECK_SLICE(charset_guess(SLICE("\263\\"), SLICE("Big5")), "Big5");
	CHECK_SLICE(charset_guess(SLICE("\325\305\310"), SLICE("shift_jis")), "shift_jis");
	CHECK_SLICE(charset_guess(SLICE("\225\064\262\065"), SLICE("Big5")), "gb18030");
	CHECK_SLICE(charset_guess(SLICE("\325\305"), SLICE("")), "gb18030");
	CHECK_SLICE(charset_guess(SLICE("\325\305"), SLICE("utf-8")), "gb18030");
	CHECK_SLICE(charset_guess(SLICE("\325\305"), SLICE("iso-2022-jp")), "gb18030");
}

static void
text_is_folded_character_by_character(void **state)
{
	struct buf out = buf_init(100);

	(void)state;
	CHECK_STATUS(text_fold(SLICE("AbC ÄÉ ΣΑΣ ς Ж 张 ß"), &out), STATUS_OK);
	CHECK_SLICE(buf_slice(&out), "abc äé σασ σ ж 张 ß");
	buf_clear(&out);
	out = buf_init(4);
	CHECK_STATUS(text_fold(SLICE("ABCÄ"), &out), STATUS_LIMIT);
	CHECK_SLICE(buf_slice(&out), "abc");
	buf_reset(&out);
	CHECK_STATUS(text_fold(SLICE("ABCDE"), &out), STATUS_LIMIT);
	CHECK_SLICE(buf_slice(&out), "abcd");
	buf_clear(&out);
}

static void
names_are_known_in_any_case(void **state)
{
	(void)state;
	charset_prepare();
	charset_prepare();
	CHECK(charset_is_known(SLICE("Gb2312")));
	CHECK(charset_is_known(SLICE(" utf-8 ")));
	CHECK(!charset_is_known(SLICE("gb2312//TRANSLIT")));
	CHECK(!charset_is_known(SLICE("x-cns11643")));
	CHECK(!charset_is_known(SLICE("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(charsets_are_read_as_mail_programs_do),
		cmocka_unit_test(what_does_not_fit_is_cut_at_a_character),
		cmocka_unit_test(bytes_without_a_label_are_guessed),
		cmocka_unit_test(text_is_folded_character_by_character),
		cmocka_unit_test(names_are_known_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
