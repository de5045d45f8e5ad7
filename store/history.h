/*
 * history.h -- how large the store was, a row a day: from it comes the day the
 * disk is full.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include <stddef.h>

#include "store/env.h"

#define HISTORY_DAYS 400	/* rows that are kept */

struct history_row {
	uint32_t day;		/* since 1970, UTC */
	uint64_t store_bytes;	/* index and segments, on disk */
	uint64_t free_bytes;	/* on their disk */
	uint64_t messages;	/* of all accounts */
};

/* One record of the table: CORRUPT. */
MUST_USE enum status history_decode(struct slice key, struct slice value,
    struct history_row *out);
/* ABSENT. */
MUST_USE enum status history_get(struct txn *t, uint32_t day, struct history_row *out,
    struct problem *why);
/* For the writer: a day's row, and the oldest go: by their number, as a clock may be wrong. */
MUST_USE enum status history_put(struct txn *t, const struct history_row *row,
    struct problem *why);
/* The first row from a day on.  ABSENT. */
MUST_USE enum status history_first(struct txn *t, uint32_t day, struct history_row *out,
    struct problem *why);

/* The last row before a day.  ABSENT. */
MUST_USE enum status history_before(struct txn *t, uint32_t day, struct history_row *out,
    struct problem *why);

/* Bytes of the store's files on disk, as they are now: index and segments; and what is free. */
struct store;
MUST_USE enum status history_measure(struct store *s, uint64_t *store_bytes,
    uint64_t *free_bytes, struct problem *why);

/*
 * By how much the store grows a day, from a row of some days ago until now; and in how many days
 * the disk is full by that.
 */
enum history_outlook {
	HISTORY_UNKNOWN,	/* a day has to pass first */
	HISTORY_NOT_GROWING,
	HISTORY_GROWING,
};
enum history_outlook history_forecast(const struct history_row *then,
    const struct history_row *now, uint64_t *bytes_a_day, uint64_t *days);

#endif
