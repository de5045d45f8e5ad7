#include "store/journal_back.h"

#include "base/buf.h"
#include "base/mem.h"
#include "store/journal.h"
#include "store/key.h"
#include "store/sealed.h"
#include "store/store.h"

#define ROWS_A_TURN 10000	/* read in one transaction: 20 ms */

struct journal_walk {
	struct store *store;
	uint64_t since_s, until_s;
	bool (*each)(void *ctx, struct txn *t, const struct journal_row *row);
	void *ctx;
	uint64_t change;	/* all from this row on have come */
	uint16_t part;
	bool is_stopped;
	bool is_damaged;
	struct problem *why;
};

static void
damaged(struct journal_walk *h, const struct problem *why)
{
	if (!h->is_damaged && h->why != NULL)
		problem_set(h->why, "%s: mailadm verify names all damage", why->text);
	h->is_damaged = true;
}

static void
give(struct journal_walk *h, struct txn *t, const struct journal_row *row)
{
	if (row->change > h->change || (row->change == h->change && row->part >= h->part))
		return;
	h->change = row->change;
	h->part = row->part;
	if (row->at_s >= h->since_s && row->at_s <= h->until_s)
		h->is_stopped = !h->each(h->ctx, t, row);
}

/* Some rows of the index, from behind.  ABSENT: there are no more. */
static enum status
index_turn(struct journal_walk *h, struct txn *t, struct problem *why)
{
	struct slice key = SLICE(""), value;
	struct journal_row row;
	struct cursor *c;
	struct key k;
	enum status st = cursor_open(t, TABLE_JOURNAL, &c, why);

	if (st != STATUS_OK)
		return st;
	for (unsigned i = 0; i < ROWS_A_TURN && st == STATUS_OK && !h->is_stopped; i++) {
		key = SLICE("");
		st = cursor_before(c, key_of_u64_u16(&k, h->change, h->part), &key, &value, why);
		if (st == STATUS_OK)
			st = journal_decode(key, value, &row);
		if (st == STATUS_OK) {
			give(h, t, &row);
		} else if (st == STATUS_CORRUPT && key.len == 10) {
			problem_set(why, "journal row %llu cannot be read",
			    (unsigned long long)key_read_u64(key, 0));
			damaged(h, why);
			h->change = key_read_u64(key, 0);
			h->part = key_read_u16(key, 8);
			st = STATUS_OK;
		}
	}
	cursor_close(&c);
	return st;
}

/* The rows of a part stand the old ones first. */
static void
part_back(struct journal_walk *h, struct txn *t, struct slice rest)
{
	struct problem why = { "" };
	struct journal_row row;
	struct slice *starts = NULL;
	size_t count = 0, cap = 0;
	enum status st = STATUS_OK;

	for (struct slice at = rest; (st = sealed_next(&rest, &row)) == STATUS_OK; at = rest) {
		if (count == cap) {
			cap = cap == 0 ? 1024 : 2 * cap;
			starts = mem_resize(starts, cap, sizeof(*starts));
		}
		starts[count++] = at;
	}
	if (st != STATUS_ABSENT) {
		problem_set(&why, "sealed rows of the journal cannot be read");
		damaged(h, &why);
	}
	while (count-- > 0 && !h->is_stopped)
		if (sealed_next(&starts[count], &row) == STATUS_OK)
			give(h, t, &row);
	mem_free(starts);
}

/* The part before *first.  ABSENT: there are no more. */
static enum status
part_turn(struct journal_walk *h, struct txn *t, uint64_t *first, struct problem *why)
{
	struct buf rows = buf_init(SEALED_SIZE_MAX);
	struct problem wrong = { "" };
	struct sealed_row part;
	enum status st = sealed_before(t, *first, &part, why);

	if (st != STATUS_OK)
		return st;
	*first = part.first;
	if (part.from_s > h->until_s)
		return STATUS_OK;
	if (part.until_s < h->since_s)	/* times may be out of order a little, not by parts */
		return STATUS_ABSENT;
	st = sealed_read(h->store, &part, &rows, &wrong);
	if (st == STATUS_OK)
		part_back(h, t, buf_slice(&rows));
	else
		damaged(h, &wrong);
	buf_clear(&rows);
	return STATUS_OK;
}

enum status
journal_back_each(struct store *s, uint64_t since_s, uint64_t until_s,
    bool (*each)(void *ctx, struct txn *t, const struct journal_row *row), void *ctx,
    struct problem *why)
{
	struct journal_walk h = { s, since_s, until_s, each, ctx, UINT64_MAX, UINT16_MAX, false, false,
		why };
	struct problem own = { "" };
	uint64_t first = UINT64_MAX;
	bool is_sealed = false;
	enum status st = STATUS_OK;
	struct txn *t;

	while (st == STATUS_OK && !h.is_stopped) {
		st = txn_begin_read(store_env(s), &t, &own);
		if (st != STATUS_OK)
			break;
		st = is_sealed ? part_turn(&h, t, &first, &own) : index_turn(&h, t, &own);
		txn_abort(&t);
		if (st == STATUS_ABSENT && !is_sealed) {
			is_sealed = true;
			st = STATUS_OK;
		}
	}
	if (st == STATUS_ABSENT)
		st = STATUS_OK;
	if (st != STATUS_OK && !h.is_damaged && why != NULL)
		*why = own;
	return st == STATUS_OK && h.is_damaged ? STATUS_CORRUPT : st;
}
