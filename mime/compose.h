/*
 * compose.h -- messages that we write ourselves: notices, delivery reports.
 * What comes out is 7-bit, with CRLF line ends and lines of at most 998 bytes,
 * whatever goes in: text is encoded where it has to be, line ends and controls
 * in a field's value become spaces, so that no value can forge a field.
 */
#ifndef MIME_COMPOSE_H
#define MIME_COMPOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Append "Name: value".  A long value is folded at blanks.
 * value: ASCII, with structure (addresses, ids, parameters); bytes above 127 become '?'.
 */
void compose_field(struct buf *out, struct slice name, struct slice value);
/* The same for unstructured UTF-8 text, with encoded words. */
void compose_field_text(struct buf *out, struct slice name, struct slice utf8);
/* The same for one mailbox: display name in UTF-8, may be empty; address as it goes on the wire. */
void compose_field_mailbox(struct buf *out, struct slice name, struct slice display,
    struct slice address);
/*
 * Append one mailbox of an address list: "Zhang San" <address>, the name in
 * encoded words where it has to be; without a name the bare address.  Its first
 * line, and what follows its last fold, has at most COMPOSE_MAILBOX_MAX bytes.
 */
#define COMPOSE_MAILBOX_MAX 900
void compose_mailbox(struct buf *out, struct slice display, struct slice address);
/* "Date:", in UTC. */
void compose_field_date(struct buf *out, uint64_t at_s);
/* The empty line behind a header. */
void compose_header_end(struct buf *out);

/* A boundary that no text of anybody's can hold: random.  Written NUL-terminated. */
#define COMPOSE_BOUNDARY_LEN 26
void compose_boundary(char out[COMPOSE_BOUNDARY_LEN + 1]);
/* "--boundary" before a part, "--boundary--" behind the last. */
void compose_part_begin(struct buf *out, const char *boundary);
void compose_parts_end(struct buf *out, const char *boundary);

/*
 * A text/plain part or message body: its Content fields, the empty line and the
 * text (UTF-8, line ends LF or CRLF), in base64 unless it is ASCII.
 */
void compose_text(struct buf *out, struct slice utf8);
/*
 * The same for bytes of any other type: type is the value of Content-Type.
 * 7-bit lines stay, the rest becomes quoted-printable; bare CR and LF become CRLF.
 */
void compose_bytes(struct buf *out, struct slice type, struct slice bytes);

/* Lines of ASCII, none too long, without NUL: compose_bytes() leaves them as they are. */
bool compose_is_7bit(struct slice bytes);

/* Append bytes as quoted-printable text (RFC 2045 s.6.7); CRLF, CR and LF are line ends. */
void compose_quoted_printable(struct buf *out, struct slice bytes);
/* Append bytes as base64 in lines of 76. */
void compose_base64(struct buf *out, struct slice bytes);

#endif
