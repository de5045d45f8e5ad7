/*
 * Pages that change under an environment that is open, or were damaged before: reading and writing
 * them says CORRUPT, the rest goes on.  One test, which opens what it needs itself: the frame around
 * it has handlers of its own before each.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "store/env.h"
#include "store/scratch.h"

#define RECORDS 400

static const char *const tables[] = { "one" };

static struct slice
key_of(unsigned i, char out[16])
{
	snprintf(out, 16, "key-%05u", i);
	return slice_from_cstr(out);
}

static void
fill(struct env *e)
{
	struct txn *t;
	char key[16];

	CHECK_STATUS(txn_begin_write(e, &t, NULL), STATUS_OK);
	for (unsigned i = 0; i < RECORDS; i++)
		CHECK_STATUS(txn_put(t, 0, key_of(i, key), SLICE("a value of some length"), NULL),
		    STATUS_OK);
	CHECK_STATUS(txn_commit(&t, NULL), STATUS_OK);
}

/* Write over part of the page that holds a record. */
static void
damage(const char *path, unsigned record, size_t at, int byte, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char name[SCRATCH_PATH_MAX + 16], key[16], bytes[65536], bad[4096];
	int fd;

	snprintf(name, sizeof(name), "%s/data.mdb", path);
	fd = open(name, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0 && page <= sizeof(bytes) && len <= sizeof(bad));
	memset(bad, byte, len);
	key_of(record, key);
	for (off_t i = 2; pread(fd, bytes, page, i * (off_t)page) == (ssize_t)page; i++) {
		/* A leaf: branches have keys, too. */
		if (bytes[10] == 2 && memmem(bytes, page, key, strlen(key)) != NULL)
			CHECK(pwrite(fd, bad, len, i * (off_t)page + (off_t)at) == (ssize_t)len);
	}
	close(fd);
}

/* Everything that can be asked for; how many records are there still. */
static unsigned
read_all(struct env *e)
{
	unsigned found = 0;
	struct cursor *c;
	struct slice key, value;
	struct txn *t;
	char text[16];
	enum status st;

	for (unsigned i = 0; i < RECORDS; i++) {
		CHECK_STATUS(txn_begin_read(e, &t, NULL), STATUS_OK);
		found += txn_get(t, 0, key_of(i, text), &value, NULL) == STATUS_OK;
		txn_abort(&t);
	}
	CHECK_STATUS(txn_begin_read(e, &t, NULL), STATUS_OK);
	CHECK_STATUS(cursor_open(t, 0, &c, NULL), STATUS_OK);
	st = cursor_seek(c, SLICE(""), &key, &value, NULL);
	for (unsigned i = 0; i < 2 * RECORDS && st == STATUS_OK; i++)
		st = cursor_next(c, &key, &value, NULL);
	for (unsigned i = 0; i < 3; i++)	/* nothing good comes of it, and nothing bad */
		(void)!cursor_next(c, &key, &value, NULL);
	cursor_close(&c);
	txn_abort(&t);
	return found;
}

/* Changes to each record, in a transaction of its own; how many could be made. */
static unsigned
write_all(struct env *e)
{
	unsigned done = 0;
	struct txn *t;
	char text[16];

	for (unsigned i = 0; i < RECORDS; i += 10) {
		struct slice key = key_of(i, text);
		enum status st;

		CHECK_STATUS(txn_begin_write(e, &t, NULL), STATUS_OK);
		st = i % 20 == 0 ? txn_put(t, 0, key, SLICE("another"), NULL) :
		    txn_delete(t, 0, key, NULL);
		if (st == STATUS_OK) {
			CHECK_STATUS(txn_commit(&t, NULL), STATUS_OK);
			done++;
		}
		txn_abort(&t);
	}
	return done;
}

