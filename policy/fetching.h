/*
 * fetching.h -- what fetchd asks, and who waits for its reports.
 */
#ifndef POLICY_FETCHING_H
#define POLICY_FETCHING_H

#include "policy/client.h"
#include "policy/policyd.h"

struct fetching;
struct table;

struct fetching *fetching_new(struct policyd *p);
void fetching_free(struct fetching **f);

/* Requests of policy.sock.  fetching_uidls: POLICY_FETCH_KNOWN, _KEEP, _REMOVING and _REMOVED. */
enum status fetching_list(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);
enum status fetching_secret(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);
enum status fetching_uidls(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);
enum status fetching_report(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);
void fetching_peer_gone(struct fetching *f, uint64_t ipc_peer);

/* Tell fetchd that fetch accounts have changed. */
void fetching_changed(struct fetching *f);
/* Forget what stored remembers of a fetch account that was removed. */
void fetching_removed(struct fetching *f, uint32_t fetch);
/* The newest report about it since we started; NULL: none. */
const struct policy_fetch_report *fetching_last(const struct fetching *f, uint32_t fetch);
/*
 * Have it collected now: heard(ctx) gets every report until the final one, or
 * NULL when fetchd has gone away, and nothing after these two.
 * BUSY: fetchd is not there.
 */
typedef void fetching_heard(void *ctx, const struct policy_fetch_report *r);
MUST_USE enum status fetching_run(struct fetching *f, uint32_t fetch, fetching_heard *heard,
    void *ctx);

#endif
