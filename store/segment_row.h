/*
 * segment_row.h -- how much of each segment is still wanted: what compaction
 * goes by.  Changed in the transactions that write, move and free records.
 */
#ifndef STORE_SEGMENT_ROW_H
#define STORE_SEGMENT_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "store/env.h"

enum segment_state {
	SEGMENT_IN_USE = 1,
	SEGMENT_RETIRED,	/* no row refers to it any more; readers may for a while */
};

struct segment_row {
	uint32_t number;
	uint64_t live_bytes;	/* of records that a row refers to */
	uint64_t dead_bytes;	/* of records that one did refer to; markers are neither */
	uint8_t state;		/* enum segment_state */
	uint64_t retired_at;
};

/* One without a row is in use and empty. */
MUST_USE enum status segment_row_get(struct txn *t, uint32_t number, struct segment_row *out,
    struct problem *why);
/* From a number on, ascending; each() returns false to stop. */
MUST_USE enum status segment_row_each(struct txn *t, uint32_t from,
    bool (*each)(void *ctx, const struct segment_row *row), void *ctx, struct problem *why);

/* For the writer. */
MUST_USE enum status segment_row_put(struct txn *t, const struct segment_row *row,
    struct problem *why);
MUST_USE enum status segment_row_delete(struct txn *t, uint32_t number, struct problem *why);
/* A record of so many bytes, head to end, is referred to from now on / no longer. */
MUST_USE enum status segment_row_live(struct txn *t, uint32_t number, uint64_t bytes,
    struct problem *why);
MUST_USE enum status segment_row_dead(struct txn *t, uint32_t number, uint64_t bytes,
    struct problem *why);

#endif
