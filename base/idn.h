/*
 * idn.h -- domain names that are not ASCII, as the DNS and mail servers of old
 * take them: in A-labels (RFC 5890; mapped as UTS 46 says, so that any case and the
 * ideographic full stop do).
 */
#ifndef BASE_IDN_H
#define BASE_IDN_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

/*
 * Append the A-labels of a domain in UTF-8; one in ASCII as it is, looked at no further.
 * SYNTAX  no domain can be named so; out is as it was
 * LIMIT   out has no room
 */
MUST_USE enum status idn_domain(struct slice domain, struct buf *out);

/*
 * Append an address that any server takes, if there is such a form of it: where
 * only its domain is not ASCII, that in A-labels.  Otherwise, or where that has no
 * room, as it is.
 */
void idn_address(struct slice address, struct buf *out);

#endif
