/*
 * structure.h -- BODY and BODYSTRUCTURE (RFC 3501 s.7.4.2) in wire form, from
 * a message's part tree.  Private to the digest.
 */
#ifndef STORE_STRUCTURE_H
#define STORE_STRUCTURE_H

#include "base/buf.h"
#include "base/slice.h"
#include "mime/part.h"

#define STRUCTURE_MAX (600 * 1024)

enum structure_form { STRUCTURE_BODY, STRUCTURE_EXTENDED };

/*
 * Append the structure of text, whose tree is t.  charset: of raw 8-bit values.
 * LIMIT: out is full; what it holds is of no use.
 */
MUST_USE enum status structure_write(struct slice text, const struct part_tree *t,
    struct slice charset, enum structure_form form, struct buf *out);
/* The structure of a message that is taken for one text of that body. */
void structure_write_plain(uint32_t body_len, uint32_t body_lines, enum structure_form form,
    struct buf *out);

#endif
