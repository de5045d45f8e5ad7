#include "store/fetched.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "store/key.h"
#include "store/store.h"

/*
 * Fetched.  key: u32be fetch account, u8 0 and the UIDL, or u8 1 and its SHA-256 when it is longer
 *                than FETCHED_PLAIN_MAX bytes
 *   u8 version 2, u64 stored_at, u64 size_bytes, u8 removal; version 1 had neither of the last two
 */
#define FETCHED_VERSION 2
#define FETCHED_PLAIN_MAX 200

enum status
fetched_key(uint32_t fetch, struct slice uidl, struct key *out)
{
	uint8_t hash[SHA256_LEN];

	if (uidl.len == 0 || uidl.len > FETCHED_UIDL_MAX)
		return STATUS_LIMIT;
	key_of_u32(out, fetch);
	key_u8(out, uidl.len > FETCHED_PLAIN_MAX);
	if (uidl.len <= FETCHED_PLAIN_MAX) {
		key_bytes(out, uidl);
		return STATUS_OK;
	}
	sha256_of(uidl, hash);
	key_bytes(out, slice_make(hash, sizeof(hash)));
	return STATUS_OK;
}

bool
fetched_is_known(const struct fetched_row *row, uint64_t size_bytes)
{
	if (row->stored_at == 0)
		return false;
	return row->removal == FETCHED_STAYS || row->size_bytes == 0 || size_bytes == 0 ||
	    row->size_bytes == size_bytes;
}

enum status
fetched_decode(struct slice value, struct fetched_row *out, struct problem *why)
{
	struct reader in = reader_of(value);
	uint8_t version = read_u8(&in);
	struct fetched_row row = { .stored_at = read_u64le(&in) };

	if (version >= 2) {
		row.size_bytes = read_u64le(&in);
		row.removal = read_u8(&in);
	}
	if (version < 1 || version > FETCHED_VERSION || row.removal >= FETCHED_REMOVAL_COUNT ||
	    !reader_at_end(&in)) {
		problem_set(why, "a record of a fetched message cannot be read");
		return STATUS_CORRUPT;
	}
	*out = row;
	return STATUS_OK;
}

enum status
fetched_get(struct txn *t, uint32_t fetch, struct slice uidl, struct fetched_row *out,
    struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st;

	st = fetched_key(fetch, uidl, &k);
	if (st == STATUS_OK)
		st = txn_get(t, TABLE_FETCHED, key_slice(&k), &value, why);
	if (st == STATUS_ABSENT || st == STATUS_LIMIT) {
		*out = (struct fetched_row){ 0 };
		return STATUS_OK;
	}
	if (st == STATUS_OK)
		st = fetched_decode(value, out, why);
	return st;
}

enum status
fetched_put(struct txn *t, uint32_t fetch, struct slice uidl, const struct fetched_row *row,
    struct problem *why)
{
	struct buf b = buf_init(32);
	struct key k;
	enum status st;

	st = fetched_key(fetch, uidl, &k);
	if (st != STATUS_OK) {
		problem_set(why, "a UIDL has 1 to %d bytes", FETCHED_UIDL_MAX);
		return st;
	}
	put_u8(&b, FETCHED_VERSION);
	put_u64le(&b, row->stored_at);
	put_u64le(&b, row->size_bytes);
	put_u8(&b, row->removal);
	st = txn_put(t, TABLE_FETCHED, key_slice(&k), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

enum status
fetched_mark(struct txn *t, uint32_t fetch, struct slice uidl, uint64_t size_bytes,
    enum fetched_removal removal, struct problem *why)
{
	struct fetched_row row = { 0 };
	enum status st = fetched_get(t, fetch, uidl, &row, why);

	if (st != STATUS_OK || row.stored_at == 0)
		return st;
	if (row.removal >= removal && (size_bytes == 0 || row.size_bytes == size_bytes))
		return STATUS_OK;
	if (row.removal < removal)
		row.removal = (uint8_t)removal;
	if (size_bytes != 0)
		row.size_bytes = size_bytes;
	return fetched_put(t, fetch, uidl, &row, why);
}

enum status
fetched_each(struct txn *t, uint32_t fetch, struct slice behind,
    bool (*each)(void *ctx, struct slice key, uint64_t stored_at), void *ctx,
    struct problem *why)
{
	struct slice key, value;
	struct fetched_row row = { 0 };
	struct cursor *c;
	struct key k;
	enum status st;

	st = cursor_open(t, TABLE_FETCHED, &c, why);
	if (st != STATUS_OK)
		return st;
	key_of_u32(&k, fetch);
	st = cursor_seek(c, behind.len > 0 ? behind : key_slice(&k), &key, &value, why);
	if (st == STATUS_OK && slice_equal(key, behind))
		st = cursor_next(c, &key, &value, why);
	while (st == STATUS_OK && key_read_u32(key, 0) == fetch) {
		st = fetched_decode(value, &row, why);
		if (st != STATUS_OK || !each(ctx, key, row.stored_at))
			break;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

enum status
fetched_delete(struct txn *t, struct slice key, struct problem *why)
{
	return txn_delete(t, TABLE_FETCHED, key, why);
}
