/*
 * identity.h -- what a store says of itself: its version and its number.
 * The version counts changes of the store as a whole (docs/store-format.md).
 */
#ifndef STORE_IDENTITY_H
#define STORE_IDENTITY_H

#include <stdint.h>

#include "store/env.h"

#define STORE_VERSION 2

struct identity {
	uint32_t version;
	uint64_t id;		/* random */
	uint64_t made_at;
};

/* ABSENT: there is none yet. */
MUST_USE enum status identity_get(struct txn *t, struct identity *out, struct problem *why);
MUST_USE enum status identity_put(struct txn *t, const struct identity *i, struct problem *why);
/* CORRUPT: not a version that this program works with; why says what to do. */
MUST_USE enum status identity_check(const struct identity *i, struct problem *why);
/*
 * That of the store in a directory, of whatever version; the store is not open in this process.
 * ABSENT: there is none.  Others as env_open().
 */
MUST_USE enum status identity_look(const char *path, struct identity *out, struct problem *why);

#endif
