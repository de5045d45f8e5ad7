/*
 * digest.h -- what clients ask often about a message, computed once, where the
 * message comes in, and kept beside its text.  The processes that may read mail
 * text compute it (the digest helper, a worker for its own user's APPEND);
 * stored only carries it.
 *
 * Digest record, little-endian:
 *   u8     version       1
 *   i64    sent_at       Date field, seconds since 1970; INT64_MIN: none
 *   i16    sent_zone     minutes east of UTC
 *   u32    sent_day      year * 10000 + month * 100 + day, as written; 0: none
 *   u32    header_len    of the message header, empty line included
 *   slice  envelope      RFC 3501 envelope, in wire form with literals
 *   slice  structure     BODYSTRUCTURE, extended form, in wire form
 *   slice  message_id    without <>, at most 250 bytes; empty: none
 *   u16    n, u64 x n    keys of the ids in References, then In-Reply-To, oldest first;
 *                        the latest DIGEST_REFERENCES_MAX of them, each once
 *   slice  base_subject  RFC 5256 base subject, UTF-8, case folded, at most 250 bytes
 *   slice  from, to, cc  RFC 5256 sort keys: local part of the first address, folded, <= 60 bytes
 *   slice  from_name     first From display name in UTF-8, at most 120 bytes
 *   u32    n, parts      each: u32 parent, u32 number, u32 header_at, u32 header_len,
 *                        u32 body_at, u32 body_len, u32 body_lines, u8 kind, u8 encoding
 */
#ifndef STORE_DIGEST_H
#define STORE_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "mime/part.h"

#define DIGEST_RECORD_MAX (1024 * 1024)
#define DIGEST_REFERENCES_MAX 50
#define MESSAGE_ID_MAX 250	/* bytes of one that are kept */

struct digest {
	int64_t sent_at;
	int16_t sent_zone;
	uint32_t sent_day;
	uint32_t header_len;
	struct slice envelope;
	struct slice structure;
	struct slice message_id;
	uint16_t reference_count;
	struct slice references;	/* u64le each */
	struct slice base_subject;
	struct slice from, to, cc;
	struct slice from_name;
	uint32_t part_count;
	struct slice parts;		/* encoded; digest_parts() */
};

/*
 * Read text and append its record to out (initialised by the caller with max
 * DIGEST_RECORD_MAX).  Never fails: a structure that would not fit is given as
 * one text part, a long ENVELOPE is cut at whole addresses.
 */
void digest_compute(struct slice text, struct buf *out);
/* CORRUPT when it is no record of a known version.  Slices are borrowed from record. */
MUST_USE enum status digest_decode(struct slice record, struct digest *out);
/* The part tree as part_scan() gave it; release with part_tree_clear(). */
MUST_USE enum status digest_parts(const struct digest *d, struct part_tree *out);
/* The i-th reference key, i < reference_count. */
uint64_t digest_reference(const struct digest *d, unsigned i);

/* Key of a message id (without <>, blanks trimmed, cut at 250 bytes): the first 8 bytes of its
 * SHA-256. */
uint64_t message_id_key(struct slice id);
/*
 * Take the next message id out of a field's value: between < and >, whatever
 * stands between ids (Foxmail writes commas).  False at the end.
 */
bool message_id_next(struct slice *value, struct slice *id);
/* Append the non-extended BODY form of a message: computed when asked, from its text. */
void digest_body_form(struct slice text, struct buf *out);

#endif
