/*
 * relay.h -- sends what is in the queue: takes entries that are due, brings
 * them to their next server, and says what became of each.  What it holds is
 * leased: killed at any time it loses nothing.
 */
#ifndef SMTPD_RELAY_H
#define SMTPD_RELAY_H

#include "base/problem.h"
#include "base/status.h"

struct loop;
struct relay;
struct relay_settings;

/* SYNTAX, IO: as dns_new() says.  settings: borrowed for good. */
MUST_USE enum status relay_new(struct loop *l, const struct relay_settings *settings,
    struct relay **out, struct problem *why);
/*
 * Take nothing more, and end what can be ended without sending a message twice.
 * stopped is called, maybe at once, when nothing is left to wait for.
 */
void relay_stop(struct relay *r, void (*stopped)(void *ctx), void *ctx);
/* Connections end at once. */
void relay_free(struct relay **r);

#endif
