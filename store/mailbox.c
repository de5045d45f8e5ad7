#include "store/mailbox.h"

#include "base/bytes.h"
#include "store/key.h"
#include "store/mailbox_name.h"
#include "store/store.h"

/*
 * Mailbox.  key: u32be mailbox id
 *   u8 version 1, u32 account, u8 role, u32 uid_validity, u32 uid_next, u32 recent_from,
 *   u32 messages, u32 unseen, u32 deleted, u64 bytes, u64 modseq, u64 expunge_modseq,
 *   u64 made_at, slice name
 *
 * Mailbox name.  key: u32be account, name
 *   u8 version 1, u32 mailbox id
 */
#define MAILBOX_VERSION 1
#define MAILBOX_NAME_VERSION 1

static enum status
mailbox_decode(struct slice value, struct mailbox_row *out)
{
	struct reader in = reader_of(value);
	struct mailbox_row r = { 0 };

	if (read_u8(&in) != MAILBOX_VERSION)
		return STATUS_CORRUPT;
	r.account = read_u32le(&in);
	r.role = read_u8(&in);
	r.uid_validity = read_u32le(&in);
	r.uid_next = read_u32le(&in);
	r.recent_from = read_u32le(&in);
	r.messages = read_u32le(&in);
	r.unseen = read_u32le(&in);
	r.deleted = read_u32le(&in);
	r.bytes = read_u64le(&in);
	r.modseq = read_u64le(&in);
	r.expunge_modseq = read_u64le(&in);
	r.made_at = read_u64le(&in);
	r.name = read_slice(&in);
	if (!reader_at_end(&in) || r.name.len == 0 || r.name.len > MAILBOX_NAME_MAX ||
	    r.role >= MAILBOX_ROLE_COUNT || r.uid_next == 0)
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

enum status
mailbox_get(struct txn *t, uint32_t mailbox, struct mailbox_row *out, struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st;

	st = txn_get(t, TABLE_MAILBOX, key_of_u32(&k, mailbox), &value, why);
	if (st == STATUS_OK)
		st = mailbox_decode(value, out);
	if (st == STATUS_OK)
		out->id = mailbox;
	if (st == STATUS_CORRUPT)
		problem_set(why, "mailbox %u cannot be read", mailbox);
	if (st == STATUS_ABSENT)
		problem_set(why, "there is no such mailbox");
	return st;
}

enum status
mailbox_put(struct txn *t, const struct mailbox_row *row, struct problem *why)
{
	struct buf b = buf_init(ENV_VALUE_MAX);
	struct key k;
	enum status st;

	put_u8(&b, MAILBOX_VERSION);
	put_u32le(&b, row->account);
	put_u8(&b, row->role);
	put_u32le(&b, row->uid_validity);
	put_u32le(&b, row->uid_next);
	put_u32le(&b, row->recent_from);
	put_u32le(&b, row->messages);
	put_u32le(&b, row->unseen);
	put_u32le(&b, row->deleted);
	put_u64le(&b, row->bytes);
	put_u64le(&b, row->modseq);
	put_u64le(&b, row->expunge_modseq);
	put_u64le(&b, row->made_at);
	put_slice(&b, row->name);
	st = txn_put(t, TABLE_MAILBOX, key_of_u32(&k, row->id), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

static enum status
name_decode(struct slice value, uint32_t *mailbox, struct problem *why)
{
	struct reader in = reader_of(value);
	uint8_t version = read_u8(&in);
	uint32_t id = read_u32le(&in);

	if (version != MAILBOX_NAME_VERSION || !reader_at_end(&in)) {
		problem_set(why, "a mailbox name record cannot be read");
		return STATUS_CORRUPT;
	}
	*mailbox = id;
	return STATUS_OK;
}

enum status
mailbox_name_put(struct txn *t, uint32_t account, struct slice name, uint32_t mailbox,
    struct problem *why)
{
	struct buf b = buf_init(16);
	struct key k;
	enum status st;

	put_u8(&b, MAILBOX_NAME_VERSION);
	put_u32le(&b, mailbox);
	st = txn_put(t, TABLE_MAILBOX_NAME, key_of_u32_name(&k, account, name), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

enum status
mailbox_name_delete(struct txn *t, uint32_t account, struct slice name, struct problem *why)
{
	struct key k;

	return txn_delete(t, TABLE_MAILBOX_NAME, key_of_u32_name(&k, account, name), why);
}

enum status
mailbox_delete(struct txn *t, uint32_t mailbox, struct problem *why)
{
	struct key k;

	return txn_delete(t, TABLE_MAILBOX, key_of_u32(&k, mailbox), why);
}

enum status
mailbox_find(struct txn *t, uint32_t account, struct slice name, struct mailbox_row *out,
    struct problem *why)
{
	struct mailbox_name n;
	struct slice value;
	uint32_t id = 0;
	struct key k;
	enum status st;

	if (mailbox_name_make(name, &n, NULL) != STATUS_OK) {
		problem_set(why, "there is no such mailbox");
		return STATUS_ABSENT;
	}
	key_of_u32_name(&k, account, mailbox_name_slice(&n));
	st = txn_get(t, TABLE_MAILBOX_NAME, key_slice(&k), &value, why);
	if (st == STATUS_ABSENT)
		problem_set(why, "there is no such mailbox");
	if (st == STATUS_OK)
		st = name_decode(value, &id, why);
	if (st == STATUS_OK)
		st = mailbox_get(t, id, out, why);
	return st;
}

enum status
mailbox_each(struct txn *t, uint32_t account,
    bool (*each)(void *ctx, const struct mailbox_row *row), void *ctx, struct problem *why)
{
	struct slice key, value;
	struct mailbox_row row;
	struct cursor *c;
	uint32_t id = 0;
	struct key k;
	enum status st;

	st = cursor_open(t, TABLE_MAILBOX_NAME, &c, why);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u32(&k, account), &key, &value, why);
	while (st == STATUS_OK && key_read_u32(key, 0) == account) {
		st = name_decode(value, &id, why);
		if (st == STATUS_OK)
			st = mailbox_get(t, id, &row, why);
		if (st != STATUS_OK || !each(ctx, &row))
			break;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}
