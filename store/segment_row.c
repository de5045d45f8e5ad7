#include "store/segment_row.h"

#include "base/bytes.h"
#include "store/key.h"
#include "store/store.h"

/*
 * Segment.  key: u32be number
 *   u8 version 1, u64 live_bytes, u64 dead_bytes, u8 state, u64 retired_at
 */
#define SEGMENT_ROW_VERSION 1

static enum status
row_decode(uint32_t number, struct slice value, struct segment_row *out, struct problem *why)
{
	struct reader in = reader_of(value);
	uint8_t version = read_u8(&in);
	struct segment_row r = { .number = number };

	r.live_bytes = read_u64le(&in);
	r.dead_bytes = read_u64le(&in);
	r.state = read_u8(&in);
	r.retired_at = read_u64le(&in);
	if (version != SEGMENT_ROW_VERSION || !reader_at_end(&in) ||
	    (r.state != SEGMENT_IN_USE && r.state != SEGMENT_RETIRED)) {
		problem_set(why, "the record of segment %u cannot be read", number);
		return STATUS_CORRUPT;
	}
	*out = r;
	return STATUS_OK;
}

enum status
segment_row_get(struct txn *t, uint32_t number, struct segment_row *out, struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st = txn_get(t, TABLE_SEGMENT, key_of_u32(&k, number), &value, why);

	if (st == STATUS_ABSENT) {
		*out = (struct segment_row){ .number = number, .state = SEGMENT_IN_USE };
		return STATUS_OK;
	}
	return st == STATUS_OK ? row_decode(number, value, out, why) : st;
}

enum status
segment_row_each(struct txn *t, uint32_t from,
    bool (*each)(void *ctx, const struct segment_row *row), void *ctx, struct problem *why)
{
	struct slice key, value;
	struct segment_row row;
	struct cursor *c;
	struct key k;
	enum status st = cursor_open(t, TABLE_SEGMENT, &c, why);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u32(&k, from), &key, &value, why);
	while (st == STATUS_OK) {
		st = row_decode(key_read_u32(key, 0), value, &row, why);
		if (st != STATUS_OK || !each(ctx, &row))
			break;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

enum status
segment_row_put(struct txn *t, const struct segment_row *row, struct problem *why)
{
	struct buf b = buf_init(64);
	struct key k;
	enum status st;

	put_u8(&b, SEGMENT_ROW_VERSION);
	put_u64le(&b, row->live_bytes);
	put_u64le(&b, row->dead_bytes);
	put_u8(&b, row->state);
	put_u64le(&b, row->retired_at);
	st = txn_put(t, TABLE_SEGMENT, key_of_u32(&k, row->number), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

enum status
segment_row_delete(struct txn *t, uint32_t number, struct problem *why)
{
	struct key k;

	return txn_delete(t, TABLE_SEGMENT, key_of_u32(&k, number), why);
}

enum status
segment_row_live(struct txn *t, uint32_t number, uint64_t bytes, struct problem *why)
{
	struct segment_row row;
	enum status st = segment_row_get(t, number, &row, why);

	if (st != STATUS_OK)
		return st;
	row.live_bytes += bytes;
	return segment_row_put(t, &row, why);
}

enum status
segment_row_dead(struct txn *t, uint32_t number, uint64_t bytes, struct problem *why)
{
	struct segment_row row;
	enum status st = segment_row_get(t, number, &row, why);

	if (st != STATUS_OK)
		return st;
	/* A count that is wrong is for mailadm verify to name, not a reason to keep what must go. */
	row.live_bytes -= row.live_bytes < bytes ? row.live_bytes : bytes;
	row.dead_bytes += bytes;
	return segment_row_put(t, &row, why);
}
