/*
 * proxy.h -- copy bytes between a TLS client's conn and a worker's socket,
 * both ways, with back-pressure, until one side ends.
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

struct conn;
struct loop;

/*
 * Takes both: *client (set to NULL) and fd.  The client's unconsumed input goes
 * first to the worker.  Frees itself; ended(ctx), if not NULL, is called when it does.
 */
void proxy_start(struct loop *l, struct conn **client, int fd, void (*ended)(void *ctx),
    void *ctx);

#endif
