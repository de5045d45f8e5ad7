/*
 * envelope.h -- the header fields that ENVELOPE, sorting and threading stand
 * on, and ENVELOPE itself (RFC 3501 s.7.4.2) in wire form.  Private to the digest.
 */
#ifndef STORE_ENVELOPE_H
#define STORE_ENVELOPE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

enum envelope_field {
	ENVELOPE_DATE,
	ENVELOPE_SUBJECT,
	ENVELOPE_FROM,
	ENVELOPE_SENDER,
	ENVELOPE_REPLY_TO,
	ENVELOPE_TO,
	ENVELOPE_CC,
	ENVELOPE_BCC,
	ENVELOPE_IN_REPLY_TO,
	ENVELOPE_MESSAGE_ID,
	ENVELOPE_REFERENCES,
	ENVELOPE_FIELD_COUNT
};

#define ENVELOPE_MAX (100 * 1024)	/* bytes of a message's own ENVELOPE */
#define ENVELOPE_NESTED_MAX (32 * 1024)	/* of one inside a BODYSTRUCTURE */

struct envelope {
	struct slice header;
	struct slice charset;	/* of raw 8-bit values; empty: not known */
	struct slice values[ENVELOPE_FIELD_COUNT];	/* first of each name; ptr NULL: absent */
	bool is_repeated[ENVELOPE_FIELD_COUNT];
};

/* Find the fields of header.  Everything is borrowed. */
void envelope_read(struct slice header, struct slice charset, struct envelope *out);
/*
 * Append the envelope, at most max bytes (one of the limits above).  Lists are
 * cut at whole addresses.  Of fields that stand twice the first counts, but To,
 * Cc and Bcc are joined.
 */
void envelope_write(const struct envelope *e, size_t max, struct buf *out);
/*
 * Append a header value as an nstring without controls and without 8-bit
 * bytes: those are decoded and become encoded words.  NIL when raw.ptr is NULL.
 */
void envelope_put_text(struct slice raw, struct slice charset, struct buf *out);

#endif
