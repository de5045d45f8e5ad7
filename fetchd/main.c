#include <limits.h>
#include <stddef.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "fetchd/fetcher.h"
#include "fetchd/settings.h"
#include "net/daemon.h"
#include "net/loop.h"

static const struct setting rows[] = {
	{ "fetch", "concurrent", SETTING_U32, offsetof(struct fetch_settings, concurrent), "4", 1,
	    100, "Outside mailboxes that are collected at the same time." },
	{ "fetch", "message_max", SETTING_SIZE, offsetof(struct fetch_settings, message_max),
	    "100m", 1024, UINT64_C(250) * 1024 * 1024,
	    "Larger messages stay in the outside mailbox, and the report says so." },
	{ "smtp", "hostname", SETTING_TEXT, offsetof(struct fetch_settings, hostname), "", 0, 0,
	    NULL },
};

/* Our name in Received lines. */
static struct slice
own_name(const struct fetch_settings *s, char *machine, size_t size)
{
	struct slice name = slice_from_cstr(s->hostname);

	if (name.len == 0 && gethostname(machine, size - 1) == 0)
		name = slice_from_cstr(machine);
	return name.len > 0 ? name : SLICE("localhost");
}

/* We are in its run/: what is left without that word is the instance. */
static struct slice
instance_folder(char *folder, size_t size)
{
	struct slice path = slice_from_cstr(getcwd(folder, size));

	return slice_sub(path, 0, slice_find_last_byte(path, '/') + 1);
}

static enum status
start(struct daemon *d, void *settings, struct problem *why)
{
	char machine[256] = "";
	char folder[PATH_MAX];

	(void)why;
	daemon_set_data(d, fetcher_new(daemon_loop(d), settings,
	    own_name(settings, machine, sizeof(machine)),
	    instance_folder(folder, sizeof(folder))));
	daemon_ready(d);
	return STATUS_OK;
}

static void
end(struct daemon *d)
{
	struct fetcher *f = daemon_data(d);

	fetcher_free(&f);
	daemon_set_data(d, NULL);
}

/* Servers anywhere, policyd, and the certificates and tables that finding and trusting them needs. */
static const struct sandbox_profile *
sandbox(const struct daemon *d)
{
	static const struct sandbox_path paths[] = {
		{ "/etc", SANDBOX_READ },
		/* Where /etc/resolv.conf leads to on many machines; it is replaced as nets come and go. */
		{ "/run/systemd/resolve", SANDBOX_READ },
		{ "/run/resolvconf", SANDBOX_READ },
		{ "/run/NetworkManager", SANDBOX_READ },
		{ "/usr/share/ca-certificates", SANDBOX_READ },
		{ "/usr/local/share/ca-certificates", SANDBOX_READ },
		{ "../tls/ca.pem", SANDBOX_READ },
		{ "../tls/ca", SANDBOX_READ },
	};
	static const struct sandbox_profile profile = {
		.may = SANDBOX_OPEN | SANDBOX_CONNECT_UNIX | SANDBOX_CONNECT_TCP,
		.paths = paths,
		.path_count = ARRAY_LEN(paths),
		.user = "tradepost-fetchd",
	};

	(void)d;
	return &profile;
}

int
main(int argc, char **argv)
{
	struct fetch_settings settings = { 0 };
	const struct daemon_spec spec = {
		.name = "fetchd",
		.settings = rows,
		.setting_count = ARRAY_LEN(rows),
		.settings_out = &settings,
		.start = start,
		.end = end,
		.sandbox = sandbox,
	};

	return daemon_run(&spec, argc, argv);
}
