/*
 * throttle.h -- failed logins make the next answers slower, per address and
 * per account, and too many from one address end it for a while.  Safe from
 * any thread; time is passed in.
 */
#ifndef POLICY_THROTTLE_H
#define POLICY_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#define THROTTLE_WINDOW_S 600
#define THROTTLE_FAILURES_MAX 20	/* of one address in the window */
#define THROTTLE_DELAY_MAX_S 8
#define THROTTLE_ENTRIES_MAX 20000

struct throttle;

struct throttle *throttle_new(void);
void throttle_free(struct throttle **t);
/*
 * True when the address has failed too often to be heard.  A pair of address
 * and login that has worked is heard until it fails that often itself, so that
 * one wrong machine does not lock a whole office out.
 */
bool throttle_is_over(struct throttle *t, struct slice address, struct slice login,
    uint64_t now_s);
/* Count a failure (login may be empty); how many seconds its answer is to wait. */
uint32_t throttle_failed(struct throttle *t, struct slice address, struct slice login,
    uint64_t now_s);
void throttle_succeeded(struct throttle *t, struct slice address, struct slice login,
    uint64_t now_s);

/*
 * For a restart: call each(ctx) with key and record of what has changed since the
 * last call, at most max of them.  Keys longer than 255 bytes are left out.
 */
void throttle_changes(struct throttle *t, size_t max,
    void (*each)(void *ctx, struct slice key, struct slice record), void *ctx);
/* Take such a record back.  STALE: it counts no more.  CORRUPT: it is none. */
MUST_USE enum status throttle_restore(struct throttle *t, struct slice key, struct slice record,
    uint64_t now_s);

#endif
