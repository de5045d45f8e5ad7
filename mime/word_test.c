#include "mime/word.h"

#include <string.h>

#include "base/check.h"

static const struct {
	const char *in, *want;
} rows[] = {
	{ "", "" },
	{ "plain text", "plain text" },
	{ "fold\r\n ed\n\ttwice", "fold ed twice" },
	{ "=?utf-8?B?5byg5LiJ?=", "张三" },
	{ "a =?utf-8?q?b_c=3F?= d", "a b c? d" },
	{ "=?utf-8?B?5byg?= \r\n =?utf-8?B?5LiJ?=", "张三" },
	{ "=?utf-8?B?5byg?= =?gbk?B?yP0=?=", "张三" },
	{ "=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c" },
	{ "=?GB2312?B?1cXI?=\r\n =?gb2312?Q?=FD?=", "张三" },
	{ "=?UTF-8?B?5Q==?= =?utf-8?B?vKA=?=", "张" },
	{ "=?utf-8*zh?B?5byg?=", "张" },
	{ "=?utf-8?X?abc?=", "=?utf-8?X?abc?=" },
	{ "=?x-none?B?1cU=?=", "=?x-none?B?1cU=?=" },
	{ "=?x-none?B?1cU=?= =?utf-8?Q?b?=", "=?x-none?B?1cU=?= b" },
	{ "=?utf-8?B?5byg", "=?utf-8?B?5byg" },
	{ "=?utf-8?B?5byg?", "=?utf-8?B?5byg?" },
	{ "=??B?YQ==?=", "=??B?YQ==?=" },
	{ "=?utf-8?Q?" "?=x", "x" },
	{ "=?utf-8?Q?=4?=", "=4" },
	{ "=?=?utf-8?Q?a?=", "=?a" },
	{ "\325\305 =?utf-8?B?5LiJ?=", "张 三" },
	{ "\345\274\240", "张" },
	{ "=?utf-8?q?=0D=0A*_BYE?=", "  * BYE" },
	{ "=?utf-8?q?a=00=7Fb?=", "a  b" },
};

static void
header_text_is_decoded(void **state)
{
	size_t i, cut;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice in = slice_from_cstr(rows[i].in);

		for (cut = 0; cut <= in.len; cut++) {
			struct buf copy = buf_init(1000);
			struct buf out = buf_init(1000);

			buf_append(&copy, slice_sub(in, 0, cut));
			CHECK_STATUS(word_decode(buf_slice(&copy), SLICE(""), &out), STATUS_OK);
			if (cut == in.len)
				CHECK_SLICE(buf_slice(&out), rows[i].want);
			buf_clear(&copy);
			buf_clear(&out);
		}
	}
}

static void
decoding_stops_at_the_limit(void **state)
{
	struct buf out = buf_init(5);

	(void)state;
	CHECK_STATUS(word_decode(SLICE("=?utf-8?B?5byg5LiJ?="), SLICE(""), &out), STATUS_LIMIT);
	CHECK_SLICE(buf_slice(&out), "张");
	buf_clear(&out);
}

static void
rubbish_takes_linear_time(void **state)
{
	static const char *const units[] = { "=?", "=?a?b?", "=?utf-8?b?", "?=", "=?x?q?a?= ",
		"=?utf-8?q?a?= ", "=?gbk?q?=D5?= =?utf-8?q?a?=" };
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(units); i++) {
		struct buf text = buf_init(10000000);
		struct buf out = buf_init(10000000);

		for (n = 0; n < 100000; n++)
			buf_append(&text, slice_from_cstr(units[i]));
		CHECK_STATUS(word_decode(buf_slice(&text), SLICE(""), &out), STATUS_OK);
		buf_clear(&text);
		buf_clear(&out);
	}
}

static void
text_is_encoded_where_it_must_be(void **state)
{
	static const struct {
		const char *in, *want;
	} texts[] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "张三", "=?utf-8?B?5byg5LiJ?=" },
		{ "Re: 张 a 三 end of it", "Re: =?utf-8?B?5bygIGEg5LiJ?= end of it" },
		{ "a =?b", "a =?utf-8?B?PT9i?=" },
		{ "a\r\nb", "=?utf-8?B?YQ0KYg==?=" },
		{ "张张张张张张张张张张张张张张张张",
		    "=?utf-8?B?5byg5byg5byg5byg5byg5byg5byg5byg5byg5byg5byg5byg5byg5byg5byg?=\r\n"
		    " =?utf-8?B?5byg?=" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		struct buf out = buf_init(1000);
		struct buf back = buf_init(1000);

		CHECK_STATUS(word_encode(slice_from_cstr(texts[i].in), &out), STATUS_OK);
		CHECK_SLICE(buf_slice(&out), texts[i].want);
		CHECK_STATUS(word_decode(buf_slice(&out), SLICE(""), &back), STATUS_OK);
		if (strchr(texts[i].in, '\r') == NULL)
			CHECK_SLICE(buf_slice(&back), texts[i].in);
		buf_clear(&out);
		buf_clear(&back);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_text_is_decoded),
		cmocka_unit_test(decoding_stops_at_the_limit),
		cmocka_unit_test(rubbish_takes_linear_time),
		cmocka_unit_test(text_is_encoded_where_it_must_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
