#include "store/spool.h"

#include <string.h>

#include "base/bytes.h"
#include "store/change.h"
#include "store/key.h"
#include "store/queue_client.h"
#include "store/store.h"
#include "store/text.h"

/*
 * Queue.  key: u64be queue id
 *   u8 version 2, u8 state, u64 text, slice mid, slice sender, slice recipient, u32 route,
 *   u32 credential, u32 author, u64 made_at, u64 due_at, u32 attempts, u8 is_delay_told,
 *   slice detail; since version 2 what is told of it (RFC 3461): u8 ret, slice envid, u8 notify,
 *   slice orcpt, u8 owed.  Version 1 decodes as mail that asked for nothing.
 *
 * Queue, by time: what waits.  key: u64be due_at, u64be queue id
 *   u8 version 1
 */
#define SPOOL_VERSION 2
#define SPOOL_VERSION_DSN 2
#define SPOOL_DUE_VERSION 1

static struct slice
due_key(struct key *k, uint64_t due_at, uint64_t id)
{
	key_init(k);
	key_u64(k, due_at);
	key_u64(k, id);
	return key_slice(k);
}

/* Write the row, and its place among what is due when it waits. */
static enum status
row_put(struct txn *t, const struct spool_row *row, struct problem *why)
{
	static const char version = SPOOL_DUE_VERSION;
	struct buf b = buf_init(ENV_VALUE_MAX);
	struct key k;
	enum status st;

	put_u8(&b, SPOOL_VERSION);
	put_u8(&b, row->state);
	put_u64le(&b, row->text);
	put_slice(&b, row->mid);
	put_slice(&b, row->sender);
	put_slice(&b, row->recipient);
	put_u32le(&b, row->route);
	put_u32le(&b, row->credential);
	put_u32le(&b, row->author);
	put_u64le(&b, row->made_at);
	put_u64le(&b, row->due_at);
	put_u32le(&b, row->attempts);
	put_u8(&b, row->is_delay_told);
	put_slice(&b, slice_sub(row->detail, 0, SPOOL_DETAIL_MAX));
	smtp_dsn_mail_put(&row->dsn, &b);
	smtp_dsn_rcpt_put(&row->wish, &b);
	put_u8(&b, row->owed);
	st = txn_put(t, TABLE_QUEUE, key_of_u64(&k, row->id), buf_slice(&b), why);
	if (st == STATUS_OK && row->state == SPOOL_WAITING)
		st = txn_put(t, TABLE_QUEUE_DUE, due_key(&k, row->due_at, row->id),
		    slice_make(&version, 1), why);
	buf_clear(&b);
	return st;
}

enum status
spool_put(struct change *c, const struct spool_row *row, struct problem *why)
{
	struct spool_row r = *row;
	enum status st;

	if (row->sender.len > SPOOL_ADDRESS_MAX || row->recipient.len > SPOOL_ADDRESS_MAX ||
	    row->recipient.len == 0) {
		problem_set(why, "an address to queue has 1 to %d bytes", SPOOL_ADDRESS_MAX);
		return STATUS_LIMIT;
	}
	r.id = c->counters->queue + 1;
	r.state = SPOOL_WAITING;
	r.made_at = r.due_at = c->now_s;
	r.attempts = 0;
	r.is_delay_told = false;
	r.detail = SLICE("");
	st = row_put(c->txn, &r, why);
	if (st == STATUS_OK)
		c->counters->queue = r.id;
	return st;
}

static enum status
row_read(uint64_t id, struct slice value, struct spool_row *out, struct problem *why)
{
	struct spool_row r = { .id = id };
	struct reader in = reader_of(value);
	uint8_t version = read_u8(&in);

	if (version < 1 || version > SPOOL_VERSION)
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
	r.is_delay_told = read_u8(&in) != 0;
	r.detail = read_slice(&in);
	if (version >= SPOOL_VERSION_DSN) {
		smtp_dsn_mail_read(&in, &r.dsn);
		smtp_dsn_rcpt_read(&in, &r.wish);
		r.owed = read_u8(&in);
	}
	if (!reader_at_end(&in) || r.owed >= QUEUE_OWED_COUNT || (r.state != SPOOL_WAITING && r.state != SPOOL_HELD)) {
		problem_set(why, "queue entry %llu cannot be read", (unsigned long long)id);
		return STATUS_CORRUPT;
	}
	*out = r;
	return STATUS_OK;
}

