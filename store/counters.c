#include "store/counters.h"

#include <string.h>

#include "base/bytes.h"
#include "store/store.h"

/*
 * Counters.  key: "counters"
 *   u8 version 1, u64 change, u64 text, u64 archive, 32 bytes archive_hash, u64 queue,
 *   u32 mailbox, u32 uid_validity, u32 segment, u64 segment_at
 */
#define COUNTERS_VERSION 1
#define COUNTERS_LEN_MAX 128

enum status
counters_get(struct txn *t, struct counters *out, struct problem *why)
{
	struct counters c = { 0 };
	struct slice value, hash;
	struct reader in;
	enum status st;

	st = txn_get(t, TABLE_META, SLICE("counters"), &value, why);
	if (st == STATUS_ABSENT) {
		*out = c;
		return STATUS_OK;
	}
	if (st != STATUS_OK)
		return st;
	in = reader_of(value);
	if (read_u8(&in) != COUNTERS_VERSION)
		reader_fail(&in);
	c.change = read_u64le(&in);
	c.text = read_u64le(&in);
	c.archive = read_u64le(&in);
	hash = read_bytes(&in, SHA256_LEN);
	if (hash.len == SHA256_LEN)
		memcpy(c.archive_hash, hash.ptr, SHA256_LEN);
	c.queue = read_u64le(&in);
	c.mailbox = read_u32le(&in);
	c.uid_validity = read_u32le(&in);
	c.segment = read_u32le(&in);
	c.segment_at = read_u64le(&in);
	if (!reader_at_end(&in)) {
		problem_set(why, "the store's counters cannot be read");
		return STATUS_CORRUPT;
	}
	*out = c;
	return STATUS_OK;
}

enum status
counters_put(struct txn *t, const struct counters *c, struct problem *why)
{
	struct buf b = buf_init(COUNTERS_LEN_MAX);
	enum status st;

	put_u8(&b, COUNTERS_VERSION);
	put_u64le(&b, c->change);
	put_u64le(&b, c->text);
	put_u64le(&b, c->archive);
	buf_append(&b, slice_make(c->archive_hash, SHA256_LEN));
	put_u64le(&b, c->queue);
	put_u32le(&b, c->mailbox);
	put_u32le(&b, c->uid_validity);
	put_u32le(&b, c->segment);
	put_u64le(&b, c->segment_at);
	st = txn_put(t, TABLE_META, SLICE("counters"), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}
