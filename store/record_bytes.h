/*
 * record_bytes.h -- one segment record as it lies on disk, read without the
 * index and without trust, for repair and rebuild.
 */
#ifndef STORE_RECORD_BYTES_H
#define STORE_RECORD_BYTES_H

#include <stdbool.h>

#include "base/buf.h"
#include "store/segment.h"

struct record_bytes {
	struct segment_record r;	/* its slices are borrowed from the bufs */
	struct buf meta, stored;
	bool is_meta_good;		/* mid, envelope, owners and digest have their checksum */
	bool is_stored_good;		/* so has what is stored of the text */
};

struct record_bytes record_bytes_init(void);
void record_bytes_clear(struct record_bytes *b);

/* Read the record at a place.  CORRUPT there is none; ABSENT no such segment; IO. */
MUST_USE enum status record_bytes_read(int dir, const struct record_place *place,
    struct record_bytes *out, struct problem *why);
/*
 * Append the text that a record stands for, proved by its SHA-256.
 * CORRUPT it is not that text; ABSENT the bytes are those of another text, whose id is *same_as.
 */
MUST_USE enum status record_text(const struct record_bytes *b, struct buf *out,
    uint64_t *same_as);
/* The same for bytes without a head that can be read: a text in a codec's form. */
MUST_USE enum status stored_text(struct slice stored, uint8_t codec, uint32_t size_bytes,
    const uint8_t sha256[SHA256_LEN], struct buf *out);
/* len bytes of a segment into out, whatever they are.  CORRUPT when the file ends before. */
MUST_USE enum status segment_bytes(int dir, uint32_t segment, uint64_t at, uint64_t len,
    struct buf *out, struct problem *why);

#endif
