#include "wire/imap_utf7.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static int
value_of(char c)
{
	const char *at = c == '\0' ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

static void
put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_append_byte(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_append_byte(out, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		buf_append_byte(out, (char)(0xe0 | c >> 12));
		buf_append_byte(out, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		buf_append_byte(out, (char)(0xf0 | c >> 18));
		buf_append_byte(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_append_byte(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_append_byte(out, (char)(0x80 | (c & 0x3f)));
}

/* One UTF-16 unit behind the others; *high holds a first half that waits for its second. */
static bool
put_unit(struct buf *out, uint32_t unit, uint32_t *high)
{
	if (unit >= 0xdc00 && unit <= 0xdfff) {
		if (*high == 0)
			return false;
		put_utf8(out, 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00));
		*high = 0;
		return true;
	}
	if (*high != 0)
		return false;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		*high = unit;
		return true;
	}
	/* Printable ASCII has to stand for itself. */
	if (unit >= 0x20 && unit <= 0x7e)
		return false;
	put_utf8(out, unit);
	return true;
}

/* text: what stands between '&' and '-', of the alphabet, not empty. */
static bool
decode_shift(struct slice text, struct buf *out)
{
	uint32_t bits = 0, high = 0;
	unsigned count = 0;

	for (size_t i = 0; i < text.len; i++) {
		bits = bits << 6 | (uint32_t)value_of(text.ptr[i]);
		count += 6;
		if (count >= 16) {
			count -= 16;
			if (!put_unit(out, bits >> count & 0xffff, &high))
				return false;
			bits &= (1u << count) - 1;
		}
	}
	/* Fewer than six bits of padding, all zero. */
	return high == 0 && count < 6 && bits == 0;
}

/* Length of the shift "&...-" that s begins with; 0 when it begins with none. */
static size_t
shift_len(struct slice s)
{
	size_t n = 1;

	while (n < s.len && value_of(s.ptr[n]) >= 0)
		n++;
	return n < s.len && s.ptr[n] == '-' ? n + 1 : 0;
}

static bool
decode_name(struct slice name, struct buf *out)
{
	bool after_shift = false;
	size_t n;

	for (; name.len != 0; name = slice_skip(name, n == 0 ? 1 : n)) {
		char c = name.ptr[0];

		if (ascii_is_8bit(c) || ascii_is_control(c))
			return false;
		n = c == '&' ? shift_len(name) : 0;
		if (n > 2) {
			/* Two shifts in a row should have been one. */
			if (after_shift || !decode_shift(slice_sub(name, 1, n - 2), out))
				return false;
		} else {
			buf_append_byte(out, c);
		}
		after_shift = n > 2;
	}
	return true;
}

enum status
imap_utf7_decode(struct slice name, struct buf *out)
{
	size_t from = out->len;
	enum status st = decode_name(name, out) ? buf_status(out) : STATUS_SYNTAX;

	if (st != STATUS_OK)
		buf_truncate(out, from);
	return st;
}

static uint32_t
utf8_char(struct slice s, size_t len)
{
	uint32_t c = (unsigned char)s.ptr[0];

	if (len == 1)
		return c;
	c &= len == 2 ? 0x1f : len == 3 ? 0x0f : 0x07;
	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)s.ptr[i] & 0x3f);
	return c;
}

/* Bits that wait to fill the next character of the alphabet. */
struct shift {
	uint32_t bits;
	unsigned count;
	bool is_open;
};

static void
shift_put(struct shift *s, uint32_t unit, struct buf *out)
{
	if (!s->is_open)
		buf_append_byte(out, '&');
	s->is_open = true;
	s->bits = s->bits << 16 | unit;
	s->count += 16;
	while (s->count >= 6) {
		s->count -= 6;
		buf_append_byte(out, alphabet[s->bits >> s->count & 0x3f]);
	}
	s->bits &= (1u << s->count) - 1;
}

static void
shift_end(struct shift *s, struct buf *out)
{
	if (!s->is_open)
		return;
	if (s->count > 0)
		buf_append_byte(out, alphabet[s->bits << (6 - s->count) & 0x3f]);
	buf_append_byte(out, '-');
	*s = (struct shift){ 0 };
}

void
imap_utf7_encode(struct slice utf8, struct buf *out)
{
	struct shift shift = { 0 };
	size_t len;
	uint32_t c;

	for (; utf8.len != 0; utf8 = slice_skip(utf8, len)) {
		len = utf8_char_len(utf8);
		if (len == 0) {		/* not UTF-8: never sent as it is */
			len = 1;
			c = 0xfffd;
		} else {
			c = utf8_char(utf8, len);
		}
		if (c >= 0x20 && c <= 0x7e) {
			shift_end(&shift, out);
			buf_append_byte(out, (char)c);
			if (c == '&')
				buf_append_byte(out, '-');
		} else if (c >= 0x10000) {
			shift_put(&shift, 0xd800 + ((c - 0x10000) >> 10), out);
			shift_put(&shift, 0xdc00 + ((c - 0x10000) & 0x3ff), out);
		} else {
			shift_put(&shift, c, out);
		}
	}
	shift_end(&shift, out);
}
