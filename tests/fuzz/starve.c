#include "tests/fuzz/starve.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX (64 * 1024)

enum { HIT = 77 };	/* exit code of a child whose allocation failed, and that went on */

/* Bounds of the program, by the linker: who allocates from within is one of us. */
extern const char __executable_start, etext;

/* The real ones: the sanitizer's where there is one, else the C library's. */
void *__interceptor_malloc(size_t n) __attribute__((weak));
void *__interceptor_calloc(size_t count, size_t size) __attribute__((weak));
void *__interceptor_realloc(void *p, size_t n) __attribute__((weak));
void __interceptor_free(void *p) __attribute__((weak));
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

/* malloc() has nobody to pass it a struct. */
static struct {
	unsigned left;	/* allocations until the one that fails; 0: none will */
	bool is_hit;
} s;

static bool
fails(const void *caller)
{
	bool is_ours = (uintptr_t)caller >= (uintptr_t)&__executable_start &&
	    (uintptr_t)caller < (uintptr_t)&etext;

	if (s.left == 0 || is_ours || --s.left > 0)
		return false;
	s.is_hit = true;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t n)
{
	if (fails(__builtin_return_address(0)))
		return NULL;
	return __interceptor_malloc != NULL ? __interceptor_malloc(n) : __libc_malloc(n);
}

void *
calloc(size_t count, size_t size)
{
	if (fails(__builtin_return_address(0)))
		return NULL;
	return __interceptor_calloc != NULL ? __interceptor_calloc(count, size) :
	    __libc_calloc(count, size);
}

void *
realloc(void *p, size_t n)
{
	if (fails(__builtin_return_address(0)))
		return NULL;
	return __interceptor_realloc != NULL ? __interceptor_realloc(p, n) : __libc_realloc(p, n);
}

void
free(void *p)
{
	if (__interceptor_free != NULL)
		__interceptor_free(p);
	else
		__libc_free(p);
}

static _Noreturn void
child(void (*run)(struct slice input), struct slice input, unsigned n, int said)
{
	if (dup2(said, STDERR_FILENO) < 0)
		_exit(2);
	s.left = n;
	run(input);
	s.left = 0;
	_exit(s.is_hit ? HIT : 0);
}

/* Whether a child that was killed may have been. */
static bool
may_end(const char *said)
{
	return strstr(said, "event=base.memory.exhausted") != NULL ||
	    (strstr(said, "event=base.assert.failed") != NULL && strstr(said, "tests/fuzz/") != NULL);
}

/* False when no allocation failed: the run has passed. */
static bool
try(void (*run)(struct slice input), struct slice input, unsigned n, int said)
{
	char text[SAID_MAX + 1];
	ssize_t len;
	pid_t pid;
	int how;

	if (ftruncate(said, 0) != 0 || lseek(said, 0, SEEK_SET) != 0)
		abort();
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(run, input, n, said);
	if (pid < 0 || waitpid(pid, &how, 0) != pid)
		abort();
	len = pread(said, text, SAID_MAX, 0);
	text[len < 0 ? 0 : len] = '\0';
	if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
		return false;
	if (WIFEXITED(how) ? WEXITSTATUS(how) == HIT : may_end(text))
		return true;
	fprintf(stderr, "%s\nwith allocation %u failing it ended with %#x\n", text, n, (unsigned)how);
	exit(1);
}

unsigned
starve(void (*run)(struct slice input), struct slice input, unsigned budget)
{
	int said = memfd_create("said", MFD_CLOEXEC);
	unsigned n = 0;

	if (said < 0)
		abort();
	while (n < budget && try(run, input, n + 1, said))
		n++;
	close(said);
	return n;
}
