/*
 * intake.h -- a message on its way: read by a helper, routed, planned,
 * executed by stored, answered.  Many at once.
 */
#ifndef POLICY_INTAKE_H
#define POLICY_INTAKE_H

#include "policy/policyd.h"

struct intake;
struct table;

#define RECEIVED_MAX 100	/* Received fields; more are a loop (RFC 5321 s.6.3) */

struct intake *intake_new(struct policyd *p);
/* Drops what is under way: nobody is told that it was stored, though it may be. */
void intake_free(struct intake **i);
/* Call idle(ctx) when nothing is under way any more, maybe at once. */
void intake_when_idle(struct intake *i, void (*idle)(void *ctx), void *ctx);

/* Requests of policy.sock. */
enum status intake_submit(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);
enum status intake_fetched(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);
enum status intake_returned(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);

#endif
