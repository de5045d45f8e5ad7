/*
 * smtpd -- receives mail: from outside on the port named smtp, from our own
 * people on submission and submissions.  Opens no file once it serves.
 */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "net/admission.h"
#include "net/daemon.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls.h"
#include "policy/client.h"
#include "smtpd/server.h"
#include "smtpd/session.h"
#include "smtpd/submit.h"

#define STOP_PATIENCE_MS 10000
#define LISTENERS_MAX 16
#define HOSTNAME_MAX 255
#define TICKET_KEY_LEN 80

struct port {
	struct smtp_server *server;
	struct listener *listener;
	enum policy_service service;
	bool is_tls_first;
};

struct smtpd {
	struct smtp_server server;
	struct port ports[LISTENERS_MAX];
	size_t port_count;
	struct timer *stop_timer;
};

static const struct {
	const char *name;
	enum policy_service service;
	bool is_tls_first;
} port_kinds[] = {
	{ "smtp", SERVICE_SMTP, false },
	{ "submission", SERVICE_SUBMISSION, false },
	{ "submissions", SERVICE_SUBMISSION, true },
};

static void
accepted(void *ctx, int fd)
{
	struct port *p = ctx;

	session_new(p->server, fd, p->service, p->is_tls_first);
}

static void
open_ports(struct smtpd *m, struct daemon *d)
{
	for (size_t kind = 0; kind < ARRAY_LEN(port_kinds); kind++) {
		int fd;

		for (size_t i = 0; (fd = daemon_fd(d, port_kinds[kind].name, i)) >= 0 &&
		    m->port_count < LISTENERS_MAX; i++) {
			struct port *p = &m->ports[m->port_count++];

			p->server = &m->server;
			p->service = port_kinds[kind].service;
			p->is_tls_first = port_kinds[kind].is_tls_first;
			p->listener = listener_new(daemon_loop(d), fd, accepted, p);
		}
	}
}

static enum status
find_hostname(struct smtp_server *server, struct problem *why)
{
	const struct smtp_settings *settings = server->settings;
	char machine[HOSTNAME_MAX + 1] = "";
	struct buf *name = &server->hostname;

	*name = buf_init(HOSTNAME_MAX);
	if (settings->hostname[0] != '\0') {
		(void)buf_append(name, slice_from_cstr(settings->hostname));
	} else if (settings->domain[0] != '\0') {
		(void)buf_append(name, SLICE("mail."));
		(void)buf_append(name, slice_from_cstr(settings->domain));
	} else if (gethostname(machine, sizeof(machine) - 1) == 0) {
		(void)buf_append(name, slice_from_cstr(machine));
	}
	if (buf_status(name) != STATUS_OK) {
		problem_set(why, "[smtp] hostname is too long");
		return STATUS_LIMIT;
	}
	if (name->len == 0)
		(void)buf_append(name, SLICE("localhost"));
	return STATUS_OK;
}

static enum status
check(const void *settings_read, struct problem *why)
{
	const struct smtp_settings *settings = settings_read;

	if (strcmp(settings->tls_min, "1.2") == 0 || strcmp(settings->tls_min, "1.0") == 0)
		return STATUS_OK;
	problem_set(why, "[smtp] tls_min is 1.2 or 1.0, not %s", settings->tls_min);
	return STATUS_SYNTAX;
}

static enum status
open_tls(struct smtp_server *server, struct daemon *d, struct problem *why)
{
	const struct smtp_settings *settings = server->settings;
	struct buf ticket_key = buf_init(TICKET_KEY_LEN);
	enum tls_floor floor = strcmp(settings->tls_min, "1.0") == 0 ? TLS_FLOOR_1_0 : TLS_FLOOR_1_2;
	enum status st = daemon_key(d, "ticket-key", &ticket_key);

	if (st == STATUS_OK || st == STATUS_ABSENT)
		st = tls_server_new(settings->tls_cert, settings->tls_key, floor,
		    buf_slice(&ticket_key), &server->tls, why);
	buf_wipe(&ticket_key);
	return st;
}

