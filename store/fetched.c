#include "store/fetched.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "store/key.h"
#include "store/store.h"

/*
 * Fetched.  key: u32be fetch account, u8 0 and the UIDL, or u8 1 and its SHA-256 when it is longer
 *                than FETCHED_PLAIN_MAX bytes
 *   u8 version 1, u64 stored_at
 */
#define FETCHED_VERSION 1
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

static enum status
fetched_decode(struct slice value, uint64_t *stored_at, struct problem *why)
{
	struct reader in = reader_of(value);
	uint8_t version = read_u8(&in);
	uint64_t at = read_u64le(&in);

	if (version != FETCHED_VERSION || !reader_at_end(&in)) {
		problem_set(why, "a record of a fetched message cannot be read");
		return STATUS_CORRUPT;
	}
	*stored_at = at;
	return STATUS_OK;
}

enum status
fetched_get(struct txn *t, uint32_t fetch, struct slice uidl, uint64_t *stored_at,
    struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st;

	st = fetched_key(fetch, uidl, &k);
	if (st == STATUS_OK)
		st = txn_get(t, TABLE_FETCHED, key_slice(&k), &value, why);
	if (st == STATUS_ABSENT || st == STATUS_LIMIT) {
		*stored_at = 0;
		return STATUS_OK;
	}
	if (st == STATUS_OK)
		st = fetched_decode(value, stored_at, why);
	return st;
}

enum status
fetched_put(struct txn *t, uint32_t fetch, struct slice uidl, uint64_t stored_at,
    struct problem *why)
{
	struct buf b = buf_init(16);
	struct key k;
	enum status st;

	st = fetched_key(fetch, uidl, &k);
	if (st != STATUS_OK) {
		problem_set(why, "a UIDL has 1 to %d bytes", FETCHED_UIDL_MAX);
		return st;
	}
	put_u8(&b, FETCHED_VERSION);
	put_u64le(&b, stored_at);
	st = txn_put(t, TABLE_FETCHED, key_slice(&k), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

enum status
fetched_each(struct txn *t, uint32_t fetch, struct slice behind,
    bool (*each)(void *ctx, struct slice key, uint64_t stored_at), void *ctx,
    struct problem *why)
{
	struct slice key, value;
	uint64_t stored_at = 0;
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
		st = fetched_decode(value, &stored_at, why);
		if (st != STATUS_OK || !each(ctx, key, stored_at))
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
