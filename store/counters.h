/*
 * counters.h -- the numbers of the whole store, in one record: what was given
 * out last, and where the segments end.  Written once a transaction.
 */
#ifndef STORE_COUNTERS_H
#define STORE_COUNTERS_H

#include <stdint.h>

#include "base/hash.h"
#include "store/env.h"

struct counters {
	uint64_t change;	/* last committed change number */
	uint64_t text;		/* last text id given */
	uint64_t archive;	/* last archive entry, and its link of the chain */
	uint8_t archive_hash[SHA256_LEN];
	uint64_t queue;		/* last queue id */
	uint32_t mailbox;	/* last mailbox id */
	uint32_t uid_validity;	/* last one given: they only rise */
	uint32_t segment;	/* being written; 0 in a new store */
	uint64_t segment_at;	/* where its next record goes */
};

/* All zero in a new store. */
MUST_USE enum status counters_get(struct txn *t, struct counters *out, struct problem *why);
MUST_USE enum status counters_put(struct txn *t, const struct counters *c, struct problem *why);

#endif
