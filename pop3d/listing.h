/*
 * listing.h -- a multi-line answer with one line for each message not marked,
 * sent as fast as the client takes it.
 */
#ifndef POP3D_LISTING_H
#define POP3D_LISTING_H

#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"

struct pop3_session;

/* "+OK", then what line appends for each message, then the final dot.  OK: all is written. */
MUST_USE enum status listing_start(struct pop3_session *s,
    void (*line)(struct pop3_session *s, uint32_t n, struct buf *out));

#endif
