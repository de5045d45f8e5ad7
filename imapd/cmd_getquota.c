#include "imapd/command.h"
#include "imapd/parse.h"
#include "imapd/quota_report.h"
#include "imapd/worker.h"
#include "net/conn.h"

/* GETQUOTA root: RFC 9208 s.4.1.1. */
enum status
cmd_getquota(struct imap_session *s, struct imap_reader *args)
{
	struct buf out = buf_init(200);
	struct account_row a;
	struct slice root;
	enum status st = STATUS_SYNTAX;

	if (imap_take_space(args) && imap_take_astring(args, &root) == STATUS_OK)
		st = parse_end(args);
	if (st == STATUS_OK)
		st = quota_report_read(s->worker->store, s->account, &a);
	if (st == STATUS_OK && (root.len > 0 || a.quota_bytes == 0))
		st = command_refuse(s, STATUS_ABSENT, "[NONEXISTENT] No such quota root");
	if (st == STATUS_OK) {
		quota_report(&a, &out);
		conn_write(s->conn, buf_slice(&out));
	}
	buf_clear(&out);
	return st;
}
