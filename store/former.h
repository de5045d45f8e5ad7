/*
 * former.h -- accounts that were removed: what they were called, so that their
 * trash can be found.  Their mailboxes go away in slices, behind the scenes.
 */
#ifndef STORE_FORMER_H
#define STORE_FORMER_H

#include <stdbool.h>

#include "base/buf.h"
#include "store/env.h"

struct former_row {
	uint32_t account;
	uint64_t removed_at;
	struct slice login;	/* borrowed */
};

#define FORMER_LOGIN_MAX 320

/* ABSENT: it was not removed. */
MUST_USE enum status former_get(struct txn *t, uint32_t account, struct former_row *out,
    struct problem *why);
/* All of them by number.  each() returns false to stop. */
MUST_USE enum status former_each(struct txn *t,
    bool (*each)(void *ctx, const struct former_row *row), void *ctx, struct problem *why);
/* For the writer. */
MUST_USE enum status former_put(struct txn *t, const struct former_row *row,
    struct problem *why);

/* One record of the table meta: CORRUPT. */
MUST_USE enum status former_decode(struct slice key, struct slice value, struct former_row *out);

/* STORE_ACCOUNT_REMOVE: u32 account, slice login. */
void account_remove_put(uint32_t account, struct slice login, struct buf *out);
struct job;
MUST_USE enum status job_of_account_remove(struct slice payload, struct job **out,
    struct problem *why);
/* The next slice of what a removed account still has, a job; given.  NULL: nothing. */
struct job *job_of_leaving(struct txn *t);

#endif
