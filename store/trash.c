#include "store/trash.h"

#include "base/bytes.h"
#include "store/change.h"
#include "store/key.h"
#include "store/store.h"

/*
 * Trash.  key: u32be account, u64be change, u32be part
 *   u8 version 1, u64 text, u32 uid, u64 internal_at, u16 internal_zone, u32 size_bytes, u64 uidl,
 *   u64 saved_at, slice mailbox, u64 flags, slice keywords, u32 actor, slice sid, u64 removed_at
 */
#define TRASH_VERSION 1
#define TRASH_KEYWORDS_MAX 2048	/* names beyond it are not kept */

enum status
trash_decode(struct slice key, struct slice value, struct trash_row *out)
{
	struct reader in = reader_of(value);
	struct trash_row r = { 0 };

	if (read_u8(&in) != TRASH_VERSION)
		return STATUS_CORRUPT;
	r.account = key_read_u32(key, 0);
	r.change = key_read_u64(key, 4);
	r.part = key_read_u32(key, 12);
	r.message.text = read_u64le(&in);
	r.message.uid = read_u32le(&in);
	r.message.internal_at = (int64_t)read_u64le(&in);
	r.message.internal_zone = (int16_t)read_u16le(&in);
	r.message.size_bytes = read_u32le(&in);
	r.message.uidl = read_u64le(&in);
	r.message.saved_at = read_u64le(&in);
	r.mailbox = read_slice(&in);
	r.flags = read_u64le(&in);
	r.keywords = read_slice(&in);
	r.actor = read_u32le(&in);
	r.sid = read_slice(&in);
	r.removed_at = read_u64le(&in);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

struct trash_id
trash_id_of(const struct trash_row *row)
{
	return (struct trash_id){ row->account, row->change, row->part };
}

void
trash_id_print(const struct trash_id *id, struct buf *out)
{
	buf_printf(out, "%u/%llu/%u", id->account, (unsigned long long)id->change, id->part);
}

static struct slice
trash_key(struct key *k, const struct trash_id *id)
{
	key_init(k);
	key_u32(k, id->account);
	key_u64(k, id->change);
	key_u32(k, id->part);
	return key_slice(k);
}

static struct slice
keywords_cut(struct slice keywords)
{
	if (keywords.len <= TRASH_KEYWORDS_MAX)
		return keywords;
	keywords.len = TRASH_KEYWORDS_MAX;
	return slice_sub(keywords, 0, slice_find_last_byte(keywords, ' '));
}

enum status
trash_put(struct change *c, const struct trash_row *row, struct problem *why)
{
	const struct message_row *m = &row->message;
	struct trash_id id = { row->account, c->number, c->trash_part++ };
	struct buf b = buf_init(ENV_VALUE_MAX);
	struct key k;
	enum status st;

	put_u8(&b, TRASH_VERSION);
	put_u64le(&b, m->text);
	put_u32le(&b, m->uid);
	put_u64le(&b, (uint64_t)m->internal_at);
	put_u16le(&b, (uint16_t)m->internal_zone);
	put_u32le(&b, m->size_bytes);
	put_u64le(&b, m->uidl);
	put_u64le(&b, m->saved_at);
	put_slice(&b, row->mailbox);
	put_u64le(&b, row->flags);
	put_slice(&b, keywords_cut(row->keywords));
	put_u32le(&b, c->actor);
	put_slice(&b, c->sid);
	put_u64le(&b, c->now_s);
	st = buf_status(&b);
	if (st == STATUS_OK)
		st = txn_put(c->txn, TABLE_TRASH, trash_key(&k, &id), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

enum status
trash_each(struct txn *t, uint32_t account,
    bool (*each)(void *ctx, const struct trash_row *row), void *ctx, struct problem *why)
{
	struct trash_row row;
	struct slice key, value;
	struct cursor *c;
	struct key k;
	enum status st;

	st = cursor_open(t, TABLE_TRASH, &c, why);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u32(&k, account), &key, &value, why);
	while (st == STATUS_OK && key_read_u32(key, 0) == account) {
		st = trash_decode(key, value, &row);
		if (st != STATUS_OK) {
			problem_set(why, "a trash row of account %u cannot be read", account);
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
trash_each_newest(struct txn *t, uint32_t account, const struct trash_id *before,
    bool (*each)(void *ctx, const struct trash_row *row), void *ctx, struct problem *why)
{
	struct trash_id end = { account, UINT64_MAX, UINT32_MAX };
	struct trash_row row;
	struct slice key, value;
	struct cursor *c;
	struct key k;
	enum status st;

	st = cursor_open(t, TABLE_TRASH, &c, why);
	if (st != STATUS_OK)
		return st;
	trash_key(&k, before != NULL ? before : &end);
	while ((st = cursor_before(c, key_slice(&k), &key, &value, why)) == STATUS_OK &&
	    key_read_u32(key, 0) == account) {
		st = trash_decode(key, value, &row);
		if (st != STATUS_OK) {
			problem_set(why, "a trash row of account %u cannot be read", account);
			break;
		}
		key_init(&k);
		key_bytes(&k, key);
		if (!each(ctx, &row))
			break;
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

enum status
trash_get(struct txn *t, const struct trash_id *id, struct trash_row *out, struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st;

	st = txn_get(t, TABLE_TRASH, trash_key(&k, id), &value, why);
	if (st == STATUS_OK)
		st = trash_decode(key_slice(&k), value, out);
	if (st == STATUS_ABSENT || st == STATUS_CORRUPT)
		problem_set(why, st == STATUS_ABSENT ? "%u/%llu/%u is not in the trash"
		    : "%u/%llu/%u in the trash cannot be read", id->account,
		    (unsigned long long)id->change, id->part);
	return st;
}

enum status
trash_next_account(struct txn *t, uint32_t from, uint32_t *account, struct problem *why)
{
	struct slice key, value;
	struct cursor *c;
	struct key k;
	enum status st;

	st = cursor_open(t, TABLE_TRASH, &c, why);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u32(&k, from), &key, &value, why);
	if (st == STATUS_OK)
		*account = key_read_u32(key, 0);
	cursor_close(&c);
	return st;
}

enum status
trash_delete(struct txn *t, const struct trash_id *id, struct problem *why)
{
	struct key k;

	return txn_delete(t, TABLE_TRASH, trash_key(&k, id), why);
}
