/* What is told by the texts that are there: bytes of segments in use, texts by their hashes. */
#include "base/mem.h"
#include "store/key.h"
#include "store/repair_pass.h"
#include "store/sealed.h"
#include "store/segment_row.h"
#include "store/text_hash.h"

struct space {
	uint64_t *live;		/* bytes by segment, up to last */
	uint32_t last;
};

static enum status
record_drop(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	const enum store_table *table = ctx;

	(void)value;
	return txn_delete(r->txn, *table, key, why);
}

/* Texts that nothing refers to any more: they would stay for ever. */
static enum status
unwanted_drop(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	enum status st;

	(void)ctx;
	if (load_u32le((const uint8_t *)value.ptr + 1) > 0)
		return STATUS_OK;
	st = txn_delete(r->txn, TABLE_REFERENCE, key, why);
	if (st == STATUS_OK)
		st = txn_delete(r->txn, TABLE_TEXT, key, why);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

static void
live_add(struct space *s, uint32_t segment, uint64_t bytes)
{
	if (segment <= s->last)
		s->live[segment] += bytes;
}

static enum status
text_claim(struct repair *r, struct slice key, struct slice value, void *ctx, struct problem *why)
{
	struct text_row row;
	enum status st = text_decode(value, &row);

	if (st != STATUS_OK)
		return st;
	row.id = key_read_u64(key, 0);
	live_add(ctx, row.segment, text_record_len(&row));
	if (row.codec == CODEC_SAME || row.size_bytes < TEXT_SAME_MIN ||
	    row.id / TEXT_HASH_AGE + TEXT_HASH_AGES <= r->counters.text / TEXT_HASH_AGE)
		return STATUS_OK;
	return text_hash_put(r->txn, row.sha256, row.id, why);
}

static bool
sealed_claim(void *ctx, const struct sealed_row *row)
{
	live_add(ctx, row->place.segment, sealed_record_len(row));
	return true;
}

/* A segment that is there: what is not in use of it is for compaction to free. */
static enum status
segment_count(struct repair *r, const struct space *s, const struct scan_file *f,
    struct problem *why)
{
	struct segment_row row;
	uint64_t used = f->end - SEGMENT_HEAD_LEN;
	enum status st;

	if (f->number > s->last || used == 0)
		return STATUS_OK;
	st = segment_row_get(r->txn, f->number, &row, why);
	if (st != STATUS_OK)
		return st;
	row.live_bytes = s->live[f->number];
	row.dead_bytes = used > row.live_bytes ? used - row.live_bytes : 0;
	if (row.live_bytes > 0)
		row.state = SEGMENT_IN_USE;
	s->live[f->number] = 0;
	return segment_row_put(r->txn, &row, why);
}

/* A row of a segment that is there no more, or that repair has written itself. */
static enum status
segment_prove(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	const struct scan_file *f = r->scan.files;
	uint32_t number = key_read_u32(key, 0);

	(void)value;
	(void)ctx;
	for (size_t i = 0; i < r->scan.file_count; i++, f++)
		if (f->number == number && f->end > SEGMENT_HEAD_LEN)
			return STATUS_OK;
	return txn_delete(r->txn, TABLE_SEGMENT, key, why);
}

static enum status
segments_count(struct repair *r, struct space *s, struct problem *why)
{
	enum status st = repair_each(r, TABLE_SEGMENT, segment_prove, NULL, why);

	for (size_t i = 0; st == STATUS_OK && i < r->scan.file_count; i++)
		st = segment_count(r, s, &r->scan.files[i], why);
	for (uint32_t i = 0; st == STATUS_OK && i <= s->last; i++)
		if (s->live[i] > 0)
			st = segment_row_live(r->txn, i, s->live[i], why);
	return st;
}

enum status
repair_space(struct repair *r, struct problem *why)
{
	enum store_table hashes = TABLE_TEXT_HASH;
	struct counters before = r->counters;
	struct space s;
	enum status st;

	repair_segment_next(r);
	s.last = r->counters.segment;
	r->counters = before;
	s.live = mem_array(uint64_t, (size_t)s.last + 1);
	st = repair_each(r, TABLE_TEXT_HASH, record_drop, &hashes, why);
	if (st == STATUS_OK)
		st = repair_each(r, TABLE_REFERENCE, unwanted_drop, NULL, why);
	if (st == STATUS_OK)
		st = repair_each(r, TABLE_TEXT, text_claim, &s, why);
	if (st == STATUS_OK)
		st = sealed_each(r->txn, 0, sealed_claim, &s, why);
	if (st == STATUS_OK)
		st = segments_count(r, &s, why);
	mem_free(s.live);
	return st;
}
