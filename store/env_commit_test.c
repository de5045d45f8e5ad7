/*
 * Commits that fail: a disk that is full costs the commit, and all goes on; after a write of the
 * meta page that failed LMDB refuses everything, so the process has to end.
 *
 * This program's own pwrite() and writev() stand before the C library's, for LMDB too.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/check.h"
#include "store/env.h"
#include "store/scratch.h"

static const char *const tables[] = { "one" };

/* Which writes fail, with ENOSPC. */
static enum { FAIL_NONE, FAIL_DATA, FAIL_META } failing;

static ssize_t
write_or_fail(const char *name, int fd, const void *bytes, size_t len, off_t at)
{
	ssize_t (*next)(int fd, const void *bytes, size_t len, off_t at);
	bool is_meta = at < 2 * (off_t)sysconf(_SC_PAGESIZE) && len < 512;

	if (failing == (is_meta ? FAIL_META : FAIL_DATA)) {
		if (is_meta)
			failing = FAIL_NONE;	/* the old one can be written back */
		errno = ENOSPC;
		return -1;
	}
	*(void **)&next = dlsym(RTLD_NEXT, name);
	return next(fd, bytes, len, at);
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return write_or_fail("pwrite", fd, bytes, len, at);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
	return write_or_fail("pwrite64", fd, bytes, len, at);
}

/* Pages that lie together. */
ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	ssize_t (*next)(int fd, const struct iovec *parts, int count);

	if (failing == FAIL_DATA) {
		errno = ENOSPC;
		return -1;
	}
	*(void **)&next = dlsym(RTLD_NEXT, "writev");
	return next(fd, parts, count);
}

static enum status
put(struct env *e, const char *value)
{
	struct txn *t = NULL;
	enum status st = txn_begin_write(e, &t, NULL);

	if (st != STATUS_OK)
		return st;
	CHECK_STATUS(txn_put(t, 0, SLICE("key"), slice_from_cstr(value), NULL), STATUS_OK);
	return txn_commit(&t, NULL);
}

static void
check_value(struct env *e, const char *value)
{
	struct slice got;
	struct txn *t = NULL;

	CHECK_STATUS(txn_begin_read(e, &t, NULL), STATUS_OK);
	CHECK_STATUS(txn_get(t, 0, SLICE("key"), &got, NULL), STATUS_OK);
	CHECK_SLICE(got, value);
	txn_abort(&t);
}

static void
what_a_failed_commit_means_is_said(void **state)
{
	char path[SCRATCH_PATH_MAX];
	struct env *e = NULL;

	(void)state;
	scratch_make(path);
	CHECK_STATUS(env_open(path, ENV_WRITE, tables, 1, &e, NULL), STATUS_OK);
	CHECK_STATUS(put(e, "one"), STATUS_OK);
	failing = FAIL_DATA;
	CHECK_STATUS(put(e, "two"), STATUS_BUSY);
	failing = FAIL_NONE;
	check_value(e, "one");
	CHECK_STATUS(put(e, "three"), STATUS_OK);
	failing = FAIL_META;
	CHECK_STATUS(put(e, "four"), STATUS_IO);
	CHECK(failing == FAIL_NONE);
	env_close(&e);
	CHECK_STATUS(env_open(path, ENV_WRITE, tables, 1, &e, NULL), STATUS_OK);
	check_value(e, "three");
	CHECK_STATUS(put(e, "five"), STATUS_OK);
	check_value(e, "five");
	env_close(&e);
	scratch_remove(path);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_failed_commit_means_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
