#include "imapd/command.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/flags.h"
#include "store/store.h"

#define ITEMS_MAX 16

enum status_item {
	ITEM_MESSAGES,
	ITEM_RECENT,
	ITEM_UIDNEXT,
	ITEM_UIDVALIDITY,
	ITEM_UNSEEN,
	ITEM_COUNT
};

static const char *const item_names[ITEM_COUNT] = {
	[ITEM_MESSAGES] = "MESSAGES",
	[ITEM_RECENT] = "RECENT",
	[ITEM_UIDNEXT] = "UIDNEXT",
	[ITEM_UIDVALIDITY] = "UIDVALIDITY",
	[ITEM_UNSEEN] = "UNSEEN",
};

struct status_items {
	enum status_item items[ITEMS_MAX];
	unsigned count;
};

static enum status
read_items(struct imap_reader *args, struct status_items *out)
{
	struct slice word;
	unsigned i;

	if (!imap_take_space(args) || !imap_take_byte(args, '('))
		return STATUS_SYNTAX;
	do {
		if (imap_take_atom(args, &word) != STATUS_OK)
			return STATUS_SYNTAX;
		for (i = 0; i < ITEM_COUNT; i++)
			if (slice_equal_nocase(word, slice_from_cstr(item_names[i])))
				break;
		if (i == ITEM_COUNT)
			return STATUS_SYNTAX;
		if (out->count == ITEMS_MAX)
			return STATUS_LIMIT;
		out->items[out->count++] = (enum status_item)i;
	} while (imap_take_space(args));
	return imap_take_byte(args, ')') ? parse_end(args) : STATUS_SYNTAX;
}

static bool
count_chunk(void *ctx, const struct flags_chunk *chunk)
{
	*(uint32_t *)ctx += chunk->count;
	return true;
}

static enum status
write_items(struct txn *t, const struct mailbox_row *row, const struct status_items *items,
    struct buf *out, struct problem *why)
{
	enum status st = STATUS_OK;
	uint32_t recent = 0;

	for (unsigned i = 0; st == STATUS_OK && i < items->count; i++) {
		uint32_t n = 0;

		switch (items->items[i]) {
		case ITEM_MESSAGES:
			n = row->messages;
			break;
		case ITEM_RECENT:
			recent = 0;
			st = flags_each(t, row->id, row->recent_from, UINT32_MAX, count_chunk,
			    &recent, why);
			n = recent;
			break;
		case ITEM_UIDNEXT:
			n = row->uid_next;
			break;
		case ITEM_UIDVALIDITY:
			n = row->uid_validity;
			break;
		case ITEM_UNSEEN:
			n = row->unseen;
			break;
		case ITEM_COUNT:
			break;
		}
		buf_printf(out, "%s%s %u", i == 0 ? "" : " ", item_names[items->items[i]], n);
	}
	return st;
}

/* STATUS: numbers of a mailbox, under the name the client used.  RFC 3501 s.6.3.10. */
enum status
cmd_status(struct imap_session *s, struct imap_reader *args)
{
	struct buf name = buf_init(NAME_WIRE_MAX), out = buf_init(2 * NAME_WIRE_MAX);
	struct status_items items = { 0 };
	struct problem why = { 0 };
	struct mailbox_row row;
	struct txn *t = NULL;
	enum status bad = parse_mailbox(s, args, &name);
	enum status st = bad == STATUS_SYNTAX ? bad : read_items(args, &items);

	if (st == STATUS_OK)
		st = bad;
	if (st == STATUS_OK)
		st = txn_begin_read(store_env(s->worker->store), &t, &why);
	if (st == STATUS_OK)
		st = name_resolve(t, s->account, buf_slice(&name), &row, &why);
	if (st == STATUS_OK) {
		buf_append(&out, SLICE("* STATUS "));
		name_write(&out, buf_slice(&name));
		buf_append(&out, SLICE(" ("));
		st = write_items(t, &row, &items, &out, &why);
		buf_append(&out, SLICE(")\r\n"));
	}
	txn_abort(&t);
	if (st == STATUS_OK)
		conn_write(s->conn, buf_slice(&out));
	buf_clear(&name);
	buf_clear(&out);
	return st;
}
