/*
 * part.h -- the tree of body parts of a message, as offsets into its text.
 * One linear scan, no recursion.  Multipart and message/rfc822 (and
 * message/global) are opened; what is too deep or too many is text.
 */
#ifndef MIME_PART_H
#define MIME_PART_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#define PART_DEPTH_MAX 100
#define PART_COUNT_MAX 10000

enum part_kind { PART_LEAF, PART_MULTIPART, PART_MESSAGE };

struct part {
	uint32_t parent;	/* index; the root is 0 and its own parent */
	uint32_t number;	/* from 1 among siblings; 0 for the root and a message's content */
	uint32_t header_at, header_len;	/* MIME or message header, its empty line included */
	uint32_t body_at, body_len;
	uint32_t body_lines;	/* as BODYSTRUCTURE counts them */
	uint8_t kind;		/* enum part_kind */
	uint8_t encoding;	/* enum encoding, mime/encoding.h */
	uint16_t depth;		/* 0 for the root */
};

struct part_tree {
	struct part *parts;	/* in the order they stand in the text: parents before children */
	uint32_t count;
};

/*
 * Scan text (at most 2 GiB).  *out: given; part_tree_clear().  Never fails.
 * A PART_MESSAGE has exactly one child: the message inside it (number 0).
 */
void part_scan(struct slice text, struct part_tree *out);
void part_tree_clear(struct part_tree *t);
/*
 * The part that an IMAP section path "1.2.3" names (RFC 3501 s.6.4.5): path
 * numbers in order.  Part 1 of a message that is no multipart is its body.
 * ABSENT when there is none.  *out is an index.
 */
MUST_USE enum status part_by_path(const struct part_tree *t, const uint32_t *path, size_t depth,
    uint32_t *out);
/*
 * Append the charset of the first text part that has a type, nothing when it
 * names none: what raw 8-bit header fields of this message are likely to be in.
 */
void part_charset(struct slice text, const struct part_tree *t, struct buf *out);

#endif
