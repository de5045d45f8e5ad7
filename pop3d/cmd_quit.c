#include "base/log.h"
#include "pop3d/command.h"
#include "pop3d/maildrop.h"
#include "pop3d/session.h"
#include "store/client.h"

#define BYE "+OK good bye"

/* +OK comes after the deletions are on disk, never before. */
static void
on_expunged(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct pop3_session *s = ctx;
	struct log_line l;

	s->store_call = 0;
	if (st == STATUS_OK) {
		s->deleted = (uint32_t)uidset_size(&r->source);
		session_bye(s, BYE);
	} else {
		log_begin(&l, LOG_WARN, "pop3.deletion.failed", s->sid);
		log_u64(&l, "messages", maildrop_marked(s->drop));
		log_status(&l, st, why);
		log_end(&l);
		session_bye(s, "-ERR [SYS/TEMP] the marked messages may not have been removed");
	}
	session_turn(s);
}

/* QUIT.  RFC 1939 s.4 and s.6: only here do messages go. */
enum status
cmd_quit(struct pop3_session *s, struct slice args)
{
	struct uidset uids;
	enum status st;

	if (args.len > 0)
		return STATUS_SYNTAX;
	if (s->state == POP3_AUTHORIZATION || maildrop_marked(s->drop) == 0) {
		session_bye(s, BYE);
		return STATUS_OK;
	}
	st = maildrop_marked_uids(s->drop, &uids);
	if (st == STATUS_OK) {
		session_enter(s, POP3_UPDATE);
		s->store_call = store_expunge(s->host->changes, buf_slice(&s->grant),
		    maildrop_mailbox(s->drop), &uids, EXPUNGE_ALL, on_expunged, s);
		st = STATUS_PENDING;
	}
	uidset_clear(&uids);
	return st;
}
