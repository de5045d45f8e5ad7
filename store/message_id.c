#include "store/message_id.h"

#include "base/bytes.h"
#include "store/key.h"
#include "store/store.h"

/*
 * Message id.  key: u32be text / 20000, u64be key, u64be text
 *   u8 version 1, u32 author, u8 direction
 */
#define MESSAGE_ID_VERSION 1

static void
message_id_place(struct key *k, uint32_t age, uint64_t key, uint64_t text)
{
	key_init(k);
	key_u32(k, age);
	key_u64(k, key);
	key_u64(k, text);
}

enum status
message_id_put(struct txn *t, const struct message_id_row *row, struct problem *why)
{
	struct buf b = buf_init(16);
	struct key k;
	enum status st;

	message_id_place(&k, (uint32_t)(row->text / MESSAGE_ID_AGE), row->key, row->text);
	put_u8(&b, MESSAGE_ID_VERSION);
	put_u32le(&b, row->author);
	put_u8(&b, row->direction);
	st = txn_put(t, TABLE_MESSAGE_ID, key_slice(&k), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

static enum status
message_id_decode(struct slice key, struct slice value, struct message_id_row *out,
    struct problem *why)
{
	struct reader in = reader_of(value);
	uint8_t version = read_u8(&in);
	struct message_id_row r = {
		.key = key_read_u64(key, 4),
		.text = key_read_u64(key, 12),
		.author = read_u32le(&in),
	};

	r.direction = read_u8(&in);
	if (version != MESSAGE_ID_VERSION || !reader_at_end(&in)) {
		problem_set(why, "a record of a message id cannot be read");
		return STATUS_CORRUPT;
	}
	*out = r;
	return STATUS_OK;
}

enum status
message_id_forget(struct txn *t, uint64_t key, uint64_t text, struct problem *why)
{
	struct message_id_row row;
	struct slice value;
	struct key k;
	enum status st;

	message_id_place(&k, (uint32_t)(text / MESSAGE_ID_AGE), key, text);
	st = txn_get(t, TABLE_MESSAGE_ID, key_slice(&k), &value, why);
	if (st == STATUS_OK)
		st = message_id_decode(key_slice(&k), value, &row, why);
	if (st == STATUS_OK && row.author == 0)
		st = txn_delete(t, TABLE_MESSAGE_ID, key_slice(&k), why);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

enum status
message_id_find(struct txn *t, uint64_t key, uint64_t newest_text, struct message_id_row *out,
    struct problem *why)
{
	uint32_t newest = (uint32_t)(newest_text / MESSAGE_ID_AGE);
	struct slice got, value;
	struct cursor *c;
	struct key k;
	enum status st;

	st = cursor_open(t, TABLE_MESSAGE_ID, &c, why);
	if (st != STATUS_OK)
		return st;
	st = STATUS_ABSENT;
	for (uint32_t back = 0; back <= newest && back < MESSAGE_ID_AGES_MAX; back++) {
		message_id_place(&k, newest - back, key, UINT64_MAX);
		st = cursor_before(c, key_slice(&k), &got, &value, why);
		if (st != STATUS_OK)
			break;
		if (key_read_u32(got, 0) == newest - back && key_read_u64(got, 4) == key) {
			st = message_id_decode(got, value, out, why);
			break;
		}
		st = STATUS_ABSENT;
	}
	cursor_close(&c);
	return st;
}
