#include "imapd/status_items.h"

#include "imapd/condstore.h"
#include "imapd/names.h"
#include "store/flags.h"
#include "store/message.h"

static const char *const item_names[ITEM_COUNT] = {
	[ITEM_MESSAGES] = "MESSAGES",
	[ITEM_RECENT] = "RECENT",
	[ITEM_UIDNEXT] = "UIDNEXT",
	[ITEM_UIDVALIDITY] = "UIDVALIDITY",
	[ITEM_UNSEEN] = "UNSEEN",
	[ITEM_HIGHESTMODSEQ] = "HIGHESTMODSEQ",
	[ITEM_SIZE] = "SIZE",
	[ITEM_DELETED_STORAGE] = "DELETED-STORAGE",
};

enum status
status_items_parse(struct imap_reader *args, struct status_items *out)
{
	struct slice word;
	unsigned i;

	*out = (struct status_items){ 0 };
	if (!imap_take_byte(args, '('))
		return STATUS_SYNTAX;
	do {
		if (imap_take_atom(args, &word) != STATUS_OK)
			return STATUS_SYNTAX;
		for (i = 0; i < ITEM_COUNT; i++)
			if (slice_equal_nocase(word, slice_from_cstr(item_names[i])))
				break;
		if (i == ITEM_COUNT)
			return STATUS_SYNTAX;
		if (out->count == STATUS_ITEMS_MAX)
			return STATUS_LIMIT;
		out->items[out->count++] = (enum status_item)i;
		out->has_modseq |= i == ITEM_HIGHESTMODSEQ;
	} while (imap_take_space(args));
	return imap_take_byte(args, ')') ? STATUS_OK : STATUS_SYNTAX;
}

static bool
count_chunk(void *ctx, const struct flags_chunk *chunk)
{
	*(uint64_t *)ctx += chunk->count;
	return true;
}

struct deleted {
	struct txn *txn;
	uint32_t mailbox;
	uint64_t bytes;
	enum status st;
};

static bool
sum_deleted(void *ctx, const struct flags_chunk *chunk)
{
	struct deleted *d = ctx;
	struct message_row row;

	for (uint32_t i = 0; d->st == STATUS_OK && i < chunk->count; i++) {
		if (!(chunk->entries[i].flags & FLAG_DELETED))
			continue;
		d->st = message_get(d->txn, d->mailbox, chunk->entries[i].uid, &row, NULL);
		if (d->st == STATUS_OK)
			d->bytes += row.size_bytes;
	}
	return d->st == STATUS_OK;
}

/* What an EXPUNGE would give back. */
static enum status
deleted_bytes(struct txn *t, const struct mailbox_row *row, uint64_t *n, struct problem *why)
{
	struct deleted d = { .txn = t, .mailbox = row->id };
	enum status st = STATUS_OK;

	if (row->deleted > 0)
		st = flags_each(t, row->id, 1, UINT32_MAX, sum_deleted, &d, why);
	*n = d.bytes;
	return st == STATUS_OK ? d.st : st;
}

static enum status
item_value(struct txn *t, const struct mailbox_row *row, enum status_item item, uint64_t *n,
    struct problem *why)
{
	*n = 0;
	switch (item) {
	case ITEM_MESSAGES:
		*n = row->messages;
		break;
	case ITEM_RECENT:
		return flags_each(t, row->id, row->recent_from, UINT32_MAX, count_chunk, n, why);
	case ITEM_UIDNEXT:
		*n = row->uid_next;
		break;
	case ITEM_UIDVALIDITY:
		*n = row->uid_validity;
		break;
	case ITEM_UNSEEN:
		*n = row->unseen;
		break;
	case ITEM_HIGHESTMODSEQ:
		*n = condstore_highest(row);
		break;
	case ITEM_SIZE:
		*n = row->bytes;
		break;
	case ITEM_DELETED_STORAGE:
		return deleted_bytes(t, row, n, why);
	case ITEM_COUNT:
		break;
	}
	return STATUS_OK;
}

enum status
status_items_write(struct txn *t, const struct mailbox_row *row,
    const struct status_items *items, struct slice shown_as, struct buf *out,
    struct problem *why)
{
	enum status st = STATUS_OK;

	buf_append(out, SLICE("* STATUS "));
	name_write(out, shown_as);
	buf_append(out, SLICE(" ("));
	for (unsigned i = 0; st == STATUS_OK && i < items->count; i++) {
		uint64_t n;

		st = item_value(t, row, items->items[i], &n, why);
		buf_append(out, i == 0 ? SLICE("") : SLICE(" "));
		buf_append(out, slice_from_cstr(item_names[items->items[i]]));
		buf_append_byte(out, ' ');
		buf_append_u64(out, n);
	}
	buf_append(out, SLICE(")\r\n"));
	return st;
}
