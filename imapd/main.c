/*
 * imapd -- IMAP4rev1.  --role front: clients before their login.
 * --role worker: sessions after it.
 */
#include <string.h>

#include "base/sandbox.h"
#include "imapd/front.h"
#include "imapd/settings.h"
#include "imapd/worker.h"
#include "net/daemon.h"

/* A worker reads the store; a front opens nothing. */
static const struct sandbox_path worker_paths[] = { { "../store", SANDBOX_READ } };

static const struct sandbox_profile front_sandbox = {
	.may = SANDBOX_CONNECT_UNIX,
	.user = FRONT_USER,
	.root = ".",
};

static const struct sandbox_profile worker_sandbox = {
	.may = SANDBOX_CONNECT_UNIX | SANDBOX_OPEN,
	.paths = worker_paths,
	.path_count = ARRAY_LEN(worker_paths),
	.user = "tradepost-imapd",
	.root = "..",
};

static const struct {
	const char *name;
	enum status (*start)(struct daemon *d, const struct imap_settings *settings,
	    struct problem *why);
	void (*stop)(struct daemon *d);
	void (*end)(struct daemon *d);
	const struct sandbox_profile *sandbox;
} roles[] = {
	{ "front", front_start, front_stop, front_end, &front_sandbox },
	{ "worker", worker_start, worker_stop, worker_end, &worker_sandbox },
};

/* Index of the role; ARRAY_LEN(roles) when it is none of ours. */
static size_t
role_of(const struct daemon *d)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(roles); i++)
		if (strcmp(daemon_role(d), roles[i].name) == 0)
			break;
	return i;
}

static enum status
start(struct daemon *d, void *settings, struct problem *why)
{
	size_t role = role_of(d);

	if (role == ARRAY_LEN(roles)) {
		problem_set(why, "--role front or --role worker is needed");
		return STATUS_SYNTAX;
	}
	return roles[role].start(d, settings, why);
}

static void
stop(struct daemon *d)
{
	roles[role_of(d)].stop(d);
}

static void
end(struct daemon *d)
{
	size_t role = role_of(d);

	if (role < ARRAY_LEN(roles))
		roles[role].end(d);
}

static const struct sandbox_profile *
sandbox(const struct daemon *d)
{
	return roles[role_of(d)].sandbox;
}

int
main(int argc, char **argv)
{
	struct imap_settings settings = { 0 };
	const struct daemon_spec spec = {
		.name = "imapd",
		.settings = imap_setting_rows,
		.setting_count = imap_setting_count,
		.settings_out = &settings,
		.start = start,
		.stop = stop,
		.end = end,
		.sandbox = sandbox,
	};

	return daemon_run(&spec, argc, argv);
}
