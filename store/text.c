#include "store/text.h"

#include <string.h>

#include "base/bytes.h"
#include "store/codec.h"
#include "store/digest.h"
#include "store/key.h"
#include "store/segment.h"
#include "store/segment_row.h"
#include "store/segment_writer.h"
#include "store/store.h"
#include "store/text_hash.h"

/*
 * Text.  key: u64be text id
 *   u8 version 2, slice mid, u32 size_bytes, 32 bytes sha256, u64 received_at, u32 segment,
 *   u64 segment_at, u32 head_len, u8 codec, u32 digest_len, slice digest (empty when in the segment),
 *   u32 stored_len, u64 same_as.  Version 1 had neither: texts were stored as they are.
 *
 * References.  key: u64be text id
 *   u8 version 1, u32 count
 */
#define TEXT_VERSION 2
#define REFERENCE_VERSION 1

/* What is stored can be of that text in that codec. */
static bool
form_is_known(const struct text_row *r)
{
	switch ((enum record_codec)r->codec) {
	case CODEC_PLAIN:
		return r->same_as == 0 && r->stored_len == r->size_bytes;
	case CODEC_ZSTD:
		return r->same_as == 0 && r->size_bytes <= TEXT_SIZE_MAX &&
		    r->stored_len > codec_table_len(r->size_bytes);
	case CODEC_SAME:
		return r->same_as != 0 && r->stored_len == SAME_LEN;
	}
	return false;
}

