/*
 * account.h -- one outside mailbox, as policyd's directory says: our own copy.
 */
#ifndef FETCHD_ACCOUNT_H
#define FETCHD_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "policy/client.h"

struct account {
	struct policy_fetch fetch;	/* its slices are ours */
};

struct account *account_new(const struct policy_fetch *from);
void account_free(struct account **a);

/* In clear, POP3 uses TLS where it is offered; then a certificate means nothing, unless a CA is set. */
bool account_checks_certificate(const struct account *a);

#endif
