/*
 * text.h -- message texts: one row each, bytes and a long digest in segments.
 * A text lives while rows refer to it (mailboxes, archive, trash, queue).
 */
#ifndef STORE_TEXT_H
#define STORE_TEXT_H

#include "base/buf.h"
#include "base/hash.h"
#include "store/env.h"

#define TEXT_SIZE_MAX (UINT32_C(256) * 1024 * 1024)
#define MID_LEN_MAX 16

struct store;

struct text_row {
	uint64_t id;		/* rises with time */
	struct slice mid;	/* the message's name in every log; borrowed */
	uint32_t size_bytes;
	uint8_t sha256[SHA256_LEN];
	uint64_t received_at;
	uint32_t segment;	/* where it lies: segment.h */
	uint64_t segment_at;	/* of the text's first byte */
	uint32_t head_len;	/* from the beginning of its segment record to there */
	uint8_t codec;
	uint32_t digest_len;
	struct slice digest;	/* borrowed; empty when it lies in the segment: text_digest() */
};

/* Rows that refer to the text; 0 for one that is not there. */
MUST_USE enum status text_references(struct txn *t, uint64_t id, uint32_t *count,
    struct problem *why);
MUST_USE enum status text_get(struct txn *t, uint64_t id, struct text_row *out,
    struct problem *why);
/* Append the digest record (store/digest.h). */
MUST_USE enum status text_digest(struct store *s, const struct text_row *row, struct buf *out,
    struct problem *why);
/*
 * Copy bytes [at, at + len) of the text to out (room for len).  LIMIT beyond its end.
 * CORRUPT when the segment does not hold what the row says: the record's head is proved
 * where at is 0, the text's checksum where all of it is read at once.  One thread a store.
 */
MUST_USE enum status text_read(struct store *s, const struct text_row *row, uint32_t at,
    uint32_t len, char *out, struct problem *why);

/*
 * The head of the text's segment record with mid, envelope, owners and digest, which lie in meta
 * (initialised by the caller, max TEXT_META_MAX).  CORRUPT when one is not as it was written.
 */
#define TEXT_META_MAX (4u * 1024 * 1024)
struct segment_record;
MUST_USE enum status text_record_read(struct store *s, const struct text_row *row,
    struct segment_record *out, struct buf *meta, struct problem *why);

/* A new text with so many references / rows begin or cease to refer to one.  For the writer. */
MUST_USE enum status text_put(struct txn *t, const struct text_row *row, uint32_t references,
    struct problem *why);
MUST_USE enum status text_refer(struct txn *t, uint64_t id, int32_t change, struct problem *why);

#endif
