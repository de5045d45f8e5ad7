#include "net/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "net/loop.h"
#include "net/probe.h"

#define SETTINGS_PATH "../tradepost.conf"
#define FIRST_FD 3		/* as systemd numbers them */
#define FDS_MAX 1024
#define KEY_MAX 4096
#define INSTANCE_MAX 9999
#define EXIT_USAGE 2
#define LEVEL_MAX 200

struct inherited {
	char *name;
	int fd;
};

struct daemon {
	const struct daemon_spec *spec;
	struct loop *loop;
	uint32_t instance;
	const char *role;
	void *data;
	struct inherited *fds;
	size_t fd_count;
	bool is_stopping;
	bool is_debug;
	bool is_check;
};

/* Options */

static int
usage(const struct daemon_spec *spec, FILE *to)
{
	fprintf(to,
	    "usage: %s [--instance N] [--role NAME] [--check] [--settings-help] [--debug] "
	    "[--version]\n",
	    spec->name);
	return EXIT_USAGE;
}

/* -1: go on; otherwise the code to exit with. */
static int
take_options(struct daemon *d, int argc, char **argv)
{
	static const struct option options[] = {
		{ "instance", required_argument, NULL, 'i' },
		{ "role", required_argument, NULL, 'r' },
		{ "check", no_argument, NULL, 'c' },
		{ "settings-help", no_argument, NULL, 's' },
		{ "debug", no_argument, NULL, 'd' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	const struct daemon_spec *spec = d->spec;
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'i':
			if (parse_u32(slice_from_cstr(optarg), 0, INSTANCE_MAX, &d->instance) !=
			    STATUS_OK)
				return usage(spec, stderr);
			break;
		case 'r':
			d->role = optarg;
			break;
		case 'c':
			d->is_check = true;
			break;
		case 's':
			settings_describe(stdout, spec->settings, spec->setting_count);
			return 0;
		case 'd':
			d->is_debug = true;
			break;
		case 'v':
			printf("%s %s\n", spec->name, TRADEPOST_VERSION);
			return 0;
		default:
			return usage(spec, stderr);
		}
	}
	return optind == argc ? -1 : usage(spec, stderr);
}

static enum status
load_settings(const struct daemon_spec *spec, struct problem *why)
{
	enum status st = settings_load(SETTINGS_PATH, spec->settings, spec->setting_count,
	    spec->settings_out, why);

	if (st == STATUS_ABSENT) {
		*why = (struct problem){ 0 };
		st = settings_parse(SLICE(""), SETTINGS_PATH, spec->settings, spec->setting_count,
		    spec->settings_out, why);
	}
	if (st == STATUS_OK && spec->check != NULL)
		st = spec->check(spec->settings_out, why);
	return st;
}

/* Descriptors */