enum status
spool_get(struct txn *t, uint64_t id, struct spool_row *out, struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st = txn_get(t, TABLE_QUEUE, key_of_u64(&k, id), &value, why);

	return st == STATUS_OK ? row_read(id, value, out, why) : st;
}

/* Take the entry out of what is due; one that is held is not there. */
static enum status
due_remove(struct txn *t, uint64_t id, struct problem *why)
{
	struct spool_row now;
	struct key k;
	enum status st = spool_get(t, id, &now, why);

	if (st == STATUS_OK && now.state == SPOOL_WAITING)
		st = txn_delete(t, TABLE_QUEUE_DUE, due_key(&k, now.due_at, id), why);
	return st;
}

enum status
spool_change(struct change *c, const struct spool_row *row, struct problem *why)
{
	char memory[MID_LEN_MAX + 2 * SPOOL_ADDRESS_MAX + SPOOL_DETAIL_MAX + SMTP_ENVID_MAX +
	    SMTP_ORCPT_MAX];
	struct spool_row r = *row;
	struct slice *fields[] = { &r.mid, &r.sender, &r.recipient, &r.detail, &r.dsn.envid,
		&r.wish.orcpt };
	size_t at = 0;
	enum status st;

	/* What the row borrows from the transaction ends with its next change. */
	r.detail = slice_sub(r.detail, 0, SPOOL_DETAIL_MAX);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (fields[i]->len > sizeof(memory) - at)
			return STATUS_CORRUPT;
		if (fields[i]->len > 0)
			memcpy(memory + at, fields[i]->ptr, fields[i]->len);
		*fields[i] = slice_make(memory + at, fields[i]->len);
		at += fields[i]->len;
	}
	st = due_remove(c->txn, r.id, why);
	return st == STATUS_OK ? row_put(c->txn, &r, why) : st;
}

enum status
spool_end(struct change *c, const struct spool_row *row, struct problem *why)
{
	uint64_t id = row->id, text = row->text;
	struct key k;
	enum status st = due_remove(c->txn, id, why);

	if (st == STATUS_OK)
		st = txn_delete(c->txn, TABLE_QUEUE, key_of_u64(&k, id), why);
	if (st == STATUS_OK)
		st = text_refer(c->txn, text, -1, why);
	return st;
}

enum status
spool_each(struct txn *t, uint64_t after, bool (*each)(void *ctx, const struct spool_row *row),
    void *ctx, struct problem *why)
{
	struct slice key = SLICE(""), value;
	bool is_damaged = false;
	struct spool_row row;
	struct cursor *c;
	struct key k;
	enum status st = cursor_open(t, TABLE_QUEUE, &c, why);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u64(&k, after + 1), &key, &value, why);
	while (st == STATUS_OK || (st == STATUS_CORRUPT && key.len > 0)) {
		if (st == STATUS_OK)
			st = row_read(key_read_u64(key, 0), value, &row, why);
		is_damaged = is_damaged || st == STATUS_CORRUPT;
		if (st == STATUS_OK && !each(ctx, &row))
			break;
		key = SLICE("");	/* left alone where the pages are damaged, not a record */
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	if (st == STATUS_ABSENT)
		st = STATUS_OK;
	return st == STATUS_OK && is_damaged ? STATUS_CORRUPT : st;
}

enum status
spool_each_due(struct txn *t, uint64_t now_s, bool (*each)(void *ctx, uint64_t id), void *ctx,
    uint64_t *next_due_at, struct problem *why)
{
	struct slice key = SLICE(""), value;
	bool is_damaged = false;
	struct cursor *c;
	enum status st;

	*next_due_at = 0;
	st = cursor_open(t, TABLE_QUEUE_DUE, &c, why);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, SLICE(""), &key, &value, why);
	while (st == STATUS_OK || (st == STATUS_CORRUPT && key.len > 0)) {
		is_damaged = is_damaged || st == STATUS_CORRUPT;
		if (st == STATUS_OK && (key_read_u64(key, 0) > now_s ||
		    !each(ctx, key_read_u64(key, 8)))) {
			*next_due_at = key_read_u64(key, 0);
			break;
		}
		key = SLICE("");	/* left alone where the pages are damaged, not a record */
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	if (st == STATUS_ABSENT)
		st = STATUS_OK;
	return st == STATUS_OK && is_damaged ? STATUS_CORRUPT : st;
}
