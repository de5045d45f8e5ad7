#include "imapd/append_text.h"

#include <string.h>

#include "base/check.h"

static enum status
put(void *ctx, struct slice piece, struct problem *why)
{
	(void)why;
	return buf_append(ctx, piece);
}

#define TEXT(literal) { "" literal, sizeof(literal) - 1 }

static const struct {
	struct slice in, out;
} rows[] = {
	{ TEXT(""), TEXT("") },
	{ TEXT("a"), TEXT("a") },
	{ TEXT("a\r\nb\r\n"), TEXT("a\r\nb\r\n") },
	{ TEXT("a\nb\n"), TEXT("a\r\nb\r\n") },
	{ TEXT("\n\r\n\n"), TEXT("\r\n\r\n\r\n") },
	{ TEXT("a\rb\r\r\n"), TEXT("a\rb\r\r\n") },
	{ TEXT("From ann Tue\r\nTo: b\r\n"), TEXT("To: b\r\n") },
	{ TEXT("From ann Tue\nTo: b\n"), TEXT("To: b\r\n") },
	{ TEXT("From: ann\r\n"), TEXT("From: ann\r\n") },
	{ TEXT("From"), TEXT("From") },
	{ TEXT("From ann without end"), TEXT("From ann without end") },
	{ TEXT("a\0b\r\n"), TEXT("a\0b\r\n") },
	{ TEXT("x\r\nFrom ann\r\n"), TEXT("x\r\nFrom ann\r\n") },
};

static void
texts_are_put_right_however_they_are_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t step = 1; step <= rows[i].in.len + 1; step++) {
			struct buf out = buf_init(256);
			struct append_text a;
			struct problem why = { 0 };

			append_text_init(&a, put, &out);
			for (size_t at = 0; at < rows[i].in.len; at += step)
				CHECK_STATUS(append_text_feed(&a,
				    slice_sub(rows[i].in, at, step), &why), STATUS_OK);
			CHECK_STATUS(append_text_end(&a, &why), STATUS_OK);
			CHECK(slice_equal(buf_slice(&out), rows[i].out));
			CHECK_U64(a.size_bytes, rows[i].out.len);
			append_text_clear(&a);
			buf_clear(&out);
		}
}

static void
a_first_line_over_the_limit_is_text(void **state)
{
	struct buf in = buf_init(4096), out = buf_init(4096);
	struct append_text a;
	struct problem why = { 0 };

	(void)state;
	buf_append(&in, SLICE("From "));
	while (in.len < APPEND_FROM_LINE_MAX)
		buf_append_byte(&in, 'x');
	buf_append(&in, SLICE("\r\nTo: b\r\n"));
	append_text_init(&a, put, &out);
	CHECK_STATUS(append_text_feed(&a, buf_slice(&in), &why), STATUS_OK);
	CHECK_STATUS(append_text_end(&a, &why), STATUS_OK);
	CHECK(slice_equal(buf_slice(&in), buf_slice(&out)));
	append_text_clear(&a);
	buf_clear(&in);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_put_right_however_they_are_cut),
		cmocka_unit_test(a_first_line_over_the_limit_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
