/* Who reads an environment, as LMDB's table of readers says. */
#include "base/ascii.h"
#include "base/log.h"
#include "store/env_internal.h"

#define ENV_LAG_MAX 1000	/* transactions a reader may stay behind without being named */

/* One line of mdb_reader_list(): pid, thread, and the transaction it reads, or "-". */
static int
reader_look(const char *text, void *ctx)
{
	const uint64_t *newest = ctx;
	struct slice line = slice_trim(slice_from_cstr(text)), pid = slice_take_word(&line), last;
	uint64_t txn;

	last = slice_skip(line, slice_find_last_byte(line, ' ') + 1);
	if (parse_u64(last, 0, UINT64_MAX, &txn) == STATUS_OK && txn + ENV_LAG_MAX < *newest) {
		struct log_line l;

		log_begin(&l, LOG_WARN, "store.reader.lagged", NULL);
		log_slice(&l, "pid", pid);
		log_u64(&l, "transactions", *newest - txn);
		log_end(&l);
	}
	return 0;
}

/* A reader that stays where it is keeps every page alive that was freed since. */
static void
env_name_laggards(struct env *e)
{
	MDB_envinfo info;
	uint64_t newest;

	if (mdb_env_info(e->mdb, &info) != 0)
		return;
	newest = info.me_last_txnid;
	mdb_reader_list(e->mdb, reader_look, &newest);
}

void
env_check_readers(struct env *e)
{
	int dead = 0;

	if (mdb_reader_check(e->mdb, &dead) == 0 && dead > 0) {
		struct log_line l;

		log_begin(&l, LOG_INFO, "store.readers.forgotten", NULL);
		log_u64(&l, "count", (uint64_t)dead);
		log_end(&l);
	}
	env_name_laggards(e);
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
