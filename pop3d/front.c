#include "pop3d/front.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/admission.h"
#include "net/daemon.h"
#include "net/ipc.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls.h"
#include "policy/client.h"
#include "pop3d/login.h"
#include "pop3d/session.h"

#define LISTENERS_MAX 32

struct front;

struct port {
	struct front *front;
	struct listener *listener;
	bool is_tls_first;
};

struct front {
	struct pop3_host host;
	struct port ports[LISTENERS_MAX];
	size_t port_count;
};

static void
accepted(void *ctx, int fd)
{
	struct port *p = ctx;
	struct pop3_host *h = &p->front->host;
	struct pop3_session *s = session_new(h, fd, SLICE(""));

	if (session_find_place(s) == STATUS_OK) {
		login_begin(s, p->is_tls_first);
		return;
	}
	log_event(LOG_INFO, "pop3.client.refused", s->sid, "peer", conn_peer(s->conn));
	if (p->is_tls_first)
		session_enter(s, POP3_CLOSED);
	else
		session_bye(s, "-ERR [SYS/TEMP] too many connections, please try again later");
	session_turn(s);
}

static enum status
add_ports(struct front *f, struct daemon *d, const char *name, bool is_tls_first,
    struct problem *why)
{
	int fd;

	for (size_t i = 0; (fd = daemon_fd(d, name, i)) >= 0; i++) {
		struct port *p = &f->ports[f->port_count];

		if (f->port_count == LISTENERS_MAX) {
			problem_set(why, "more than %d listening sockets", LISTENERS_MAX);
			return STATUS_LIMIT;
		}
		*p = (struct port){ .front = f, .is_tls_first = is_tls_first };
		p->listener = listener_new(f->host.loop, fd, accepted, p);
		f->port_count++;
	}
	return STATUS_OK;
}

static enum status
make_tls(struct front *f, struct daemon *d, struct problem *why)
{
	const char *floor = f->host.settings->tls_floor;
	struct buf key = buf_init(1024);
	enum status st = daemon_key(d, "ticket-key", &key);

	if (st == STATUS_OK || st == STATUS_ABSENT)
		st = tls_server_new("../tls/cert.pem", "../tls/key.pem",
		    slice_equal(slice_from_cstr(floor), SLICE("1.0")) ? TLS_FLOOR_1_0
		    : TLS_FLOOR_1_2, buf_slice(&key), &f->host.tls, why);
	buf_wipe(&key);
	return st;
}

static void
make_workers(struct front *f)
{
	char path[64];

	f->host.workers = mem_array(struct ipc_client *, f->host.settings->workers);
	for (uint32_t i = 0; i < f->host.settings->workers; i++) {
		snprintf(path, sizeof(path), "pop3-worker-%u.sock", i);
		f->host.workers[i] = ipc_client_new(f->host.loop, path, NULL, NULL, f);
	}
}

enum status
front_start(struct daemon *d, const struct pop3_settings *settings, struct problem *why)
{
	struct front *f = mem_new(struct front);
	enum status st;

	daemon_set_data(d, f);
	f->host.loop = daemon_loop(d);
	f->host.settings = settings;
	f->host.arrivals = admission_new(settings->clients_max, settings->peer_max);
	make_workers(f);
	f->host.policy = policy_client_new(f->host.loop, "policy.sock", NULL, NULL);
	st = make_tls(f, d, why);
	if (st == STATUS_OK)
		st = add_ports(f, d, "pop3", false, why);
	if (st == STATUS_OK)
		st = add_ports(f, d, "pop3s", true, why);
	if (st == STATUS_OK && f->port_count == 0) {
		problem_set(why, "no socket named pop3 or pop3s was passed");
		st = STATUS_ABSENT;
	}
	if (st == STATUS_OK)
		daemon_ready(d);
	return st;
}

static void
drop_listeners(struct front *f)
{
	for (size_t i = 0; i < f->port_count; i++)
		listener_free(&f->ports[i].listener);
	f->port_count = 0;
}

void
front_stop(struct daemon *d)
{
	drop_listeners(daemon_data(d));
	loop_stop(daemon_loop(d));
}

void
front_end(struct daemon *d)
{
	struct front *f = daemon_data(d);

	if (f == NULL)
		return;
	drop_listeners(f);
	for (struct pop3_session *s = f->host.sessions, *next; s != NULL; s = next) {
		next = s->next;
		session_free(&s);
	}
	policy_client_free(&f->host.policy);
	for (uint32_t i = 0; i < f->host.settings->workers; i++)
		ipc_client_free(&f->host.workers[i]);
	mem_free(f->host.workers);
	tls_context_free(&f->host.tls);
	admission_free(&f->host.arrivals);
	mem_free(f);
	daemon_set_data(d, NULL);
}
