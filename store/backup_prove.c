/* A backup laid out aside, and looked at as a store. */
#include <stdio.h>

#include "store/backup.h"
#include "store/store.h"
#include "store/verify.h"

struct proof {
	const struct backup_hooks *hooks;
};

static void
on_found(void *ctx, const struct verify_finding *f)
{
	struct proof *p = ctx;
	char what[160];

	snprintf(what, sizeof(what), "%.*s %.*s", SLICE_ARG(f->table), SLICE_ARG(f->key));
	if (p->hooks->found != NULL)
		p->hooks->found(p->hooks->ctx, slice_from_cstr(what), f->what);
}

static void
on_progress(void *ctx, struct slice stage, uint64_t done, uint64_t total)
{
	struct proof *p = ctx;

	(void)stage;
	if (p->hooks->progress != NULL && total >= 1024)
		p->hooks->progress(p->hooks->ctx, SLICE("prove"), done, total);
}

/* As many records as were counted when the backup was made. */
static enum status
compare_rows(const char *path, const struct backup_manifest *m, struct problem *why)
{
	struct store *s = NULL;
	struct txn *t = NULL;
	uint64_t rows = 0;
	enum status st = store_open(path, ENV_READ, &s, why);

	if (st == STATUS_OK)
		st = txn_begin_read(store_env(s), &t, why);
	for (size_t i = 0; st == STATUS_OK && i < BACKUP_ROWS; i++) {
		st = txn_count(t, backup_tables[i].table, &rows, why);
		if (st == STATUS_OK && rows != m->rows[i]) {
			problem_set(why, "table %s has %llu records where it had %llu", backup_tables[i].name,
			    (unsigned long long)rows, (unsigned long long)m->rows[i]);
			st = STATUS_CORRUPT;
		}
	}
	txn_abort(&t);
	store_close(&s);
	return st;
}

enum status
backup_prove(struct backup_place *p, const struct backup_manifest *m, const char *scratch,
    const struct backup_hooks *hooks, struct problem *why)
{
	struct proof proof = { .hooks = hooks };
	struct verify_hooks looking = { on_found, on_progress, &proof };
	char path[4096];
	enum status st;

	if (snprintf(path, sizeof(path), "%s/store", scratch) >= (int)sizeof(path))
		return STATUS_LIMIT;
	st = backup_lay_out(p, m, scratch, BACKUP_LINK, hooks, why);
	if (st == STATUS_OK)
		st = compare_rows(path, m, why);
	if (st == STATUS_OK) {
		st = verify_store(path, &looking, why);
		if (st == STATUS_CORRUPT)
			problem_set(why, "the backup %s was made, but is not whole", m->name);
	}
	return st;
}
