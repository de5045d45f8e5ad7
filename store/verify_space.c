/* What the store knows of its space: bytes of segments that are wanted, texts by their hashes. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "store/sealed.h"
#include "store/segment.h"
#include "store/segment_row.h"
#include "store/text.h"
#include "store/text_hash.h"
#include "store/verify_pass.h"

/* One record that a row refers to. */
struct share {
	uint32_t segment;
	uint64_t bytes;
};

struct shares {
	struct verify_pass *pass;
	struct share *all;
	size_t count, cap, at;
};

static void
share_put(struct shares *s, uint32_t segment, uint64_t bytes)
{
	if (s->count == s->cap) {
		s->cap = s->cap == 0 ? 1024 : 2 * s->cap;
		s->all = mem_resize(s->all, s->cap, sizeof(s->all[0]));
	}
	s->all[s->count++] = (struct share){ segment, bytes };
}

static int
share_order(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return x->segment < y->segment ? -1 : x->segment > y->segment;
}

static enum status
texts_share(struct shares *s)
{
	struct slice key = SLICE(""), value;
	struct text_row row;
	struct cursor *c;
	uint64_t rows = 0;
	enum status st = cursor_open(s->pass->txn, TABLE_TEXT, &c, NULL);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, SLICE(""), &key, &value, NULL);
	while ((st == STATUS_OK || (st == STATUS_CORRUPT && key.len > 0)) && rows++ < UINT32_MAX) {
		if (st == STATUS_OK && text_decode(value, &row) == STATUS_OK)
			share_put(s, row.segment, text_record_len(&row));
		key = SLICE("");
		st = cursor_next(c, &key, &value, NULL);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

static bool
sealed_share(void *ctx, const struct sealed_row *row)
{
	struct shares *s = ctx;

	share_put(s, row->place.segment, sealed_record_len(row));
	return s->count < UINT32_MAX;
}

/* Bytes of all records in the segment that rows refer to. */
static uint64_t
shares_of(struct shares *s, uint32_t segment)
{
	uint64_t bytes = 0;

	for (; s->at < s->count && s->all[s->at].segment < segment; s->at++)
		pass_found_at(s->pass, "", "the count of segment %u is not there",
		    s->all[s->at].segment);
	for (; s->at < s->count && s->all[s->at].segment == segment; s->at++)
		bytes += s->all[s->at].bytes;
	return bytes;
}

static void
row_is_segment(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct shares *s = ctx;
	struct segment_row row;
	uint32_t number = key_read_u32(key, 0);
	uint64_t live;

	(void)value;
	if (key.len != 4 || segment_row_get(p->txn, number, &row, NULL) != STATUS_OK) {
		pass_found(p, key, "it cannot be read");
		return;
	}
	if (number == 0 || number > p->counters.segment)
		pass_found(p, key, "there was never such a segment");
	live = shares_of(s, number);
	if (row.live_bytes != live)
		pass_found(p, key, "it says %llu bytes are in use, rows refer to %llu",
		    (unsigned long long)row.live_bytes, (unsigned long long)live);
	if (row.state == SEGMENT_RETIRED && live > 0)
		pass_found(p, key, "it is to be deleted, but rows refer to it");
}

void
verify_segment_rows(struct verify_pass *p)
{
	struct shares s = { .pass = p };

	if (texts_share(&s) != STATUS_OK ||
	    sealed_each(p->txn, 0, sealed_share, &s, NULL) != STATUS_OK)
		pass_found_at(p, "", "it cannot be recounted: another table is damaged");
	if (s.count > 0)
		qsort(s.all, s.count, sizeof(s.all[0]), share_order);
	pass_rows(p, TABLE_SEGMENT, row_is_segment, &s);
	shares_of(&s, UINT32_MAX);
	mem_free(s.all);
}

static void
row_is_text_hash(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	uint64_t text = key_read_u64(key, 12);
	struct text_row row;
	enum status st = text_get(p->txn, text, &row, NULL);

	(void)ctx;
	if (key.len != 20 || value.len != 1 || value.ptr[0] != 1)
		pass_found(p, key, "it cannot be read");
	else if (text / TEXT_HASH_AGE != key_read_u32(key, 0))
		pass_found(p, key, "it is not where a lookup finds it");
	else if (st == STATUS_ABSENT)
		pass_found(p, key, "its text is not there");
	else if (st != STATUS_OK)
		return;	/* named by the stage of that table */
	else if (load_u64be(row.sha256) != key_read_u64(key, 4) || row.codec == CODEC_SAME)
		pass_found(p, key, "its text has other bytes");
}

void
verify_text_hashes(struct verify_pass *p)
{
	pass_rows(p, TABLE_TEXT_HASH, row_is_text_hash, NULL);
}
