#include "store/journal.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "store/change.h"
#include "store/folder.h"
#include "store/key.h"
#include "store/store.h"
#include "store/uidset.h"

/*
 * Journal.  key: u64be change, u16be part
 *   u8 version 1, u8 op, u64 at_s, u32 account, u32 mailbox, u32 actor, slice sid,
 *   slice uids (uidset_put() form), slice before, slice after
 */
#define JOURNAL_VERSION 1
#define JOURNAL_RANGES_MAX 200	/* keeps a row well below a page */
#define JOURNAL_PARTS_MAX UINT16_MAX

bool
journal_is_by(const struct journal_row *row, struct slice sid)
{
	struct slice origin = row->sid;

	return slice_equal(slice_take_until(&origin, ' '), sid);
}

enum status
journal_decode(struct slice key, struct slice value, struct journal_row *out)
{
	struct reader in = reader_of(value);
	struct journal_row r = { 0 };

	if (read_u8(&in) != JOURNAL_VERSION)
		return STATUS_CORRUPT;
	r.change = key_read_u64(key, 0);
	r.part = key_read_u16(key, 8);
	r.op = read_u8(&in);
	r.at_s = read_u64le(&in);
	r.account = read_u32le(&in);
	r.mailbox = read_u32le(&in);
	r.actor = read_u32le(&in);
	r.sid = read_slice(&in);
	r.uids = read_slice(&in);
	r.before = read_slice(&in);
	r.after = read_slice(&in);
	if (!reader_at_end(&in) || r.op == 0 || r.op >= JOURNAL_OP_COUNT)
		return STATUS_CORRUPT;
	*out = r;
	return STATUS_OK;
}

enum status
journal_each(struct txn *t, uint64_t after, bool (*each)(void *ctx, const struct journal_row *row),
    void *ctx, struct problem *why)
{
	struct journal_row row;
	struct slice key, value;
	struct cursor *c;
	struct key k;
	enum status st;

	if (after == UINT64_MAX)
		return STATUS_OK;
	st = cursor_open(t, TABLE_JOURNAL, &c, why);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u64(&k, after + 1), &key, &value, why);
	while (st == STATUS_OK) {
		st = journal_decode(key, value, &row);
		if (st != STATUS_OK) {
			problem_set(why, "journal row %llu cannot be read",
			    (unsigned long long)key_read_u64(key, 0));
			break;
		}
		if (!each(ctx, &row))
			break;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

static enum status
journal_put_part(struct change *c, const struct journal_row *row, struct slice uids,
    struct problem *why)
{
	struct buf b = buf_init(ENV_VALUE_MAX);
	struct key k;
	enum status st;

	if (c->journal_part == JOURNAL_PARTS_MAX) {
		problem_set(why, "one command changes too much");
		return STATUS_LIMIT;
	}
	put_u8(&b, JOURNAL_VERSION);
	put_u8(&b, row->op);
	put_u64le(&b, c->now_s);
	put_u32le(&b, row->account);
	put_u32le(&b, row->mailbox);
	put_u32le(&b, c->actor);
	put_slice(&b, c->sid);
	put_slice(&b, uids);
	put_slice(&b, row->before);
	put_slice(&b, row->after);
	st = buf_status(&b);
	if (st == STATUS_OK)
		st = txn_put(c->txn, TABLE_JOURNAL, key_of_u64_u16(&k, c->number, c->journal_part),
		    buf_slice(&b), why);
	if (st == STATUS_OK)
		c->journal_part++;
	buf_clear(&b);
	return st;
}

enum status
journal_put(struct change *c, const struct journal_row *row, const struct uidset *uids,
    struct problem *why)
{
	struct uidset part = uidset_init();
	struct buf b = buf_init(ENV_VALUE_MAX);
	uint32_t at = 0, n;
	enum status st;

	do {
		n = uids == NULL ? 0 : uids->count - at;
		if (n > JOURNAL_RANGES_MAX)
			n = JOURNAL_RANGES_MAX;
		part.ranges = n == 0 ? NULL : uids->ranges + at;
		part.count = n;
		buf_reset(&b);
		uidset_put(&part, &b);
		st = journal_put_part(c, row, buf_slice(&b), why);
		at += n;
	} while (st == STATUS_OK && uids != NULL && at < uids->count);
	buf_clear(&b);
	return st;
}

enum status
journal_put_expunged(struct change *c, const struct folder *f, const struct uidset *uids,
    struct problem *why)
{
	uint8_t before[8] = { 0 };
	struct journal_row row = {
		.op = JOURNAL_EXPUNGED,
		.account = f->row.account,
		.mailbox = f->row.id,
		.before = slice_make(before, sizeof(before)),
	};

	store_u64le(before, f->expunged_before);
	return journal_put(c, &row, uids, why);
}
