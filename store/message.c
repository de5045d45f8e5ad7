#include "store/message.h"

#include "base/bytes.h"
#include "store/key.h"
#include "store/store.h"

/*
 * Message.  key: u32be mailbox id, u32be uid
 *   u8 version 1, u64 text, u64 internal_at, u16 internal_zone, u32 size_bytes, u64 uidl,
 *   u64 saved_at
 */
#define MESSAGE_VERSION 1

static enum status
message_decode(struct slice value, struct message_row *out)
{
	struct reader in = reader_of(value);
	struct message_row r = { 0 };

	if (read_u8(&in) != MESSAGE_VERSION)
		return STATUS_CORRUPT;
	r.text = read_u64le(&in);
	r.internal_at = (int64_t)read_u64le(&in);
	r.internal_zone = (int16_t)read_u16le(&in);
	r.size_bytes = read_u32le(&in);
	r.uidl = read_u64le(&in);
	r.saved_at = read_u64le(&in);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

enum status
message_get(struct txn *t, uint32_t mailbox, uint32_t uid, struct message_row *out,
    struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st;

	st = txn_get(t, TABLE_MESSAGE, key_of_u32_u32(&k, mailbox, uid), &value, why);
	if (st == STATUS_OK)
		st = message_decode(value, out);
	if (st == STATUS_OK)
		out->uid = uid;
	if (st == STATUS_CORRUPT)
		problem_set(why, "message %u of mailbox %u cannot be read", uid, mailbox);
	return st;
}

enum status
message_each(struct txn *t, uint32_t mailbox, uint32_t first, uint32_t last,
    bool (*each)(void *ctx, const struct message_row *row), void *ctx, struct problem *why)
{
	struct slice key, value;
	struct message_row row;
	struct cursor *c;
	struct key k;
	enum status st;

	st = cursor_open(t, TABLE_MESSAGE, &c, why);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u32_u32(&k, mailbox, first), &key, &value, why);
	while (st == STATUS_OK && key_read_u32(key, 0) == mailbox && key_read_u32(key, 4) <= last) {
		st = message_decode(value, &row);
		if (st != STATUS_OK) {
			problem_set(why, "message %u of mailbox %u cannot be read",
			    key_read_u32(key, 4), mailbox);
			break;
		}
		row.uid = key_read_u32(key, 4);
		if (!each(ctx, &row))
			break;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

enum status
message_put(struct txn *t, uint32_t mailbox, const struct message_row *row, struct problem *why)
{
	struct buf b = buf_init(64);
	struct key k;
	enum status st;

	put_u8(&b, MESSAGE_VERSION);
	put_u64le(&b, row->text);
	put_u64le(&b, (uint64_t)row->internal_at);
	put_u16le(&b, (uint16_t)row->internal_zone);
	put_u32le(&b, row->size_bytes);
	put_u64le(&b, row->uidl);
	put_u64le(&b, row->saved_at);
	st = txn_put(t, TABLE_MESSAGE, key_of_u32_u32(&k, mailbox, row->uid), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

enum status
message_delete(struct txn *t, uint32_t mailbox, uint32_t uid, struct problem *why)
{
	struct key k;

	return txn_delete(t, TABLE_MESSAGE, key_of_u32_u32(&k, mailbox, uid), why);
}
