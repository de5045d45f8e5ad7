#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"

static char folder[] = "/tmp/sandbox_test.XXXXXX";

static bool
can_read(const char *path)
{
	int fd = open(path, O_RDONLY);

	return fd >= 0 && close(fd) == 0;
}

static bool
can_read_outside(void)
{
	return can_read("/etc/passwd");
}

static bool
can_read_inside(void)
{
	return can_read("inside");
}

static bool
can_write_inside(void)
{
	int fd = open("inside", O_WRONLY);

	return fd >= 0 && close(fd) == 0;
}

static bool
can_make_folder_inside(void)
{
	return mkdir("folder", 0700) == 0;
}

static bool
can_make_socket(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	return fd >= 0 && close(fd) == 0;
}

static bool
can_tcp(void)
{
	return can_make_socket(AF_INET);
}

static bool
can_unix(void)
{
	return can_make_socket(AF_UNIX);
}

static void *
nothing(void *arg)
{
	return arg;
}

static bool
can_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, nothing, NULL) == 0 &&
	    pthread_join(thread, NULL) == 0;
}

static bool
can_make_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page != MAP_FAILED;
}

static bool
can_exec(void)
{
	char *argv[] = { (char *)(uintptr_t) "true", NULL };

	execv("/bin/true", argv);
	return false;
}

static bool
can_trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool
can_signal_others(void)
{
	return kill(getppid(), 0) == 0;
}

enum outcome { ALLOWED, REFUSED, KILLED };

/* A child enters the cage and tries; as the outcome, what became of it. */
static enum outcome
attempt(const struct sandbox_profile *p, bool (*act)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct buf level = buf_init(256);
		struct problem why = { "" };

		if (chdir(folder) != 0 || sandbox_enter(p, &level, &why) != STATUS_OK) {
			if (write(2, why.text, strlen(why.text)) < 0)
				_exit(4);
			_exit(3);
		}
		_exit(act() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? KILLED : REFUSED;
	assert_true(WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 0 ? ALLOWED : REFUSED;
}

static void
a_cage_holds_what_its_profile_says(void **state)
{
	static const struct sandbox_path readable[] = { { ".", SANDBOX_READ } };
	static const struct sandbox_path writable[] = { { ".", SANDBOX_WRITE } };
	static const struct sandbox_profile none = { 0, NULL, 0, NULL };
	static const struct sandbox_profile reads = { SANDBOX_OPEN, readable, 1, NULL };
	static const struct sandbox_profile writes = { SANDBOX_OPEN, writable, 1, NULL };
	static const struct sandbox_profile talks = { SANDBOX_CONNECT_UNIX | SANDBOX_THREADS, NULL,
		0, NULL };
	static const struct sandbox_profile dials = { SANDBOX_CONNECT_TCP, NULL, 0, NULL };
	static const struct {
		const struct sandbox_profile *profile;
		bool (*act)(void);
		enum outcome want;
	} rows[] = {
		{ &none, can_read_inside, REFUSED },
		{ &none, can_unix, REFUSED },
		{ &none, can_tcp, REFUSED },
		{ &none, can_thread, REFUSED },
		{ &none, can_make_code, REFUSED },
		{ &none, can_signal_others, REFUSED },
		{ &none, can_exec, KILLED },
		{ &none, can_trace, KILLED },
		{ &reads, can_read_inside, ALLOWED },
		{ &reads, can_read_outside, REFUSED },
		{ &reads, can_write_inside, REFUSED },
		{ &reads, can_make_folder_inside, REFUSED },
		{ &reads, can_exec, KILLED },
		{ &writes, can_make_folder_inside, ALLOWED },
		{ &writes, can_write_inside, ALLOWED },
		{ &talks, can_unix, ALLOWED },
		{ &talks, can_thread, ALLOWED },
		{ &talks, can_tcp, REFUSED },
		{ &talks, can_read_inside, REFUSED },
		{ &dials, can_tcp, ALLOWED },
		{ &dials, can_unix, REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum outcome got = attempt(rows[i].profile, rows[i].act);

		if (got != rows[i].want)
			fail_msg("row %zu: outcome %d, want %d", i, got, rows[i].want);
	}
}

static int
make_folder(void **state)
{
	int fd;

	(void)state;
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	fd = open("inside", O_WRONLY | O_CREAT, 0600);
	return fd < 0 ? -1 : close(fd);
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink("inside");
	rmdir("folder");
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cage_holds_what_its_profile_says),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
