#include "store/flags.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "store/key.h"
#include "store/store.h"

/*
 * Flags chunk.  key: u32be mailbox id, u32be uid / 128
 *   u8 version 1, 16 bytes: bit i (of byte i / 8) is set when UID chunk * 128 + i exists,
 *   u64 base mod-sequence, u8 count of palette entries - 1,
 *   palette: each varint flags, varint mod-sequence - base,
 *   one u8 for each UID that exists: its palette entry
 * A varint has 7 bits a byte, the low ones first; the last byte is below 0x80.
 */
#define FLAGS_VERSION 1
#define FLAGS_BITMAP_LEN (FLAGS_CHUNK / 8)
#define PALETTE_LOOK_BACK 8

static void
varint_put(struct buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		put_u8(out, (uint8_t)(v | 0x80));
	put_u8(out, (uint8_t)v);
}

static uint64_t
varint_read(struct reader *in)
{
	uint64_t v = 0;
	uint8_t byte;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		byte = read_u8(in);
		if (shift == 63 && byte > 1)
			break;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
	reader_fail(in);
	return 0;
}

static enum status
flags_decode(struct slice value, uint32_t number, struct flags_chunk *out)
{
	struct flags_entry palette[FLAGS_CHUNK];
	struct reader in = reader_of(value);
	struct slice bitmap;
	unsigned palette_count, entry;
	uint64_t base;

	if (read_u8(&in) != FLAGS_VERSION)
		return STATUS_CORRUPT;
	bitmap = read_bytes(&in, FLAGS_BITMAP_LEN);
	base = read_u64le(&in);
	palette_count = read_u8(&in) + 1u;
	if (bitmap.len != FLAGS_BITMAP_LEN || palette_count > FLAGS_CHUNK)
		return STATUS_CORRUPT;
	for (unsigned i = 0; i < palette_count; i++) {
		palette[i].flags = varint_read(&in);
		palette[i].modseq = base + varint_read(&in);
	}
	out->count = 0;
	for (uint32_t i = 0; i < FLAGS_CHUNK; i++) {
		if (!((unsigned char)bitmap.ptr[i / 8] & 1u << i % 8))
			continue;
		entry = read_u8(&in);
		if (entry >= palette_count)
			return STATUS_CORRUPT;
		palette[entry].uid = number * FLAGS_CHUNK + i;
		out->entries[out->count++] = palette[entry];
	}
	return reader_at_end(&in) ? STATUS_OK : STATUS_CORRUPT;
}

/* Entry of the palette that says what e says; a new one where none of the latest does. */
static unsigned
palette_find(struct flags_entry *palette, unsigned *count, const struct flags_entry *e)
{
	for (unsigned i = *count; i > 0 && i + PALETTE_LOOK_BACK > *count; i--)
		if (palette[i - 1].flags == e->flags && palette[i - 1].modseq == e->modseq)
			return i - 1;
	palette[*count] = *e;
	return (*count)++;
}

static void
flags_encode(const struct flags_chunk *chunk, struct buf *out)
{
	uint8_t bitmap[FLAGS_BITMAP_LEN] = { 0 }, index[FLAGS_CHUNK];
	struct flags_entry palette[FLAGS_CHUNK];
	uint64_t base = UINT64_MAX;
	unsigned palette_count = 0;

	for (uint32_t i = 0; i < chunk->count; i++) {
		const struct flags_entry *e = &chunk->entries[i];
		uint32_t bit = e->uid % FLAGS_CHUNK;

		bitmap[bit / 8] = (uint8_t)(bitmap[bit / 8] | 1u << bit % 8);
		index[i] = (uint8_t)palette_find(palette, &palette_count, e);
		if (e->modseq < base)
			base = e->modseq;
	}
	put_u8(out, FLAGS_VERSION);
	buf_append(out, slice_make(bitmap, sizeof(bitmap)));
	put_u64le(out, base);
	put_u8(out, (uint8_t)(palette_count - 1));
	for (unsigned i = 0; i < palette_count; i++) {
		varint_put(out, palette[i].flags);
		varint_put(out, palette[i].modseq - base);
	}
	buf_append(out, slice_make(index, chunk->count));
}

