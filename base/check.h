/*
 * check.h -- what unit tests say: cmocka's assertions under short names.
 * Only *_test.c files include it.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"
#include "base/status.h"

#define CHECK(x) assert_true(x)
#define CHECK_U64(a, b) assert_int_equal((uint64_t)(a), (uint64_t)(b))
#define CHECK_STATUS(a, b) assert_string_equal(status_name(a), status_name(b))
#define CHECK_SLICE(s, text) check_slice((s), (text), __FILE__, __LINE__)

/* For CHECK_SLICE: the bytes of s are those of text. */
static inline void
check_slice(struct slice s, const char *text, const char *file, int line)
{
	struct slice want = slice_from_cstr(text);

	if (slice_equal(s, want))
		return;
	print_error("got \"%.*s\", want \"%s\"\n", (int)s.len, s.len == 0 ? "" : s.ptr, text);
	_fail(file, line);
}

#endif
