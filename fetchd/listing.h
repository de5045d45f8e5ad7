/*
 * listing.h -- what an outside mailbox holds: numbers, ids, sizes, and which of
 * it we have.  Does no I/O.
 */
#ifndef FETCHD_LISTING_H
#define FETCHD_LISTING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct listed {
	uint32_t number;	/* of this connection */
	uint32_t uidl_at;	/* private: listing_uidl() */
	uint8_t uidl_len;
	bool is_twin;		/* another message before it has the same id: it is not fetched */
	bool is_shared;		/* others have the same id, before or behind it: it is not removed */
	bool is_last;		/* to be tried after all others */
	uint64_t size_bytes;	/* as the server says; 0 when it says nothing */
	uint64_t stored_at;	/* 0: we do not have it */
	bool is_returned;	/* in an earlier run the server said that it is gone */
	bool is_going;		/* to be removed; false again when the server refuses */
};

struct listing {
	struct buf uidls;
	struct listed *entries;	/* ascending by number, once it is complete */
	uint32_t count, cap;
	uint32_t count_max;
};

struct listing listing_init(uint32_t count_max);
void listing_clear(struct listing *l);
/* One line of UIDL's answer.  SYNTAX, LIMIT. */
MUST_USE enum status listing_add(struct listing *l, struct slice line, struct problem *why);
/*
 * All lines are there: sorts, and marks twins; *twins counts them.
 * SYNTAX a number is there twice
 */
MUST_USE enum status listing_complete(struct listing *l, uint32_t *twins, struct problem *why);
/* One line of LIST's answer; numbers that UIDL did not name are passed over. */
MUST_USE enum status listing_size(struct listing *l, struct slice line, struct problem *why);
struct slice listing_uidl(const struct listing *l, const struct listed *e);
/*
 * Indices of what is to be collected, small messages first; gives, mem_free().
 * NULL when there is nothing.
 */
uint32_t *listing_wanted(const struct listing *l, uint32_t *count);

#endif
