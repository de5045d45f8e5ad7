/*
 * pool.h -- threads for what takes a processor for long, so that the loop never waits.
 */
#ifndef POLICY_POOL_H
#define POLICY_POOL_H

#include "base/status.h"

struct pool;

/* threads 0: as many as there are processors.  They start with the first job. */
struct pool *pool_new(unsigned threads, unsigned queue_max);
/* Waits for what has begun; what has not begun is not run. */
void pool_free(struct pool **p);
/*
 * Run fn(ctx) on a thread; it posts its result to a loop itself.  From one thread only.
 * BUSY: queue_max wait already, or there is no thread.
 */
MUST_USE enum status pool_run(struct pool *p, void (*fn)(void *ctx), void *ctx);

#endif
