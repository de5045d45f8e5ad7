/*
 * env.h -- an LMDB environment with named tables whose records check
 * themselves.  With kin in store/, the only place that knows lmdb.h; policyd
 * keeps its directory in an environment of its own through this header.
 *
 * Pages whose heads are damaged cost what lies on them, to readers and to the writer alike:
 * CORRUPT, not the process.
 *
 * A value on disk is u32le CRC-32C over key and payload, then the payload,
 * whose first byte is its version.  A damaged record costs that record only.
 * Default durability flags always; no DUPSORT, no nested transactions.
 */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

#define ENV_KEY_MAX 255
#define ENV_VALUE_MAX 4000		/* payload of one record: stays within a page */
#define ENV_MAP_SIZE (UINT64_C(1) << 38)	/* address space only; the same in every process */

struct env;
struct txn;
struct cursor;

enum env_mode { ENV_READ, ENV_WRITE };

/*
 * Open (ENV_WRITE: create) the environment in directory path with the named
 * tables; a table is later named by its index.  The names stay where they are.
 *
 * The writer makes data.mdb readable and lock.mdb writable for its group: who may
 * come that far is for the directory's mode to say.
 *
 * ABSENT   no such directory or, reading, no environment yet
 * DENIED   permissions   CORRUPT  not an environment, or a network file system
 * BUSY     an opener or closer is in the way for a second; or, writing, another writer
 * IO       the machine failed, or LMDB is of a version with known races (0.9.26 to 0.9.31)
 */
MUST_USE enum status env_open(const char *path, enum env_mode mode, const char *const *tables,
    unsigned table_count, struct env **out, struct problem *why);
void env_close(struct env **e);

/* Read transactions are short: never held while waiting for anybody. */
MUST_USE enum status txn_begin_read(struct env *e, struct txn **out, struct problem *why);
/* One at a time, on one thread, never across a turn of the event loop. */
MUST_USE enum status txn_begin_write(struct env *e, struct txn **out, struct problem *why);
/*
 * Commit, on disk when it returns OK.  Always frees *t.
 * BUSY  the disk is full: nothing was changed, reading goes on, try later
 * IO    the environment can no longer be trusted: the process must end
 */
MUST_USE enum status txn_commit(struct txn **t, struct problem *why);
void txn_abort(struct txn **t);

/* *value is borrowed until the next change in the transaction or its end.  ABSENT, CORRUPT, IO. */
MUST_USE enum status txn_get(struct txn *t, unsigned table, struct slice key, struct slice *value,
    struct problem *why);
/* LIMIT when key or value are too long; BUSY when the map is full. */
MUST_USE enum status txn_put(struct txn *t, unsigned table, struct slice key, struct slice value,
    struct problem *why);
/* ABSENT when it was not there. */
MUST_USE enum status txn_delete(struct txn *t, unsigned table, struct slice key,
    struct problem *why);

/* Puts and deletes made in it so far. */
uint64_t txn_writes(const struct txn *t);
/* Records of a table. */
MUST_USE enum status txn_count(struct txn *t, unsigned table, uint64_t *out, struct problem *why);

/* A cursor of a transaction; close it before the transaction ends. */
MUST_USE enum status cursor_open(struct txn *t, unsigned table, struct cursor **out,
    struct problem *why);
void cursor_close(struct cursor **c);
/*
 * First record with a key >= from / next one / last one with a key < before.  ABSENT at the end.
 * CORRUPT names the record and sets *key; cursor_next() then goes on behind it.  (Where *key is
 * left alone, it is the pages that are damaged.)
 */
MUST_USE enum status cursor_seek(struct cursor *c, struct slice from, struct slice *key,
    struct slice *value, struct problem *why);
MUST_USE enum status cursor_next(struct cursor *c, struct slice *key, struct slice *value,
    struct problem *why);
MUST_USE enum status cursor_before(struct cursor *c, struct slice before, struct slice *key,
    struct slice *value, struct problem *why);
/* Delete the record the cursor stands on; cursor_next() then gives the one behind it. */
MUST_USE enum status cursor_delete(struct cursor *c, struct problem *why);

/*
 * For whoever looks at pages themselves: LMDB's own descriptor of data.mdb, to pread() and never
 * to close, and the number of the snapshot that a transaction reads.
 */
int env_fd(struct env *e);
uint64_t txn_snapshot(const struct txn *t);

/* Dead readers are forgotten, and those far behind are named in the log; every 10 s from one
 * process. */
void env_check_readers(struct env *e);

/* Its size, in pages of page_bytes. */
struct env_size {
	uint64_t page_bytes, pages;	/* of data.mdb, as far as it was ever used */
	uint64_t free_pages;		/* of these, for later commits */
	uint64_t snapshot;		/* the transaction that this is of */
};
MUST_USE enum status env_size(struct txn *t, struct env_size *out, struct problem *why);
/* Number of the newest snapshot. */
uint64_t env_newest(struct env *e);

/* Who reads: how many at this moment, and the one whose snapshot is the oldest. */
struct env_readers {
	unsigned slots, count;	/* readers known; of them, inside a transaction */
	uint64_t oldest_pid, oldest_snapshot;	/* 0: nobody is */
};
void env_readers(struct env *e, struct env_readers *out);

#endif
