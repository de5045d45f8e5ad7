/*
 * trash.h -- what was expunged, kept for a while outside everybody's sight:
 * who removed it, when, from where, and all that is needed to put it back.
 */
#ifndef STORE_TRASH_H
#define STORE_TRASH_H

#include <stdbool.h>

#include "base/slice.h"
#include "store/env.h"
#include "store/message.h"

struct change;

struct trash_row {
	uint32_t account;
	uint64_t change;	/* that removed it */
	uint32_t part;
	struct message_row message;	/* as it was in its mailbox */
	struct slice mailbox;	/* name */
	uint64_t flags;		/* system flags */
	struct slice keywords;	/* separated by SP */
	uint32_t actor;
	struct slice sid;
	uint64_t removed_at;
};

/* row: change, part, actor, sid and removed_at are filled in here. */
MUST_USE enum status trash_put(struct change *c, const struct trash_row *row,
    struct problem *why);
/* All of an account, the oldest removal first.  each() returns false to stop. */
MUST_USE enum status trash_each(struct txn *t, uint32_t account,
    bool (*each)(void *ctx, const struct trash_row *row), void *ctx, struct problem *why);

/* One record of the table: CORRUPT. */
MUST_USE enum status trash_decode(struct slice key, struct slice value, struct trash_row *out);

#endif
