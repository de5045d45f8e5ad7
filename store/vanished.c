#include "store/vanished.h"

#include "base/bytes.h"
#include "store/journal.h"
#include "store/key.h"
#include "store/store.h"

static enum status
add_uids(struct slice uids, struct uidset *out)
{
	struct reader in = reader_of(uids);
	struct uidset gone;
	enum status st = STATUS_OK;

	uidset_read(&in, &gone);
	if (!reader_at_end(&in))
		st = STATUS_LIMIT;
	for (uint32_t i = 0; st == STATUS_OK && i < gone.count; i++) {
		st = uidset_add(out, gone.ranges[i].first, gone.ranges[i].last);
		if (out->count > VANISHED_RANGES_MAX)
			st = STATUS_LIMIT;
	}
	uidset_clear(&gone);
	return st;
}

/* All parts of one change.  *before: the expunge before it; the change itself where none is named. */
static enum status
read_change(struct cursor *c, uint32_t mailbox, uint64_t change, unsigned *left,
    struct uidset *out, uint64_t *before)
{
	struct slice key, value;
	struct journal_row row;
	struct key k;
	enum status st;

	*before = change;
	st = cursor_seek(c, key_of_u64(&k, change), &key, &value, NULL);
	for (; st == STATUS_OK && key_read_u64(key, 0) == change; --*left) {
		if (*left == 0 || journal_decode(key, value, &row) != STATUS_OK)
			return STATUS_LIMIT;
		if (row.op == JOURNAL_EXPUNGED && row.mailbox == mailbox) {
			if (row.before.len == 8)
				*before = load_u64le((const uint8_t *)row.before.ptr);
			st = add_uids(row.uids, out);
			if (st != STATUS_OK)
				return st;
		}
		st = cursor_next(c, &key, &value, NULL);
	}
	/* A damaged row is as good as one that is not there. */
	return st == STATUS_OK || st == STATUS_ABSENT ? STATUS_OK : STATUS_LIMIT;
}

enum status
vanished_since(struct txn *t, const struct mailbox_row *row, uint64_t since, struct uidset *out,
    struct problem *why)
{
	unsigned left = VANISHED_ROWS_MAX;
	uint64_t change = row->expunge_modseq, before;
	struct cursor *c;
	enum status st;

	if (change <= since)
		return STATUS_OK;
	st = cursor_open(t, TABLE_JOURNAL, &c, why);
	if (st != STATUS_OK)
		return st;
	while (st == STATUS_OK && change > since) {
		st = read_change(c, row->id, change, &left, out, &before);
		/* One that names none: it was sealed, or written before they were named. */
		if (st == STATUS_OK && before >= change)
			st = STATUS_LIMIT;
		change = before;
	}
	cursor_close(&c);
	return st;
}
