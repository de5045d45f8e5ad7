/* The version of the directory as a whole. */
#include "base/bytes.h"
#include "policy/directory_internal.h"

#define VERSION_KEY SLICE("version")
#define FIRST_VERSION 1	/* of one that does not say its own */

enum status
directory_number_get(struct txn *t, struct slice name, uint64_t *out, struct problem *why)
{
	struct slice value;
	struct reader in;
	uint64_t n;
	enum status st = txn_get(t, TABLE_META, name, &value, why);

	if (st == STATUS_ABSENT)
		return STATUS_OK;
	if (st != STATUS_OK)
		return st;
	in = reader_of(value);
	if (read_u8(&in) != 1)
		reader_fail(&in);
	n = read_u64le(&in);
	if (!reader_at_end(&in) || n == 0) {
		problem_set(why, "the directory's own record \"%.*s\" cannot be read: restore a "
		    "backup", SLICE_ARG(name));
		return STATUS_CORRUPT;
	}
	*out = n;
	return STATUS_OK;
}

enum status
directory_number_put(struct txn *t, struct slice name, uint64_t n, struct problem *why)
{
	struct buf value = buf_init(16);
	enum status st;

	put_u8(&value, 1);
	put_u64le(&value, n);
	st = txn_put(t, TABLE_META, name, buf_slice(&value), why);
	buf_clear(&value);
	return st;
}

enum status
directory_version_check(struct txn *t, struct problem *why)
{
	uint64_t version = FIRST_VERSION;
	enum status st = directory_number_get(t, VERSION_KEY, &version, why);

	if (st != STATUS_OK || version <= DIRECTORY_VERSION)
		return st;
	problem_set(why, "the directory of people is of version %llu, this program knows version "
	    "%u: install a newer one", (unsigned long long)version, DIRECTORY_VERSION);
	return STATUS_CORRUPT;
}

enum status
directory_version_put(struct txn *t, struct problem *why)
{
	return directory_number_put(t, VERSION_KEY, DIRECTORY_VERSION, why);
}

enum status
directory_look(const char *path, struct problem *why)
{
	static const char *const meta[] = { "meta" };	/* TABLE_META is the first */
	struct env *e = NULL;
	struct txn *t = NULL;
	enum status st = env_open(path, ENV_READ, meta, ARRAY_LEN(meta), &e, why);

	if (st == STATUS_OK)
		st = txn_begin_read(e, &t, why);
	if (st == STATUS_OK)
		st = directory_version_check(t, why);
	txn_abort(&t);
	env_close(&e);
	return st;
}

enum status
directory_upgrade(const char *path, struct problem *why)
{
	struct directory *d = NULL;
	struct txn *t = NULL;
	enum status st = directory_look(path, why);

	if (st == STATUS_OK)
		st = directory_open(path, &d, why);
	if (st == STATUS_OK)
		st = txn_begin_write(d->env, &t, why);
	if (st == STATUS_OK)
		st = directory_version_put(t, why);
	if (st == STATUS_OK)
		st = txn_commit(&t, why);
	txn_abort(&t);
	directory_close(&d);
	return st;
}
