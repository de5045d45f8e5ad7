/*
 * charset.h -- bytes in the charsets of the wild to UTF-8, over iconv.
 * gb2312 and gbk are read as GB18030, iso-8859-1 as windows-1252 and the like,
 * as mail programs do.  What cannot be converted becomes U+FFFD.
 */
#ifndef MIME_CHARSET_H
#define MIME_CHARSET_H

#include <stdbool.h>

#include "base/buf.h"

/* Load what converting will need, before a sandbox forbids it. */
void charset_prepare(void);
/* True when the name (any case) is one we can read. */
bool charset_is_known(struct slice name);
/*
 * Append bytes as valid UTF-8.  An unknown name: as charset_guess() says.
 * LIMIT  out is full (what fits, by whole characters, is there)
 */
enum status charset_to_utf8(struct slice name, struct slice bytes, struct buf *out);
/*
 * The same, strict: SYNTAX when bytes are not valid in that charset, ABSENT when
 * the charset is unknown.  For what a client claims about its own words.
 */
MUST_USE enum status charset_to_utf8_strict(struct slice name, struct slice bytes,
    struct buf *out);
/* What bytes without a label are: "utf-8" if valid, else hint if it can be, else "gb18030". */
struct slice charset_guess(struct slice bytes, struct slice hint);
/* Append the Unicode simple case folding of valid UTF-8 text: for comparing words in SEARCH. */
enum status text_fold(struct slice utf8, struct buf *out);

#endif
