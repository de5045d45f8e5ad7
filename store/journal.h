/*
 * journal.h -- every change of a mailbox: who, when, from where, which UIDs,
 * before and after.  Its key, the change number, is IMAP's mod-sequence.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include <stdbool.h>

#include "base/slice.h"
#include "store/env.h"

enum journal_op {
	JOURNAL_ADDED = 1,	/* delivered, appended or copied in: uids */
	JOURNAL_FLAGGED,	/* flags of uids changed */
	JOURNAL_EXPUNGED,	/* uids are gone; before: u64le change of the expunge before it */
	JOURNAL_MAILBOX_MADE,
	JOURNAL_MAILBOX_RENAMED,	/* before, after: names */
	JOURNAL_MAILBOX_REMOVED,
	JOURNAL_SUBSCRIBED,
	JOURNAL_UNSUBSCRIBED,
	JOURNAL_OP_COUNT
};

struct journal_row {
	uint64_t change;
	uint16_t part;
	uint8_t op;		/* enum journal_op */
	uint64_t at_s;
	uint32_t account, mailbox;
	uint32_t actor;		/* account that did it; 0: a delivery */
	struct slice sid;	/* where it came from: a session, and its client's address */
	struct slice uids;	/* uidset_read() form; empty set where none */
	struct slice before, after;	/* by op; flags as u64le: the bits removed, the bits added */
};

/* Did that session make the change? */
bool journal_is_by(const struct journal_row *row, struct slice sid);

/* Rows with a change number > after, ascending; each() returns false to stop. */
MUST_USE enum status journal_each(struct txn *t, uint64_t after,
    bool (*each)(void *ctx, const struct journal_row *row), void *ctx, struct problem *why);

/* One record of the table: CORRUPT. */
MUST_USE enum status journal_decode(struct slice key, struct slice value, struct journal_row *out);

/*
 * For the writer: file a row under the change, in as many parts as uids need.
 * row: change, part, at_s, actor, sid and uids are filled in here; uids may be NULL.
 */
struct change;
struct folder;
struct uidset;
MUST_USE enum status journal_put(struct change *c, const struct journal_row *row,
    const struct uidset *uids, struct problem *why);
/* The row of messages that were removed from a folder. */
MUST_USE enum status journal_put_expunged(struct change *c, const struct folder *f,
    const struct uidset *uids, struct problem *why);

#endif
