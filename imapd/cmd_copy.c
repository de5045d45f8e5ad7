#include "base/mem.h"
#include "imapd/change.h"
#include "imapd/command.h"
#include "imapd/condstore.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/selected.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/store.h"

enum transfer { TRANSFER_COPY, TRANSFER_MOVE };

static void
put_code(struct buf *out, const struct store_result *r)
{
	buf_printf(out, "COPYUID %u ", r->uid_validity);
	uidset_print(&r->source, out);
	buf_append_byte(out, ' ');
	uidset_print(&r->target, out);
}

static void
copied(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;

	if (st == STATUS_ABSENT)
		st = command_refuse(s, st, "[TRYCREATE] No such mailbox");
	if (st == STATUS_OK && r->source.count > 0)
		put_code(&s->run.code, r);
	change_done(s, st, r, why);
}

/* RFC 6851 s.4.3: COPYUID comes untagged, before the EXPUNGE responses. */
static void
moved(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;
	struct buf line = buf_init(4 * 1024 * 1024);

	if (st == STATUS_ABSENT)
		st = command_refuse(s, st, "[TRYCREATE] No such mailbox");
	if (st == STATUS_OK && r->source.count > 0) {
		buf_append(&line, SLICE("* OK ["));
		put_code(&line, r);
		buf_append(&line, SLICE("] Moved\r\n"));
		conn_write(s->conn, buf_slice(&line));
		condstore_put_code(s, r->change);
	}
	buf_clear(&line);
	change_done(s, st, r, why);
}

static enum status
find_target(struct imap_session *s, struct slice name, uint32_t *mailbox)
{
	struct problem why = { 0 };
	struct mailbox_row row;
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, &why);

	if (st == STATUS_OK)
		st = name_resolve(t, s->account, name, &row, &why);
	if (st == STATUS_OK)
		*mailbox = row.id;
	txn_abort(&t);
	if (st == STATUS_ABSENT)
		st = command_refuse(s, st, "[TRYCREATE] No such mailbox");
	return st;
}

static enum status
transfer_run(struct imap_session *s, struct imap_reader *args, enum transfer what)
{
	struct buf name = buf_init(NAME_WIRE_MAX);
	struct uidset uids = uidset_init();
	uint32_t to = 0;
	enum status st = parse_set(s, args, &uids);

	if (st == STATUS_OK)
		st = parse_mailbox(s, args, &name);
	if (st == STATUS_OK)
		st = parse_end(args);
	if (st == STATUS_OK)
		st = find_target(s, buf_slice(&name), &to);
	if (st == STATUS_OK && what == TRANSFER_MOVE && s->selected->is_read_only)
		st = command_refuse(s, STATUS_DENIED, "[READ-ONLY] The mailbox was only examined");
	if (st == STATUS_OK && uids.count > 0) {
		if (what == TRANSFER_MOVE)
			s->run.call = store_move(s->worker->client, buf_slice(&s->grant),
			    s->selected->mailbox, &uids, to, moved, s);
		else
			s->run.call = store_copy(s->worker->client, buf_slice(&s->grant),
			    s->selected->mailbox, &uids, to, copied, s);
		st = STATUS_PENDING;
	}
	uidset_clear(&uids);
	buf_clear(&name);
	return st;
}

/* COPY: flags and INTERNALDATE go along.  RFC 3501 s.6.4.7, RFC 4315. */
enum status
cmd_copy(struct imap_session *s, struct imap_reader *args)
{
	return transfer_run(s, args, TRANSFER_COPY);
}

/* MOVE: RFC 6851. */
enum status
cmd_move(struct imap_session *s, struct imap_reader *args)
{
	return transfer_run(s, args, TRANSFER_MOVE);
}
