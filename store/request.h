/*
 * request.h -- what workers ask for, and what they are told: the wire forms of
 * STORE_SESSION to STORE_CLAIM_RECENT.  Encoded by client.c, decoded by stored.
 */
#ifndef STORE_REQUEST_H
#define STORE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "store/client.h"
#include "store/protocol.h"

#define REQUEST_MAX (4u * 1024 * 1024 - 4096)	/* bytes of one that fits a frame */

/* Which of these fields a request has says its type; see request.c. */
struct store_work {
	struct slice grant;
	uint32_t mailbox, to, uid;
	struct uidset uids;
	uint8_t mode;
	uint64_t flags, unchanged_since;
	struct slice keywords;
	struct slice name, new_name;
	uint8_t role;
	uint32_t message_count;
	struct store_append_message *messages;
};

/* A type that these functions know. */
bool work_is_known(uint16_t type);
/* Append the request; LIMIT when it does not fit a frame. */
MUST_USE enum status work_encode(uint16_t type, const struct store_work *w, struct buf *out);
/* Slices are borrowed from payload; uids and messages are given: work_clear().  CORRUPT. */
MUST_USE enum status work_decode(uint16_t type, struct slice payload, struct store_work *out);
void work_clear(struct store_work *w);

/* The beginning of every answer, and what follows it when st is OK. */
void answer_put(enum status st, const struct problem *why, struct buf *out);
/* The reader stands behind the beginning.  CORRUPT when it is none. */
MUST_USE enum status answer_read(struct reader *in, enum status *st, struct problem *why);
void result_put(const struct store_result *r, struct buf *out);
/* The sets are given: result_clear(). */
MUST_USE enum status result_read(struct reader *in, struct store_result *out);
void result_clear(struct store_result *r);

#endif
