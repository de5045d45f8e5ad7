/*
 * relayd -- sends mail that is in the queue to other servers.  Takes it from
 * stored, and asks policyd for routes and their secrets.
 */
#include "base/sandbox.h"
#include "net/daemon.h"
#include "net/loop.h"
#include "smtpd/relay.h"
#include "smtpd/relay_settings.h"

static enum status
start(struct daemon *d, void *settings, struct problem *why)
{
	struct relay *r = NULL;
	enum status st = relay_new(daemon_loop(d), settings, &r, why);

	daemon_set_data(d, r);
	if (st == STATUS_OK)
		daemon_ready(d);
	return st;
}

static void
stopped(void *ctx)
{
	loop_stop(ctx);
}

static void
stop(struct daemon *d)
{
	relay_stop(daemon_data(d), stopped, daemon_loop(d));
}

static void
end(struct daemon *d)
{
	struct relay *r = daemon_data(d);

	relay_free(&r);
	daemon_set_data(d, NULL);
}

/* Servers anywhere, policyd, stored, and the certificates and tables that finding and trusting needs. */
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
		.user = "tradepost-relayd",
	};

	(void)d;
	return &profile;
}

int
main(int argc, char **argv)
{
	static const struct daemon_spec template = {
		.name = "relayd",
		.start = start,
		.stop = stop,
		.end = end,
		.sandbox = sandbox,
	};
	struct relay_settings settings = { 0 };
	struct daemon_spec spec = template;

	spec.settings = relay_settings_table;
	spec.setting_count = relay_settings_count;
	spec.settings_out = &settings;
	return daemon_run(&spec, argc, argv);
}
