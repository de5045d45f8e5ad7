/*
 * word.h -- header text to UTF-8: encoded words (RFC 2047), raw 8-bit bytes,
 * folds.  Encodes too.
 */
#ifndef MIME_WORD_H
#define MIME_WORD_H

#include "base/buf.h"

/*
 * Append raw header text decoded to one line of UTF-8: folds become nothing,
 * neighbouring encoded words of one charset are joined as bytes before decoding
 * (a character may be cut between them), blanks between them vanish, broken
 * ones are decoded as far as mail programs do.  8-bit bytes: UTF-8 when valid,
 * else body_charset (may be empty), else GB18030.  CR, LF and other controls
 * that come out of a decoding become spaces.
 * LIMIT  out is full; what fits is there
 */
enum status word_decode(struct slice raw, struct slice body_charset, struct buf *out);
/*
 * Append UTF-8 text as encoded words (base64, each at most 75 characters,
 * folded with CRLF SP); plain ASCII that needs no encoding stays.
 */
enum status word_encode(struct slice utf8, struct buf *out);
/* The same for text that begins at that column of its line; may begin with a fold. */
enum status word_encode_at(struct slice utf8, size_t column, struct buf *out);

#endif
