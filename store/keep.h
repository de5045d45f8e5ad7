/*
 * keep.h -- fetchers say, in pieces, what is still in an outside mailbox; at
 * the last piece everything else is forgotten.  The pieces are kept in memory:
 * a list that this process has not heard from its beginning forgets nothing.
 */
#ifndef STORE_KEEP_H
#define STORE_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct keep;
struct txn;

#define KEEP_LISTS_MAX 64
#define KEEP_NAMES_MAX 1000000	/* in one list */

struct keep_piece {
	uint32_t fetch;
	uint64_t list;		/* the fetcher's name for the list it is telling */
	uint32_t index;		/* of the piece in its list, from 0 */
	bool is_last;
	struct slice uidls;	/* u32 count, put_slice() each */
};

/* Append the wire form of STORE_FETCHED_KEEP. */
void keep_piece_put(const struct keep_piece *p, struct buf *out);
/* CORRUPT; p->uidls is borrowed and checked. */
MUST_USE enum status keep_piece_read(struct slice payload, struct keep_piece *p);

struct keep *keep_new(void);
void keep_free(struct keep **k);
/*
 * Hear a piece.  At the last one keys (put_slice() of each) of what is to be
 * forgotten are appended to keys, and *since is when the list began.
 * STALE  a piece of a list whose beginning was not heard
 * LIMIT  the list is too long
 */
MUST_USE enum status keep_hear(struct keep *k, const struct keep_piece *p, struct txn *t,
    uint64_t now_s, struct buf *keys, uint64_t *since, struct problem *why);

#endif
