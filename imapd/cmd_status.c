#include "imapd/command.h"
#include "imapd/condstore.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/status_items.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/store.h"

static enum status
read_arguments(struct imap_session *s, struct imap_reader *args, struct buf *name,
    struct status_items *items)
{
	enum status bad = parse_mailbox(s, args, name), st;

	if (bad == STATUS_SYNTAX || !imap_take_space(args))
		return STATUS_SYNTAX;
	st = status_items_parse(args, items);
	if (st == STATUS_OK)
		st = parse_end(args);
	return st == STATUS_OK ? bad : st;
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
	enum status st = read_arguments(s, args, &name, &items);

	if (st == STATUS_OK)
		st = txn_begin_read(store_env(s->worker->store), &t, &why);
	if (st == STATUS_OK)
		st = name_resolve(t, s->account, buf_slice(&name), &row, &why);
	if (st == STATUS_OK)
		st = status_items_write(t, &row, &items, buf_slice(&name), &out, &why);
	txn_abort(&t);
	if (st == STATUS_OK && items.has_modseq)
		condstore_enable(s);
	if (st == STATUS_OK)
		conn_write(s->conn, buf_slice(&out));
	buf_clear(&name);
	buf_clear(&out);
	return st;
}
