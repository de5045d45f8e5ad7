/*
 * quota.h -- may an account take more in?  What counts are the bytes of its
 * messages, each copy for itself; the trash area does not.
 *
 * A mailbox is full when its quota is reached.  Saving must not fail for what was
 * sent, so Sent and Drafts may go a tenth beyond it; deleting must not fail for
 * programs that copy to Deleted Items first, so that may go as far again.
 */
#ifndef STORE_QUOTA_H
#define STORE_QUOTA_H

#include <stdbool.h>

#include "base/problem.h"
#include "store/account.h"

#define QUOTA_WARN_PERCENT 90

/* Nothing more is taken in by delivery; false without a quota. */
bool quota_is_full(const struct account_row *a);
/*
 * May more bytes come into a mailbox with this role?  Where a role may go beyond the
 * quota, all of a message counts as long as there was room for its first byte.
 * FULL, with why.
 */
MUST_USE enum status quota_check(const struct account_row *a, uint8_t role, uint64_t more,
    struct problem *why);
/* The account has come to QUOTA_WARN_PERCENT of its quota, from less. */
bool quota_is_crossed(const struct account_row *a, uint64_t bytes_before);

#endif
