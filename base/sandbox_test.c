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
#include <sys/resource.h>
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
can_change_mode(void)
{
	return chmod("inside", 0644) == 0;
}

/* The folder as the root directory. */
static bool
can_read_from_root(void)
{
	return can_read("/inside");
}

static bool
can_be_root(void)
{
	return setuid(0) == 0 || geteuid() == 0;
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

static void *
wait_for_ever(void *arg)
{
	for (;;)
		pause();
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

static bool
can_signal_a_thread(void)
{
	return tgkill(getppid(), getppid(), 0) == 0;
}

static bool
can_signal_itself(void)
{
	return tgkill(getpid(), getpid(), 0) == 0;
}

static bool
can_limit_others(void)
{
	struct rlimit files;

	return prlimit(getppid(), RLIMIT_NOFILE, NULL, &files) == 0;
}

static bool
can_have_core_files(void)
{
	struct rlimit core;

	return getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max > 0;
}

static bool
can_take_much_memory(void)
{
	void *much = mmap(NULL, (size_t)5 << 30, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return much != MAP_FAILED && !IS_SANITIZED;
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
	static const struct sandbox_profile none = { .may = 0 };
	static const struct sandbox_profile reads = { .may = SANDBOX_OPEN, .paths = readable,
		.path_count = 1 };
	static const struct sandbox_profile writes = { .may = SANDBOX_OPEN, .paths = writable,
		.path_count = 1 };
	static const struct sandbox_profile talks = { .may = SANDBOX_CONNECT_UNIX |
		SANDBOX_THREADS };
	static const struct sandbox_profile dials = { .may = SANDBOX_CONNECT_TCP };
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
		{ &none, can_signal_a_thread, REFUSED },
		{ &none, can_signal_itself, ALLOWED },
		{ &none, can_limit_others, REFUSED },
		{ &none, can_have_core_files, REFUSED },
		{ &none, can_take_much_memory, REFUSED },
		{ &none, can_exec, KILLED },
		{ &none, can_trace, KILLED },
		{ &reads, can_read_inside, ALLOWED },
		{ &reads, can_read_outside, REFUSED },
		{ &reads, can_write_inside, REFUSED },
		{ &reads, can_make_folder_inside, REFUSED },
		{ &reads, can_change_mode, REFUSED },
		{ &reads, can_exec, KILLED },
		{ &writes, can_make_folder_inside, ALLOWED },
		{ &writes, can_write_inside, ALLOWED },
		{ &writes, can_change_mode, ALLOWED },
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

static void
nobody_enters_with_threads_outside(void **state)
{
	static const struct sandbox_profile none = { .may = 0 };
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct buf level = buf_init(256);
		pthread_t thread;

		if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
			_exit(100);
		_exit((int)sandbox_enter(&none, &level, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), STATUS_DENIED);
}

static void
root_becomes_a_user_in_a_part_of_the_file_system(void **state)
{
	static const struct sandbox_path readable[] = { { ".", SANDBOX_READ } };
	static const struct sandbox_profile nobody = { .may = SANDBOX_OPEN, .paths = readable,
		.path_count = 1, .user = "nobody", .root = "." };
	static const struct sandbox_profile unknown = { .user = "tradepost-unheard-of" };
	struct buf level = buf_init(256);

	(void)state;
	if (geteuid() != 0)
		skip();
	CHECK(attempt(&nobody, can_read_from_root) == ALLOWED);
	CHECK(attempt(&nobody, can_read_inside) == ALLOWED);
	CHECK(attempt(&nobody, can_read_outside) == REFUSED);
	CHECK(attempt(&nobody, can_be_root) == REFUSED);
	CHECK_STATUS(sandbox_enter(&unknown, &level, NULL), STATUS_ABSENT);
	CHECK_U64(level.len, 0);
	CHECK_U64(geteuid(), 0);
}

static int
make_folder(void **state)
{
	int fd;

	(void)state;
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	fd = open("inside", O_WRONLY | O_CREAT, 0644);
	if (fchmod(fd, 0644) != 0 || chmod(".", 0711) != 0)
		return -1;
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
		cmocka_unit_test(nobody_enters_with_threads_outside),
		cmocka_unit_test(root_becomes_a_user_in_a_part_of_the_file_system),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
