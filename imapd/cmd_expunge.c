#include "imapd/change.h"
#include "imapd/command.h"
#include "imapd/condstore.h"
#include "imapd/parse.h"
#include "imapd/selected.h"
#include "imapd/worker.h"

static void
expunged(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;

	if (st == STATUS_OK && r->source.count > 0)
		condstore_put_code(s, r->change);
	change_done(s, st, r, why);
}

/*
 * EXPUNGE, UID EXPUNGE: remove what is deleted.  RFC 3501 s.6.4.3, RFC 4315 s.2.1,
 * RFC 7162 s.3.2.7.
 */
enum status
cmd_expunge(struct imap_session *s, struct imap_reader *args)
{
	struct uidset uids = uidset_init();
	enum status st = s->run.is_uid ? parse_set(s, args, &uids) :
	    uidset_add(&uids, 1, UINT32_MAX);

	if (st == STATUS_OK)
		st = parse_end(args);
	if (st == STATUS_OK && s->selected->is_read_only)
		st = command_refuse(s, STATUS_DENIED, "[READ-ONLY] The mailbox was only examined");
	/* The EXPUNGE responses come with the journal, as those for others' changes do. */
	if (st == STATUS_OK && uids.count > 0) {
		s->run.call = store_expunge(s->worker->client, buf_slice(&s->grant),
		    s->selected->mailbox, &uids, EXPUNGE_DELETED, expunged, s);
		st = STATUS_PENDING;
	}
	uidset_clear(&uids);
	return st;
}
