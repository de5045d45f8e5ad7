/*
 * handover.h -- what a front tells a worker when it gives it a logged-in
 * client: one frame with the client's socket, or with one end of a socket pair
 * when the front keeps the TLS.
 */
#ifndef NET_HANDOVER_H
#define NET_HANDOVER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/slice.h"
#include "base/status.h"

enum { HANDOVER_SESSION = 1, HANDOVER_TAKEN = 2 };	/* frame types: question, answer */

#define HANDOVER_INPUT_MAX (64 * 1024)

struct handover {
	struct slice sid;
	struct slice grant;	/* as policyd gave it: policy/client.h */
	struct slice login;	/* the account's login name */
	struct slice peer;	/* numeric address */
	bool is_secure;
	struct slice tag;	/* IMAP: the tag to answer; POP3: empty */
	struct slice input;	/* bytes the client sent behind its login */
};

/* LIMIT when it does not fit a frame. */
MUST_USE enum status handover_encode(struct buf *out, const struct handover *h);
/* Slices are borrowed from payload.  CORRUPT when it is not a handover. */
MUST_USE enum status handover_decode(struct slice payload, struct handover *h);

#endif
