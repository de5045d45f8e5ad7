/*
 * front.h -- pop3d before the login: it listens, speaks TLS and asks policyd;
 * it opens nothing of the store.
 */
#ifndef POP3D_FRONT_H
#define POP3D_FRONT_H

#include "base/problem.h"
#include "base/status.h"

/* Fronts run as this user, where it exists and they were started as root. */
#define FRONT_USER "tradepost-pop3front"

struct daemon;
struct pop3_settings;

/* What a daemon_spec names, for --role front. */
MUST_USE enum status front_start(struct daemon *d, const struct pop3_settings *settings,
    struct problem *why);
/* Nobody new; the others are let go. */
void front_stop(struct daemon *d);
/* Free everything, after a failed start too. */
void front_end(struct daemon *d);

#endif
