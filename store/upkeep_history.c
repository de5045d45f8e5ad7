/* Upkeep: once a day a row that says how large the store is. */
#include "base/clock.h"
#include "base/mem.h"
#include "store/account.h"
#include "store/history.h"
#include "store/key.h"
#include "store/stored.h"
#include "store/upkeep.h"

#define DAY_S 86400

static enum status
history_run(struct job *j, struct change *c, struct problem *why)
{
	return history_put(c->txn, j->own, why);
}

/* Messages of all accounts, by their counters. */
static enum status
count_messages(struct txn *t, uint64_t *messages)
{
	struct slice key, value;
	struct account_row row;
	struct cursor *c;
	enum status st = cursor_open(t, TABLE_ACCOUNT, &c, NULL);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, SLICE(""), &key, &value, NULL);
	while (st == STATUS_OK) {
		if (account_get(t, key_read_u32(key, 0), &row, NULL) == STATUS_OK)
			*messages += row.messages;
		st = cursor_next(c, &key, &value, NULL);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

static struct job *
history_next(struct stored *s)
{
	struct history_row now = { .day = (uint32_t)(clock_now_s() / DAY_S) }, *own, had;
	struct txn *t;
	struct job *j;
	enum status st;

	if (txn_begin_read(store_env(s->store), &t, NULL) != STATUS_OK)
		return NULL;
	st = history_get(t, now.day, &had, NULL);
	if (st == STATUS_ABSENT && count_messages(t, &now.messages) != STATUS_OK)
		st = STATUS_IO;
	txn_abort(&t);
	if (st != STATUS_ABSENT ||
	    history_measure(s->store, &now.store_bytes, &now.free_bytes, NULL) != STATUS_OK)
		return NULL;
	j = job_new(STORE_UPKEEP, SLICE(""));
	j->run = history_run;
	j->weight = 2;
	j->own = own = mem_new(struct history_row);
	j->own_free = mem_free;
	*own = now;
	return j;
}

const struct upkeep_kind upkeep_history = { .name = "history", .next = history_next };
