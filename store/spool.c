#include "store/spool.h"

#include "base/bytes.h"
#include "store/change.h"
#include "store/key.h"
#include "store/store.h"

/*
 * Queue.  key: u64be queue id
 *   u8 version 1, u8 state, u64 text, slice mid, slice sender, slice recipient, u32 route,
 *   u32 credential, u32 author, u64 made_at, u64 due_at, u32 attempts
 *
 * Queue, by time.  key: u64be due_at, u64be queue id
 *   u8 version 1
 */
#define SPOOL_VERSION 1

static enum status
due_put(struct txn *t, uint64_t due_at, uint64_t id, struct problem *why)
{
	static const char version = SPOOL_VERSION;
	struct key k;

	key_init(&k);
	key_u64(&k, due_at);
	key_u64(&k, id);
	return txn_put(t, TABLE_QUEUE_DUE, key_slice(&k), slice_make(&version, 1), why);
}

enum status
spool_put(struct change *c, const struct spool_row *row, struct problem *why)
{
	struct buf b = buf_init(ENV_VALUE_MAX);
	uint64_t id = c->counters->queue + 1;
	struct key k;
	enum status st;

	if (row->sender.len > SPOOL_ADDRESS_MAX || row->recipient.len > SPOOL_ADDRESS_MAX ||
	    row->recipient.len == 0) {
		problem_set(why, "an address to queue has 1 to %d bytes", SPOOL_ADDRESS_MAX);
		return STATUS_LIMIT;
	}
	put_u8(&b, SPOOL_VERSION);
	put_u8(&b, SPOOL_WAITING);
	put_u64le(&b, row->text);
	put_slice(&b, row->mid);
	put_slice(&b, row->sender);
	put_slice(&b, row->recipient);
	put_u32le(&b, row->route);
	put_u32le(&b, row->credential);
	put_u32le(&b, row->author);
	put_u64le(&b, c->now_s);
	put_u64le(&b, c->now_s);
	put_u32le(&b, 0);
	st = txn_put(c->txn, TABLE_QUEUE, key_of_u64(&k, id), buf_slice(&b), why);
	if (st == STATUS_OK)
		st = due_put(c->txn, c->now_s, id, why);
	if (st == STATUS_OK)
		c->counters->queue = id;
	buf_clear(&b);
	return st;
}

enum status
spool_get(struct txn *t, uint64_t id, struct spool_row *out, struct problem *why)
{
	struct spool_row r = { .id = id };
	struct slice value;
	struct reader in;
	struct key k;
	enum status st;

	st = txn_get(t, TABLE_QUEUE, key_of_u64(&k, id), &value, why);
	if (st != STATUS_OK)
		return st;
	in = reader_of(value);
	if (read_u8(&in) != SPOOL_VERSION)
		reader_fail(&in);
	r.state = read_u8(&in);
	r.text = read_u64le(&in);
	r.mid = read_slice(&in);
	r.sender = read_slice(&in);
	r.recipient = read_slice(&in);
	r.route = read_u32le(&in);
	r.credential = read_u32le(&in);
	r.author = read_u32le(&in);
	r.made_at = read_u64le(&in);
	r.due_at = read_u64le(&in);
	r.attempts = read_u32le(&in);
	if (!reader_at_end(&in) || r.state != SPOOL_WAITING) {
		problem_set(why, "queue entry %llu cannot be read", (unsigned long long)id);
		return STATUS_CORRUPT;
	}
	*out = r;
	return STATUS_OK;
}

enum status
spool_each_due(struct txn *t, uint64_t now_s, bool (*each)(void *ctx, uint64_t id), void *ctx,
    struct problem *why)
{
	struct slice key, value;
	struct cursor *c;
	enum status st;

	st = cursor_open(t, TABLE_QUEUE_DUE, &c, why);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, SLICE(""), &key, &value, why);
	while (st == STATUS_OK && key_read_u64(key, 0) <= now_s) {
		if (!each(ctx, key_read_u64(key, 8)))
			break;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}
