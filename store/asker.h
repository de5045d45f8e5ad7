/*
 * asker.h -- what client.c and plan_client.c share: questions to one of
 * stored's sockets, each answered exactly once unless it is cancelled.
 */
#ifndef STORE_ASKER_H
#define STORE_ASKER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct asker;
struct ipc_frame;
struct loop;

/* The caller's done, of whatever type; answered() knows it. */
typedef void asker_fn(void);

/*
 * st: of the answer, or BUSY when there is none.  in: behind the beginning of an answer that is OK,
 * else NULL.  frame: the answer, for its descriptor; NULL when there is none.
 */
typedef void asker_answered(asker_fn *done, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why);

/* connected: after every connection; noticed: stored sent a notice.  Both may be NULL. */
struct asker *asker_new(struct loop *l, const char *path, void (*connected)(void *ctx),
    void (*noticed)(void *ctx, const struct ipc_frame *frame), void *ctx);
/* No done is called any more. */
void asker_free(struct asker **a);
/*
 * Takes what is in payload; one that is too long is answered with LIMIT.  fd: stays the
 * caller's.  Returns a number for asker_cancel(), never 0.
 */
uint32_t asker_ask(struct asker *a, uint16_t type, struct buf *payload, int fd,
    asker_answered *answered, asker_fn *done, void *ctx);
/* Send a notice; dropped while there is no connection. */
void asker_tell(struct asker *a, uint16_t type, struct slice payload);
void asker_cancel(struct asker *a, uint32_t call);

#endif
