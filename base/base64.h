/*
 * base64.h -- RFC 4648 section 4, strict, for protocols; and the tolerant
 * decoder that mail bodies need.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Append the encoding of bytes, with padding, without line ends. */
enum status base64_encode(struct buf *out, struct slice bytes);
/*
 * Append the decoding of text.
 * SYNTAX  a byte outside the alphabet, wrong padding or length, stray bits; out is unchanged
 * LIMIT   out is full; out is unchanged
 */
MUST_USE enum status base64_decode(struct buf *out, struct slice text);
/* Append what can be read of text, skipping everything outside the alphabet (RFC 2045 s.6.8). */
enum status base64_decode_lenient(struct buf *out, struct slice text);

#endif
