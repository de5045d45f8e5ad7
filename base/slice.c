#include "base/slice.h"

#include <string.h>

#include "base/ascii.h"

struct slice
slice_from_cstr(const char *s)
{
	if (s == NULL)
		return (struct slice){ NULL, 0 };
	return (struct slice){ s, strlen(s) };
}

bool
slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
slice_equal_nocase(struct slice a, struct slice b)
{
	size_t i;

	if (a.len != b.len)
		return false;
	for (i = 0; i < a.len; i++)
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
			return false;
	return true;
}

bool
slice_starts(struct slice s, struct slice prefix)
{
	return slice_equal(slice_sub(s, 0, prefix.len), prefix);
}

bool
slice_starts_nocase(struct slice s, struct slice prefix)
{
	return slice_equal_nocase(slice_sub(s, 0, prefix.len), prefix);
}

bool
slice_ends(struct slice s, struct slice suffix)
{
	if (suffix.len > s.len)
		return false;
	return slice_equal(slice_skip(s, s.len - suffix.len), suffix);
}

int
slice_compare(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

size_t
slice_find_byte(struct slice s, char c)
{
	const char *at = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);

	return at == NULL ? s.len : (size_t)(at - s.ptr);
}

size_t
slice_find(struct slice s, struct slice needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	at = s.len == 0 ? NULL : memmem(s.ptr, s.len, needle.ptr, needle.len);
	return at == NULL ? s.len : (size_t)(at - s.ptr);
}

size_t
slice_find_last_byte(struct slice s, char c)
{
	const char *at = s.len == 0 ? NULL : memrchr(s.ptr, c, s.len);

	return at == NULL ? s.len : (size_t)(at - s.ptr);
}

struct slice
slice_trim(struct slice s)
{
	while (s.len > 0 && ascii_is_space(s.ptr[s.len - 1]))
		s.len--;
	while (s.len > 0 && ascii_is_space(s.ptr[0]))
		s = slice_skip(s, 1);
	return s;
}

struct slice
slice_take_word(struct slice *s)
{
	return slice_take_until(s, ' ');
}

struct slice
slice_take_until(struct slice *s, char c)
{
	size_t at = slice_find_byte(*s, c);
	struct slice taken = slice_sub(*s, 0, at);

	*s = slice_skip(*s, at + 1);
	return taken;
}
