#include "policy/directory_internal.h"

enum status
directory_limits_save(struct directory *d, const struct limit_row *rows, size_t count,
    struct problem *why)
{
	struct txn *t = NULL;
	enum status st;

	if (d->env == NULL || count == 0)
		return STATUS_OK;
	st = txn_begin_write(d->env, &t, why);
	for (size_t i = 0; st == STATUS_OK && i < count; i++) {
		if (rows[i].value.len > 0)
			st = txn_put(t, TABLE_LIMIT, rows[i].key, rows[i].value, why);
		else
			st = txn_delete(t, TABLE_LIMIT, rows[i].key, why);
		if (st == STATUS_ABSENT)
			st = STATUS_OK;
	}
	if (st == STATUS_OK)
		return txn_commit(&t, why);
	txn_abort(&t);
	return st;
}

static enum status
read_rows(struct cursor *c, void (*each)(void *ctx, const struct limit_row *row), void *ctx,
    struct problem *why)
{
	struct limit_row row = { 0 };
	enum status st = cursor_seek(c, slice_make("\0", 1), &row.key, &row.value, why);

	while (st == STATUS_OK || (st == STATUS_CORRUPT && row.key.len > 0)) {
		if (st == STATUS_OK)
			each(ctx, &row);
		row.key = SLICE("");
		st = cursor_next(c, &row.key, &row.value, why);
	}
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

enum status
directory_limits_each(struct directory *d, void (*each)(void *ctx, const struct limit_row *row),
    void *ctx, struct problem *why)
{
	struct txn *t = NULL;
	struct cursor *c = NULL;
	enum status st;

	if (d->env == NULL)
		return STATUS_OK;
	st = txn_begin_read(d->env, &t, why);
	if (st == STATUS_OK)
		st = cursor_open(t, TABLE_LIMIT, &c, why);
	if (st == STATUS_OK)
		st = read_rows(c, each, ctx, why);
	cursor_close(&c);
	txn_abort(&t);
	return st;
}
