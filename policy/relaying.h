/*
 * relaying.h -- what relayd asks about routes: how one goes, and its secret.
 */
#ifndef POLICY_RELAYING_H
#define POLICY_RELAYING_H

#include "policy/policyd.h"

struct table;

/* Requests of policy.sock. */
enum status relaying_route(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);
enum status relaying_credential(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);

#endif
