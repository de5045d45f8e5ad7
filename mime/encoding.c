#include "mime/encoding.h"

#include <string.h>

#include "base/ascii.h"
#include "base/base64.h"

static const struct {
	struct slice name;
	enum encoding encoding;
} encodings[] = {
	{ { "base64", 6 }, ENCODING_BASE64 },
	{ { "quoted-printable", 16 }, ENCODING_QP },
};

enum encoding
encoding_of(struct slice value)
{
	size_t len = 0;
	size_t i;

	value = slice_trim(value);
	if (value.len > 0 && value.ptr[0] == '"')
		value = slice_skip(value, 1);
	while (len < value.len && (ascii_is_alnum(value.ptr[len]) || value.ptr[len] == '-'))
		len++;
	value.len = len;
	for (i = 0; i < ARRAY_LEN(encodings); i++)
		if (slice_equal_nocase(value, encodings[i].name))
			return encodings[i].encoding;
	return ENCODING_IDENTITY;
}

/* As much of s as fits. */
static enum status
append_cut(struct buf *out, struct slice s)
{
	size_t room = out->max - out->len;

	if (s.len <= room)
		return buf_append(out, s);
	(void)buf_append(out, slice_sub(s, 0, room));
	out->is_over = true;
	return STATUS_LIMIT;
}

/* base64_decode_lenient() takes all or nothing, so a body too large is cut first. */
static enum status
decode_base64(struct slice body, struct buf *out)
{
	size_t room = out->max - out->len;
	struct buf whole;
	enum status st;

	if (body.len / 4 * 3 + 3 <= room)
		return base64_decode_lenient(out, body);
	whole = buf_init(body.len / 4 * 3 + 3);
	(void)base64_decode_lenient(&whole, body);
	st = append_cut(out, buf_slice(&whole));
	buf_clear(&whole);
	return st;
}

/* Length of the soft line break "=" blanks CRLF at the start of s; 0 when it is none. */
static size_t
soft_break_len(struct slice s)
{
	size_t i = 1;

	while (i < s.len && (s.ptr[i] == ' ' || s.ptr[i] == '\t'))
		i++;
	if (i < s.len && s.ptr[i] == '\r')
		i++;
	if (i == s.len)
		return i;
	return s.ptr[i] == '\n' ? i + 1 : 0;
}

/* RFC 2045 s.6.7 rule 3: blanks before a line end were added on the way. */
static void
drop_blanks(struct buf *out, size_t from)
{
	while (out->len > from &&
	    (out->ptr[out->len - 1] == ' ' || out->ptr[out->len - 1] == '\t'))
		out->len--;
}

/* What stands at the '=' that s begins with; returns how much of s it was. */
static size_t
decode_escape(struct slice s, struct buf *out, size_t *keep_from)
{
	int high = s.len > 2 ? ascii_hex_value(s.ptr[1]) : -1;
	int low = s.len > 2 ? ascii_hex_value(s.ptr[2]) : -1;
	size_t skip;

	if (high >= 0 && low >= 0) {
		(void)buf_append_byte(out, (char)(high * 16 + low));
		*keep_from = out->len;
		return 3;
	}
	skip = soft_break_len(s);
	if (skip > 0) {
		*keep_from = out->len;
		return skip;
	}
	(void)buf_append_byte(out, '=');
	return 1;
}

static enum status
decode_qp(struct slice body, struct buf *out)
{
	size_t keep_from = out->len;	/* blanks before this were encoded: they stay */

	while (body.len > 0 && !out->is_over) {
		size_t n = 0;

		while (n < body.len && body.ptr[n] != '=' && body.ptr[n] != '\n')
			n++;
		if (append_cut(out, slice_sub(body, 0, n)) != STATUS_OK)
			break;
		body = slice_skip(body, n);
		if (body.len == 0)
			break;
		if (body.ptr[0] == '=') {
			body = slice_skip(body, decode_escape(body, out, &keep_from));
			continue;
		}
		n = out->len > keep_from && out->ptr[out->len - 1] == '\r';
		out->len -= n;
		drop_blanks(out, keep_from);
		(void)append_cut(out, n > 0 ? SLICE("\r\n") : SLICE("\n"));
		body = slice_skip(body, 1);
		keep_from = out->len;
	}
	return buf_status(out);
}

enum status
encoding_decode(enum encoding e, struct slice body, struct buf *out)
{
	switch (e) {
	case ENCODING_BASE64:
		return decode_base64(body, out);
	case ENCODING_QP:
		return decode_qp(body, out);
	case ENCODING_IDENTITY:
		break;
	}
	return append_cut(out, body);
}
