/*
 * plan_client.h -- how policyd asks stored to execute plans, and what it asks
 * the store before it decides.
 */
#ifndef STORE_PLAN_CLIENT_H
#define STORE_PLAN_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "store/fetch_known.h"
#include "store/limits.h"
#include "store/logins.h"
#include "store/plan.h"

struct loop;
struct plan_client;

struct plan_client *plan_client_new(struct loop *l, const char *path);
/* connected(ctx): after every connection from now on. */
void plan_client_on_connected(struct plan_client *c, void (*connected)(void *ctx), void *ctx);
void plan_client_free(struct plan_client **c);
/* Forget a call: its done will not be called. */
void plan_cancel(struct plan_client *c, uint32_t call);

/*
 * OK      on disk; change is its number
 * EXISTS  a NOT_FETCHED precondition failed: it is stored already
 * STALE   another precondition failed: decide again
 * LIMIT   the disk is full, or too much waits to be written: it did not happen
 * BUSY    no answer: it may have happened
 * CORRUPT the text is not what the plan says
 * FULL    an account that a delivery needs room in has none: nothing happened
 */
typedef void plan_done(void *ctx, enum status st, uint64_t change, const struct problem *why);
/* text: sealed memfd or -1; stays the caller's. */
uint32_t plan_execute(struct plan_client *c, const struct plan *p, int text, plan_done *done,
    void *ctx);

/* The account is no more: what it has goes to its trash, in time; that it shall is on disk when done
 * is called with OK.  Asked again it is answered again.  done gets no number. */
uint32_t plan_account_remove(struct plan_client *c, uint32_t account, struct slice login,
    plan_done *done, void *ctx);

/* accounts[i]: who wrote the message with the i-th key, 0: unknown. */
typedef void thread_done(void *ctx, enum status st, const uint32_t *accounts, uint32_t count);
#define THREAD_KEYS_MAX 64
uint32_t plan_thread(struct plan_client *c, const uint64_t *keys, uint32_t count,
    thread_done *done, void *ctx);

/* sizes: as listed outside, 0: not said; NULL: none was.  known[i]: of the i-th. */
typedef void fetched_done(void *ctx, enum status st, const struct fetch_known *known,
    uint32_t count);
#define FETCHED_UIDLS_MAX 20000
uint32_t plan_fetched(struct plan_client *c, uint32_t fetch, const struct slice *uidls,
    const uint64_t *sizes, uint32_t count, fetched_done *done, void *ctx);
/* removal: how far it has come, enum fetched_removal (fetched.h), for all of them.  On disk when
 * done is called with OK; it gets no rows. */
uint32_t plan_fetched_mark(struct plan_client *c, uint32_t fetch, uint8_t removal,
    const struct slice *uidls, const uint64_t *sizes, uint32_t count, fetched_done *done,
    void *ctx);
/* is_last: what was named in this and the calls before is all that is still outside; what was
 * stored before the first of them and not named is forgotten.  STALE: the store did not hear the
 * beginning; nothing is forgotten.  done gets no rows. */
uint32_t plan_fetched_keep(struct plan_client *c, uint32_t fetch, const struct slice *uidls,
    uint32_t count, bool is_last, fetched_done *done, void *ctx);

/* The last entry of the archive's chain, and the store's number. */
struct archive_head;
typedef void head_done(void *ctx, enum status st, uint64_t store,
    const struct archive_head *head);
uint32_t plan_head(struct plan_client *c, head_done *done, void *ctx);

/* All of these limits are on disk, or some (BUSY): say them again. */
typedef void limits_done(void *ctx, enum status st, const struct problem *why);
uint32_t plan_limits(struct plan_client *c, const struct account_limits *rows, uint32_t count,
    limits_done *done, void *ctx);

/* Which logins hold, of all accounts or of some: logins.h.  Said again after every connection. */
void plan_logins(struct plan_client *c, const struct login_row *rows, uint32_t count, bool is_all);

/* use[i]: of the i-th account; zeros when it has nothing yet.  NULL unless st is OK. */
typedef void use_done(void *ctx, enum status st, const struct account_use *use, uint32_t count);
uint32_t plan_use(struct plan_client *c, const uint32_t *accounts, uint32_t count,
    use_done *done, void *ctx);

#endif
