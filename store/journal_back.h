/*
 * journal_back.h -- the journal as people ask for it: newest first, sealed parts and
 * the index alike, without holding a transaction for long.
 */
#ifndef STORE_JOURNAL_BACK_H
#define STORE_JOURNAL_BACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/status.h"

struct journal_row;
struct store;
struct txn;

/*
 * Rows made in [since_s, until_s], newest first; each() returns false to stop.  t is the
 * transaction at hand, which sees the store as it is now.  What is written meanwhile may or
 * may not come.
 * CORRUPT  some rows are damaged; all others came.  why names the first.
 */
MUST_USE enum status journal_back_each(struct store *s, uint64_t since_s, uint64_t until_s,
    bool (*each)(void *ctx, struct txn *t, const struct journal_row *row), void *ctx,
    struct problem *why);

#endif
