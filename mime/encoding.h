/*
 * encoding.h -- content transfer encodings (RFC 2045 s.6), decoded in pieces.
 */
#ifndef MIME_ENCODING_H
#define MIME_ENCODING_H

#include "base/buf.h"

enum encoding { ENCODING_IDENTITY, ENCODING_BASE64, ENCODING_QP };

/* By the field's value, any case; unknown is identity. */
enum encoding encoding_of(struct slice value);
/* Append the decoding of a whole body; what is broken is passed through or over.
 * LIMIT: out is full, what fits is there. */
enum status encoding_decode(enum encoding e, struct slice body, struct buf *out);

#endif
