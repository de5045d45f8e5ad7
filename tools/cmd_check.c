/*
 * mailadm check: settings, permissions and certificates, without touching the
 * store.  Every problem is one line; the exit code is 1 when there is any.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "tools/certificate.h"
#include "tools/command.h"
#include "tools/endpoints.h"
#include "tools/instance.h"
#include "tools/print.h"
#include "tools/programs.h"
#include "tools/serve_settings.h"

struct check {
	bool is_json;
	unsigned problems;
};

static void
found(struct check *c, const char *what, const char *text)
{
	c->problems++;
	if (c->is_json) {
		json_t *row = json_object();

		print_set(row, "what", slice_from_cstr(what));
		print_set(row, "problem", slice_from_cstr(text));
		print_json(row);
		json_decref(row);
	} else {
		printf("%s: %s\n", what, text);
	}
}

/* Nobody but the owner may read what holds mail, passwords or keys. */
static void
check_permissions(struct check *c)
{
	static const struct {
		const char *path, *name;
		mode_t forbidden;
	} rows[] = {
		{ "..", "the instance's directory", 0022 },
		{ "../store", "store/", 0027 },
		{ "../policy", "policy/", 0077 },
		{ ".", "run/", 0022 },
		{ INSTANCE_CONF, "tradepost.conf", 0022 },
		{ INSTANCE_KEY, "tls/key.pem", 0077 },
		{ INSTANCE_CERT, "tls/cert.pem", 0022 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct stat s;
		char text[128];

		if (lstat(rows[i].path, &s) != 0) {
			found(c, rows[i].name, strerror(errno));
		} else if (s.st_mode & rows[i].forbidden) {
			snprintf(text, sizeof(text),
			    "others may read or change it: chmod %03o", s.st_mode & 0777 &
				~rows[i].forbidden);
			found(c, rows[i].name, text);
		} else if (s.st_uid != geteuid() && geteuid() != 0) {
			found(c, rows[i].name, "belongs to somebody else");
		}
	}
}

static void
check_certificate(struct check *c)
{
	struct problem why = { "" };
	uint64_t ends_at, now = clock_now_s();
	char text[64];

	if (certificate_end(&ends_at, &why) != STATUS_OK) {
		found(c, "tls/cert.pem", why.text);
	} else if (ends_at < now + 30 * 86400) {
		snprintf(text, sizeof(text), ends_at < now ? "it has ended" : "it ends in %u days",
		    (unsigned)((ends_at - now) / 86400));
		found(c, "tls/cert.pem", text);
	}
}

/* Each daemon knows its own settings: PROGRAM --check prints what is wrong with them. */
static void
check_program(struct check *c, const char *dir, const char *program)
{
	char command[PROGRAMS_DIR_MAX + 64], line[512];
	int pipe_fds[2], wait_status = 0;
	FILE *from;
	pid_t pid;

	snprintf(command, sizeof(command), "%s/%s", dir, program);
	if (pipe(pipe_fds) != 0)
		return;
	pid = fork();
	if (pid == 0) {
		dup2(pipe_fds[1], STDOUT_FILENO);
		dup2(pipe_fds[1], STDERR_FILENO);
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		execl(command, command, "--check", (char *)NULL);
		_exit(127);
	}
	close(pipe_fds[1]);
	from = fdopen(pipe_fds[0], "r");
	while (from != NULL && fgets(line, sizeof(line), from) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		found(c, program, line);
	}
	if (from != NULL)
		fclose(from);
	if (pid > 0)
		waitpid(pid, &wait_status, 0);
	if (pid < 0 || (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 127))
		found(c, program, "cannot be run");
}

static void
check_listeners(struct check *c, const struct serve_settings *s)
{
	unsigned count = 0;

	for (size_t i = 0; i < LISTEN_COUNT; i++) {
		struct problem why = { "" };

		count += s->listen[i][0] != '\0';
		if (endpoints_check_tcp(listen_names[i], s->listen[i], &why) != STATUS_OK)
			found(c, "serve", why.text);
	}
	if (count == 0)
		found(c, "serve", "nothing listens: [listen] names no address");
}

static bool
section_is_known(struct slice name)
{
	static const char *const names[] = { "serve", "listen", "store", "policy", "smtp", "imap",
		"pop3", "fetch", "relay", "dns" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_equal(slice_from_cstr(names[i]), name))
			return true;
	return false;
}

/* Each program passes over the sections of others: one that is nobody's would do nothing unseen. */
static void
check_sections(struct check *c)
{
	FILE *file = fopen(INSTANCE_CONF, "r");
	char line[SETTINGS_LINE_MAX + 2], text[256];

	for (unsigned n = 1; file != NULL && fgets(line, sizeof(line), file) != NULL; n++) {
		struct slice s = slice_trim(slice_from_cstr(line));

		if (!slice_starts(s, SLICE("[")) || !slice_ends(s, SLICE("]")))
			continue;
		s = slice_trim(slice_sub(s, 1, s.len - 2));
		if (section_is_known(s))
			continue;
		s.len = s.len < 60 ? s.len : 60;
		snprintf(text, sizeof(text), "%s:%u: no section [%.*s]", INSTANCE_CONF, n,
		    SLICE_ARG(s));
		found(c, "serve", text);
	}
	if (file != NULL)
		fclose(file);
}

static void
check_settings(struct check *c)
{
	static const char *const programs[] = { "stored", "policyd", "smtpd", "imapd", "pop3d",
		"fetchd", "relayd" };
	struct serve_settings settings;
	struct problem why = { "" };
	char dir[PROGRAMS_DIR_MAX];

	if (serve_settings_load(&settings, &why) != STATUS_OK) {
		found(c, "serve", why.text);
	} else {
		check_listeners(c, &settings);
		serve_settings_free(&settings);
	}
	check_sections(c);
	programs_dir(dir);
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		check_program(c, dir, programs[i]);
}

enum status
cmd_check(const struct invocation *in, struct problem *why)
{
	struct check c = { .is_json = in->is_json };
	enum status st;

	if (in->argc > 0) {
		problem_set(why, "check takes nothing");
		return STATUS_SYNTAX;
	}
	st = instance_enter(in->dir, why);
	if (st != STATUS_OK)
		return st;
	fflush(stdout);
	check_permissions(&c);
	check_certificate(&c);
	check_settings(&c);
	if (c.problems > 0) {
		problem_set(why, "%u problem%s", c.problems, c.problems == 1 ? "" : "s");
		return STATUS_DENIED;
	}
	if (!in->is_json)
		printf("all is well\n");
	return STATUS_OK;
}
