/*
 * flags.h -- flags and mod-sequences of messages, in chunks of FLAGS_CHUNK
 * UIDs, so that one command over many messages touches few rows.  A chunk also
 * says which UIDs exist: SELECT and FETCH FLAGS read nothing else.
 */
#ifndef STORE_FLAGS_H
#define STORE_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/env.h"

#define FLAGS_CHUNK 128

enum {
	FLAG_SEEN = 1,
	FLAG_ANSWERED = 2,
	FLAG_FLAGGED = 4,
	FLAG_DELETED = 8,
	FLAG_DRAFT = 16,
	FLAG_SYSTEM = 31,
	FLAG_KEYWORD_SHIFT = 8,		/* bits 8..63: keywords of the mailbox */
};

struct flags_entry {
	uint32_t uid;
	uint64_t flags;
	uint64_t modseq;
};

struct flags_chunk {
	uint32_t count;
	struct flags_entry entries[FLAGS_CHUNK];	/* ascending by uid */
};

/*
 * All messages with a UID in [first, last], chunk by chunk, ascending.  each()
 * returns false to stop.
 */
MUST_USE enum status flags_each(struct txn *t, uint32_t mailbox, uint32_t first, uint32_t last,
    bool (*each)(void *ctx, const struct flags_chunk *chunk), void *ctx, struct problem *why);
/* One message; ABSENT when there is none of that UID. */
MUST_USE enum status flags_get(struct txn *t, uint32_t mailbox, uint32_t uid,
    struct flags_entry *out, struct problem *why);

/* For the writer: the chunk of UIDs [number * FLAGS_CHUNK, ...); empty when it is not there. */
MUST_USE enum status flags_chunk_get(struct txn *t, uint32_t mailbox, uint32_t number,
    struct flags_chunk *out, struct problem *why);
/* An empty one is deleted. */
MUST_USE enum status flags_chunk_put(struct txn *t, uint32_t mailbox, uint32_t number,
    const struct flags_chunk *chunk, struct problem *why);

#endif
