#include "base/mem.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

static void
new_memory_is_zeroed_also_for_nothing(void **state)
{
	char *some = mem_array(char, 1000);
	char *none = mem_array(char, 0);
	size_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		CHECK(some[i] == 0);
	CHECK(none != NULL);
	some = mem_resize(some, 0, 1);
	CHECK(some != NULL);
	mem_free(some);
	mem_free(none);
	mem_free(NULL);
}

static void
a_copy_ends_with_a_nul(void **state)
{
	char *text = mem_dup(SLICE("a\0b"));
	char *empty = mem_dup(slice_make(NULL, 0));

	(void)state;
	assert_memory_equal(text, "a\0b", 4);
	assert_string_equal(empty, "");
	mem_wipe(text, 3);
	assert_memory_equal(text, "\0\0\0", 4);
	mem_wipe(NULL, 0);
	mem_free(text);
	mem_free(empty);
}

/* The address sanitizer asks here: allocators shall answer NULL, as the C library's does. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void
break_an_assertion(void)
{
	ASSERT(1 + 1 == 3);
}

static void
ask_for_too_much(void)
{
	mem_free(mem_zeroed(SIZE_MAX / 2, 4));
}

/* Runs it in a child with its standard error in out; true when SIGABRT ended the child. */
static bool
aborts(void (*run)(void), char *out, size_t size)
{
	int pipe_fds[2], status = 0;
	size_t len = 0;
	ssize_t n;
	pid_t child;

	CHECK(pipe(pipe_fds) == 0);
	child = fork();
	if (child == 0) {
		dup2(pipe_fds[1], STDERR_FILENO);
		run();
		_exit(0);
	}
	close(pipe_fds[1]);
	while ((n = read(pipe_fds[0], out + len, size - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(pipe_fds[0]);
	CHECK(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void
a_broken_assertion_ends_the_process_with_its_place(void **state)
{
	char said[65536];

	(void)state;
	CHECK(aborts(break_an_assertion, said, sizeof(said)));
	CHECK(strstr(said, "event=base.assert.failed what=\"1 + 1 == 3\" file=") != NULL);
}

static void
want_of_memory_ends_the_process(void **state)
{
	char said[65536];

	(void)state;
	CHECK(aborts(ask_for_too_much, said, sizeof(said)));
	CHECK(strstr(said, "event=base.memory.exhausted count=") != NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_memory_is_zeroed_also_for_nothing),
		cmocka_unit_test(a_copy_ends_with_a_nul),
		cmocka_unit_test(a_broken_assertion_ends_the_process_with_its_place),
		cmocka_unit_test(want_of_memory_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
