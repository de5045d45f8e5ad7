#include "mime/header.h"

#include <string.h>

/* Length of the line at the start of s, with its line end; s.len when it has none. */
static size_t
line_len(struct slice s)
{
	const char *end = s.len == 0 ? NULL : memchr(s.ptr, '\n', s.len);

	return end == NULL ? s.len : (size_t)(end - s.ptr) + 1;
}

/* Length of the line end that s begins with; 0 when it begins with something else. */
static size_t
line_end_len(struct slice s)
{
	if (s.len >= 1 && s.ptr[0] == '\n')
		return 1;
	if (s.len >= 2 && s.ptr[0] == '\r' && s.ptr[1] == '\n')
		return 2;
	return 0;
}

/*
 * RFC 5322 s.2.2: a name is printable US-ASCII but the colon; blanks before the
 * colon are obsolete syntax.  Index of the colon, 0 when s begins with no field.
 */
static size_t
colon_at(struct slice s, size_t *name_len)
{
	size_t i = 0;

	while (i < s.len && s.ptr[i] > ' ' && s.ptr[i] < 0x7f && s.ptr[i] != ':')
		i++;
	*name_len = i;
	while (i < s.len && (s.ptr[i] == ' ' || s.ptr[i] == '\t'))
		i++;
	return *name_len > 0 && i < s.len && s.ptr[i] == ':' ? i : 0;
}

bool
header_next(struct slice *rest, struct header_field *f)
{
	struct slice raw = *rest;
	size_t colon, name_len, len, end;

	if (raw.len == 0 || line_end_len(raw) > 0)
		return false;
	colon = colon_at(raw, &name_len);
	len = colon + line_len(slice_skip(raw, colon));
	while (len < raw.len && (raw.ptr[len] == ' ' || raw.ptr[len] == '\t'))
		len += line_len(slice_skip(raw, len));
	raw.len = len;
	*rest = slice_skip(*rest, len);

	end = len;
	if (end > 0 && raw.ptr[end - 1] == '\n')
		end--;
	if (end > 0 && raw.ptr[end - 1] == '\r')
		end--;
	f->raw = raw;
	f->name = slice_sub(raw, 0, colon > 0 ? name_len : 0);
	f->value = colon > 0 ? slice_sub(raw, colon + 1, end - colon - 1) : slice_sub(raw, 0, end);
	return true;
}

void
header_split(struct slice text, struct slice *header, struct slice *body)
{
	size_t at = 0;

	while (at < text.len) {
		size_t empty = line_end_len(slice_skip(text, at));

		if (empty > 0) {
			at += empty;
			break;
		}
		at += line_len(slice_skip(text, at));
	}
	*header = slice_sub(text, 0, at);
	*body = slice_skip(text, at);
}

bool
header_find(struct slice header, struct slice name, struct header_field *f)
{
	struct header_field field;

	while (header_next(&header, &field)) {
		if (slice_equal_nocase(field.name, name)) {
			*f = field;
			return true;
		}
	}
	return false;
}

unsigned
header_count(struct slice header, struct slice name, unsigned max)
{
	struct header_field field;
	unsigned count = 0;

	while (count < max && header_next(&header, &field))
		count += slice_equal_nocase(field.name, name);
	return count;
}
