#include "store/revive.h"

#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/audit.h"
#include "store/change.h"
#include "store/counters.h"
#include "store/flags.h"
#include "store/journal.h"
#include "store/key.h"
#include "store/mailbox.h"
#include "store/segment.h"
#include "store/spool.h"
#include "store/store.h"
#include "store/uidset.h"

#define ROWS_A_TURN 200		/* mailboxes, or queue entries, of one transaction */

struct revival {
	struct store *store;
	struct counters counters;
	uint64_t now_s;
	struct slice note;
	uint64_t after_queue;
	uint32_t after_mailbox;
	bool is_more;
};

typedef enum status revival_turn(struct revival *r, struct change *c, struct problem *why);

/* One transaction, which is one change. */
static enum status
turn(struct revival *r, revival_turn *run, struct problem *why)
{
	struct change c = { .counters = &r->counters, .now_s = r->now_s, .sid = SLICE("") };
	enum status st = txn_begin_write(store_env(r->store), &c.txn, why);

	if (st != STATUS_OK)
		return st;
	c.number = ++r->counters.change;
	st = run(r, &c, why);
	if (st == STATUS_OK)
		st = counters_put(c.txn, &r->counters, why);
	if (st == STATUS_OK)
		return txn_commit(&c.txn, why);
	txn_abort(&c.txn);
	return st;
}

/* The first turn: where numbers and segments go on, and what was done. */
static enum status
begin_turn(struct revival *r, struct change *c, struct problem *why)
{
	struct audit_row row = { .kind = SLICE("store.restored"), .actor = SLICE("admin"),
		.subject = r->note };

	if (r->counters.segment != 0) {
		r->counters.segment++;
		r->counters.segment_at = SEGMENT_HEAD_LEN;
	}
	return audit_put(c, &row, why);
}

struct chunks {
	uint32_t *numbers;
	size_t count;
};

static bool
chunk_note(void *ctx, const struct flags_chunk *chunk)
{
	struct chunks *all = ctx;

	if ((all->count & (all->count - 1)) == 0)
		all->numbers = mem_resize(all->numbers, all->count == 0 ? 1 : 2 * all->count,
		    sizeof(*all->numbers));
	if (chunk->count > 0)
		all->numbers[all->count++] = chunk->entries[0].uid / FLAGS_CHUNK;
	return true;
}

/* Every message of the mailbox has changed: its flags may have been seen otherwise. */
static enum status
flags_touch(struct change *c, uint32_t mailbox, struct problem *why)
{
	struct chunks all = { 0 };
	struct flags_chunk chunk;
	enum status st = flags_each(c->txn, mailbox, 1, UINT32_MAX, chunk_note, &all, why);

	for (size_t i = 0; st == STATUS_OK && i < all.count; i++) {
		st = flags_chunk_get(c->txn, mailbox, all.numbers[i], &chunk, why);
		for (uint32_t n = 0; n < chunk.count; n++)
			chunk.entries[n].modseq = c->number;
		if (st == STATUS_OK)
			st = flags_chunk_put(c->txn, mailbox, all.numbers[i], &chunk, why);
	}
	mem_free(all.numbers);
	return st;
}

static enum status
mailbox_raise(struct change *c, uint32_t mailbox, struct problem *why)
{
	struct journal_row line = { .op = JOURNAL_EXPUNGED, .mailbox = mailbox };
	struct uidset gone = uidset_init();
	char name[MAILBOX_NAME_MAX];
	uint8_t before[8];
	struct mailbox_row row;
	enum status st = mailbox_get(c->txn, mailbox, &row, why);

	if (st != STATUS_OK)
		return st;
	if (row.uid_next > UINT32_MAX - REVIVE_UIDS) {
		problem_set(why, "mailbox %u has no UIDs left to be raised", mailbox);
		return STATUS_LIMIT;
	}
	/* Borrowed from a page that is about to change. */
	memcpy(name, row.name.ptr, row.name.len);
	row.name.ptr = name;
	line.account = row.account;
	store_u64le(before, row.expunge_modseq);
	line.before = slice_make(before, sizeof(before));
	st = uidset_add(&gone, row.uid_next, row.uid_next + REVIVE_UIDS - 1);
	row.uid_next += REVIVE_UIDS;
	row.modseq = row.expunge_modseq = c->number;
	if (st == STATUS_OK)
		st = mailbox_put(c->txn, &row, why);
	if (st == STATUS_OK)
		st = journal_put(c, &line, &gone, why);
	if (st == STATUS_OK)
		st = flags_touch(c, mailbox, why);
	uidset_clear(&gone);
	return st;
}

