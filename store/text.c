#include "store/text.h"

#include <string.h>

#include "base/bytes.h"
#include "store/digest.h"
#include "store/key.h"
#include "store/segment.h"
#include "store/store.h"

/*
 * Text.  key: u64be text id
 *   u8 version 1, slice mid, u32 size_bytes, 32 bytes sha256, u64 received_at, u32 segment,
 *   u64 segment_at, u32 head_len, u8 codec, u32 digest_len, slice digest (empty when in the segment)
 *
 * References.  key: u64be text id
 *   u8 version 1, u32 count
 */
#define TEXT_VERSION 1
#define REFERENCE_VERSION 1

static enum status
text_decode(struct slice value, struct text_row *out)
{
	struct reader in = reader_of(value);
	struct text_row r = { 0 };
	struct slice hash;

	if (read_u8(&in) != TEXT_VERSION)
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
	if (!reader_at_end(&in) || r.mid.len > MID_LEN_MAX || r.digest_len > DIGEST_RECORD_MAX ||
	    (r.digest.len > 0 && r.digest.len != r.digest_len) || r.head_len > r.segment_at ||
	    r.head_len < RECORD_HEAD_LEN)
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

enum status
text_get(struct txn *t, uint64_t id, struct text_row *out, struct problem *why)
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

enum status
text_put(struct txn *t, const struct text_row *row, uint32_t references, struct problem *why)
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
	st = buf_status(&b);
	if (st == STATUS_OK)
		st = txn_put(t, TABLE_TEXT, key_of_u64(&k, row->id), buf_slice(&b), why);
	if (st == STATUS_OK)
		st = references_put(t, row->id, references, why);
	buf_clear(&b);
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
	return references_put(t, id, (uint32_t)sum, why);
}

/* The head of the record that holds the text, checked against the row. */
static enum status
text_record(struct store *s, const struct text_row *row, struct segment_record *out, int *fd,
    struct problem *why)
{
	struct record_place place = {
		.store = store_id(s),
		.segment = row->segment,
		.at = row->segment_at - row->head_len,
	};
	uint8_t head[RECORD_HEAD_LEN];
	enum status st;

	st = store_segment(s, row->segment, fd, why);
	if (st == STATUS_OK)
		st = segment_read(*fd, place.at, (char *)head, sizeof(head), why);
	if (st == STATUS_OK)
		st = record_head_decode(head, &place, out);
	if (st == STATUS_OK && (out->type != RECORD_TEXT || out->id != row->id ||
	    out->codec != CODEC_PLAIN || out->text.len != row->size_bytes ||
	    memcmp(out->sha256, row->sha256, SHA256_LEN) != 0))
		st = STATUS_CORRUPT;
	if (st == STATUS_CORRUPT || st == STATUS_ABSENT) {
		problem_set(why, "text %llu is damaged in segment %u",
		    (unsigned long long)row->id, row->segment);
		st = STATUS_CORRUPT;
	}
	return st;
}

enum status
text_record_read(struct store *s, const struct text_row *row, struct segment_record *out,
    struct buf *meta, struct problem *why)
{
	struct segment_record r;
	size_t len;
	enum status st;
	int fd;

	st = text_record(s, row, &r, &fd, why);
	if (st != STATUS_OK)
		return st;
	len = record_meta_len(&r);
	if (len != row->head_len - RECORD_HEAD_LEN || len > TEXT_META_MAX) {
		problem_set(why, "the lengths of the record and of its row differ");
		return STATUS_CORRUPT;
	}
	buf_reset(meta);
	st = buf_reserve(meta, len);
	if (st == STATUS_OK)
		st = segment_read(fd, row->segment_at - len, meta->ptr, len, why);
	if (st != STATUS_OK)
		return st;
	meta->len = len;
	if (crc32c(0, buf_slice(meta)) != r.meta_crc) {
		problem_set(why, "mid, envelope, owners or digest of the record are damaged");
		return STATUS_CORRUPT;
	}
	r.mid = slice_sub(buf_slice(meta), 0, r.mid.len);
	r.envelope = slice_sub(buf_slice(meta), r.mid.len, r.envelope.len);
	r.owners = slice_sub(buf_slice(meta), r.mid.len + r.envelope.len, r.owners.len);
	r.digest = slice_skip(buf_slice(meta), len - r.digest.len);
	*out = r;
	return STATUS_OK;
}

enum status
text_digest(struct store *s, const struct text_row *row, struct buf *out, struct problem *why)
{
	struct segment_record r;
	enum status st;
	int fd;

	if (row->digest_len == row->digest.len)
		return buf_append(out, row->digest);
	st = text_record(s, row, &r, &fd, why);
	if (st == STATUS_OK && r.digest.len != row->digest_len)
		st = STATUS_CORRUPT;
	if (st == STATUS_OK)
		st = buf_reserve(out, row->digest_len);
	if (st == STATUS_OK)
		st = segment_read(fd, row->segment_at - row->digest_len, out->ptr + out->len,
		    row->digest_len, why);
	if (st == STATUS_OK)
		out->len += row->digest_len;
	return st;
}

enum status
text_read(struct store *s, const struct text_row *row, uint32_t at, uint32_t len, char *out,
    struct problem *why)
{
	struct segment_record r;
	enum status st;
	int fd;

	if (at > row->size_bytes || len > row->size_bytes - at)
		return STATUS_LIMIT;
	if (at == 0)
		st = text_record(s, row, &r, &fd, why);
	else
		st = store_segment(s, row->segment, &fd, why);
	if (st == STATUS_OK)
		st = segment_read(fd, row->segment_at + at, out, len, why);
	if (st == STATUS_OK && at == 0 && len == row->size_bytes &&
	    crc32c(0, slice_make(out, len)) != r.text_crc) {
		problem_set(why, "text %llu is damaged in segment %u",
		    (unsigned long long)row->id, row->segment);
		st = STATUS_CORRUPT;
	}
	return st;
}
