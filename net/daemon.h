/*
 * daemon.h -- how every one of our daemons starts and stops.  The order is
 * fixed: options, settings, descriptors and keys, start(), privileges, loop.
 * No peer's byte is read earlier.
 *
 * A daemon runs with the instance's run/ as its current directory: settings
 * are ../tradepost.conf, sockets "name.sock", and it inherits descriptors by
 * LISTEN_FDS and LISTEN_FDNAMES as systemd passes them.  Names in use:
 *   smtp submission submissions imap imaps pop3 pop3s    TCP, listening
 *   policy policy-admin digest                           policyd's Unix sockets
 *   store-plan store-work store-admin                    stored's
 *   imap-worker pop3-worker                              a worker's
 *   grant-key ticket-key                                 sealed memfds with keys
 *   ready                                                a pipe to the supervisor
 */
#ifndef NET_DAEMON_H
#define NET_DAEMON_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/problem.h"
#include "base/settings.h"
#include "base/status.h"

/* Exit code: what it stands on is damaged, so that to start again helps nobody. */
#define DAEMON_EXIT_DAMAGED 65

struct daemon;
struct loop;
struct sandbox_profile;

struct daemon_spec {
	const char *name;
	const struct setting *settings;
	size_t setting_count;
	void *settings_out;		/* zeroed; filled before start() */
	/* What the rows cannot say of a setting: asked by --check, and before start().  May be NULL. */
	enum status (*check)(const void *settings, struct problem *why);
	/* Make listeners and clients.  An error ends the process with code 1. */
	enum status (*start)(struct daemon *d, void *settings, struct problem *why);
	/* SIGTERM or SIGINT: finish what is in hand, then loop_stop().  NULL: stop at once. */
	void (*stop)(struct daemon *d);
	/* Free everything after the loop, so that leak checkers see real leaks only; after a failed
	 * start, too.  May be NULL. */
	void (*end)(struct daemon *d);
	/*
	 * What the process keeps after start(), before the loop (base/sandbox.h); NULL: nothing
	 * is given up.  Threads that start() made stay outside.  Not entered with --debug, nor in
	 * builds whose checkers need more calls.
	 */
	const struct sandbox_profile *(*sandbox)(const struct daemon *d);
};

/*
 * Parses --instance N, --role NAME, --check (settings only), --settings-help,
 * --debug, --version.
 */
int daemon_run(const struct daemon_spec *spec, int argc, char **argv);

/* The daemon's event loop; borrowed. */
struct loop *daemon_loop(const struct daemon *d);
/* N of --instance, 0 without. */
uint32_t daemon_instance(const struct daemon *d);
/* Text of --role, "" without. */
const char *daemon_role(const struct daemon *d);
void daemon_set_data(struct daemon *d, void *data);
void *daemon_data(const struct daemon *d);
/* The index-th inherited descriptor of that name, or -1.  It stays the daemon's. */
int daemon_fd(const struct daemon *d, const char *name, size_t index);
/* Contents of an inherited key, appended to out; ABSENT when it was not passed. */
MUST_USE enum status daemon_key(const struct daemon *d, const char *name, struct buf *out);
/* Tell the supervisor that this daemon serves now. */
void daemon_ready(struct daemon *d);

#endif
