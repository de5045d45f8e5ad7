/*
 * age_trash STORE DAYS: what lies in the trash of a store that nobody serves
 * was removed so many days earlier.  For tests that let time pass.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/change.h"
#include "store/store.h"
#include "store/trash.h"

#define ROWS_MAX 10000

struct rows {
	uint32_t count;
	struct trash_id ids[ROWS_MAX];
};

static bool
take_id(void *ctx, const struct trash_row *row)
{
	struct rows *r = ctx;

	r->ids[r->count++] = trash_id_of(row);
	return r->count < ROWS_MAX;
}

static enum status
age(struct txn *t, const struct trash_id *id, uint64_t by_s, struct problem *why)
{
	struct change c = { .txn = t, .number = id->change, .trash_part = id->part };
	struct trash_row row;
	enum status st = trash_get(t, id, &row, why);

	if (st != STATUS_OK)
		return st;
	c.now_s = row.removed_at - by_s;
	c.actor = row.actor;
	c.sid = row.sid;
	return trash_put(&c, &row, why);
}

static enum status
age_all(struct txn *t, uint64_t by_s, struct problem *why)
{
	static struct rows rows;
	uint32_t account = 0;
	enum status st;

	while ((st = trash_next_account(t, account, &account, why)) == STATUS_OK) {
		st = trash_each(t, account++, take_id, &rows, why);
		if (st != STATUS_OK)
			return st;
	}
	if (st == STATUS_ABSENT)
		st = STATUS_OK;
	for (uint32_t i = 0; st == STATUS_OK && i < rows.count; i++)
		st = age(t, &rows.ids[i], by_s, why);
	return st;
}

int
main(int argc, char **argv)
{
	struct problem why = { "" };
	struct store *s = NULL;
	struct txn *t = NULL;
	enum status st;

	if (argc != 3)
		return 2;
	st = store_open(argv[1], ENV_WRITE, &s, &why);
	if (st == STATUS_OK)
		st = txn_begin_write(store_env(s), &t, &why);
	if (st == STATUS_OK)
		st = age_all(t, strtoull(argv[2], NULL, 10) * 86400, &why);
	if (st == STATUS_OK)
		st = txn_commit(&t, &why);
	else
		txn_abort(&t);
	store_close(&s);
	if (st != STATUS_OK)
		fprintf(stderr, "age_trash: %s %s\n", status_name(st), why.text);
	return st != STATUS_OK;
}
