/*
 * fetched.h -- which messages of an outside mailbox are stored already, by the
 * UIDL the outside server gives them.
 */
#ifndef STORE_FETCHED_H
#define STORE_FETCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "store/env.h"

#define FETCHED_UIDL_MAX 1000	/* bytes of a UIDL: RFC 1939 says 70, servers say more */

/* How far its removal outside has come; it only rises, until another message has its UIDL. */
enum fetched_removal {
	FETCHED_STAYS,
	FETCHED_REMOVING,	/* the server is being asked; its answer may be lost */
	FETCHED_REMOVED,	/* the server said +OK to DELE and to QUIT */
	FETCHED_REMOVAL_COUNT
};

struct fetched_row {
	uint64_t stored_at;	/* 0: never */
	uint64_t size_bytes;	/* as LIST said; 0: it was not said */
	uint8_t removal;	/* enum fetched_removal */
};

/*
 * Is what is listed now with size_bytes (0: not said) the message that the row is about?  A server
 * may give the UIDL of a message that was removed to another one (RFC 1939 s.7): its size tells.
 * Sizes of what was never to be removed mean nothing: some servers change them with a Status line.
 */
bool fetched_is_known(const struct fetched_row *row, uint64_t size_bytes);

/* CORRUPT. */
MUST_USE enum status fetched_decode(struct slice value, struct fetched_row *out,
    struct problem *why);
/* Zeros when there is none. */
MUST_USE enum status fetched_get(struct txn *t, uint32_t fetch, struct slice uidl,
    struct fetched_row *out, struct problem *why);
/* For the writer.  LIMIT an empty or too long UIDL. */
MUST_USE enum status fetched_put(struct txn *t, uint32_t fetch, struct slice uidl,
    const struct fetched_row *row, struct problem *why);
/*
 * For the writer: its removal has come so far, and size_bytes (0: not said) is what is listed of it
 * now.  Nothing happens to what has come as far, or is not known.
 */
MUST_USE enum status fetched_mark(struct txn *t, uint32_t fetch, struct slice uidl,
    uint64_t size_bytes, enum fetched_removal removal, struct problem *why);

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
