/*
 * fetched.h -- which messages of an outside mailbox are stored already, by the
 * UIDL the outside server gives them.
 */
#ifndef STORE_FETCHED_H
#define STORE_FETCHED_H

#include <stdbool.h>

#include "base/slice.h"
#include "store/env.h"

#define FETCHED_UIDL_MAX 1000	/* bytes of a UIDL: RFC 1939 says 70, servers say more */

/* When it was stored; 0: never. */
MUST_USE enum status fetched_get(struct txn *t, uint32_t fetch, struct slice uidl,
    uint64_t *stored_at, struct problem *why);
/* For the writer.  LIMIT an empty or too long UIDL. */
MUST_USE enum status fetched_put(struct txn *t, uint32_t fetch, struct slice uidl,
    uint64_t stored_at, struct problem *why);

/* Rows of a fetch account from behind a key (empty: the first) on; key is the record's own, and
 * what fetched_delete() takes.  each() returns false to stop. */
MUST_USE enum status fetched_each(struct txn *t, uint32_t fetch, struct slice behind,
    bool (*each)(void *ctx, struct slice key, uint64_t stored_at), void *ctx,
    struct problem *why);
MUST_USE enum status fetched_delete(struct txn *t, struct slice key, struct problem *why);
/* The key of a UIDL, as fetched_each() gives keys. */
struct key;
MUST_USE enum status fetched_key(uint32_t fetch, struct slice uidl, struct key *out);

#endif
