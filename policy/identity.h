/*
 * identity.h -- whom an address means, and who may send as it.
 */
#ifndef POLICY_IDENTITY_H
#define POLICY_IDENTITY_H

#include <stdbool.h>

#include "policy/directory.h"

/*
 * Append the one form in which we compare domains and addresses: lower case, a
 * domain that is not ASCII in A-labels.  SYNTAX: not a host name; not a dot-atom of ASCII
 * (RFC 5321 s.4.1.2) at a host name.  out is unchanged then.
 */
MUST_USE enum status identity_domain_form(struct slice text, struct buf *out);
MUST_USE enum status identity_address_form(struct slice text, struct buf *out);

enum identity_kind {
	IDENTITY_PEOPLE,	/* one account, or those of an alias */
	IDENTITY_SHARED,	/* a shared address: routing finds the people */
	IDENTITY_DISABLED,	/* an account that is switched off */
	IDENTITY_UNKNOWN,	/* nobody, in a domain of ours */
	IDENTITY_FOREIGN,	/* a domain that is not ours */
	IDENTITY_MALFORMED,	/* no address that we could have given out */
};

struct identity {
	enum identity_kind kind;
	const char *how;	/* "login", "alias", "postmaster", "shared"; NULL */
	const struct alias_record *alias;	/* people: of an alias */
	const struct account_record *account;	/* people: one */
	const struct fetch_record *fetch;	/* shared */
};

/* Letters compare without case in both halves. */
struct identity identity_find(const struct directory *d, struct slice address);
/* The i-th account of IDENTITY_PEOPLE; 0 behind the last. */
uint32_t identity_account(const struct identity *i, uint32_t index);

/* True for the null sender, the account's login, its aliases and its outside address. */
bool identity_may_send(const struct directory *d, const struct account_record *account,
    struct slice sender);

#endif
