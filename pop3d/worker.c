#include "pop3d/worker.h"

#include <pwd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/daemon.h"
#include "net/handover.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "pop3d/front.h"
#include "pop3d/open.h"
#include "pop3d/session.h"
#include "store/client.h"
#include "store/store.h"

struct worker {
	struct pop3_host host;
	struct ipc_server *server;
};

/* What QUIT has asked for is being done already, and is answered. */
static void
on_logins(void *ctx)
{
	struct worker *w = ctx;

	for (struct pop3_session *s = w->host.sessions, *next; s != NULL; s = next) {
		next = s->next;
		if (s->state == POP3_UPDATE ||
		    store_login_holds(w->host.changes, s->account, s->login_mark))
			continue;
		log_event(LOG_INFO, "pop3.session.ended", s->sid, "why", "login_ended");
		session_free(&s);
	}
}

static enum status
on_frame(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct worker *w = ctx;
	struct handover h;
	enum status st;
	int fd = frame->fd;

	if (frame->type != HANDOVER_SESSION || fd < 0)
		return STATUS_CORRUPT;
	st = handover_decode(frame->payload, &h);
	if (st != STATUS_OK)
		return st;
	frame->fd = -1;
	ipc_send(peer, HANDOVER_TAKEN, frame->request, SLICE(""), -1);
	open_session(&w->host, fd, &h);
	return STATUS_OK;
}

/* Fronts run as a user of their own, so that who takes one over has no store. */
static struct ipc_server *
serve_fronts(struct worker *w, int fd)
{
	static const struct ipc_server_handler handler = { .on_frame = on_frame };
	const struct passwd *front = getpwnam(FRONT_USER);
	uid_t uid = front == NULL ? 0 : front->pw_uid;

	return ipc_server_new(w->host.loop, fd, &uid, front == NULL ? 0 : 1, &handler, w);
}

enum status
worker_start(struct daemon *d, const struct pop3_settings *settings, struct problem *why)
{
	struct worker *w = mem_new(struct worker);
	int fd = daemon_fd(d, "pop3-worker", 0);
	enum status st;

	daemon_set_data(d, w);
	w->host.loop = daemon_loop(d);
	w->host.settings = settings;
	if (fd < 0) {
		problem_set(why, "no socket named pop3-worker was passed");
		return STATUS_ABSENT;
	}
	st = store_open("../store", ENV_READ, &w->host.store, why);
	if (st != STATUS_OK)
		return st;
	w->host.changes = store_client_new(w->host.loop, "store-work.sock", NULL, NULL);
	store_client_on_logins(w->host.changes, on_logins, w);
	w->server = serve_fronts(w, fd);
	daemon_ready(d);
	return STATUS_OK;
}

static void
drop_sessions(struct worker *w, unsigned but_states)
{
	for (struct pop3_session *s = w->host.sessions, *next; s != NULL; s = next) {
		next = s->next;
		if (!(IN(s->state) & but_states))
			session_free(&s);
	}
}

static void
stop_loop(struct pop3_host *h)
{
	loop_stop(h->loop);
}

/* Deletions that were asked for are answered yet; nothing else is waited for. */
void
worker_stop(struct daemon *d)
{
	struct worker *w = daemon_data(d);

	ipc_server_free(&w->server);
	drop_sessions(w, IN(POP3_UPDATE));
	w->host.emptied = stop_loop;
	if (w->host.session_count == 0)
		loop_stop(w->host.loop);
}

void
worker_end(struct daemon *d)
{
	struct worker *w = daemon_data(d);

	if (w == NULL)
		return;
	w->host.emptied = NULL;
	ipc_server_free(&w->server);
	drop_sessions(w, 0);
	store_client_free(&w->host.changes);
	store_close(&w->host.store);
	mem_free(w);
	daemon_set_data(d, NULL);
}
