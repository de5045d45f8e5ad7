#include "wire/imap_string.h"

#include <string.h>

#include "base/ascii.h"

#define QUOTED_MAX 1000

/* quoted and literal of RFC 3501 s.9. */
static bool
can_be_quoted(struct slice s)
{
	size_t i;

	if (s.len > QUOTED_MAX)
		return false;
	for (i = 0; i < s.len; i++)
		if (s.ptr[i] == '\r' || s.ptr[i] == '\n' || s.ptr[i] == '\0' ||
		    ascii_is_8bit(s.ptr[i]))
			return false;
	return true;
}

static void
put_quoted(struct buf *out, struct slice s)
{
	size_t i;

	if (buf_reserve(out, 2 * s.len + 2) == STATUS_OK) {
		char *p = out->ptr + out->len;

		*p++ = '"';
		for (i = 0; i < s.len; i++) {
			if (s.ptr[i] == '"' || s.ptr[i] == '\\')
				*p++ = '\\';
			*p++ = s.ptr[i];
		}
		*p++ = '"';
		out->len = (size_t)(p - out->ptr);
		return;
	}
	buf_append_byte(out, '"');
	for (i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			buf_append_byte(out, '\\');
		buf_append_byte(out, s.ptr[i]);
	}
	buf_append_byte(out, '"');
}

/* All or nothing, so that a full buffer never ends inside a literal. */
static void
put_literal(struct buf *out, struct slice s)
{
	size_t start = out->len;
	char *p, *end;

	buf_append_byte(out, '{');
	buf_append_u64(out, s.len);
	buf_append(out, SLICE("}\r\n"));
	if (buf_append(out, s) != STATUS_OK) {
		buf_truncate(out, start);
		return;
	}
	p = out->ptr + out->len - s.len;
	end = out->ptr + out->len;
	while (p < end && (p = memchr(p, '\0', (size_t)(end - p))) != NULL)
		*p++ = (char)0x80;
}

void
imap_put_string(struct buf *out, struct slice s)
{
	if (can_be_quoted(s))
		put_quoted(out, s);
	else
		put_literal(out, s);
}

