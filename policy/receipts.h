/*
 * receipts.h -- how many receipts (RFC 3461 NOTIFY=SUCCESS) senders outside are given: who writes
 * to us under somebody else's name has us write to them.  Time is passed in.
 */
#ifndef POLICY_RECEIPTS_H
#define POLICY_RECEIPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define RECEIPTS_HOUR_S 3600
#define RECEIPTS_DOMAIN_MAX 20	/* to senders of one domain within the hour */
#define RECEIPTS_MAX 200	/* to all */

struct receipts;

struct receipts *receipts_new(void);
void receipts_free(struct receipts **r);
/* Count one to this sender, a domain's letters in any case.  False: it is to have none. */
bool receipts_count(struct receipts *r, struct slice sender, uint64_t now_s);

#endif
