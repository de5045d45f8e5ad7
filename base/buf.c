#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define BUF_FIRST_CAP 64

struct buf
buf_init(size_t max)
{
	return (struct buf){ .max = max };
}

void
buf_clear(struct buf *b)
{
	mem_free(b->ptr);
	*b = buf_init(b->max);
}

void
buf_wipe(struct buf *b)
{
	mem_wipe(b->ptr, b->cap);
	buf_clear(b);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->is_over = false;
}

/* Make the memory hold size bytes; size is at most max, or max + 1 for a closing NUL. */
static void
buf_grow(struct buf *b, size_t size)
{
	size_t cap = b->cap;

	if (size <= cap)
		return;
	cap = cap < BUF_FIRST_CAP ? BUF_FIRST_CAP : cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;
	if (cap < size)
		cap = size;
	b->ptr = mem_resize(b->ptr, cap, 1);
	b->cap = cap;
}

enum status
buf_reserve(struct buf *b, size_t n)
{
	if (n > b->max - b->len)
		return STATUS_LIMIT;
	buf_grow(b, b->len + n);
	return STATUS_OK;
}

enum status
buf_append(struct buf *b, struct slice s)
{
	if (buf_reserve(b, s.len) != STATUS_OK) {
		b->is_over = true;
		return STATUS_LIMIT;
	}
	if (s.len > 0)
		memcpy(b->ptr + b->len, s.ptr, s.len);
	b->len += s.len;
	return STATUS_OK;
}

enum status
buf_append_byte(struct buf *b, char c)
{
	return buf_append(b, slice_make(&c, 1));
}

enum status
buf_append_u64(struct buf *b, uint64_t n)
{
	char digits[20];	/* 2^64 - 1 has 20 */
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return buf_append(b, slice_make(digits + at, sizeof(digits) - at));
}

enum status
buf_append_hex(struct buf *b, struct slice bytes)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	if (bytes.len > (b->max - b->len) / 2) {
		b->is_over = true;
		return STATUS_LIMIT;
	}
	buf_grow(b, b->len + 2 * bytes.len);
	for (i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];

		b->ptr[b->len++] = digits[c >> 4];
		b->ptr[b->len++] = digits[c & 15];
	}
	return STATUS_OK;
}

enum status
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int need;

	va_start(args, format);
	need = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (need < 0 || (size_t)need > b->max - b->len) {
		b->is_over = true;
		return STATUS_LIMIT;
	}
	buf_grow(b, b->len + (size_t)need + 1);
	va_start(args, format);
	need = vsnprintf(b->ptr + b->len, (size_t)need + 1, format, args);
	va_end(args);
	b->len += (size_t)need;
	return STATUS_OK;
}

void
buf_consume(struct buf *b, size_t n)
{
	ASSERT(n <= b->len);
	if (n == b->len) {
		bool is_over = b->is_over;

		buf_clear(b);
		b->is_over = is_over;
		return;
	}
	if (n > 0)
		memmove(b->ptr, b->ptr + n, b->len - n);
	b->len -= n;
}

void
buf_truncate(struct buf *b, size_t n)
{
	ASSERT(n <= b->len);
	b->len = n;
}

enum status
buf_status(const struct buf *b)
{
	return b->is_over ? STATUS_LIMIT : STATUS_OK;
}

struct slice
buf_slice(const struct buf *b)
{
	return slice_make(b->ptr, b->len);
}

enum status
buf_cstr(struct buf *b, const char **out)
{
	if (b->len > 0 && memchr(b->ptr, '\0', b->len) != NULL)
		return STATUS_SYNTAX;
	buf_grow(b, b->len + 1);
	b->ptr[b->len] = '\0';
	*out = b->ptr;
	return STATUS_OK;
}
