/*
 * listener.h -- accept connections on a descriptor that somebody else bound.
 * Out of descriptors pauses accepting for a second instead of spinning.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdint.h>

struct listener;
struct loop;

/* accepted(ctx, fd): takes fd, non-blocking and close-on-exec.  listen_fd stays the caller's. */
struct listener *listener_new(struct loop *l, int listen_fd, void (*accepted)(void *ctx, int fd),
    void *ctx);
void listener_free(struct listener **l);

#endif
