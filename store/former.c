#include "store/former.h"

#include "base/bytes.h"
#include "store/key.h"
#include "store/store.h"

/*
 * Removed account, in table meta.  key: "former", u32be account
 *   u8 version 1, u64 removed_at, slice login
 */
#define FORMER_VERSION 1
#define PREFIX SLICE("former")

static struct slice
former_key(struct key *k, uint32_t account)
{
	key_init(k);
	key_bytes(k, PREFIX);
	key_u32(k, account);
	return key_slice(k);
}

enum status
former_decode(struct slice key, struct slice value, struct former_row *out)
{
	struct reader in = reader_of(value);
	uint8_t version = read_u8(&in);
	struct former_row r = { .account = key_read_u32(key, PREFIX.len) };

	r.removed_at = read_u64le(&in);
	r.login = read_slice(&in);
	if (version != FORMER_VERSION || !reader_at_end(&in) || key.len != PREFIX.len + 4 ||
	    r.account == 0 || r.login.len > FORMER_LOGIN_MAX)
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

enum status
former_get(struct txn *t, uint32_t account, struct former_row *out, struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st = txn_get(t, TABLE_META, former_key(&k, account), &value, why);

	if (st == STATUS_OK)
		st = former_decode(key_slice(&k), value, out);
	if (st == STATUS_CORRUPT)
		problem_set(why, "the record of removed account %u cannot be read", account);
	return st;
}

enum status
former_each(struct txn *t, bool (*each)(void *ctx, const struct former_row *row), void *ctx,
    struct problem *why)
{
	struct slice key, value;
	struct former_row row;
	struct cursor *c;
	enum status st = cursor_open(t, TABLE_META, &c, why);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, PREFIX, &key, &value, why);
	while (st == STATUS_OK && slice_starts(key, PREFIX)) {
		st = former_decode(key, value, &row);
		if (st != STATUS_OK) {
			problem_set(why, "the record of a removed account cannot be read");
			break;
		}
		if (!each(ctx, &row))
			break;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

enum status
former_put(struct txn *t, const struct former_row *row, struct problem *why)
{
	struct buf b = buf_init(FORMER_LOGIN_MAX + 32);
	struct key k;
	enum status st;

	put_u8(&b, FORMER_VERSION);
	put_u64le(&b, row->removed_at);
	put_slice(&b, row->login);
	st = buf_status(&b);
	if (st == STATUS_OK)
		st = txn_put(t, TABLE_META, former_key(&k, row->account), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

void
account_remove_put(uint32_t account, struct slice login, struct buf *out)
{
	put_u32le(out, account);
	put_slice(out, login);
}
