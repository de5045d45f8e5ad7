/*
 * relay_protocol.h -- what relayd and policyd say to each other on
 * policy.sock: policy/relay_client.h is its manual, protocol.h says how frames
 * and answers begin.  Each pair writes and reads one payload.
 */
#ifndef POLICY_RELAY_PROTOCOL_H
#define POLICY_RELAY_PROTOCOL_H

#include "base/buf.h"
#include "base/bytes.h"
#include "policy/relay_client.h"

/* POLICY_ROUTE and POLICY_CREDENTIAL: an id of the directory; the answer to the latter is a secret. */
void policy_relay_id_put(struct buf *out, uint32_t id);
/* CORRUPT. */
MUST_USE enum status policy_relay_id_read(struct slice payload, uint32_t *id);

/* The answer to POLICY_ROUTE, behind an OK. */
void policy_route_put(struct buf *out, const struct policy_route *r);
/* CORRUPT. */
MUST_USE enum status policy_route_read(struct reader *in, struct policy_route *r);

/* POLICY_RETURN; the text, unless size_bytes is 0, goes along as the frame's descriptor. */
void policy_returned_put(struct buf *out, const struct policy_returned *r);
/* *entries is what r->entries points to: given.  CORRUPT, too: no entry, or too many; no mid. */
MUST_USE enum status policy_returned_read(struct slice payload, struct policy_returned *r,
    uint64_t **entries);

#endif
