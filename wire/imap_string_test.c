#include "wire/imap_string.h"

#include <string.h>

#include "base/check.h"

static const struct {
	struct slice in;
	const char *out;
} rows[] = {
	{ { "", 0 }, "\"\"" },
	{ { "a b", 3 }, "\"a b\"" },
	{ { "a\"b\\", 4 }, "\"a\\\"b\\\\\"" },
	{ { "a\r\n* BYE", 8 }, "{8}\r\na\r\n* BYE" },
	{ { "a\0b", 3 }, "{3}\r\na\200b" },
	{ { "\303\251", 2 }, "{2}\r\n\303\251" },
};

static void
strings_are_quoted_where_they_can_be(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = buf_init(100);

		imap_put_string(&out, rows[i].in);
		CHECK_SLICE(buf_slice(&out), rows[i].out);
		buf_clear(&out);
	}
}

static void
a_quoted_string_has_a_limit(void **state)
{
	char text[1001];
	struct buf out = buf_init(2000);

	(void)state;
	memset(text, 'x', sizeof(text));
	imap_put_string(&out, slice_make(text, 1000));
	CHECK_U64(out.len, 1002);
	buf_reset(&out);
	imap_put_string(&out, slice_make(text, 1001));
	CHECK(slice_starts(buf_slice(&out), SLICE("{1001}\r\nxx")));
	buf_clear(&out);
}

static void
a_literal_that_does_not_fit_leaves_no_half(void **state)
{
	struct buf out = buf_init(6);

	(void)state;
	imap_put_string(&out, SLICE("\r\n"));
	CHECK_U64(out.len, 0);
	CHECK_STATUS(buf_status(&out), STATUS_LIMIT);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_quoted_where_they_can_be),
		cmocka_unit_test(a_quoted_string_has_a_limit),
		cmocka_unit_test(a_literal_that_does_not_fit_leaves_no_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