/* Ids of some mailboxes behind the last one. */
static enum status
mailboxes_next(struct revival *r, struct txn *t, uint32_t *ids, size_t *count,
    struct problem *why)
{
	struct slice key, value;
	struct cursor *c;
	struct key k;
	enum status st = cursor_open(t, TABLE_MAILBOX, &c, why);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u32(&k, r->after_mailbox + 1), &key, &value, why);
	while (st == STATUS_OK && *count < ROWS_A_TURN) {
		ids[(*count)++] = key_read_u32(key, 0);
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

static enum status
mailboxes_turn(struct revival *r, struct change *c, struct problem *why)
{
	uint32_t ids[ROWS_A_TURN];
	size_t count = 0;
	enum status st = mailboxes_next(r, c->txn, ids, &count, why);

	for (size_t i = 0; st == STATUS_OK && i < count; i++) {
		st = mailbox_raise(c, ids[i], why);
		r->after_mailbox = ids[i];
	}
	r->is_more = count == ROWS_A_TURN;
	return st;
}

struct entries {
	uint64_t ids[ROWS_A_TURN];
	size_t count;
};

static bool
entry_note(void *ctx, const struct spool_row *row)
{
	struct entries *e = ctx;

	e->ids[e->count++] = row->id;
	return e->count < ROWS_A_TURN;
}

/* What waited may have been sent since: somebody has to look at it. */
static enum status
queue_turn(struct revival *r, struct change *c, struct problem *why)
{
	struct entries e = { .count = 0 };
	struct spool_row row;
	enum status st = spool_each(c->txn, r->after_queue, entry_note, &e, why);

	for (size_t i = 0; st == STATUS_OK && i < e.count; i++) {
		st = spool_get(c->txn, e.ids[i], &row, why);
		if (st == STATUS_OK && row.state == SPOOL_WAITING) {
			row.state = SPOOL_HELD;
			row.detail = SLICE("held by a restore: it may have been sent since the backup");
			st = spool_change(c, &row, why);
		}
		r->after_queue = e.ids[i];
	}
	r->is_more = e.count == ROWS_A_TURN;
	return st;
}

static enum status
revive(struct revival *r, struct problem *why)
{
	static revival_turn *const turns[] = { begin_turn, mailboxes_turn, queue_turn };
	struct txn *t;
	enum status st = txn_begin_read(store_env(r->store), &t, why);

	if (st != STATUS_OK)
		return st;
	st = counters_get(t, &r->counters, why);
	txn_abort(&t);
	if (st == STATUS_OK && r->counters.change > UINT64_MAX / 2 - REVIVE_CHANGES) {
		problem_set(why, "the change number cannot be raised any more");
		st = STATUS_LIMIT;
	}
	r->counters.change += REVIVE_CHANGES - 1;
	for (size_t i = 0; st == STATUS_OK && i < ARRAY_LEN(turns); i++) {
		do {
			r->is_more = false;
			st = turn(r, turns[i], why);
		} while (st == STATUS_OK && r->is_more);
	}
	return st;
}

enum status
store_revive(const char *path, struct slice note, struct problem *why)
{
	struct revival r = { .note = note, .now_s = clock_now_s() };
	enum status st = store_open(path, ENV_WRITE, &r.store, why);

	if (st == STATUS_OK)
		st = revive(&r, why);
	store_close(&r.store);
	return st;
}
