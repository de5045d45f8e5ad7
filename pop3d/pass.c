#include "pop3d/pass.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/handover.h"
#include "net/ipc.h"
#include "net/proxy.h"
#include "policy/client.h"
#include "pop3d/login.h"
#include "pop3d/session.h"

#define PASS_DEADLINE_MS 20000
#define NO_WORKER "-ERR [SYS/TEMP] the mailbox cannot be opened now, please try again later"

struct ipc_client *
login_worker(const struct pop3_session *s)
{
	return s->host->workers[s->account % s->host->settings->workers];
}

static void
close_passing(struct pop3_session *s)
{
	if (s->passing_fd >= 0)
		close(s->passing_fd);
	s->passing_fd = -1;
}

/*
 * The answer is lost: a worker may have the client, or not.  Ending the
 * stream for both is the one thing that is right in either case.
 */
static void
give_up(struct pop3_session *s, enum status st)
{
	struct log_line l;

	log_begin(&l, LOG_WARN, "pop3.handover.failed", s->sid);
	log_u64(&l, "account", s->account);
	log_status(&l, st, NULL);
	log_end(&l);
	if (s->passing_fd >= 0)
		shutdown(s->passing_fd, SHUT_RDWR);
	close_passing(s);
	session_bye(s, NO_WORKER);
}

static void
on_taken(void *ctx, enum status st, struct ipc_frame *answer)
{
	struct pop3_session *s = ctx;

	s->worker_call = 0;
	if (st == STATUS_OK && answer->type != HANDOVER_TAKEN)
		st = STATUS_CORRUPT;
	if (st != STATUS_OK) {
		give_up(s, st);
	} else {
		log_event(LOG_DEBUG, "pop3.client.passed", s->sid, NULL, NULL);
		if (s->conn != NULL) {
			conn_set_patience(s->conn, 0);	/* the worker decides */
			conn_set_deadline(s->conn, 0);
			proxy_start(s->host->loop, &s->conn, s->passing_fd, NULL, NULL);
			s->passing_fd = -1;
		}
		close_passing(s);
		session_enter(s, POP3_CLOSED);
	}
	session_turn(s);
}

static void
ask_worker(struct pop3_session *s, struct slice input, int fd)
{
	struct handover h = {
		.sid = slice_from_cstr(s->sid),
		.grant = buf_slice(&s->grant),
		.login = buf_slice(&s->login),
		.peer = buf_slice(&s->peer),
		.is_secure = s->conn != NULL,
		.input = input,
	};
	struct buf payload = buf_init(IPC_FRAME_MAX);
	enum status st = handover_encode(&payload, &h);

	if (st == STATUS_OK)
		s->worker_call = ipc_call(login_worker(s), HANDOVER_SESSION, buf_slice(&payload),
		    fd, PASS_DEADLINE_MS, on_taken, s);
	else
		give_up(s, st);
	buf_wipe(&payload);
}

static void
pass_secure(struct pop3_session *s)
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

/* The socket goes with what the client sent behind its password. */
static void
pass_clear(struct pop3_session *s)
{
	struct slice rest = SLICE("");

	s->drained = NULL;
	s->passing_fd = conn_detach(&s->conn, &rest);
	ask_worker(s, rest, s->passing_fd);
	mem_free((void *)(uintptr_t)rest.ptr);
}

void
pass_begin(struct pop3_session *s)
{
	session_enter(s, POP3_PASSING);
	if (!ipc_client_is_connected(login_worker(s))) {
		give_up(s, STATUS_BUSY);
		return;
	}
	session_wait(s);
	if (conn_is_secure(s->conn))
		pass_secure(s);
	else if (conn_output_pending(s->conn) == 0)
		pass_clear(s);
	else
		s->drained = pass_clear;
}