enum status
text_decode(struct slice value, struct text_row *out)
{
	struct reader in = reader_of(value);
	struct text_row r = { 0 };
	uint8_t version = read_u8(&in);
	struct slice hash;

	if (version < 1 || version > TEXT_VERSION)
		return STATUS_CORRUPT;
	r.mid = read_slice(&in);
	r.size_bytes = read_u32le(&in);
	hash = read_bytes(&in, SHA256_LEN);
	if (hash.len == SHA256_LEN)
		memcpy(r.sha256, hash.ptr, SHA256_LEN);
	r.received_at = read_u64le(&in);
	r.segment = read_u32le(&in);
	r.segment_at = read_u64le(&in);
	r.head_len = read_u32le(&in);
	r.codec = read_u8(&in);
	r.digest_len = read_u32le(&in);
	r.digest = read_slice(&in);
	r.stored_len = version >= 2 ? read_u32le(&in) : r.size_bytes;
	r.same_as = version >= 2 ? read_u64le(&in) : 0;
	if (!reader_at_end(&in) || r.mid.len > MID_LEN_MAX || r.digest_len > DIGEST_RECORD_MAX ||
	    (r.digest.len > 0 && r.digest.len != r.digest_len) || r.head_len > r.segment_at ||
	    r.head_len < RECORD_HEAD_LEN || !form_is_known(&r))
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

static enum status
row_get(struct txn *t, uint64_t id, struct text_row *out, struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st;

	st = txn_get(t, TABLE_TEXT, key_of_u64(&k, id), &value, why);
	if (st == STATUS_OK)
		st = text_decode(value, out);
	if (st == STATUS_CORRUPT)
		problem_set(why, "text %llu cannot be read", (unsigned long long)id);
	if (st == STATUS_OK)
		out->id = id;
	return st;
}

enum status
text_get(struct txn *t, uint64_t id, struct text_row *out, struct problem *why)
{
	struct text_row row, original;
	enum status st = row_get(t, id, &row, why);

	if (st != STATUS_OK)
		return st;
	if (row.codec == CODEC_SAME) {
		st = row_get(t, row.same_as, &original, why);
		if (st == STATUS_ABSENT || (st == STATUS_OK && (original.codec == CODEC_SAME ||
		    original.size_bytes != row.size_bytes ||
		    memcmp(original.sha256, row.sha256, SHA256_LEN) != 0))) {
			problem_set(why, "text %llu is the same as text %llu, which is not there",
			    (unsigned long long)id, (unsigned long long)row.same_as);
			st = STATUS_CORRUPT;
		}
		if (st != STATUS_OK)
			return st;
	}
	*out = row;
	text_bytes_set(out, row.codec == CODEC_SAME ? &original : &row);
	return STATUS_OK;
}

void
text_bytes_set(struct text_row *row, const struct text_row *holder)
{
	row->bytes = (struct text_bytes){ holder->id, holder->segment, holder->segment_at,
		holder->head_len, holder->codec,
		holder->codec == CODEC_PLAIN ? holder->size_bytes : holder->stored_len };
}

enum status
text_references(struct txn *t, uint64_t id, uint32_t *count, struct problem *why)
{
	struct slice value;
	struct reader in;
	struct key k;
	uint32_t n;
	enum status st;

	st = txn_get(t, TABLE_REFERENCE, key_of_u64(&k, id), &value, why);
	if (st == STATUS_ABSENT) {
		*count = 0;
		return STATUS_OK;
	}
	if (st != STATUS_OK)
		return st;
	in = reader_of(value);
	if (read_u8(&in) != REFERENCE_VERSION)
		reader_fail(&in);
	n = read_u32le(&in);
	if (!reader_at_end(&in)) {
		problem_set(why, "the references of text %llu cannot be read",
		    (unsigned long long)id);
		return STATUS_CORRUPT;
	}
	*count = n;
	return STATUS_OK;
}

static enum status
references_put(struct txn *t, uint64_t id, uint32_t count, struct problem *why)
{
	struct buf b = buf_init(16);
	struct key k;
	enum status st;

	put_u8(&b, REFERENCE_VERSION);
	put_u32le(&b, count);
	st = txn_put(t, TABLE_REFERENCE, key_of_u64(&k, id), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

uint64_t
text_record_len(const struct text_row *row)
{
	uint64_t len = (uint64_t)row->head_len +
	    (row->codec == CODEC_PLAIN ? row->size_bytes : row->stored_len);

	return (len + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

enum status
text_row_put(struct txn *t, const struct text_row *row, struct problem *why)
{
	struct buf b = buf_init(ENV_VALUE_MAX);
	struct key k;
	enum status st;

	put_u8(&b, TEXT_VERSION);
	put_slice(&b, row->mid);
	put_u32le(&b, row->size_bytes);
	buf_append(&b, slice_make(row->sha256, SHA256_LEN));
	put_u64le(&b, row->received_at);
	put_u32le(&b, row->segment);
	put_u64le(&b, row->segment_at);
	put_u32le(&b, row->head_len);
	put_u8(&b, row->codec);
	put_u32le(&b, row->digest_len);
	put_slice(&b, row->digest);
	put_u32le(&b, row->codec == CODEC_PLAIN ? row->size_bytes : row->stored_len);
	put_u64le(&b, row->same_as);
	st = buf_status(&b);
	if (st == STATUS_OK)
		st = txn_put(t, TABLE_TEXT, key_of_u64(&k, row->id), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

/* A copy refers to the text that has its bytes; one that has them may be found by them. */
static enum status
bytes_claim(struct txn *t, const struct text_row *row, struct problem *why)
{
	struct text_row original;
	enum status st;

	if (row->codec != CODEC_SAME)
		return row->size_bytes < TEXT_SAME_MIN ? STATUS_OK :
		    text_hash_put(t, row->sha256, row->id, why);
	st = row_get(t, row->same_as, &original, why);
	if (st == STATUS_ABSENT) {
		problem_set(why, "the text with the same bytes has just gone");
		return STATUS_BUSY;
	}
	return st == STATUS_OK ? text_refer(t, row->same_as, 1, why) : st;
}

enum status
text_put(struct txn *t, const struct text_row *row, uint32_t references, struct problem *why)
{
	enum status st = bytes_claim(t, row, why);

	if (st == STATUS_OK)
		st = text_row_put(t, row, why);
	if (st == STATUS_OK)
		st = segment_row_live(t, row->segment, text_record_len(row), why);
	return st == STATUS_OK ? references_put(t, row->id, references, why) : st;
}

/* Nothing refers to it any more. */
static enum status
text_remove(struct txn *t, uint64_t id, struct problem *why)
{
	struct text_row row;
	struct key k;
	enum status st = row_get(t, id, &row, why);

	if (st != STATUS_OK)	/* one that is damaged is left to mailadm repair */
		return st == STATUS_CORRUPT || st == STATUS_ABSENT ? references_put(t, id, 0, why) : st;
	row.mid = row.digest = SLICE("");	/* end with the transaction's next change */
	st = txn_delete(t, TABLE_TEXT, key_of_u64(&k, id), why);
	if (st == STATUS_OK)
		st = txn_delete(t, TABLE_REFERENCE, key_of_u64(&k, id), why);
	if (st == STATUS_OK)
		st = segment_row_dead(t, row.segment, text_record_len(&row), why);
	if (st == STATUS_OK)
		st = row.codec == CODEC_SAME ? text_refer(t, row.same_as, -1, why) :
		    text_hash_forget(t, row.sha256, id, why);
	return st;
}

enum status
text_refer(struct txn *t, uint64_t id, int32_t change, struct problem *why)
{
	int64_t sum;
	uint32_t n;
	enum status st;

	st = text_references(t, id, &n, why);
	if (st != STATUS_OK)
		return st;
	sum = (int64_t)n + change;
	if (sum < 0 || sum > UINT32_MAX) {
		problem_set(why, "text %llu has %u references", (unsigned long long)id, n);
		return STATUS_CORRUPT;
	}
	return sum == 0 ? text_remove(t, id, why) : references_put(t, id, (uint32_t)sum, why);
}

enum status
text_move(struct txn *t, uint64_t id, const struct text_place *from, const struct text_place *to,
    struct problem *why)
{
	struct text_row row;
	enum status st = row_get(t, id, &row, why);

	if (st != STATUS_OK)
		return st;
	if (row.segment != from->segment || row.segment_at != from->at)
		return STATUS_ABSENT;
	row.segment = to->segment;
	row.segment_at = to->at;
	row.head_len = to->head_len;
	st = text_row_put(t, &row, why);
	if (st == STATUS_OK)
		st = segment_row_live(t, to->segment, text_record_len(&row), why);
	return st == STATUS_OK ? segment_row_dead(t, from->segment, text_record_len(&row), why) : st;
}
