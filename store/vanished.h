/*
 * vanished.h -- which UIDs have gone from a mailbox since a change number.
 * Each journal row of an expunge names the mailbox's expunge before it, so
 * that only those of the one mailbox are read, the latest first.
 */
#ifndef STORE_VANISHED_H
#define STORE_VANISHED_H

#include "store/mailbox.h"
#include "store/uidset.h"

#define VANISHED_ROWS_MAX 10000	/* rows of the journal that are read at most, 9 ms, */
#define VANISHED_RANGES_MAX 5000	/* and the ranges they may add up to: 10 ms */

/*
 * Add what has gone since to *out, initialised by the caller.
 * row: of the mailbox, as the transaction sees it.
 * LIMIT  that cannot be told: the journal does not reach back so far, or too much
 *        has gone.  *out is then of no use.
 */
MUST_USE enum status vanished_since(struct txn *t, const struct mailbox_row *row, uint64_t since,
    struct uidset *out, struct problem *why);

#endif
