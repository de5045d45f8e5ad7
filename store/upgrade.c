#include "store/upgrade.h"

#include "store/account.h"
#include "store/identity.h"
#include "store/key.h"
#include "store/segment_row.h"
#include "store/store.h"
#include "store/text.h"
#include "store/upgrade_step.h"

#define SHOW_EVERY 1000

struct upgrade {
	const struct upgrade_hooks *hooks;
	struct slice step;
	uint64_t records;
};

/* In the order of their versions; those of a store's own version and later ones are run. */
static const struct {
	uint32_t from;		/* for stores of this version and older */
	const char *name;
	upgrade_step *run;
} steps[] = {
	{ 1, "accounts", upgrade_accounts },
	{ 1, "segments", upgrade_segments },
};

static void
progress(const struct upgrade *u)
{
	if (u->hooks->progress != NULL)
		u->hooks->progress(u->hooks->ctx, u->step, u->records);
}

void
upgrade_count(struct upgrade *u)
{
	if (++u->records % SHOW_EVERY == 0)
		progress(u);
}

enum status
upgrade_accounts(struct upgrade *u, struct txn *t, struct problem *why)
{
	struct account_row row;
	struct slice key, value;
	struct cursor *c;
	struct key k;
	uint32_t id = 0;
	enum status st = STATUS_OK;

	while (st == STATUS_OK && id < UINT32_MAX) {
		st = cursor_open(t, TABLE_ACCOUNT, &c, why);
		if (st != STATUS_OK)
			return st;
		st = cursor_seek(c, key_of_u32(&k, id + 1), &key, &value, why);
		if (st == STATUS_OK)
			id = key_read_u32(key, 0);
		cursor_close(&c);
		if (st == STATUS_OK)
			st = account_get(t, id, &row, why);
		if (st == STATUS_OK)
			st = account_put(t, &row, why);
		if (st == STATUS_OK)
			upgrade_count(u);
	}
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

enum status
upgrade_segments(struct upgrade *u, struct txn *t, struct problem *why)
{
	struct slice key, value;
	struct text_row row;
	struct cursor *c;
	struct key k;
	uint64_t id = 0;
	enum status st = STATUS_OK;

	while (st == STATUS_OK && id < UINT64_MAX) {
		st = cursor_open(t, TABLE_TEXT, &c, why);
		if (st != STATUS_OK)
			return st;
		st = cursor_seek(c, key_of_u64(&k, id + 1), &key, &value, why);
		if (st == STATUS_OK)
			id = key_read_u64(key, 0);
		cursor_close(&c);
		if (st == STATUS_OK)
			st = text_get(t, id, &row, why);
		if (st == STATUS_OK)
			st = segment_row_live(t, row.segment, text_record_len(&row), why);
		if (st == STATUS_OK)
			upgrade_count(u);
	}
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

static enum status
run_steps(const struct upgrade_hooks *hooks, struct txn *t, struct problem *why)
{
	struct identity i;
	enum status st = identity_get(t, &i, why);

	for (size_t s = 0; st == STATUS_OK && s < ARRAY_LEN(steps); s++) {
		struct upgrade u = { hooks, slice_from_cstr(steps[s].name), 0 };

		if (steps[s].from < i.version)
			continue;
		progress(&u);
		st = steps[s].run(&u, t, why);
		if (st == STATUS_OK)
			progress(&u);
	}
	if (st != STATUS_OK)
		return st;
	i.version = STORE_VERSION;
	return identity_put(t, &i, why);
}

enum status
store_upgrade(const char *path, const struct upgrade_hooks *hooks, uint32_t *from,
    struct problem *why)
{
	struct identity i;
	struct env *e = NULL;
	struct txn *t;
	enum status st = identity_look(path, &i, why);

	if (st == STATUS_ABSENT)
		problem_set(why, "there is no store to upgrade");
	if (st == STATUS_OK && i.version >= STORE_VERSION) {
		*from = i.version;
		return identity_check(&i, why);
	}
	if (st == STATUS_OK)
		st = env_open(path, ENV_WRITE, store_tables, TABLE_COUNT, &e, why);
	if (st == STATUS_OK)
		st = txn_begin_write(e, &t, why);
	if (st == STATUS_OK) {
		st = run_steps(hooks, t, why);
		if (st == STATUS_OK)
			st = txn_commit(&t, why);
		else
			txn_abort(&t);
	}
	env_close(&e);
	if (st == STATUS_OK)
		*from = i.version;
	return st;
}