static void
take_descriptors(struct daemon *d)
{
	const char *pid = getenv("LISTEN_PID");
	struct slice names = slice_from_cstr(getenv("LISTEN_FDNAMES"));
	uint32_t count = 0;
	uint32_t expected;

	if (parse_u32(slice_from_cstr(getenv("LISTEN_FDS")), 0, FDS_MAX, &count) != STATUS_OK)
		count = 0;
	if (pid != NULL &&
	    (parse_u32(slice_from_cstr(pid), 1, UINT32_MAX, &expected) != STATUS_OK ||
	    expected != (uint32_t)getpid()))
		count = 0;
	if (count > 0)
		d->fds = mem_array(struct inherited, count);
	for (uint32_t i = 0; i < count; i++) {
		int fd = FIRST_FD + (int)i;
		int flags = fcntl(fd, F_GETFD);
		struct slice name = slice_take_until(&names, ':');

		if (flags < 0)
			continue;
		(void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
		d->fds[d->fd_count++] = (struct inherited){ mem_dup(name), fd };
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

static struct inherited *
find_fd(const struct daemon *d, const char *name, size_t index)
{
	for (size_t i = 0; i < d->fd_count; i++)
		if (d->fds[i].fd >= 0 && strcmp(d->fds[i].name, name) == 0 && index-- == 0)
			return &d->fds[i];
	return NULL;
}

int
daemon_fd(const struct daemon *d, const char *name, size_t index)
{
	const struct inherited *found = find_fd(d, name, index);

	return found == NULL ? -1 : found->fd;
}

enum status
daemon_key(const struct daemon *d, const char *name, struct buf *out)
{
	char key[KEY_MAX];
	int fd = daemon_fd(d, name, 0);
	enum status st;
	ssize_t n;

	if (fd < 0)
		return STATUS_ABSENT;
	/* By position: all processes that inherited the key share the descriptor's offset. */
	n = pread(fd, key, sizeof(key), 0);
	if (n < 0)
		return STATUS_IO;
	st = (size_t)n == sizeof(key) ? STATUS_LIMIT : buf_append(out, slice_make(key, (size_t)n));
	mem_wipe(key, sizeof(key));
	return st;
}

void
daemon_ready(struct daemon *d)
{
	struct inherited *ready = find_fd(d, "ready", 0);

	if (ready == NULL)
		return;
	if (write(ready->fd, "1\n", 2) != 2)
		log_event(LOG_WARN, "net.daemon.ready_unheard", NULL, "why", strerror(errno));
	close(ready->fd);
	ready->fd = -1;
}

/* The process */

static void
set_process(const struct daemon *d)
{
	struct rlimit files;

	signal(SIGPIPE, SIG_IGN);
	/* Not SIGKILL: what is in hand is finished even when the supervisor was killed. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* No core file and no tracer: secrets pass through here.  Leak checkers trace. */
	if (!d->is_debug && !IS_SANITIZED)
		(void)prctl(PR_SET_DUMPABLE, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static enum status
give_up_rights(const struct daemon *d, struct problem *why)
{
	struct buf level = buf_init(LEVEL_MAX);
	struct log_line line;
	enum status st;

	if (d->spec->sandbox == NULL || d->is_debug || IS_SANITIZED)
		return STATUS_OK;
	st = sandbox_enter(d->spec->sandbox(d), &level, why);
	if (st == STATUS_OK) {
		log_begin(&line, LOG_INFO, "net.daemon.caged", NULL);
		log_slice(&line, "level", buf_slice(&level));
		log_end(&line);
	}
	buf_clear(&level);
	return st;
}

static void
on_stop_signal(void *ctx)
{
	struct daemon *d = ctx;

	/* Who asks twice does not want to wait. */
	if (d->is_stopping || d->spec->stop == NULL) {
		loop_stop(d->loop);
		return;
	}
	d->is_stopping = true;
	d->spec->stop(d);
}

static int
serve(struct daemon *d)
{
	const struct daemon_spec *spec = d->spec;
	struct problem why = { 0 };
	struct log_line line;
	enum status st;

	take_descriptors(d);
	set_process(d);
	d->loop = loop_new();
	loop_on_signal(d->loop, SIGTERM, on_stop_signal, d);
	loop_on_signal(d->loop, SIGINT, on_stop_signal, d);
	probe_listen(d->loop);
	st = spec->start(d, spec->settings_out, &why);
	if (st == STATUS_OK)
		st = give_up_rights(d, &why);
	if (st == STATUS_OK) {
		loop_run(d->loop);
	} else {
		log_begin(&line, LOG_ERROR, "net.daemon.not_started", NULL);
		log_status(&line, st, &why);
		log_end(&line);
	}
	if (spec->end != NULL)
		spec->end(d);
	loop_free(&d->loop);
	return st == STATUS_OK ? 0 : 1;
}

int
daemon_run(const struct daemon_spec *spec, int argc, char **argv)
{
	struct daemon d = { .spec = spec, .role = "" };
	struct problem why = { 0 };
	int code = take_options(&d, argc, argv);

	if (code >= 0)
		return code;
	log_open(spec->name, d.is_debug ? LOG_DEBUG : LOG_INFO);
	if (load_settings(spec, &why) != STATUS_OK) {
		if (d.is_check)
			fprintf(stderr, "%s: %s\n", spec->name, why.text);
		else
			log_event(LOG_ERROR, "net.daemon.settings_refused", NULL, "why", why.text);
		code = 1;
	} else {
		code = d.is_check ? 0 : serve(&d);
	}
	settings_free(spec->settings, spec->setting_count, spec->settings_out);
	for (size_t i = 0; i < d.fd_count; i++) {
		if (d.fds[i].fd >= 0)
			close(d.fds[i].fd);
		mem_free(d.fds[i].name);
	}
	mem_free(d.fds);
	return code;
}

struct loop *
daemon_loop(const struct daemon *d)
{
	return d->loop;
}

uint32_t
daemon_instance(const struct daemon *d)
{
	return d->instance;
}

const char *
daemon_role(const struct daemon *d)
{
	return d->role;
}

void
daemon_set_data(struct daemon *d, void *data)
{
	d->data = data;
}

void *
daemon_data(const struct daemon *d)
{
	return d->data;
}
