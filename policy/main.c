/*
 * main.c -- policyd: who may log in, whom a message reaches, and what the
 * administrator has set.
 */
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "net/daemon.h"
#include "net/loop.h"
#include "policy/admin.h"
#include "policy/auth.h"
#include "policy/directory.h"
#include "policy/fetching.h"
#include "policy/helper.h"
#include "policy/intake.h"
#include "policy/outbox.h"
#include "policy/policyd.h"
#include "policy/service.h"
#include "policy/settings.h"
#include "store/plan_client.h"

#define DIRECTORY_PATH "../policy"

enum { STOP_PATIENCE_MS = 5000 };

static struct policy_settings settings;

struct main {
	struct policyd policyd;
	struct timer *stop_late;
};

/* The uid of a service's user, or ours where there is no such user. */
static uid_t
service_uid(const char *name)
{
	const struct passwd *user = getpwnam(name);

	return user != NULL ? user->pw_uid : geteuid();
}

static enum status
need_fd(struct daemon *d, const char *name, int *fd, struct problem *why)
{
	*fd = daemon_fd(d, name, 0);
	if (*fd >= 0)
		return STATUS_OK;
	problem_set(why, "the socket \"%s\" was not passed to us", name);
	return STATUS_ABSENT;
}

static enum status
start_listening(struct daemon *d, struct policyd *p, struct problem *why)
{
	const uid_t services[] = {
		service_uid("tradepost-smtpd"),
		service_uid("tradepost-imapfront"),
		service_uid("tradepost-pop3front"),
		service_uid("tradepost-fetchd"),
		service_uid("tradepost-relayd"),
	};
	const uid_t digest = service_uid("tradepost-digest");
	int service_fd, digest_fd, admin_fd;
	enum status st = need_fd(d, "policy", &service_fd, why);

	if (st == STATUS_OK)
		st = need_fd(d, "digest", &digest_fd, why);
	if (st == STATUS_OK)
		st = need_fd(d, "policy-admin", &admin_fd, why);
	if (st != STATUS_OK)
		return st;
	p->fetchd_uid = service_uid("tradepost-fetchd");
	p->relayd_uid = service_uid("tradepost-relayd");
	p->helpers = helpers_new(p->loop, digest_fd, &digest, 1);
	service_start(p, service_fd, services, ARRAY_LEN(services));
	p->admin = admin_new(p, admin_fd);
	return STATUS_OK;
}

static enum status
start(struct daemon *d, void *settings_read, struct problem *why)
{
	struct main *m = mem_new(struct main);
	struct policyd *p = &m->policyd;
	enum status st;

	daemon_set_data(d, m);
	p->loop = daemon_loop(d);
	p->settings = settings_read;
	p->grant_key = buf_init(1024);
	st = daemon_key(d, "grant-key", &p->grant_key);
	if (st != STATUS_OK) {
		problem_set(why, "the grant key was not passed to us");
		return st;
	}
	st = lan_parse(slice_from_cstr(p->settings->lan), &p->lan, why);
	if (st != STATUS_OK)
		return st;
	st = directory_open(DIRECTORY_PATH, &p->directory, why);
	if (st == STATUS_OK)
		st = auth_new(p->loop, p->directory, (struct auth_options){
		    .threads = p->settings->auth_threads,
		    .queue_max = p->settings->auth_queue,
		    .delay_unit_ms = 1000 }, &p->auth, why);
	if (st != STATUS_OK)
		return st;
	p->store = plan_client_new(p->loop, "store-plan.sock");
	p->intake = intake_new(p);
	p->fetching = fetching_new(p);
	p->outbox = outbox_new(p);
	st = start_listening(d, p, why);
	if (st != STATUS_OK)
		return st;
	outbox_kick(p->outbox);
	daemon_ready(d);
	return STATUS_OK;
}

static void
stop_now(void *ctx)
{
	loop_stop(ctx);
}

/* What is in hand is finished; what comes is told to try later. */
static void
stop(struct daemon *d)
{
	struct main *m = daemon_data(d);

	m->policyd.is_stopping = true;
	m->stop_late = timer_new(daemon_loop(d), stop_now, daemon_loop(d));
	timer_set(m->stop_late, STOP_PATIENCE_MS);
	intake_when_idle(m->policyd.intake, stop_now, daemon_loop(d));
}

static void
end(struct daemon *d)
{
	struct main *m = daemon_data(d);
	struct policyd *p;

	if (m == NULL)
		return;
	p = &m->policyd;
	service_stop(p);
	admin_free(&p->admin);
	intake_free(&p->intake);
	fetching_free(&p->fetching);
	outbox_free(&p->outbox);
	helpers_free(&p->helpers);
	plan_client_free(&p->store);
	auth_free(&p->auth);
	directory_close(&p->directory);
	timer_free(&m->stop_late);
	buf_wipe(&p->grant_key);
	mem_free(m);
}

static const struct sandbox_profile *
sandbox(const struct daemon *d)
{
	static const struct sandbox_profile profile = {
		.may = SANDBOX_CONNECT_UNIX | SANDBOX_THREADS,
		.user = "tradepost-policyd",
		.root = ".",
	};

	(void)d;
	return &profile;
}

int
main(int argc, char **argv)
{
	struct daemon_spec spec = {
		.name = "policyd",
		.settings = policy_setting_rows,
		.setting_count = policy_setting_count,
		.settings_out = &settings,
		.start = start,
		.stop = stop,
		.end = end,
		.sandbox = sandbox,
	};

	return daemon_run(&spec, argc, argv);
}
