#include <stdint.h>

#include "base/log.h"
#include "imapd/front.h"
#include "imapd/front_session.h"
#include "imapd/settings.h"
#include "net/conn.h"
#include "net/handover.h"
#include "net/ipc.h"
#include "net/pass.h"

static struct ipc_client *
worker_of(const struct front_session *s)
{
	return s->front->workers[s->account % s->front->settings->workers];
}

static void
log_failure(const struct front_session *s, enum status st)
{
	struct log_line l;

	log_begin(&l, LOG_WARN, "imap.handover.failed", s->sid);
	log_u64(&l, "account", s->account);
	log_status(&l, st, NULL);
	log_end(&l);
}

static void
passed(void *ctx, enum status st)
{
	struct front_session *s = ctx;

	s->pass = NULL;
	if (st == STATUS_OK) {
		front_session_close(s, "passed to a worker");
		return;
	}
	log_failure(s, st);
	front_session_bye(s, "The mailbox cannot be opened now");
}

static void
pass_now(struct front_session *s)
{
	const struct handover h = {
		.sid = slice_from_cstr(s->sid),
		.grant = buf_slice(&s->grant),
		.login = buf_slice(&s->login),
		.peer = slice_from_cstr(s->peer),
		.tag = slice_from_cstr(s->tag),
	};

	s->pass = pass_start(s->front->loop, worker_of(s), &s->conn, &h, passed, s);
}

void
front_pass(struct front_session *s)
{
	if (!ipc_client_is_connected(worker_of(s))) {
		log_failure(s, STATUS_BUSY);
		front_session_enter(s, FRONT_READY);
		front_reply(s, "NO",
		    "[UNAVAILABLE] The mailbox cannot be opened now, please try later");
		front_session_next(s);
		return;
	}
	front_session_enter(s, FRONT_PASSING);
	if (conn_is_secure(s->conn) || conn_output_pending(s->conn) == 0)
		pass_now(s);
	else
		s->drained = pass_now;
}
