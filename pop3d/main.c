#include <stddef.h>
#include <string.h>

#include "base/sandbox.h"
#include "net/daemon.h"
#include "pop3d/front.h"
#include "pop3d/settings.h"
#include "pop3d/worker.h"

#define ROW(name, type, field, fallback, min, max, help) \
	{ "pop3", name, type, offsetof(struct pop3_settings, field), fallback, min, max, help }

static const struct setting rows[] = {
	ROW("clear_login", SETTING_BOOL, clear_login, "no", 0, 0,
	    "Accept passwords on connections without TLS."),
	ROW("workers", SETTING_U32, workers, "1", 1, 16,
	    "Processes that serve clients after their login."),
	ROW("clients_max", SETTING_U32, clients_max, "1000", 1, 100000,
	    "Clients of one front that have not logged in yet."),
	ROW("peer_max", SETTING_U32, peer_max, "50", 1, 100000,
	    "How many of these may come from one address (or IPv6 network of 64 bits)."),
	ROW("account_max", SETTING_U32, account_max, "50", 1, 10000,
	    "Sessions of one account at the same time."),
	ROW("login_deadline", SETTING_DURATION, login_deadline_s, "3m", 1, 3600,
	    "How long a client may take until it is logged in; half a minute when three quarters of "
	    "the places are taken."),
	ROW("tls_floor", SETTING_TEXT, tls_floor, "1.2", 0, 0,
	    "Oldest TLS that is spoken: 1.2, or 1.0 for clients of Windows XP and 7."),
};

static bool
is_front(const struct daemon *d)
{
	return strcmp(daemon_role(d), "front") == 0;
}

static enum status
check(const void *settings, struct problem *why)
{
	const struct pop3_settings *p = settings;

	if (strcmp(p->tls_floor, "1.2") == 0 || strcmp(p->tls_floor, "1.0") == 0)
		return STATUS_OK;
	problem_set(why, "[pop3] tls_floor is 1.2 or 1.0, not %s", p->tls_floor);
	return STATUS_SYNTAX;
}

static enum status
start(struct daemon *d, void *settings, struct problem *why)
{
	const struct pop3_settings *p = settings;

	if (is_front(d))
		return front_start(d, p, why);
	if (strcmp(daemon_role(d), "worker") == 0)
		return worker_start(d, p, why);
	problem_set(why, "--role must be front or worker");
	return STATUS_SYNTAX;
}

static void
stop(struct daemon *d)
{
	if (is_front(d))
		front_stop(d);
	else
		worker_stop(d);
}

static void
end(struct daemon *d)
{
	if (is_front(d))
		front_end(d);
	else
		worker_end(d);
}

/* A front keeps the way to policyd and the workers; a worker reads the store beside it. */
static const struct sandbox_profile *
sandbox(const struct daemon *d)
{
	static const struct sandbox_path store[] = { { "../store", SANDBOX_READ } };
	static const struct sandbox_profile front = {
		.may = SANDBOX_CONNECT_UNIX,
		.user = FRONT_USER,
		.root = ".",
	};
	static const struct sandbox_profile worker = {
		.may = SANDBOX_CONNECT_UNIX | SANDBOX_OPEN,
		.paths = store,
		.path_count = ARRAY_LEN(store),
		.user = "tradepost-pop3d",
		.root = "..",
	};

	return is_front(d) ? &front : &worker;
}

int
main(int argc, char **argv)
{
	struct pop3_settings settings = { 0 };
	const struct daemon_spec spec = {
		.name = "pop3d",
		.settings = rows,
		.setting_count = ARRAY_LEN(rows),
		.settings_out = &settings,
		.check = check,
		.start = start,
		.stop = stop,
		.end = end,
		.sandbox = sandbox,
	};

	return daemon_run(&spec, argc, argv);
}
