#include "imapd/change.h"
#include "imapd/command.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/worker.h"

static void
renamed(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;

	if (st == STATUS_DENIED)
		st = command_refuse(s, st, "[CANNOT] It cannot be renamed so");
	change_done(s, st, r, why);
}

/* RENAME: with all below it; INBOX gives its messages away and stays.  RFC 3501 s.6.3.5. */
enum status
cmd_rename(struct imap_session *s, struct imap_reader *args)
{
	struct buf from = buf_init(NAME_WIRE_MAX), to = buf_init(NAME_WIRE_MAX);
	struct problem why = { 0 };
	enum status st = parse_mailbox(s, args, &from);

	if (st == STATUS_OK)
		st = parse_mailbox(s, args, &to);
	if (st == STATUS_OK)
		st = parse_end(args);
	if (st == STATUS_OK && mailbox_name_check(buf_slice(&to), &why) != STATUS_OK)
		st = command_refuse(s, STATUS_DENIED, "[CANNOT] That cannot be a mailbox name");
	if (st == STATUS_OK && mailbox_name_check(buf_slice(&from), &why) != STATUS_OK)
		st = STATUS_ABSENT;
	if (st == STATUS_OK) {
		s->run.call = store_mailbox_rename(s->worker->client, buf_slice(&s->grant),
		    buf_slice(&from), buf_slice(&to), renamed, s);
		st = STATUS_PENDING;
	}
	buf_clear(&from);
	buf_clear(&to);
	return st;
}
