#include "imapd/change.h"
#include "imapd/command.h"
#include "imapd/parse.h"
#include "imapd/selected.h"
#include "imapd/worker.h"

static void
leave(struct imap_session *s)
{
	selected_close(&s->selected);
	session_enter(s, IMAP_AUTHENTICATED);
}

static void
expunged(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;

	leave(s);
	/* Somebody has removed the mailbox: nothing is left to be removed. */
	change_done(s, st == STATUS_ABSENT ? STATUS_OK : st, r, why);
}

/* CLOSE: remove what is deleted, silently, and leave the mailbox.  RFC 3501 s.6.4.2. */
enum status
cmd_close(struct imap_session *s, struct imap_reader *args)
{
	struct uidset all = uidset_init();
	enum status st = parse_end(args);

	if (st == STATUS_OK && s->selected->is_read_only) {
		leave(s);
		return STATUS_OK;
	}
	if (st == STATUS_OK)
		st = uidset_add(&all, 1, UINT32_MAX);
	if (st == STATUS_OK) {
		s->run.call = store_expunge(s->worker->client, buf_slice(&s->grant),
		    s->selected->mailbox, &all, EXPUNGE_DELETED, expunged, s);
		st = STATUS_PENDING;
	}
	uidset_clear(&all);
	return st;
}

/* UNSELECT: leave it as it is.  RFC 3691. */
enum status
cmd_unselect(struct imap_session *s, struct imap_reader *args)
{
	if (parse_end(args) != STATUS_OK)
		return STATUS_SYNTAX;
	leave(s);
	return STATUS_OK;
}