enum status
flags_chunk_get(struct txn *t, uint32_t mailbox, uint32_t number, struct flags_chunk *out,
    struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st;

	st = txn_get(t, TABLE_FLAGS, key_of_u32_u32(&k, mailbox, number), &value, why);
	if (st == STATUS_ABSENT) {
		out->count = 0;
		return STATUS_OK;
	}
	if (st == STATUS_OK)
		st = flags_decode(value, number, out);
	if (st == STATUS_CORRUPT)
		problem_set(why, "flags chunk %u of mailbox %u cannot be read", number, mailbox);
	return st;
}

enum status
flags_chunk_put(struct txn *t, uint32_t mailbox, uint32_t number, const struct flags_chunk *chunk,
    struct problem *why)
{
	struct buf b = buf_init(ENV_VALUE_MAX);
	struct key k;
	enum status st;

	key_of_u32_u32(&k, mailbox, number);
	if (chunk->count == 0) {
		st = txn_delete(t, TABLE_FLAGS, key_slice(&k), why);
		return st == STATUS_ABSENT ? STATUS_OK : st;
	}
	flags_encode(chunk, &b);
	st = txn_put(t, TABLE_FLAGS, key_slice(&k), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

/* Leave only entries within [first, last]. */
static void
chunk_cut(struct flags_chunk *c, uint32_t first, uint32_t last)
{
	uint32_t skip = 0;

	while (c->count > 0 && c->entries[c->count - 1].uid > last)
		c->count--;
	while (skip < c->count && c->entries[skip].uid < first)
		skip++;
	c->count -= skip;
	memmove(c->entries, c->entries + skip, c->count * sizeof(c->entries[0]));
}

enum status
flags_each(struct txn *t, uint32_t mailbox, uint32_t first, uint32_t last,
    bool (*each)(void *ctx, const struct flags_chunk *chunk), void *ctx, struct problem *why)
{
	struct flags_chunk *chunk = mem_new(struct flags_chunk);
	struct cursor *c = NULL;
	struct slice key, value;
	struct key k;
	enum status st;

	st = cursor_open(t, TABLE_FLAGS, &c, why);
	if (st != STATUS_OK)
		goto out;
	st = cursor_seek(c, key_of_u32_u32(&k, mailbox, first / FLAGS_CHUNK), &key, &value, why);
	while (st == STATUS_OK && key_read_u32(key, 0) == mailbox &&
	    key_read_u32(key, 4) <= last / FLAGS_CHUNK) {
		st = flags_decode(value, key_read_u32(key, 4), chunk);
		if (st != STATUS_OK) {
			problem_set(why, "flags chunk %u of mailbox %u cannot be read",
			    key_read_u32(key, 4), mailbox);
			break;
		}
		chunk_cut(chunk, first, last);
		if (chunk->count > 0 && !each(ctx, chunk))
			break;
		st = cursor_next(c, &key, &value, why);
	}
	if (st == STATUS_ABSENT)
		st = STATUS_OK;
out:
	cursor_close(&c);
	mem_free(chunk);
	return st;
}

enum status
flags_get(struct txn *t, uint32_t mailbox, uint32_t uid, struct flags_entry *out,
    struct problem *why)
{
	struct flags_chunk chunk;
	enum status st;

	st = flags_chunk_get(t, mailbox, uid / FLAGS_CHUNK, &chunk, why);
	if (st != STATUS_OK)
		return st;
	for (uint32_t i = 0; i < chunk.count; i++) {
		if (chunk.entries[i].uid != uid)
			continue;
		*out = chunk.entries[i];
		return STATUS_OK;
	}
	return STATUS_ABSENT;
}
