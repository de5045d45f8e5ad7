/*
 * sasl.h -- SASL exchanges as the mail protocols carry them: base64 lines, a
 * cancelling "*", an initial response with "=" for empty (RFC 4954, RFC 4959,
 * RFC 5034).  Knows no mechanism.
 */
#ifndef NET_SASL_H
#define NET_SASL_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#define SASL_LINE_MAX 12288	/* base64 of one client message, RFC 4954 s.4 */
#define SASL_NAME_MAX 20

/* True when s has the form of a mechanism name (RFC 4422 s.3.1), any case. */
int sasl_name_is_valid(struct slice s);
/*
 * Decode a client's line.
 * OK      *out (reset first) holds the message
 * DENIED  the line is "*": the client gives up
 * SYNTAX  not base64   LIMIT  too long
 */
MUST_USE enum status sasl_line_decode(struct slice line, struct buf *out);
/* The same for an initial response, where "=" means empty. */
MUST_USE enum status sasl_initial_decode(struct slice word, struct buf *out);

#endif
