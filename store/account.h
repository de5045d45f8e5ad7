/*
 * account.h -- what the store keeps of an account; its id and everything an
 * administrator sets come from policyd's directory.
 */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "store/env.h"
#include "store/mailbox.h"

struct account_row {
	uint32_t id;
	uint32_t inbox;		/* mailbox id */
	uint64_t bytes;		/* of all its messages, trash apart */
	uint64_t messages;
	uint32_t mailboxes;
	uint32_t roles[MAILBOX_ROLE_COUNT];	/* mailbox ids by role; 0: none */
	uint64_t quota_bytes;	/* that bytes may reach; 0: none */
	uint32_t trash_days;	/* that what was removed is kept; 0: for ever */
};

struct change;

/* ABSENT, or its inbox is 0, until the account's first session or delivery made its folders, and
 * once it is removed. */
MUST_USE enum status account_get(struct txn *t, uint32_t account, struct account_row *out,
    struct problem *why);

/* For the writer. */
MUST_USE enum status account_put(struct txn *t, const struct account_row *row,
    struct problem *why);
/* As account_get(), making the account and its folders, subscribed, where there are none.
 * DENIED: it was removed (former.h), and what it had is going or gone. */
MUST_USE enum status account_need(struct change *c, uint32_t account, struct account_row *out,
    struct problem *why);

#endif
