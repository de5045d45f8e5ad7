/*
 * message.h -- a message in a mailbox: where its text is, and what of it
 * belongs to this copy.  Flags are in flags.h.
 */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "store/env.h"

struct message_row {
	uint32_t uid;
	uint64_t text;		/* text id: text.h */
	int64_t internal_at;	/* INTERNALDATE, seconds since 1970 */
	int16_t internal_zone;	/* minutes east of UTC, as it is shown */
	uint32_t size_bytes;	/* RFC822.SIZE */
	uint64_t uidl;		/* for POP3: permanent, and its own in its maildrop */
	uint64_t saved_at;	/* when it came into this mailbox (RFC 8514) */
};

/* ABSENT, CORRUPT. */
MUST_USE enum status message_get(struct txn *t, uint32_t mailbox, uint32_t uid,
    struct message_row *out, struct problem *why);
/* All with a UID in [first, last], ascending.  each() returns false to stop. */
MUST_USE enum status message_each(struct txn *t, uint32_t mailbox, uint32_t first, uint32_t last,
    bool (*each)(void *ctx, const struct message_row *row), void *ctx, struct problem *why);

/* For the writer. */
MUST_USE enum status message_put(struct txn *t, uint32_t mailbox, const struct message_row *row,
    struct problem *why);
MUST_USE enum status message_delete(struct txn *t, uint32_t mailbox, uint32_t uid,
    struct problem *why);

#endif
