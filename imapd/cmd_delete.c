#include "base/mem.h"
#include "imapd/change.h"
#include "imapd/command.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/worker.h"
#include "store/store.h"

/*
 * A mailbox with children stays, empty: a name that holds others but no mail is
 * a trap, since Outlook lets people put mail there that never reaches us.
 */
static void
removed(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;
	struct uidset all = uidset_init();
	uint32_t *mailbox = s->run.data;

	if (st != STATUS_EXISTS) {
		change_done(s, st, r, why);
		return;
	}
	s->run.call = 0;
	st = uidset_add(&all, 1, UINT32_MAX);
	if (st == STATUS_OK)
		s->run.call = store_expunge(s->worker->client, buf_slice(&s->grant), *mailbox,
		    &all, EXPUNGE_ALL, change_done, s);
	else
		command_finish(s, st);
	uidset_clear(&all);
}

static void
free_data(void **data)
{
	mem_free(*data);
	*data = NULL;
}

static enum status
look(struct imap_session *s, struct slice name, uint32_t *mailbox)
{
	struct problem why = { 0 };
	struct mailbox_row row;
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, &why);

	if (st == STATUS_OK)
		st = mailbox_find(t, s->account, name, &row, &why);
	if (st == STATUS_OK)
		*mailbox = row.id;
	if (st == STATUS_SYNTAX || st == STATUS_LIMIT)
		st = STATUS_ABSENT;
	if (st == STATUS_OK && row.role != MAILBOX_PLAIN)
		st = command_refuse(s, STATUS_DENIED, "[CANNOT] This folder is needed");
	txn_abort(&t);
	return st;
}

/* DELETE: remove a mailbox; its messages go to the trash area.  RFC 3501 s.6.3.4. */
enum status
cmd_delete(struct imap_session *s, struct imap_reader *args)
{
	struct buf name = buf_init(NAME_WIRE_MAX);
	uint32_t *mailbox = mem_new(uint32_t);
	enum status st = parse_mailbox(s, args, &name);

	s->run.data = mailbox;
	s->run.data_free = free_data;
	if (st == STATUS_OK)
		st = parse_end(args);
	if (st == STATUS_OK)
		st = look(s, buf_slice(&name), mailbox);
	if (st == STATUS_OK) {
		s->run.call = store_mailbox_remove(s->worker->client, buf_slice(&s->grant),
		    buf_slice(&name), removed, s);
		st = STATUS_PENDING;
	}
	buf_clear(&name);
	return st;
}
