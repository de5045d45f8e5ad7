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

/* What a daemon_spec names, for --role worker. */
MUST_USE enum status worker_start(struct daemon *d, const struct pop3_settings *settings,
    struct problem *why);
/* Deletions asked for are waited for, then the loop ends. */
void worker_stop(struct daemon *d);
/* Free everything, after a failed start too. */
void worker_end(struct daemon *d);

#endif
