#include "store/sealed.h"

#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "store/codec.h"
#include "store/key.h"
#include "store/segment.h"
#include "store/segment_row.h"
#include "store/store.h"

/*
 * Sealed part of the journal.  key: u64be first change
 *   u8 version 1, u64 last, u32 rows, u64 from_s, u64 until_s, u32 segment,
 *   u64 segment_at (of the text's first byte), u32 head_len, u8 codec, u32 stored_len, u32 size_bytes
 */
#define SEALED_VERSION 1

enum status
sealed_decode(struct slice key, struct slice value, struct sealed_row *out)
{
	struct reader in = reader_of(value);
	struct sealed_row r = { 0 };

	if (read_u8(&in) != SEALED_VERSION)
		return STATUS_CORRUPT;
	r.first = key_read_u64(key, 0);
	r.last = read_u64le(&in);
	r.rows = read_u32le(&in);
	r.from_s = read_u64le(&in);
	r.until_s = read_u64le(&in);
	r.place.segment = read_u32le(&in);
	r.place.at = read_u64le(&in);
	r.place.head_len = read_u32le(&in);
	r.codec = read_u8(&in);
	r.stored_len = read_u32le(&in);
	r.size_bytes = read_u32le(&in);
	if (!reader_at_end(&in) || key.len != 8 || r.last < r.first || r.rows == 0 ||
	    r.codec > CODEC_ZSTD || r.stored_len > SEALED_SIZE_MAX ||
	    r.size_bytes > SEALED_SIZE_MAX || r.place.head_len < RECORD_HEAD_LEN ||
	    r.place.head_len > r.place.at)
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

static enum status
decode(struct slice key, struct slice value, struct sealed_row *out, struct problem *why)
{
	enum status st = sealed_decode(key, value, out);

	if (st != STATUS_OK)
		problem_set(why, "the sealed part of the journal from change %llu on cannot be read",
		    (unsigned long long)key_read_u64(key, 0));
	return st;
}

enum status
sealed_get(struct txn *t, uint64_t first, struct sealed_row *out, struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st = txn_get(t, TABLE_SEALED, key_of_u64(&k, first), &value, why);

	return st == STATUS_OK ? decode(key_slice(&k), value, out, why) : st;
}

enum status
sealed_before(struct txn *t, uint64_t first, struct sealed_row *out, struct problem *why)
{
	struct slice key, value;
	struct cursor *c;
	struct key k;
	enum status st = cursor_open(t, TABLE_SEALED, &c, why);

	if (st != STATUS_OK)
		return st;
	st = cursor_before(c, key_of_u64(&k, first), &key, &value, why);
	if (st == STATUS_OK)
		st = decode(key, value, out, why);
	cursor_close(&c);
	return st;
}

enum status
sealed_each(struct txn *t, uint64_t after, bool (*each)(void *ctx, const struct sealed_row *row),
    void *ctx, struct problem *why)
{
	struct slice key, value;
	struct sealed_row row;
	struct cursor *c;
	struct key k;
	uint64_t from = 0;
	enum status st;

	if (after == UINT64_MAX)
		return STATUS_OK;
	/* The part that begins at or before it may reach behind it. */
	st = sealed_before(t, after + 1, &row, why);
	if (st == STATUS_OK)
		from = row.first;
	else if (st != STATUS_ABSENT)
		return st;
	st = cursor_open(t, TABLE_SEALED, &c, why);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u64(&k, from), &key, &value, why);
	while (st == STATUS_OK) {
		st = decode(key, value, &row, why);
		if (st != STATUS_OK || (row.last > after && !each(ctx, &row)))
			break;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

/* Frame by frame, behind their table of lengths. */
static enum status
unpack_frames(const struct sealed_row *row, struct slice stored, struct buf *out)
{
	struct reader table = reader_of(stored);
	struct slice rest = slice_skip(stored, codec_table_len(row->size_bytes));
	struct unpacker *u = unpacker_new();
	uint32_t left = row->size_bytes;
	enum status st = STATUS_OK;

	while (st == STATUS_OK && left > 0) {
		uint32_t size = left < CODEC_FRAME ? left : CODEC_FRAME;
		struct slice frame = slice_sub(rest, 0, read_u32le(&table));

		st = unpacker_frame(u, frame, out->ptr + out->len, size);
		out->len += st == STATUS_OK ? size : 0;
		rest = slice_skip(rest, frame.len);
		left -= size;
	}
	unpacker_free(&u);
	return st;
}

static enum status
unpack(const struct sealed_row *row, struct slice stored, struct buf *out)
{
	if (row->codec == CODEC_PLAIN)
		return stored.len == row->size_bytes ? buf_append(out, stored) : STATUS_CORRUPT;
	if (stored.len < codec_table_len(row->size_bytes))
		return STATUS_CORRUPT;
	if (buf_reserve(out, row->size_bytes) != STATUS_OK)
		return STATUS_LIMIT;
	return unpack_frames(row, stored, out);
}

static bool
hash_is(const struct buf *b, size_t from, const uint8_t want[SHA256_LEN])
{
	uint8_t hash[SHA256_LEN];

	sha256_of(slice_skip(buf_slice(b), from), hash);
	return memcmp(hash, want, sizeof(hash)) == 0;
}

enum status
sealed_read(struct store *s, const struct sealed_row *row, struct buf *out, struct problem *why)
{
	struct record_place place = {
		.store = store_id(s),
		.segment = row->place.segment,
		.at = row->place.at - row->place.head_len,
	};
	uint8_t head[RECORD_HEAD_LEN];
	struct buf stored = buf_init(SEALED_SIZE_MAX);
	struct segment_record r = { 0 };
	size_t from = out->len;
	enum status st;
	int fd;

	st = store_segment(s, place.segment, &fd, why);
	if (st == STATUS_OK)
		st = segment_read(fd, place.at, (char *)head, sizeof(head), why);
	if (st == STATUS_OK)
		st = record_head_decode(head, &place, &r);
	if (st == STATUS_OK && (r.type != RECORD_JOURNAL || r.id != row->first ||
	    r.codec != row->codec || r.text.len != row->stored_len ||
	    r.size_bytes != row->size_bytes))
		st = STATUS_CORRUPT;
	if (st == STATUS_OK)
		st = buf_reserve(&stored, row->stored_len);
	if (st == STATUS_OK)
		st = segment_read(fd, row->place.at, stored.ptr, row->stored_len, why);
	if (st == STATUS_OK) {
		stored.len = row->stored_len;
		st = crc32c(0, buf_slice(&stored)) == r.text_crc ?
		    unpack(row, buf_slice(&stored), out) : STATUS_CORRUPT;
	}
	if (st == STATUS_OK && !hash_is(out, from, r.sha256))
		st = STATUS_CORRUPT;
	if (st == STATUS_CORRUPT || st == STATUS_ABSENT) {
		problem_set(why, "the journal's rows from change %llu on are damaged in segment %u",
		    (unsigned long long)row->first, row->place.segment);
		st = STATUS_CORRUPT;
	}
	buf_clear(&stored);
	return st;
}

enum status
sealed_next(struct slice *rest, struct journal_row *out)
{
	struct reader in = reader_of(*rest);
	struct slice key, value;
	enum status st;

	if (rest->len == 0)
		return STATUS_ABSENT;
	key = read_slice(&in);
	value = read_slice(&in);
	if (!reader_ok(&in) || key.len != 10)
		return STATUS_CORRUPT;
	st = journal_decode(key, value, out);
	if (st == STATUS_OK)
		*rest = in.rest;
	return st;
}

struct reading {
	struct store *store;
	uint64_t after;
	bool (*each)(void *ctx, const struct journal_row *row);
	void *ctx;
	struct problem *why;
	bool is_stopped;
	enum status status;
};

static bool
read_part(void *ctx, const struct sealed_row *row)
{
	struct reading *r = ctx;
	struct buf rows = buf_init(SEALED_SIZE_MAX);
	struct journal_row line;
	struct slice rest;

	r->status = sealed_read(r->store, row, &rows, r->why);
	rest = buf_slice(&rows);
	while (r->status == STATUS_OK && !r->is_stopped) {
		r->status = sealed_next(&rest, &line);
		if (r->status == STATUS_OK && line.change > r->after)
			r->is_stopped = !r->each(r->ctx, &line);
	}
	if (r->status == STATUS_ABSENT)
		r->status = STATUS_OK;
	buf_clear(&rows);
	return r->status == STATUS_OK && !r->is_stopped;
}

enum status
sealed_journal_each(struct store *s, struct txn *t, uint64_t after,
    bool (*each)(void *ctx, const struct journal_row *row), void *ctx, struct problem *why)
{
	struct reading r = { s, after, each, ctx, why, false, STATUS_OK };
	enum status st = sealed_each(t, after, read_part, &r, why);

	if (st == STATUS_OK)
		st = r.status;
	if (st != STATUS_OK || r.is_stopped)
		return st;
	return journal_each(t, after, each, ctx, why);
}

void
sealed_pack(struct slice rows, struct buf *out, uint8_t *codec)
{
	struct packer *p = packer_new();

	*codec = packer_pack(p, rows, out) ? CODEC_ZSTD : CODEC_PLAIN;
	if (*codec == CODEC_PLAIN)
		buf_append(out, rows);
	packer_free(&p);
}

uint64_t
sealed_record_len(const struct sealed_row *row)
{
	uint64_t len = (uint64_t)row->place.head_len + row->stored_len;

	return (len + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

enum status
sealed_put(struct txn *t, const struct sealed_row *row, struct problem *why)
{
	struct buf b = buf_init(128);
	struct key k;
	enum status st;

	put_u8(&b, SEALED_VERSION);
	put_u64le(&b, row->last);
	put_u32le(&b, row->rows);
	put_u64le(&b, row->from_s);
	put_u64le(&b, row->until_s);
	put_u32le(&b, row->place.segment);
	put_u64le(&b, row->place.at);
	put_u32le(&b, row->place.head_len);
	put_u8(&b, row->codec);
	put_u32le(&b, row->stored_len);
	put_u32le(&b, row->size_bytes);
	st = txn_put(t, TABLE_SEALED, key_of_u64(&k, row->first), buf_slice(&b), why);
	buf_clear(&b);
	return st == STATUS_OK ?
	    segment_row_live(t, row->place.segment, sealed_record_len(row), why) : st;
}

enum status
sealed_move(struct txn *t, uint64_t first, const struct text_place *place, struct problem *why)
{
	struct sealed_row row;
	enum status st = sealed_get(t, first, &row, why);

	if (st == STATUS_OK)
		st = segment_row_dead(t, row.place.segment, sealed_record_len(&row), why);
	if (st != STATUS_OK)
		return st;
	row.place = *place;
	return sealed_put(t, &row, why);
}
