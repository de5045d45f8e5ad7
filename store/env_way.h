/*
 * env_way.h -- the pages that LMDB would change, looked at before it does: it
 * trusts their heads, and what it does to a damaged one cannot be taken back.
 * Reads data.mdb through a map of its own, as the last commit left it.
 * Shared by env.c and its kin alone; the one writer's.
 *
 * A page that was found sound, or that LMDB has written since, is not looked at
 * again until way_doubt(), so that a change costs next to nothing.
 */
#ifndef STORE_ENV_WAY_H
#define STORE_ENV_WAY_H

#include <stdbool.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct way;

/* fd: of data.mdb, borrowed.  tables: names, to stay where they are.  IO: it cannot be mapped. */
MUST_USE enum status way_new(int fd, const char *const *tables, unsigned table_count,
    struct way **out, struct problem *why);
void way_free(struct way **w);

/* A transaction has just begun.  With a guard, too. */
void way_begin(struct way *w);
enum way_change {
	WAY_PUT,
	WAY_REPLACE,	/* put in place of a value that may have pages of its own */
	WAY_DELETE
};

/*
 * May that be done to the record?  Reads what is mapped: for a caller with a guard (base/fault.h).
 * CORRUPT  a page that this may change is damaged: why, and the log, name it
 */
MUST_USE enum status way_check(struct way *w, unsigned table, struct slice key,
    enum way_change change, struct problem *why);
/* Before the tables are opened, and made where they are missing: what leads to them.  CORRUPT. */
MUST_USE enum status way_check_tables(struct way *w, struct problem *why);
/* Something was found damaged: from the next transaction on look again.  Any thread. */
void way_doubt(struct way *w);

#endif
