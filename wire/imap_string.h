/*
 * imap_string.h -- strings as IMAP servers write them (RFC 3501 s.9).
 */
#ifndef WIRE_IMAP_STRING_H
#define WIRE_IMAP_STRING_H

#include "base/buf.h"

/* Append as quoted string when it can be one (no CR, LF, NUL, 8-bit; at most 1000 bytes), else as
 * literal.  A NUL in it becomes 0x80. */
void imap_put_string(struct buf *out, struct slice s);

#endif
