#include "store/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "store/scratch.h"

static const char *const tables[] = { "one", "two" };

struct place {
	char path[SCRATCH_PATH_MAX];
	struct env *env;
};

static int
setup(void **state)
{
	static struct place p;

	scratch_make(p.path);
	CHECK_STATUS(env_open(p.path, ENV_WRITE, tables, 2, &p.env, NULL), STATUS_OK);
	*state = &p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	env_close(&p->env);
	scratch_remove(p->path);
	return 0;
}

static void
fill(struct env *e, unsigned n)
{
	struct txn *t;
	char key[16];

	CHECK_STATUS(txn_begin_write(e, &t, NULL), STATUS_OK);
	for (unsigned i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "k%03u", i);
		CHECK_STATUS(txn_put(t, 0, slice_from_cstr(key), SLICE("value"), NULL), STATUS_OK);
	}
	CHECK_U64(txn_writes(t), n);
	CHECK_STATUS(txn_commit(&t, NULL), STATUS_OK);
	CHECK(t == NULL);
}

static void
what_is_committed_is_there_and_what_is_aborted_is_not(void **state)
{
	struct place *p = *state;
	struct slice v;
	struct txn *t;

	fill(p->env, 3);
	CHECK_STATUS(txn_begin_write(p->env, &t, NULL), STATUS_OK);
	CHECK_STATUS(txn_put(t, 1, SLICE("a"), SLICE("b"), NULL), STATUS_OK);
	CHECK_STATUS(txn_delete(t, 0, SLICE("k001"), NULL), STATUS_OK);
	CHECK_STATUS(txn_delete(t, 0, SLICE("k001"), NULL), STATUS_ABSENT);
	txn_abort(&t);
	for (int i = 0; i < 3; i++) {	/* the spare reader is used again */
		CHECK_STATUS(txn_begin_read(p->env, &t, NULL), STATUS_OK);
		CHECK_STATUS(txn_get(t, 0, SLICE("k001"), &v, NULL), STATUS_OK);
		CHECK_SLICE(v, "value");
		CHECK_STATUS(txn_get(t, 1, SLICE("a"), &v, NULL), STATUS_ABSENT);
		txn_abort(&t);
	}
}

static void
cursors_walk_both_ways_and_delete(void **state)
{
	struct place *p = *state;
	struct slice k, v;
	struct cursor *c;
	struct txn *t;

	fill(p->env, 4);
	CHECK_STATUS(txn_begin_write(p->env, &t, NULL), STATUS_OK);
	CHECK_STATUS(cursor_open(t, 0, &c, NULL), STATUS_OK);
	CHECK_STATUS(cursor_seek(c, SLICE("k0005"), &k, &v, NULL), STATUS_OK);
	CHECK_SLICE(k, "k001");
	CHECK_STATUS(cursor_delete(c, NULL), STATUS_OK);
	CHECK_STATUS(cursor_next(c, &k, &v, NULL), STATUS_OK);
	CHECK_SLICE(k, "k002");
	CHECK_STATUS(cursor_next(c, &k, &v, NULL), STATUS_OK);
	CHECK_SLICE(k, "k003");
	CHECK_STATUS(cursor_next(c, &k, &v, NULL), STATUS_ABSENT);
	CHECK_STATUS(cursor_before(c, SLICE("k002"), &k, &v, NULL), STATUS_OK);
	CHECK_SLICE(k, "k000");
	CHECK_STATUS(cursor_before(c, SLICE("k000"), &k, &v, NULL), STATUS_ABSENT);
	CHECK_STATUS(cursor_before(c, SLICE("z"), &k, &v, NULL), STATUS_OK);
	CHECK_SLICE(k, "k003");
	CHECK_STATUS(cursor_seek(c, SLICE("z"), &k, &v, NULL), STATUS_ABSENT);
	cursor_close(&c);
	txn_abort(&t);
}

