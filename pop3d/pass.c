#include "pop3d/pass.h"

#include "base/log.h"
#include "net/handover.h"
#include "net/ipc.h"
#include "net/pass.h"
#include "pop3d/session.h"

#define NO_WORKER "-ERR [SYS/TEMP] the mailbox cannot be opened now, please try again later"

static struct ipc_client *
worker_of(const struct pop3_session *s)
{
	return s->host->workers[s->account % s->host->settings->workers];
}

static void
give_up(struct pop3_session *s, enum status st)
{
	struct log_line l;

	log_begin(&l, LOG_WARN, "pop3.handover.failed", s->sid);
	log_u64(&l, "account", s->account);
	log_status(&l, st, NULL);
	log_end(&l);
	session_bye(s, NO_WORKER);
}

static void
passed(void *ctx, enum status st)
{
	struct pop3_session *s = ctx;

	s->pass = NULL;
	if (st == STATUS_OK)
		session_enter(s, POP3_CLOSED);
	else
		give_up(s, st);
	session_turn(s);
}

static void
pass_now(struct pop3_session *s)
{
	const struct handover h = {
		.sid = slice_from_cstr(s->sid),
		.grant = buf_slice(&s->grant),
		.login = buf_slice(&s->login),
		.peer = buf_slice(&s->peer),
	};

	s->drained = NULL;
	s->pass = pass_start(s->host->loop, worker_of(s), &s->conn, &h, passed, s);
}

void
pass_begin(struct pop3_session *s)
{
	session_enter(s, POP3_PASSING);
	if (!ipc_client_is_connected(worker_of(s))) {
		give_up(s, STATUS_BUSY);
		return;
	}
	session_wait(s);
	if (conn_is_secure(s->conn) || conn_output_pending(s->conn) == 0)
		pass_now(s);
	else
		s->drained = pass_now;
}
