/*
 * wake.h -- one eventfd for each worker: signalled after commits, so that it
 * reads the journal.  A counter cannot overflow or get lost.
 */
#ifndef STORE_WAKE_H
#define STORE_WAKE_H

#include "base/problem.h"
#include "base/status.h"

struct wake;
struct wake_worker;

struct wake *wake_new(void);
/* All workers must be gone. */
void wake_free(struct wake **w);

/* fd: to be sent to the worker; stays ours. */
MUST_USE enum status wake_worker_new(struct wake *w, struct wake_worker **out, int *fd,
    struct problem *why);
void wake_worker_free(struct wake_worker **worker);
void wake_all(struct wake *w);

#endif