static void
damage_under_an_open_one(void)
{
	static const struct {
		size_t at;
		int byte;
		size_t len;
	} kinds[] = {
		{ 0, 0, 4096 }, { 16, 0xff, 100 }, { 10, 0xff, 2 }, { 16, 0x0f, 100 },
		{ 12, 0xff, 4 }, { 10, 1, 1 }, { 1000, 0xff, 2000 },
	};
	char path[SCRATCH_PATH_MAX];
	unsigned found, done;
	struct env *e;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		scratch_make(path);
		CHECK_STATUS(env_open(path, ENV_WRITE, tables, 1, &e, NULL), STATUS_OK);
		fill(e);
		CHECK_U64(read_all(e), RECORDS);
		damage(path, 150, kinds[i].at, kinds[i].byte, kinds[i].len);
		found = read_all(e);
		CHECK(found >= RECORDS / 4 && found < RECORDS);
		done = write_all(e);
		CHECK(done >= RECORDS / 10 / 4 && done < RECORDS / 10);
		env_close(&e);
		scratch_remove(path);
	}
}

/* The whole file, to damage it again and again. */
struct image {
	char name[SCRATCH_PATH_MAX + 16];
	uint8_t bytes[64 * 4096];
	size_t len;
};

static void
image_read(struct image *im, const char *path)
{
	ssize_t n;
	int fd;

	snprintf(im->name, sizeof(im->name), "%s/data.mdb", path);
	fd = open(im->name, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	n = read(fd, im->bytes, sizeof(im->bytes));
	CHECK(n > 0 && (size_t)n < sizeof(im->bytes));
	im->len = (size_t)n;
	close(fd);
}

/* The file as it was, but for one byte; nothing was committed since. */
static void
image_write(const struct image *im, size_t at, uint8_t flip)
{
	uint8_t byte = im->bytes[at] ^ flip;
	int fd = open(im->name, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0 && write(fd, im->bytes, im->len) == (ssize_t)im->len);
	CHECK(pwrite(fd, &byte, 1, (off_t)at) == 1);
	close(fd);
}

/*
 * Changes to all records in one transaction, which begins again behind each that cannot be made, as
 * the committer's does; how many could be.  Nobody waits for the disk.
 */
static unsigned
change_all(struct env *e)
{
	unsigned done = 0;
	struct txn *t;
	char text[16];

	CHECK_STATUS(txn_begin_write(e, &t, NULL), STATUS_OK);
	for (unsigned i = 0; i < RECORDS; i++) {
		struct slice key = key_of(i, text);
		enum status st = i % 3 == 0 ? txn_put(t, 0, key, SLICE("another"), NULL) :
		    txn_delete(t, 0, key, NULL);

		if (st == STATUS_OK || st == STATUS_ABSENT) {
			done += st == STATUS_OK;
			continue;
		}
		txn_abort(&t);
		CHECK_STATUS(txn_begin_write(e, &t, NULL), STATUS_OK);
	}
	txn_abort(&t);
	return done;
}

/* One that is opened with the damage in it. */
static unsigned
open_and_change(const char *path)
{
	struct problem why = { "" };
	unsigned done;
	struct env *e;
	enum status st = env_open(path, ENV_WRITE, tables, 1, &e, &why);

	if (st != STATUS_OK) {	/* the pages that lead to the tables are read then */
		CHECK(st == STATUS_CORRUPT && why.text[0] != '\0');
		return 0;
	}
	done = change_all(e);
	env_close(&e);
	return done;
}

/* Each byte of what a writer trusts of each page: its head, and where its first entries are. */
static void
damage_of_any_byte_before(void)
{
	static const uint8_t flips[] = { 1, 0x80, 0xff };
	static struct image im;
	char path[SCRATCH_PATH_MAX];
	struct env *e;
	unsigned spoilt = 0;

	scratch_make(path);
	CHECK_STATUS(env_open(path, ENV_WRITE, tables, 1, &e, NULL), STATUS_OK);
	fill(e);
	fill(e);	/* so that there are free pages */
	env_close(&e);
	image_read(&im, path);
	CHECK_U64(open_and_change(path), RECORDS);
	for (size_t page = 2; page < im.len / 4096; page++) {
		for (size_t i = 0; i < 24 * ARRAY_LEN(flips); i++) {
			image_write(&im, page * 4096 + i / ARRAY_LEN(flips),
			    flips[i % ARRAY_LEN(flips)]);
			spoilt += open_and_change(path) < RECORDS;
		}
	}
	CHECK(spoilt > 100);
	scratch_remove(path);
}

static void
damaged_pages_cost_what_lies_on_them(void **state)
{
	(void)state;
	damage_under_an_open_one();
	damage_of_any_byte_before();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_pages_cost_what_lies_on_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
