/*
 * store_call.h -- ask stored on its administrator's socket.
 */
#ifndef TOOLS_STORE_CALL_H
#define TOOLS_STORE_CALL_H

#include <stdint.h>

#include "tools/command.h"

/*
 * row: for the payload of each STORE_ROW; may be NULL.  The answer's status and its sentence;
 * BUSY when nobody serves the instance.  The instance has been entered.
 */
MUST_USE enum status store_call(const struct invocation *in, uint16_t type, struct slice payload,
    void (*row)(void *ctx, struct slice payload), void *ctx, struct problem *why);
/* The same for what takes its time, hours if it must be. */
MUST_USE enum status store_watch(const struct invocation *in, uint16_t type, struct slice payload,
    void (*row)(void *ctx, struct slice payload), void *ctx, struct problem *why);
/* The same with a descriptor to pass (-1: none), and no rows. */
MUST_USE enum status store_send(const struct invocation *in, uint16_t type, struct slice payload,
    int fd, struct problem *why);

#endif
