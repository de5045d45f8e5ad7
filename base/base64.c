#include "base/base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits that c stands for, or -1. */
static int
sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

enum status
base64_encode(struct buf *out, struct slice bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.ptr;
	size_t groups = bytes.len / 3 + (bytes.len % 3 > 0);
	size_t i;
	char *to;

	if (bytes.len == 0)
		return STATUS_OK;
	if (groups > (out->max - out->len) / 4 || buf_reserve(out, groups * 4) != STATUS_OK) {
		out->is_over = true;
		return STATUS_LIMIT;
	}
	to = out->ptr + out->len;
	for (i = 0; i < bytes.len; i += 3) {
		size_t n = bytes.len - i;
		uint32_t v = (uint32_t)p[i] << 16;

		if (n > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (n > 2)
			v |= p[i + 2];
		*to++ = alphabet[v >> 18];
		*to++ = alphabet[v >> 12 & 63];
		*to++ = n > 1 ? alphabet[v >> 6 & 63] : '=';
		*to++ = n > 2 ? alphabet[v & 63] : '=';
	}
	out->len += groups * 4;
	return STATUS_OK;
}

/* Four characters, the last pad of them '=', into 3 - pad bytes. */
static enum status
decode_group(const char *in, size_t pad, char *to)
{
	uint32_t v = 0;
	size_t i;

	for (i = 0; i < 4; i++) {
		int six = i < 4 - pad ? sextet(in[i]) : 0;

		if (six < 0)
			return STATUS_SYNTAX;
		v = v << 6 | (uint32_t)six;
	}
	if ((v & ((1U << 8 * pad) - 1)) != 0)
		return STATUS_SYNTAX;	/* bits that no encoder sets */
	for (i = 0; i < 3 - pad; i++)
		to[i] = (char)(v >> (16 - 8 * i));
	return STATUS_OK;
}

enum status
base64_decode(struct buf *out, struct slice text)
{
	size_t pad = 0;
	size_t size, i;
	char *to;

	if (text.len == 0)
		return STATUS_OK;
	if (text.len % 4 != 0)
		return STATUS_SYNTAX;
	while (pad < 2 && pad < text.len && text.ptr[text.len - 1 - pad] == '=')
		pad++;
	size = text.len / 4 * 3 - pad;
	if (buf_reserve(out, size) != STATUS_OK)
		return STATUS_LIMIT;
	to = out->ptr + out->len;
	for (i = 0; i < text.len; i += 4) {
		if (decode_group(text.ptr + i, i + 4 == text.len ? pad : 0, to) != STATUS_OK)
			return STATUS_SYNTAX;
		to += 3;
	}
	out->len += size;
	return STATUS_OK;
}

struct lenient {
	struct buf *out;
	uint32_t bits;
	unsigned have;		/* sextets in bits, 0..3 */
	size_t chunk_len;
	char chunk[768];	/* decoded, not yet appended */
};

/* Decode the sextets at hand: four give three bytes, an unfinished group what it has. */
static enum status
lenient_group(struct lenient *d)
{
	uint32_t v = d->bits << 6 * (4 - d->have);
	enum status st = STATUS_OK;
	unsigned i;

	for (i = 1; i < d->have; i++)
		d->chunk[d->chunk_len++] = (char)(v >> (24 - 8 * i));
	d->have = 0;
	d->bits = 0;
	if (d->chunk_len > sizeof(d->chunk) - 3) {
		st = buf_append(d->out, slice_make(d->chunk, d->chunk_len));
		d->chunk_len = 0;
	}
	return st;
}

enum status
base64_decode_lenient(struct buf *out, struct slice text)
{
	struct lenient d = { .out = out };
	size_t before = out->len;
	enum status st = STATUS_OK;
	size_t i;

	for (i = 0; i < text.len && st == STATUS_OK; i++) {
		int six = sextet(text.ptr[i]);

		if (six >= 0) {
			d.bits = d.bits << 6 | (uint32_t)six;
			d.have++;
		}
		/* '=' ends a group; more may follow where parts were glued together. */
		if (d.have == 4 || text.ptr[i] == '=')
			st = lenient_group(&d);
	}
	if (st == STATUS_OK)
		st = lenient_group(&d);
	if (st == STATUS_OK)
		st = buf_append(out, slice_make(d.chunk, d.chunk_len));
	if (st != STATUS_OK)
		buf_truncate(out, before);
	return st;
}
