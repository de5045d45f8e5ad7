#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "store/env_copy.h"
#include "store/scratch.h"

static const char *const tables[] = { "numbers" };

static void
numbers_put(struct env *e, uint32_t from, uint32_t to, const char *value)
{
	struct txn *t;

	for (; from < to; from += 50) {
		CHECK_STATUS(txn_begin_write(e, &t, NULL), STATUS_OK);
		for (uint32_t i = from; i < from + 50; i++)
			CHECK_STATUS(txn_put(t, 0, slice_make(&i, sizeof(i)), slice_from_cstr(value), NULL),
			    STATUS_OK);
		CHECK_STATUS(txn_commit(&t, NULL), STATUS_OK);
	}
}

/* Write a copy of what t sees to a directory, in steps of an odd size while writing goes on. */
static void
copy_out(const struct env_copy *c, const char *dir, size_t step, struct env *writer)
{
	char path[SCRATCH_PATH_MAX + 32], *bytes = malloc(step);
	int fd;

	snprintf(path, sizeof(path), "%s/data.mdb", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	for (uint64_t at = 0; at < c->size_bytes; at += step) {
		size_t n = c->size_bytes - at < step ? (size_t)(c->size_bytes - at) : step;

		CHECK_STATUS(env_copy_read(c, at, bytes, n, NULL), STATUS_OK);
		CHECK(write(fd, bytes, n) == (ssize_t)n);
		if (writer != NULL && at / step % 4 == 0)
			numbers_put(writer, 0, 100, "changed meanwhile");
	}
	close(fd);
	free(bytes);
}

static void
check_copy(const char *dir, uint32_t count, const char *value)
{
	struct env *e;
	struct txn *t;
	struct slice got;
	uint64_t rows = 0;

	CHECK_STATUS(env_open(dir, ENV_WRITE, tables, 1, &e, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_read(e, &t, NULL), STATUS_OK);
	CHECK_STATUS(txn_count(t, 0, &rows, NULL), STATUS_OK);
	CHECK_U64(rows, count);
	for (uint32_t i = 0; i < count; i++) {
		CHECK_STATUS(txn_get(t, 0, slice_make(&i, sizeof(i)), &got, NULL), STATUS_OK);
		CHECK_SLICE(got, value);
	}
	txn_abort(&t);
	numbers_put(e, 0, count + 1000, "written in the copy");	/* no page is used twice */
	CHECK_STATUS(txn_begin_read(e, &t, NULL), STATUS_OK);
	CHECK_STATUS(txn_count(t, 0, &rows, NULL), STATUS_OK);
	CHECK_U64(rows, count + 1000);
	txn_abort(&t);
	env_close(&e);
}

static void
a_copy_is_what_the_snapshot_sees_while_writing_goes_on(void **state)
{
	char from[SCRATCH_PATH_MAX], to[SCRATCH_PATH_MAX];
	struct env_copy c;
	struct env *e;
	struct txn *t;

	(void)state;
	scratch_make(from);
	scratch_make(to);
	CHECK_STATUS(env_open(from, ENV_WRITE, tables, 1, &e, NULL), STATUS_OK);
	numbers_put(e, 0, 3000, "as it was");
	CHECK_STATUS(txn_begin_read(e, &t, NULL), STATUS_OK);
	CHECK_STATUS(env_copy_begin(e, t, &c, NULL), STATUS_OK);
	numbers_put(e, 0, 3000, "later");
	copy_out(&c, to, 3 * (size_t)c.page_size, e);
	txn_abort(&t);
	env_close(&e);
	check_copy(to, 3000, "as it was");
	scratch_remove(from);
	scratch_remove(to);
}

static void
a_snapshot_that_the_writer_left_behind_is_stale(void **state)
{
	char from[SCRATCH_PATH_MAX];
	struct env_copy c;
	struct env *e;
	struct txn *t;

	(void)state;
	scratch_make(from);
	CHECK_STATUS(env_open(from, ENV_WRITE, tables, 1, &e, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_read(e, &t, NULL), STATUS_OK);
	CHECK_STATUS(env_copy_begin(e, t, &c, NULL), STATUS_OK);
	numbers_put(e, 0, 50, "one commit");
	CHECK_STATUS(env_copy_begin(e, t, &c, NULL), STATUS_OK);
	numbers_put(e, 0, 50, "two commits");
	CHECK_STATUS(env_copy_begin(e, t, &c, NULL), STATUS_STALE);
	txn_abort(&t);
	env_close(&e);
	scratch_remove(from);
}

int
main(void)
{
	const struct CMUnitTest tests_all[] = {
		cmocka_unit_test(a_copy_is_what_the_snapshot_sees_while_writing_goes_on),
		cmocka_unit_test(a_snapshot_that_the_writer_left_behind_is_stale),
	};

	return cmocka_run_group_tests(tests_all, NULL, NULL);
}
