/*
 * trash_order.h -- what an administrator has done with removed messages:
 * STORE_TRASH_CHANGE, one transaction each.
 *
 *   u8 kind, u32 into, u8 folder is a parent, slice folder, u32 count,
 *   count times: u32 account, u64 change, u32 part
 */
#ifndef STORE_TRASH_ORDER_H
#define STORE_TRASH_ORDER_H

#include "base/buf.h"
#include "store/trash.h"

#define TRASH_ORDER_MAX 500	/* messages in one */
#define TRASH_SLICE 100		/* that are purged at once: docs/performance.md */

enum trash_order_kind {
	TRASH_RESTORE = 1,
	TRASH_PURGE,
	TRASH_EXPIRE,	/* no administrator's: kept long enough */
};

struct trash_order {
	uint8_t kind;		/* enum trash_order_kind */
	uint32_t into;		/* account that gets them; 0: each its own */
	bool is_parent;		/* each goes to folder "/" its old mailbox */
	struct slice folder;	/* empty: each to its old mailbox; made where there is none */
	uint32_t count;
	struct trash_id ids[TRASH_ORDER_MAX];
};

/* Append the wire form. */
void trash_order_put(const struct trash_order *o, struct buf *out);
/* folder is borrowed.  CORRUPT. */
MUST_USE enum status trash_order_read(struct slice payload, struct trash_order *out);

/* The order as a job; it is copied.  keys: trash_keys() of a purge, else NULL. */
struct job;
struct store;
struct job *job_of_trash(const struct trash_order *o, const uint64_t *keys);
/* Message-ID keys of the texts, 0 where there is none: what a purge forgets with them. */
void trash_keys(struct store *s, struct txn *t, const struct trash_order *o,
    uint64_t keys[TRASH_ORDER_MAX]);
/* The next slice, at most max, of what was kept as long as its account says, a job; given.
 * NULL: there is none. */
struct job *job_of_expired(struct store *s, struct txn *t, uint64_t now_s, uint32_t max);

#endif
