/*
 * worker.h -- pop3d after the login: it takes clients from fronts, reads the
 * store and asks stored for deletions.
 */
#ifndef POP3D_WORKER_H
#define POP3D_WORKER_H

#include "base/problem.h"
#include "base/status.h"

struct daemon;
struct pop3_settings;

MUST_USE enum status worker_start(struct daemon *d, const struct pop3_settings *settings,
    struct problem *why);
void worker_stop(struct daemon *d);
void worker_end(struct daemon *d);

#endif
