/*
 * scratch.h -- a directory of its own for a test, removed afterwards.
 * Include base/check.h first.
 */
#ifndef STORE_SCRATCH_H
#define STORE_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#define SCRATCH_PATH_MAX 128

/* Make it; its path is written to path. */
static inline void
scratch_make(char path[SCRATCH_PATH_MAX])
{
	const char *parent = getenv("TMPDIR");

	snprintf(path, SCRATCH_PATH_MAX, "%.90s/tradepost-test-XXXXXX",
	    parent != NULL ? parent : "/tmp");
	assert_non_null(mkdtemp(path));
}

/* nftw() calls it for each entry. */
static inline int
scratch_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

/* Remove it with all that is in it. */
static inline void
scratch_remove(const char *path)
{
	assert_int_equal(nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
