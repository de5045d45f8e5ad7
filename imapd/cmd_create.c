#include "imapd/change.h"
#include "imapd/command.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/worker.h"
#include "store/store.h"

/*
 * ABSENT: to be made.  OK: another word for a special folder that is there, which
 * is what the client wants.  EXISTS, and errors.
 */
static enum status
look(struct imap_session *s, struct slice name)
{
	struct problem why = { 0 };
	struct mailbox_row row;
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, &why);

	if (st == STATUS_OK)
		st = name_resolve(t, s->account, name, &row, &why);
	if (st == STATUS_OK && slice_equal(row.name, name))
		st = STATUS_EXISTS;
	txn_abort(&t);
	return st;
}

/* CREATE: make a mailbox, its parents too.  RFC 3501 s.6.3.3. */
enum status
cmd_create(struct imap_session *s, struct imap_reader *args)
{
	struct buf name = buf_init(NAME_WIRE_MAX);
	struct problem why = { 0 };
	enum status st = parse_mailbox(s, args, &name);

	if (st == STATUS_OK)
		st = parse_end(args);
	if (st == STATUS_OK && mailbox_name_check(buf_slice(&name), &why) != STATUS_OK)
		st = command_refuse(s, STATUS_DENIED, "[CANNOT] That cannot be a mailbox name");
	if (st == STATUS_OK)
		st = look(s, buf_slice(&name));
	if (st == STATUS_ABSENT) {
		s->run.call = store_mailbox_make(s->worker->client, buf_slice(&s->grant),
		    buf_slice(&name), MAILBOX_PLAIN, change_done, s);
		st = STATUS_PENDING;
	}
	buf_clear(&name);
	return st;
}
