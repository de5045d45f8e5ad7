#include "imapd/change.h"

#include "imapd/command.h"
#include "imapd/worker.h"

void
change_settle(struct imap_session *s)
{
	s->run.call = 0;
	worker_follow(s->worker);
}

void
change_done(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;

	(void)r;
	(void)why;
	change_settle(s);
	/* What stored cannot read is no fault of the command's form. */
	if (st == STATUS_SYNTAX)
		st = command_refuse(s, STATUS_DENIED, "[CANNOT] That cannot be a mailbox name");
	command_finish(s, st);
}
