/*
 * imap_utf7.h -- mailbox names on the wire: modified UTF-7 (RFC 3501 s.5.1.3).
 */
#ifndef WIRE_IMAP_UTF7_H
#define WIRE_IMAP_UTF7_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

/*
 * Append name as UTF-8.  A '&' that begins no shift stands for itself, as in
 * "R&D"; any other departure from the canonical form is refused, so that a
 * name has one spelling.
 *
 * SYNTAX  8-bit bytes or controls, a shift that is not canonical, half a surrogate pair
 * LIMIT   out is full
 * out is unchanged then.
 */
MUST_USE enum status imap_utf7_decode(struct slice name, struct buf *out);
/* Append valid UTF-8 in modified UTF-7. */
void imap_utf7_encode(struct slice utf8, struct buf *out);

#endif
