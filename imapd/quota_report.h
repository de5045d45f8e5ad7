/*
 * quota_report.h -- QUOTA and QUOTAROOT responses (RFC 9208 s.5).  There is one
 * root, the account, with the empty name; without a quota there is none.
 */
#ifndef IMAPD_QUOTA_REPORT_H
#define IMAPD_QUOTA_REPORT_H

#include <stdbool.h>

#include "base/buf.h"
#include "store/account.h"

struct store;

/* Append "* QUOTA "" (STORAGE used limit)", in units of 1024 octets (s.6.1), and CRLF. */
void quota_report(const struct account_row *a, struct buf *out);
/* The account's row as of now; one that does not exist yet has nothing and no quota. */
MUST_USE enum status quota_report_read(struct store *store, uint32_t account,
    struct account_row *out);

#endif
