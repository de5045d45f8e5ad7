#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "imapd/front.h"
#include "imapd/front_session.h"
#include "imapd/settings.h"
#include "net/conn.h"
#include "net/handover.h"
#include "net/ipc.h"
#include "net/proxy.h"

#define PASS_DEADLINE_MS 20000

static struct ipc_client *
worker_of(const struct front_session *s)
{
	return s->front->workers[s->account % s->front->settings->workers];
}

static void
close_passing(struct front_session *s)
{
	if (s->passing_fd >= 0)
		close(s->passing_fd);
	s->passing_fd = -1;
}

void
front_pass_cancel(struct front_session *s)
{
	if (s->worker_call != 0)
		ipc_cancel(worker_of(s), s->worker_call);
	s->worker_call = 0;
	if (s->passing_fd >= 0)
		shutdown(s->passing_fd, SHUT_RDWR);
	close_passing(s);
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

/*
 * The answer is lost: a worker may have the client, or not.  Ending the stream
 * for both is the one thing that is right in either case.
 */
static void
give_up(struct front_session *s, enum status st)
{
	log_failure(s, st);
	front_pass_cancel(s);
	front_session_bye(s, "The mailbox cannot be opened now");
}

static void
taken(void *ctx, enum status st, struct ipc_frame *answer)
{
	struct front_session *s = ctx;

	s->worker_call = 0;
	if (st == STATUS_OK && answer->type != HANDOVER_TAKEN)
		st = STATUS_CORRUPT;
	if (st != STATUS_OK) {
		give_up(s, st);
		return;
	}
	if (s->conn != NULL) {
		/* The worker decides how long it waits. */
		conn_set_deadline(s->conn, 0);
		conn_set_patience(s->conn, 0);
		proxy_start(s->front->loop, &s->conn, s->passing_fd, NULL, NULL);
		s->passing_fd = -1;
	}
	close_passing(s);
	front_session_close(s, "passed to a worker");
}

static void
ask_worker(struct front_session *s, struct slice input, int fd)
{
	struct handover h = {
		.sid = slice_from_cstr(s->sid),
		.grant = buf_slice(&s->grant),
		.login = buf_slice(&s->login),
		.peer = slice_from_cstr(s->peer),
		.is_secure = s->conn != NULL,
		.tag = slice_from_cstr(s->tag),
		.input = input,
	};
	struct buf payload = buf_init(IPC_FRAME_MAX);
	enum status st = handover_encode(&payload, &h);

	if (st == STATUS_OK)
		s->worker_call = ipc_call(worker_of(s), HANDOVER_SESSION, buf_slice(&payload), fd,
		    PASS_DEADLINE_MS, taken, s);
	else
		give_up(s, st);
	buf_wipe(&payload);
}

/* TLS stays here: the worker gets one end of a pair, the proxy the other. */
static void
pass_secure(struct front_session *s)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
		give_up(s, STATUS_IO);
		return;
	}
	s->passing_fd = pair[0];
	ask_worker(s, SLICE(""), pair[1]);
	close(pair[1]);
}

/* The socket goes with what the client sent behind its login. */
static void
pass_clear(struct front_session *s)
{
	struct slice rest = SLICE("");

	s->passing_fd = conn_detach(&s->conn, &rest);
	ask_worker(s, rest, s->passing_fd);
	mem_free((void *)(uintptr_t)rest.ptr);
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
	if (conn_is_secure(s->conn))
		pass_secure(s);
	else if (conn_output_pending(s->conn) == 0)
		pass_clear(s);
	else
		s->drained = pass_clear;
}
