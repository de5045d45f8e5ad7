/*
 * slice.h -- a borrowed view of bytes; never owns, never assumes a NUL.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>

struct slice {
	const char *ptr;	/* may be NULL when len is 0 */
	size_t len;
};

/* A slice of a string literal. */
#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
/* For printf's "%.*s". */
#define SLICE_ARG(s) (int)(s).len, (s).ptr
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* View of a NUL-terminated string (NULL gives the empty slice). */
struct slice slice_from_cstr(const char *s);
static inline struct slice
slice_make(const void *ptr, size_t len)
{
	return (struct slice){ ptr, len };
}

/* The same bytes. */
bool slice_equal(struct slice a, struct slice b);
/* ASCII letters compare without case (RFC 5234 strings). */
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_nocase(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
/* memcmp order, the shorter first: <0, 0, >0. */
int slice_compare(struct slice a, struct slice b);

/* Index of the first byte c / first occurrence of needle, or s.len when absent. */
size_t slice_find_byte(struct slice s, char c);
size_t slice_find(struct slice s, struct slice needle);
size_t slice_find_last_byte(struct slice s, char c);

/* s without its first n bytes (empty when shorter). */
static inline struct slice
slice_skip(struct slice s, size_t n)
{
	if (n > s.len)
		n = s.len;
	if (n == 0)
		return s;
	return (struct slice){ s.ptr + n, s.len - n };
}
/* Bytes [from, from+len) of s, both cut to what is there. */
static inline struct slice
slice_sub(struct slice s, size_t from, size_t len)
{
	s = slice_skip(s, from);
	if (len < s.len)
		s.len = len;
	return s;
}
/* s without SP, HTAB, CR, LF at both ends. */
struct slice slice_trim(struct slice s);

/* Remove and return what stands before the first SP (and that one SP) of *s. */
struct slice slice_take_word(struct slice *s);
/* Remove and return what stands before the first c (and that one c) of *s. */
struct slice slice_take_until(struct slice *s, char c);

#endif