static void
sizes_have_limits(void **state)
{
	struct place *p = *state;
	char big[ENV_VALUE_MAX + 1], key[ENV_KEY_MAX + 1];
	struct problem why = { "" };
	struct slice v;
	struct txn *t;

	memset(big, 'x', sizeof(big));
	memset(key, 'k', sizeof(key));
	CHECK_STATUS(txn_begin_write(p->env, &t, NULL), STATUS_OK);
	CHECK_STATUS(txn_put(t, 0, slice_make(key, ENV_KEY_MAX), slice_make(big, ENV_VALUE_MAX), NULL),
	    STATUS_OK);
	CHECK_STATUS(txn_put(t, 0, slice_make(key, ENV_KEY_MAX + 1), SLICE("v"), &why), STATUS_LIMIT);
	CHECK(why.text[0] != '\0');
	CHECK_STATUS(txn_put(t, 0, SLICE("k"), slice_make(big, sizeof(big)), NULL), STATUS_LIMIT);
	CHECK_STATUS(txn_put(t, 0, SLICE(""), SLICE("v"), NULL), STATUS_LIMIT);
	CHECK_STATUS(txn_put(t, 0, SLICE("k"), SLICE(""), NULL), STATUS_LIMIT);
	CHECK_STATUS(txn_commit(&t, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_read(p->env, &t, NULL), STATUS_OK);
	CHECK_STATUS(txn_get(t, 0, slice_make(key, ENV_KEY_MAX), &v, NULL), STATUS_OK);
	CHECK_U64(v.len, ENV_VALUE_MAX);
	CHECK_STATUS(txn_get(t, 0, slice_make(key, ENV_KEY_MAX + 1), &v, NULL), STATUS_ABSENT);
	txn_abort(&t);
}

/* Flip a bit of the value in the file while the environment is closed. */
static void
damage(const char *dir, const char *value)
{
	char path[SCRATCH_PATH_MAX + 16];
	static char file[1 << 20];
	size_t len, at;
	FILE *f;

	snprintf(path, sizeof(path), "%s/data.mdb", dir);
	f = fopen(path, "r+b");
	CHECK(f != NULL);
	len = fread(file, 1, sizeof(file), f);
	for (;;) {
		at = slice_find(slice_make(file, len), slice_from_cstr(value));
		if (at == len)
			break;
		file[at] ^= 1;
	}
	rewind(f);
	CHECK(fwrite(file, 1, len, f) == len);
	fclose(f);
}

static void
a_damaged_record_costs_that_record_only(void **state)
{
	struct place *p = *state;
	struct problem why = { "" };
	struct slice k, v;
	struct cursor *c;
	struct txn *t;

	fill(p->env, 3);
	CHECK_STATUS(txn_begin_write(p->env, &t, NULL), STATUS_OK);
	CHECK_STATUS(txn_put(t, 0, SLICE("k001"), SLICE("precious"), NULL), STATUS_OK);
	CHECK_STATUS(txn_commit(&t, NULL), STATUS_OK);
	env_close(&p->env);
	damage(p->path, "precious");
	CHECK_STATUS(env_open(p->path, ENV_READ, tables, 2, &p->env, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_read(p->env, &t, NULL), STATUS_OK);
	CHECK_STATUS(txn_get(t, 0, SLICE("k001"), &v, &why), STATUS_CORRUPT);
	CHECK(strstr(why.text, "6b303031") != NULL);
	CHECK_STATUS(cursor_open(t, 0, &c, NULL), STATUS_OK);
	CHECK_STATUS(cursor_seek(c, SLICE("k000"), &k, &v, NULL), STATUS_OK);
	CHECK_STATUS(cursor_next(c, &k, &v, NULL), STATUS_CORRUPT);
	CHECK_STATUS(cursor_next(c, &k, &v, NULL), STATUS_OK);
	CHECK_SLICE(k, "k002");
	cursor_close(&c);
	txn_abort(&t);
}

/* What a process of its own finds when it opens the environment. */
static enum status
open_elsewhere(const char *path, enum env_mode mode)
{
	pid_t child = fork();
	int code;

	if (child == 0) {
		struct env *e = NULL;

		_exit((int)env_open(path, mode, tables, 2, &e, NULL));
	}
	CHECK(waitpid(child, &code, 0) == child && WIFEXITED(code));
	return (enum status)WEXITSTATUS(code);
}

static void
there_is_one_writer_and_many_readers(void **state)
{
	struct place *p = *state;

	CHECK_STATUS(open_elsewhere(p->path, ENV_WRITE), STATUS_BUSY);
	CHECK_STATUS(open_elsewhere(p->path, ENV_READ), STATUS_OK);
}

static void
what_cannot_be_opened_says_so(void **state)
{
	struct place *p = *state;
	char path[SCRATCH_PATH_MAX + 16];
	struct env *e = NULL;
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "%s/data.mdb", p->path);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0640);
	snprintf(path, sizeof(path), "%s/lock.mdb", p->path);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0660);
	snprintf(path, sizeof(path), "%s/none", p->path);
	CHECK_STATUS(env_open(path, ENV_WRITE, tables, 2, &e, NULL), STATUS_ABSENT);
	CHECK(mkdir(path, 0700) == 0);
	CHECK_STATUS(env_open(path, ENV_READ, tables, 2, &e, NULL), STATUS_ABSENT);
	snprintf(path, sizeof(path), "%s/none/data.mdb", p->path);
	f = fopen(path, "w");
	CHECK(f != NULL);
	for (int i = 0; i < 8192; i++)
		fputc('x', f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/none", p->path);
	CHECK_STATUS(env_open(path, ENV_READ, tables, 2, &e, NULL), STATUS_CORRUPT);
	CHECK(e == NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		ROW(what_is_committed_is_there_and_what_is_aborted_is_not),
		ROW(cursors_walk_both_ways_and_delete),
		ROW(sizes_have_limits),
		ROW(a_damaged_record_costs_that_record_only),
		ROW(there_is_one_writer_and_many_readers),
		ROW(what_cannot_be_opened_says_so),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
