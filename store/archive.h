/*
 * archive.h -- all mail in, out and internal, in the order it was committed.
 * Each entry's hash covers the one before, so a removed or altered entry shows.
 */
#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/slice.h"
#include "store/env.h"

#define ARCHIVE_ENVELOPE_MAX 1500	/* bytes kept in the row; a longer one is in the segment */

struct change;

struct archive_row {
	uint64_t entry;		/* from 1, without gaps */
	uint64_t text;
	uint8_t direction;	/* enum plan_direction */
	uint64_t received_at;
	struct slice mid;
	bool is_envelope_inline;
	struct slice envelope;	/* archive_envelope_put() form; empty when it is in the segment record */
	uint8_t hash[SHA256_LEN];
	uint8_t lost;		/* enum archive_loss: what a repair did not find any more */
	uint8_t text_sha256[SHA256_LEN];	/* of a lost text */
};

enum archive_loss {
	ARCHIVE_WHOLE,
	ARCHIVE_TEXT_LOST,	/* text is 0; everything else is as it was */
	ARCHIVE_ENTRY_LOST,	/* nothing is known but that there was one: the chain begins anew behind it */
};

/* Sender and recipients (separated by LF), as rows and segments carry them. */
void archive_envelope_put(struct slice sender, struct slice recipients, struct buf *out);
MUST_USE enum status archive_envelope_read(struct slice envelope, struct slice *sender,
    struct slice *recipients);

/*
 * Hash of an entry: SHA-256 over the previous hash, the text's SHA-256, the
 * envelope, then u8 direction, slice mid, u64 received_at.
 */
void archive_hash(const uint8_t previous[SHA256_LEN], const uint8_t text[SHA256_LEN],
    struct slice envelope, const struct archive_row *row, uint8_t out[SHA256_LEN]);
/*
 * For the writer: the next entry.  row: entry, is_envelope_inline and hash are filled in here;
 * envelope is the whole of it.  The text's reference is the caller's to count.
 */
MUST_USE enum status archive_put(struct change *c, const struct archive_row *row,
    const uint8_t text_sha256[SHA256_LEN], struct problem *why);
/*
 * For a repair: the entry as row says, row->lost being set.  An entry that is lost has the hash it
 * had, where that is known, or zeros; the entries behind it are as they were.
 */
MUST_USE enum status archive_put_lost(struct txn *t, const struct archive_row *row,
    struct problem *why);
MUST_USE enum status archive_get(struct txn *t, uint64_t entry, struct archive_row *out,
    struct problem *why);

#endif
