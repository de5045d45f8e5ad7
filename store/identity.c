#include "store/identity.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "store/store.h"

/*
 * Identity.  key: "store"
 *   u8 version 1, u32 version of the whole store, u64 id, u64 made_at
 */
#define IDENTITY_VERSION 1

enum status
identity_get(struct txn *t, struct identity *out, struct problem *why)
{
	struct identity i;
	struct slice value;
	struct reader in;
	enum status st;

	st = txn_get(t, TABLE_META, SLICE("store"), &value, why);
	if (st != STATUS_OK)
		return st;
	in = reader_of(value);
	if (read_u8(&in) != IDENTITY_VERSION)
		reader_fail(&in);
	i.version = read_u32le(&in);
	i.id = read_u64le(&in);
	i.made_at = read_u64le(&in);
	if (!reader_at_end(&in)) {
		problem_set(why, "the store's own record cannot be read");
		return STATUS_CORRUPT;
	}
	*out = i;
	return STATUS_OK;
}

enum status
identity_put(struct txn *t, const struct identity *i, struct problem *why)
{
	struct buf b = buf_init(64);
	enum status st;

	put_u8(&b, IDENTITY_VERSION);
	put_u32le(&b, i->version);
	put_u64le(&b, i->id);
	put_u64le(&b, i->made_at);
	st = txn_put(t, TABLE_META, SLICE("store"), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

enum status
identity_check(const struct identity *i, struct problem *why)
{
	if (i->version == STORE_VERSION)
		return STATUS_OK;
	if (i->version < STORE_VERSION)
		problem_set(why, "the store is of version %u, this program works with version %u: "
		    "stop it and say mailadm upgrade", i->version, STORE_VERSION);
	else
		problem_set(why, "the store is of version %u, this program knows version %u: "
		    "install a newer one", i->version, STORE_VERSION);
	return STATUS_CORRUPT;
}

enum status
identity_look(const char *path, struct identity *out, struct problem *why)
{
	static const char *const meta[] = { "meta" };	/* TABLE_META is the first */
	struct env *e = NULL;
	struct txn *t;
	enum status st;

	st = env_open(path, ENV_READ, meta, ARRAY_LEN(meta), &e, why);
	if (st != STATUS_OK)
		return st;
	st = txn_begin_read(e, &t, why);
	if (st == STATUS_OK) {
		st = identity_get(t, out, why);
		txn_abort(&t);
	}
	env_close(&e);
	return st;
}
