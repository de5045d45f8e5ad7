/*
 * password.h -- passwords and their verifiers (yescrypt, crypt(5)).  A check
 * takes some 18 ms of a processor: never on the loop of a daemon under load.
 */
#ifndef POLICY_PASSWORD_H
#define POLICY_PASSWORD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/problem.h"

#define PASSWORD_MAX 500	/* bytes: crypt(3) takes 511 */

/*
 * Append the one form of a password that we hash: UTF-8 in NFC, other 8-bit
 * bytes as they are (RFC 8265 s.4).
 * SYNTAX  empty, or with a control character   LIMIT  longer than PASSWORD_MAX
 */
MUST_USE enum status password_prepare(struct slice raw, struct buf *out);
/* Append a new verifier of a prepared password.  IO: the system's crypt(3) has no yescrypt. */
MUST_USE enum status password_verifier(struct slice prepared, struct buf *out,
    struct problem *why);
/* True when the prepared password is the verifier's. */
bool password_matches(struct slice prepared, const char *verifier);

#endif
