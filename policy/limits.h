/*
 * limits.h -- quotas and how long removed mail is kept: what the directory and
 * the settings say, told to stored, which counts; and what stored has counted.
 */
#ifndef POLICY_LIMITS_H
#define POLICY_LIMITS_H

#include "policy/directory.h"
#include "policy/identity.h"
#include "policy/policyd.h"
#include "store/limits.h"

struct limits;

struct limits *limits_new(struct policyd *p);
void limits_free(struct limits **l);
/* Something changed: stored is told of all accounts, until it has confirmed it. */
void limits_kick(struct limits *l);

/* What holds for an account; 0: none, for ever. */
uint64_t limits_quota(const struct policyd *p, const struct account_record *a);
uint32_t limits_trash_days(const struct policyd *p, const struct account_record *a);

/* use[i]: of the i-th account; count is 0 where stored does not answer in some seconds. */
typedef void limits_use(void *ctx, const struct account_use *use, uint32_t count);
void limits_ask_use(struct limits *l, const uint32_t *accounts, uint32_t count, limits_use *done,
    void *ctx);
/*
 * Are all the people behind a recipient full, so that nothing more is taken for
 * it?  false: somebody has no quota, there is nothing to ask.  true: the answer
 * to the peer's request will be sent, "ok" or that the mailbox is full.
 */
bool limits_ask_room(struct limits *l, const struct identity *whom, uint64_t ipc_peer,
    uint32_t request);

#endif