static void
open_places(struct smtp_server *server)
{
	const struct smtp_settings *settings = server->settings;

	server->outside = admission_new(settings->connections_max, settings->address_max);
	server->arrivals = admission_new(settings->login_places, settings->address_max);
	server->accounts = admission_new(UINT32_MAX, settings->account_max);
}

static void
on_empty(struct smtp_server *server)
{
	loop_stop(server->loop);
}

static void
log_out(void *ctx, struct slice sid)
{
	struct smtp_server *server = ctx;

	for (struct smtp_session *s = server->sessions; s != NULL; s = s->next) {
		if (slice_equal(session_sid(s), sid)) {
			session_log_out(s);
			return;
		}
	}
}

static enum status
start(struct daemon *d, void *settings, struct problem *why)
{
	struct smtpd *m = mem_new(struct smtpd);
	struct smtp_server *server = &m->server;
	enum status st;

	daemon_set_data(d, m);
	server->loop = daemon_loop(d);
	server->settings = settings;
	server->budget.max = server->settings->in_flight;
	server->on_empty = on_empty;
	open_places(server);
	st = find_hostname(server, why);
	if (st == STATUS_OK)
		st = open_tls(server, d, why);
	if (st != STATUS_OK)
		return st;
	server->policy = policy_client_new(server->loop, "policy.sock", NULL, NULL);
	policy_client_on_end(server->policy, log_out, server);
	open_ports(m, d);
	if (m->port_count == 0) {
		problem_set(why, "no listening socket was passed: smtp, submission, submissions");
		return STATUS_ABSENT;
	}
	daemon_ready(d);
	return STATUS_OK;
}

static void
stop_now(void *ctx)
{
	struct smtpd *m = ctx;

	loop_stop(m->server.loop);
}

/* No new clients; those with a message at policyd wait for its answer, a little. */
static void
stop(struct daemon *d)
{
	struct smtpd *m = daemon_data(d);

	if (m->stop_timer != NULL) {
		loop_stop(m->server.loop);
		return;
	}
	for (size_t i = 0; i < m->port_count; i++)
		listener_free(&m->ports[i].listener);
	m->stop_timer = timer_new(m->server.loop, stop_now, m);
	timer_set(m->stop_timer, STOP_PATIENCE_MS);
	smtp_server_stop(&m->server);
}

static void
end(struct daemon *d)
{
	struct smtpd *m = daemon_data(d);

	if (m == NULL)
		return;
	m->server.is_stopping = false;
	for (size_t i = 0; i < m->port_count; i++)
		listener_free(&m->ports[i].listener);
	while (m->server.sessions != NULL)
		session_kill(m->server.sessions);
	if (m->server.policy != NULL)
		submissions_free(&m->server);
	policy_client_free(&m->server.policy);
	tls_context_free(&m->server.tls);
	timer_free(&m->stop_timer);
	admission_free(&m->server.outside);
	admission_free(&m->server.arrivals);
	admission_free(&m->server.accounts);
	buf_clear(&m->server.hostname);
	mem_free(m);
}

/* Nothing but the way to policyd, which may have to be found again after its restart. */
static const struct sandbox_profile *
sandbox(const struct daemon *d)
{
	static const struct sandbox_profile profile = {
		.may = SANDBOX_CONNECT_UNIX,
		.user = "tradepost-smtpd",
		.root = ".",
	};

	(void)d;
	return &profile;
}

int
main(int argc, char **argv)
{
	static const struct daemon_spec template = {
		.name = "smtpd",
		.check = check,
		.start = start,
		.stop = stop,
		.end = end,
		.sandbox = sandbox,
	};
	struct smtp_settings settings = { 0 };
	struct daemon_spec spec = template;

	spec.settings = smtp_settings_table;
	spec.setting_count = smtp_settings_count;
	spec.settings_out = &settings;
	return daemon_run(&spec, argc, argv);
}
