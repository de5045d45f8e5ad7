/*
 * testing.h -- for the tests of this room: turn a loop until something has
 * happened, and count open descriptors.  Include base/check.h first.
 */
#ifndef NET_TESTING_H
#define NET_TESTING_H

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/loop.h"

#define TESTING_PATIENCE_MS 20000

/* loop_stop() as a callback. */
static inline void
testing_stop(void *ctx)
{
	loop_stop(ctx);
}

/* Turn for ms and return. */
static inline void
testing_turn(struct loop *l, uint64_t ms)
{
	struct timer *t = timer_new(l, testing_stop, l);

	timer_set(t, ms);
	loop_run(l);
	timer_free(&t);
}

/* Turn until *count reaches want; the test fails when that takes too long. */
static inline void
testing_until(struct loop *l, const size_t *count, size_t want)
{
	uint64_t end = clock_monotonic_ms() + TESTING_PATIENCE_MS;

	while (*count < want && clock_monotonic_ms() < end)
		testing_turn(l, 1);
	CHECK_U64(*count, want);
}

/* Descriptors open in this process, and one or two more; compare it with itself only. */
static inline size_t
testing_open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	CHECK(d != NULL);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

#endif
