/*
 * outbox.h -- audit records of changes in the directory, on their way to
 * stored: sent until it confirms them, through restarts of either.  One that
 * tells of a removed account goes behind the removal itself.
 */
#ifndef POLICY_OUTBOX_H
#define POLICY_OUTBOX_H

#include "policy/policyd.h"

struct outbox;

struct outbox *outbox_new(struct policyd *p);
void outbox_free(struct outbox **o);
/* Send what is pending, if nothing is being sent. */
void outbox_kick(struct outbox *o);

#endif
