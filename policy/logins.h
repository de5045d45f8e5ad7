/*
 * logins.h -- logins end when the account is removed or disabled, or its
 * password is changed: stored and the workers are told which ones hold
 * (store/logins.h), and smtpd which of its sessions are over.
 */
#ifndef POLICY_LOGINS_H
#define POLICY_LOGINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct policyd;

/* The mark of an account: another one with every new password, LOGIN_NONE while it is disabled. */
uint64_t login_mark(uint32_t account, bool is_enabled, struct slice verifier);
/* Of the account as it is now; LOGIN_NONE when there is none. */
uint64_t login_mark_now(const struct policyd *p, uint32_t account);

/* stored may be another one: say all. */
void logins_tell_all(struct policyd *p);
/* The account was added, changed or removed. */
void logins_changed(struct policyd *p, uint32_t account);

#endif
