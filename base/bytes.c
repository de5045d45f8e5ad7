#include "base/bytes.h"

/* The n bytes at p as a number, least significant first. */
static uint64_t
load_le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n > 0)
		v = v << 8 | p[--n];
	return v;
}

static uint64_t
load_be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static void
store_le(uint8_t *p, size_t n, uint64_t v)
{
	size_t i;

	for (i = 0; i < n; i++) {
		p[i] = (uint8_t)v;
		v >>= 8;
	}
}

static void
store_be(uint8_t *p, size_t n, uint64_t v)
{
	while (n > 0) {
		p[--n] = (uint8_t)v;
		v >>= 8;
	}
}

struct reader
reader_init(const void *data, size_t len)
{
	return (struct reader){ .rest = slice_make(data, len) };
}

struct reader
reader_of(struct slice s)
{
	return (struct reader){ .rest = s };
}

void
reader_fail(struct reader *in)
{
	in->is_short = true;
	in->rest = slice_make(NULL, 0);
}

bool
reader_at_end(const struct reader *in)
{
	return !in->is_short && in->rest.len == 0;
}

bool
reader_ok(const struct reader *in)
{
	return !in->is_short;
}

struct slice
read_bytes(struct reader *in, size_t n)
{
	struct slice taken;

	if (in->is_short || n > in->rest.len) {
		reader_fail(in);
		return slice_make(NULL, 0);
	}
	taken = slice_sub(in->rest, 0, n);
	in->rest = slice_skip(in->rest, n);
	return taken;
}

static uint64_t
read_le(struct reader *in, size_t n)
{
	struct slice s = read_bytes(in, n);

	return load_le((const uint8_t *)s.ptr, s.len);
}

uint8_t
read_u8(struct reader *in)
{
	return (uint8_t)read_le(in, 1);
}

uint16_t
read_u16le(struct reader *in)
{
	return (uint16_t)read_le(in, 2);
}

uint32_t
read_u32le(struct reader *in)
{
	return (uint32_t)read_le(in, 4);
}

uint64_t
read_u64le(struct reader *in)
{
	return read_le(in, 8);
}

struct slice
read_slice(struct reader *in)
{
	return read_bytes(in, read_u32le(in));
}

static void
put_le(struct buf *out, size_t n, uint64_t v)
{
	uint8_t bytes[8];

	store_le(bytes, n, v);
	buf_append(out, slice_make(bytes, n));
}

void
put_u8(struct buf *out, uint8_t v)
{
	put_le(out, 1, v);
}

void
put_u16le(struct buf *out, uint16_t v)
{
	put_le(out, 2, v);
}

void
put_u32le(struct buf *out, uint32_t v)
{
	put_le(out, 4, v);
}

void
put_u64le(struct buf *out, uint64_t v)
{
	put_le(out, 8, v);
}

void
put_slice(struct buf *out, struct slice s)
{
	if (s.len > UINT32_MAX) {
		out->is_over = true;
		return;
	}
	put_u32le(out, (uint32_t)s.len);
	buf_append(out, s);
}

void
store_u32be(uint8_t out[4], uint32_t v)
{
	store_be(out, 4, v);
}

void
store_u64be(uint8_t out[8], uint64_t v)
{
	store_be(out, 8, v);
}

uint32_t
load_u32be(const uint8_t in[4])
{
	return (uint32_t)load_be(in, 4);
}

uint64_t
load_u64be(const uint8_t in[8])
{
	return load_be(in, 8);
}

void
store_u32le(uint8_t out[4], uint32_t v)
{
	store_le(out, 4, v);
}

void
store_u64le(uint8_t out[8], uint64_t v)
{
	store_le(out, 8, v);
}

uint32_t
load_u32le(const uint8_t in[4])
{
	return (uint32_t)load_le(in, 4);
}

uint64_t
load_u64le(const uint8_t in[8])
{
	return load_le(in, 8);
}
