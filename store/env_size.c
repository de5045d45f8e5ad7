#include <string.h>

#include "base/ascii.h"
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

/* One line of mdb_reader_list(): pid, thread, and the transaction it reads, or "-". */
static int
reader_count(const char *text, void *ctx)
{
	struct env_readers *n = ctx;
	struct slice line = slice_trim(slice_from_cstr(text)), word = slice_take_word(&line);
	uint64_t pid, snapshot;

	if (parse_u64(word, 1, UINT64_MAX, &pid) != STATUS_OK)
		return 0;	/* the headings */
	n->slots++;
	word = slice_skip(line, slice_find_last_byte(line, ' ') + 1);
	if (parse_u64(word, 0, UINT64_MAX, &snapshot) != STATUS_OK)
		return 0;
	if (n->count++ == 0 || snapshot < n->oldest_snapshot) {
		n->oldest_pid = pid;
		n->oldest_snapshot = snapshot;
	}
	return 0;
}

void
env_readers(struct env *e, struct env_readers *out)
{
	*out = (struct env_readers){ 0 };
	mdb_reader_list(e->mdb, reader_count, out);
}
