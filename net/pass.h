/*
 * pass.h -- a front gives a logged-in client to a worker: the socket itself,
 * or, when the front keeps the TLS, one end of a socket pair and a proxy.
 */
#ifndef NET_PASS_H
#define NET_PASS_H

#include "base/status.h"

struct conn;
struct handover;
struct ipc_client;
struct loop;
struct pass;

/*
 * h: all but is_secure and input, which are filled in here; read before this
 * returns.  A clear *client must have sent all its output; it is detached and
 * *client set to NULL.  A secure one stays the caller's until done says OK; then
 * it is proxied and *client set to NULL.  client must stay valid until done or
 * pass_cancel().
 *
 * done is called once, from the loop, unless cancelled; the pass is gone then.
 * OK    the worker has the client
 * else  it may have it or not: the stream has been ended for the worker
 */
struct pass *pass_start(struct loop *l, struct ipc_client *worker, struct conn **client,
    const struct handover *h, void (*done)(void *ctx, enum status st), void *ctx);
/* End the client's stream for the worker, and forget.  Accepts NULL. */
void pass_cancel(struct pass **p);

#endif
