/*
 * scratch.h -- a directory of its own for a test, removed afterwards.
 * Only *_test.c files include it.
 */
#ifndef STORE_SCRATCH_H
#define STORE_SCRATCH_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SCRATCH_PATH_MAX 128

static inline void
scratch_make(char path[SCRATCH_PATH_MAX])
{
	const char *parent = getenv("TMPDIR");

	snprintf(path, SCRATCH_PATH_MAX, "%.90s/tradepost-test-XXXXXX",
	    parent != NULL ? parent : "/tmp");
	assert_non_null(mkdtemp(path));
}

static inline int
scratch_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void
scratch_remove(const char *path)
{
	assert_int_equal(nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
