#include <string.h>

#include "store/env_internal.h"

#define TABLE_OF_FREE_PAGES 0	/* LMDB's own: transaction -> count, then numbers of pages */

static enum status
failed(int rc, struct problem *why)
{
	problem_set(why, "the index's size cannot be told: %s", mdb_strerror(rc));
	return STATUS_IO;
}

enum status
env_size(struct txn *t, struct env_size *out, struct problem *why)
{
	struct env_size n = { .snapshot = mdb_txn_id(t->mdb) };
	MDB_cursor *c;
	MDB_envinfo info;
	MDB_stat stat;
	MDB_val k, v;
	int rc;

	rc = mdb_env_info(t->env->mdb, &info);
	if (rc == 0)
		rc = mdb_env_stat(t->env->mdb, &stat);
	if (rc == 0)
		rc = mdb_cursor_open(t->mdb, TABLE_OF_FREE_PAGES, &c);
	if (rc != 0)
		return failed(rc, why);
	n.page_bytes = stat.ms_psize;
	n.pages = info.me_last_pgno + 1;
	while ((rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0) {
		size_t count = 0;

		if (v.mv_size >= sizeof(count))
			memcpy(&count, v.mv_data, sizeof(count));
		n.free_pages += count;
	}
	mdb_cursor_close(c);
	if (rc != MDB_NOTFOUND)
		return failed(rc, why);
	*out = n;
	return STATUS_OK;
}

uint64_t
env_newest(struct env *e)
{
	MDB_envinfo info;

	return mdb_env_info(e->mdb, &info) == 0 ? info.me_last_txnid : 0;
}
