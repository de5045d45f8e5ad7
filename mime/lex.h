/*
 * lex.h -- the pieces that structured header fields are made of: comments,
 * quoted strings, blanks (RFC 5322 s.3.2).  For those who read fields byte by
 * byte; others ask the modules above it.
 *
 * "is_double": the value is in a double-byte charset such as GBK or Big5, whose
 * second bytes may look like '\\' or '@'.  Each function that takes it passes
 * over such a pair as one character.
 */
#ifndef MIME_LEX_H
#define MIME_LEX_H

#include <stdbool.h>

#include "base/buf.h"

/* True for 8-bit text that is no UTF-8. */
bool lex_is_double(struct slice value);
/* True when s holds a byte above 127. */
bool lex_has_8bit(struct slice s);
/* Bytes that stand together at the start of s (not empty): 2 for an escape or a pair, else 1. */
size_t lex_char_len(struct slice s, bool is_double);
/* Length of the comment that s begins with, nested ones inside; 0 when it never ends. */
size_t lex_comment_len(struct slice s, bool is_double);
/* Length of the quoted string that s begins with; 0 when it never ends. */
size_t lex_quoted_len(struct slice s, bool is_double);
/* Length of the blanks and line ends at the start of s. */
size_t lex_blank_len(struct slice s);
/* Append the inside of a quoted string or comment: quoted pairs undone, line ends dropped. */
void lex_unescape(struct slice inside, bool is_double, struct buf *out);
/*
 * Length of the encoded word (RFC 2047) that s begins with, 0 when it is none:
 * no blanks in it, at most 512 bytes.
 */
size_t lex_encoded_word_len(struct slice s);

#endif
