/*
 * certificate.h -- the instance's own small CA and the server's certificate,
 * P-256, for companies on a LAN that no public CA would name.
 */
#ifndef TOOLS_CERTIFICATE_H
#define TOOLS_CERTIFICATE_H

#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

/* Make CA and certificate in ../tls/ for domain (see instance.h for the names). */
MUST_USE enum status certificate_make(struct slice domain, struct problem *why);
/*
 * Make a new server certificate, by the same CA, when the present one ends
 * within CERTIFICATE_RENEW_S and the CA is ours.  *renewed tells.
 */
#define CERTIFICATE_RENEW_S (UINT64_C(60) * 86400)
MUST_USE enum status certificate_renew(uint64_t now_s, struct slice domain, int *renewed,
    struct problem *why);
/* When the server certificate ends, seconds since 1970. */
MUST_USE enum status certificate_end(uint64_t *ends_at_s, struct problem *why);

#endif
