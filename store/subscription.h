/*
 * subscription.h -- for the writer: which names an account subscribed.
 * Reading them: mailbox.h.
 */
#ifndef STORE_SUBSCRIPTION_H
#define STORE_SUBSCRIPTION_H

#include "store/mailbox.h"

/* name: as mailbox_name_make() spells it. */
MUST_USE enum status subscription_put(struct txn *t, uint32_t account, struct slice name,
    struct problem *why);
/* ABSENT when it was not subscribed. */
MUST_USE enum status subscription_delete(struct txn *t, uint32_t account, struct slice name,
    struct problem *why);

#endif
