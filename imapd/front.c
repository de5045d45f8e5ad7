#include "imapd/front.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "imapd/front_session.h"
#include "imapd/settings.h"
#include "net/admission.h"
#include "net/daemon.h"
#include "net/ipc.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls.h"
#include "policy/client.h"

#define TICKET_KEY_LEN 80

static void
reap(void *ctx)
{
	struct front *f = ctx;
	struct front_session *s;

	while ((s = f->dead) != NULL) {
		f->dead = s->next;
		front_session_free(&s);
	}
}

static void
accept_clear(void *ctx, int fd)
{
	front_session_open(ctx, fd, FRONT_CLEAR);
}

static void
accept_secure(void *ctx, int fd)
{
	front_session_open(ctx, fd, FRONT_SECURE);
}

static enum status
open_tls(struct front *f, struct daemon *d, struct problem *why)
{
	struct buf key = buf_init(TICKET_KEY_LEN);
	enum status st = daemon_key(d, "ticket-key", &key);

	if (st == STATUS_ABSENT)
		st = STATUS_OK;
	if (st == STATUS_OK)
		st = tls_server_new("../tls/cert.pem", "../tls/key.pem",
		    f->settings->legacy_tls ? TLS_FLOOR_1_0 : TLS_FLOOR_1_2, buf_slice(&key),
		    &f->tls, why);
	else
		problem_set(why, "the ticket key cannot be read");
	buf_wipe(&key);
	return st;
}

static void
open_workers(struct front *f)
{
	char path[64];

	f->workers = mem_array(struct ipc_client *, f->settings->workers);
	for (uint32_t i = 0; i < f->settings->workers; i++) {
		snprintf(path, sizeof(path), "imap-worker-%u.sock", i);
		f->workers[i] = ipc_client_new(f->loop, path, NULL, NULL, NULL);
	}
}

enum status
front_start(struct daemon *d, const struct imap_settings *settings, struct problem *why)
{
	struct front *f = mem_new(struct front);
	int clear = daemon_fd(d, "imap", 0), secure = daemon_fd(d, "imaps", 0);
	enum status st;

	daemon_set_data(d, f);
	f->loop = daemon_loop(d);
	f->settings = settings;
	f->reaper = timer_new(f->loop, reap, f);
	f->places = admission_new(settings->connections, settings->peer_connections);
	if (clear < 0 && secure < 0) {
		problem_set(why, "no socket \"imap\" or \"imaps\" was handed over");
		return STATUS_ABSENT;
	}
	st = open_tls(f, d, why);
	if (st != STATUS_OK)
		return st;
	f->policy = policy_client_new(f->loop, "policy.sock", NULL, NULL);
	open_workers(f);
	if (clear >= 0)
		f->clear = listener_new(f->loop, clear, accept_clear, f);
	if (secure >= 0)
		f->secure = listener_new(f->loop, secure, accept_secure, f);
	daemon_ready(d);
	return STATUS_OK;
}

void
front_stop(struct daemon *d)
{
	struct front *f = daemon_data(d);

	listener_free(&f->clear);
	listener_free(&f->secure);
	while (f->sessions != NULL)
		front_session_bye(f->sessions, "The server is being stopped");
	loop_stop(f->loop);
}

void
front_end(struct daemon *d)
{
	struct front *f = daemon_data(d);

	if (f == NULL)
		return;
	listener_free(&f->clear);
	listener_free(&f->secure);
	while (f->sessions != NULL)
		front_session_close(f->sessions, "front ends");
	for (uint32_t i = 0; f->workers != NULL && i < f->settings->workers; i++)
		ipc_client_free(&f->workers[i]);
	mem_free(f->workers);
	policy_client_free(&f->policy);
	tls_context_free(&f->tls);
	reap(f);
	timer_free(&f->reaper);
	admission_free(&f->places);
	mem_free(f);
	daemon_set_data(d, NULL);
}
