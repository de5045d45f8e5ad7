/*
 * front.h -- pop3d before the login: it listens, speaks TLS and asks policyd;
 * it opens nothing of the store.
 */
#ifndef POP3D_FRONT_H
#define POP3D_FRONT_H

#include "base/problem.h"
#include "base/status.h"

#define FRONT_USER "tradepost-pop3front"

struct daemon;
struct pop3_settings;

MUST_USE enum status front_start(struct daemon *d, const struct pop3_settings *settings,
    struct problem *why);
void front_stop(struct daemon *d);
void front_end(struct daemon *d);

#endif
