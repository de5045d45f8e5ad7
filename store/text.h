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

/* Where the bytes of a text lie: in its own record, or in that of the text it is the same as. */
struct text_bytes {
	uint64_t text;
	uint32_t segment;
	uint64_t at;
	uint32_t head_len;
	uint8_t codec;
	uint32_t stored_len;
};

struct text_row {
	uint64_t id;		/* rises with time */
	struct slice mid;	/* the message's name in every log; borrowed */
	uint32_t size_bytes;
	uint8_t sha256[SHA256_LEN];
	uint64_t received_at;
	uint32_t segment;	/* where it lies: segment.h */
	uint64_t segment_at;	/* of the text's first byte */
	uint32_t head_len;	/* from the beginning of its segment record to there */
	uint8_t codec;		/* enum record_codec */
	uint32_t digest_len;
	struct slice digest;	/* borrowed; empty when it lies in the segment: text_digest() */
	uint32_t stored_len;	/* of what the record holds of it, in its codec's form */
	uint64_t same_as;	/* CODEC_SAME: the text that has the bytes, else 0 */
	struct text_bytes bytes;	/* given by text_get(); where text is 0, they are its own */
};

/* Rows that refer to the text; 0 for one that is not there. */
MUST_USE enum status text_references(struct txn *t, uint64_t id, uint32_t *count,
    struct problem *why);
MUST_USE enum status text_get(struct txn *t, uint64_t id, struct text_row *out,
    struct problem *why);
/* A row by itself; id and bytes are not set.  CORRUPT. */
MUST_USE enum status text_decode(struct slice value, struct text_row *out);
/* row's bytes lie where holder says: itself, or the text it is the same as. */
void text_bytes_set(struct text_row *row, const struct text_row *holder);
/* Append the digest record (store/digest.h).  CORRUPT when it is not as it was written. */
MUST_USE enum status text_digest(struct store *s, const struct text_row *row, struct buf *out,
    struct problem *why);
/*
 * Copy bytes [at, at + len) of the text to out (room for len), whatever the form they are stored
 * in.  A row from an earlier transaction does, too: where compaction has moved the text since, it
 * is read anew.  LIMIT beyond its end.
 * CORRUPT when the segment does not hold what the row says: the record's head is proved
 * where at is 0, the checksum of what is stored where all of it is read at once, and a frame
 * (codec.h) always.  One thread a store.
 */
MUST_USE enum status text_read(struct store *s, const struct text_row *row, uint32_t at,
    uint32_t len, char *out, struct problem *why);

/* A frame cache (store.h) ends with its store. */
struct frame_cache;
void frame_cache_free(struct frame_cache **c);

/* The bytes of what is stored of row->bytes, as they are: for who copies or proves them. */
MUST_USE enum status text_stored_read(struct store *s, const struct text_row *row, uint32_t at,
    uint32_t len, char *out, struct problem *why);

/*
 * What is stored of row->bytes has its checksum, and its head says the hash that the row does.  Any
 * thread: the segment is opened anew.  CORRUPT, or ABSENT with its segment.
 */
MUST_USE enum status text_prove(const struct store *s, const struct text_row *row,
    struct problem *why);

/*
 * The head of the text's own segment record with mid, envelope, owners and digest, which lie in
 * meta (initialised by the caller, max TEXT_META_MAX).  CORRUPT when one is not as it was written.
 */
#define TEXT_META_MAX (4u * 1024 * 1024)
struct segment_record;
MUST_USE enum status text_record_read(struct store *s, const struct text_row *row,
    struct segment_record *out, struct buf *meta, struct problem *why);

/* For a repair: the row by itself, nothing that other tables have of it. */
MUST_USE enum status text_row_put(struct txn *t, const struct text_row *row,
    struct problem *why);
/*
 * A new text with so many references.  BUSY: the text that it is the same as has gone since its
 * record was written.
 */
MUST_USE enum status text_put(struct txn *t, const struct text_row *row, uint32_t references,
    struct problem *why);
/*
 * Rows begin or cease to refer to one.  With the last one the text goes, and the reference to the
 * one it is the same as; its bytes count as dead until compaction takes them.
 */
MUST_USE enum status text_refer(struct txn *t, uint64_t id, int32_t change, struct problem *why);
/* Its record was written again, with the same bytes: now lies where to says.  ABSENT: it does not
 * lie where from says any more, or is gone. */
struct text_place;
MUST_USE enum status text_move(struct txn *t, uint64_t id, const struct text_place *from,
    const struct text_place *to, struct problem *why);
/* Bytes that its record takes in its segment. */
uint64_t text_record_len(const struct text_row *row);

#endif
