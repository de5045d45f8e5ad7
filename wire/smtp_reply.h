/*
 * smtp_reply.h -- reply lines of SMTP (RFC 5321 s.4.2) with enhanced status
 * codes (RFC 2034), as a server writes and a client reads them.
 */
#ifndef WIRE_SMTP_REPLY_H
#define WIRE_SMTP_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#define SMTP_REPLY_LINE_MAX 510	/* RFC 5321 s.4.5.3.1.5, CRLF apart */

enum smtp_reply_place { SMTP_REPLY_LAST, SMTP_REPLY_MORE };	/* "250 " or "250-" */

/*
 * Append one reply line with its CRLF.  enhanced may be empty.  Bytes of text
 * other than printable ASCII become '?', what is too long is cut.
 */
void smtp_reply_write(struct buf *out, uint16_t code, enum smtp_reply_place place,
    struct slice enhanced, struct slice text);

struct smtp_reply_line {
	uint16_t code;		/* 200..599 */
	enum smtp_reply_place place;
	struct slice enhanced;	/* "5.7.1", or empty; its class is that of code */
	struct slice text;	/* what follows; may be any bytes but CR, LF, NUL */
};

/*
 * Read one line without its CRLF; slices are views of it.
 * SYNTAX  no code, a code out of range, or something else than SP or '-' behind it
 * LIMIT   longer than four times SMTP_REPLY_LINE_MAX
 */
MUST_USE enum status smtp_reply_parse(struct slice line, struct smtp_reply_line *out);

#endif
