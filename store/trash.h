/*
 * trash.h -- what was expunged, kept for a while outside everybody's sight:
 * who removed it, when, from where, and all that is needed to put it back.
 */
#ifndef STORE_TRASH_H
#define STORE_TRASH_H

#include <stdbool.h>

#include "base/buf.h"
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
	struct slice sid;	/* as in journal.h */
	uint64_t removed_at;
};

/* Which row: "7/1234/0" as people write it. */
struct trash_id {
	uint32_t account;
	uint64_t change;
	uint32_t part;
};
struct trash_id trash_id_of(const struct trash_row *row);
void trash_id_print(const struct trash_id *id, struct buf *out);

/* row: change, part, actor, sid and removed_at are filled in here. */
MUST_USE enum status trash_put(struct change *c, const struct trash_row *row,
    struct problem *why);
/* All of an account, the oldest removal first.  each() returns false to stop. */
MUST_USE enum status trash_each(struct txn *t, uint32_t account,
    bool (*each)(void *ctx, const struct trash_row *row), void *ctx, struct problem *why);

/* The same, newest first, of what was removed before *before (NULL: all). */
MUST_USE enum status trash_each_newest(struct txn *t, uint32_t account,
    const struct trash_id *before, bool (*each)(void *ctx, const struct trash_row *row), void *ctx,
    struct problem *why);
/* ABSENT, CORRUPT. */
MUST_USE enum status trash_get(struct txn *t, const struct trash_id *id, struct trash_row *out,
    struct problem *why);
/* The first account from that number on that has any.  ABSENT. */
MUST_USE enum status trash_next_account(struct txn *t, uint32_t from, uint32_t *account,
    struct problem *why);
/* For the writer: the row alone; its reference to the text stays the caller's.  ABSENT. */
MUST_USE enum status trash_delete(struct txn *t, const struct trash_id *id, struct problem *why);

/* One record of the table: CORRUPT. */
MUST_USE enum status trash_decode(struct slice key, struct slice value, struct trash_row *out);

#endif
