#include "imapd/command.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/quota_report.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/store.h"

static enum status
check_mailbox(struct imap_session *s, struct slice name)
{
	struct mailbox_row row;
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, NULL);

	if (st == STATUS_OK)
		st = name_resolve(t, s->account, name, &row, NULL);
	txn_abort(&t);
	return st;
}

/* GETQUOTAROOT mailbox: the root it counts for, and what that has used.  RFC 9208 s.4.1.2. */
enum status
cmd_getquotaroot(struct imap_session *s, struct imap_reader *args)
{
	struct buf name = buf_init(NAME_WIRE_MAX), out = buf_init(2 * NAME_WIRE_MAX + 200);
	struct account_row a;
	enum status st = parse_mailbox(s, args, &name);

	if (st == STATUS_OK)
		st = parse_end(args);
	if (st == STATUS_OK)
		st = check_mailbox(s, buf_slice(&name));
	if (st == STATUS_OK)
		st = quota_report_read(s->worker->store, s->account, &a);
	if (st == STATUS_OK) {
		buf_append(&out, SLICE("* QUOTAROOT "));
		name_write(&out, buf_slice(&name));
		buf_append(&out, a.quota_bytes != 0 ? SLICE(" \"\"\r\n") : SLICE("\r\n"));
		if (a.quota_bytes != 0)
			quota_report(&a, &out);
		conn_write(s->conn, buf_slice(&out));
	}
	buf_clear(&name);
	buf_clear(&out);
	return st;
}
