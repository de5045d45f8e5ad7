#include "net/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/check.h"
#include "base/sandbox.h"
#include "net/testing.h"

#define FIRST_FD 3

struct settings {
	uint32_t limit;
	char *greeting;
};

static const struct setting rows[] = {
	{ "testd", "limit", SETTING_U32, offsetof(struct settings, limit), "7", 1, 9, "A limit." },
	{ "testd", "greeting", SETTING_TEXT, offsetof(struct settings, greeting), "hello", 0, 0,
	    "Words." },
};

enum { CODE_FACTS = 40 };	/* the child's exit code when a fact is not as it should be */

#define FACT(x) ((x) ? (void)0 : (fprintf(stderr, "not so: %s\n", #x), _exit(CODE_FACTS)))

static enum status
start(struct daemon *d, void *settings, struct problem *why)
{
	const struct settings *s = settings;
	struct buf key = buf_init(100);
	struct rlimit files;
	int death = 0;

	if (s->limit == 9) {
		problem_set(why, "nine is too many");
		return STATUS_LIMIT;
	}
	FACT(s->limit == 7 && strcmp(s->greeting, "hello") == 0);
	FACT(daemon_instance(d) == 3 && strcmp(daemon_role(d), "front") == 0);
	FACT(daemon_fd(d, "smtp", 0) == FIRST_FD && daemon_fd(d, "smtp", 1) == FIRST_FD + 2);
	FACT(daemon_fd(d, "smtp", 2) == -1 && daemon_fd(d, "imap", 0) == -1);
	FACT(fcntl(FIRST_FD, F_GETFD) == FD_CLOEXEC);
	FACT(daemon_key(d, "grant-key", &key) == STATUS_OK);
	FACT(slice_equal(buf_slice(&key), SLICE("secret")));
	FACT(daemon_key(d, "ticket-key", &key) == STATUS_ABSENT);
	buf_wipe(&key);
	FACT(getenv("LISTEN_FDS") == NULL);
	FACT(getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur == files.rlim_max);
	FACT(prctl(PR_GET_PDEATHSIG, &death) == 0 && death == SIGTERM);
	daemon_set_data(d, d);
	daemon_ready(d);
	daemon_ready(d);	/* once is enough */
	return STATUS_OK;
}

static void
stop(struct daemon *d)
{
	FACT(daemon_data(d) == d);
	loop_stop(daemon_loop(d));
}

static void
end(struct daemon *d)
{
	FACT(daemon_loop(d) != NULL);
}

static const struct sandbox_profile *
cage(const struct daemon *d)
{
	static const struct sandbox_profile nothing = { .may = 0 };

	(void)d;
	return &nothing;
}

/* Put src at number fd. */
static void
place(int src, int fd)
{
	FACT(dup2(src, fd) == fd);
	if (src != fd)
		close(src);
}

static void
pass_descriptors(int ready)
{
	int key = open("key", O_RDONLY);
	int null = open("/dev/null", O_RDONLY);
	int high[] = { fcntl(null, F_DUPFD, 50), fcntl(key, F_DUPFD, 50), fcntl(null, F_DUPFD, 50),
		fcntl(ready, F_DUPFD, 50) };

	for (int i = 0; i < 4; i++)
		place(high[i], FIRST_FD + i);
	setenv("LISTEN_FDS", "4", 1);
	setenv("LISTEN_FDNAMES", "smtp:grant-key:smtp:ready", 1);
}

/* Run the daemon in a child. */
static pid_t
launch(char **argv, int ready)
{
	struct settings settings = { 0 };
	struct daemon_spec spec = { "testd", rows, ARRAY_LEN(rows), &settings, NULL, start, stop,
		end, cage };
	int argc = 0;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	while (argv[argc] != NULL)
		argc++;
	if (ready >= 0)
		pass_descriptors(ready);
	argc = daemon_run(&spec, argc, argv);
	FACT(settings.greeting == NULL);
	fflush(stdout);
	_exit(argc);
}

static int
exit_code(pid_t pid)
{
	int how;

	CHECK(waitpid(pid, &how, 0) == pid);
	return WIFEXITED(how) ? WEXITSTATUS(how) : -WTERMSIG(how);
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	CHECK(f != NULL);
	fputs(text, f);
	fclose(f);
}

static void
a_daemon_starts_says_so_and_stops(void **state)
{
	char *argv[] = { "testd", "--instance", "3", "--role=front", NULL, NULL };
	static const int signals[] = { SIGTERM, SIGINT };
	char text[8] = "";
	int fds[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		pid_t pid;

		CHECK(pipe(fds) == 0);
		pid = launch(argv, fds[1]);
		close(fds[1]);
		CHECK_U64(read(fds[0], text, sizeof(text)), 2);
		assert_string_equal(text, "1\n");
		CHECK_U64(read(fds[0], text, sizeof(text)), 0);
		close(fds[0]);
		kill(pid, signals[i]);
		assert_int_equal(exit_code(pid), 0);
		argv[4] = "--debug";	/* not caged then */
	}
}

static void
options_and_settings_are_checked_first(void **state)
{
	static const struct {
		const char *option, *settings;
		int code;
	} cases[] = {
		{ "--check", NULL, 0 },
		{ "--check", "[testd]\nlimit = 3\n", 0 },
		{ "--check", "[other]\nlimit = many\n", 0 },
		{ "--check", "[testd]\nlimit = 10\n", 1 },
		{ "--role=x", "[testd]\nlimt = 3\n", 1 },
		{ "--role=x", "[testd]\nlimit = 9\n", 1 },	/* start() refuses */
		{ "--settings-help", "[testd]\nlimit = 10\n", 0 },
		{ "--version", NULL, 0 },
		{ "--instance=x", NULL, 2 },
		{ "--instance=10000", NULL, 2 },
		{ "--nonsense", NULL, 2 },
		{ "stray", NULL, 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char option[32];
		char *argv[] = { "testd", option, NULL };

		snprintf(option, sizeof(option), "%s", cases[i].option);
		if (cases[i].settings != NULL)
			write_file("../tradepost.conf", cases[i].settings);
		assert_int_equal(exit_code(launch(argv, -1)), cases[i].code);
		unlink("../tradepost.conf");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_daemon_starts_says_so_and_stops),
		cmocka_unit_test(options_and_settings_are_checked_first),
	};
	char folder[] = "/tmp/tradepost-daemon-XXXXXX";
	int failed;

	if (mkdtemp(folder) == NULL || chdir(folder) != 0 || mkdir("run", 0700) != 0 ||
	    chdir("run") != 0)
		return 1;
	write_file("key", "secret");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink("key");
	if (chdir("..") != 0 || rmdir("run") != 0)
		return 1;
	rmdir(folder);
	return failed;
}
