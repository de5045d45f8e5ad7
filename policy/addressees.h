/*
 * addressees.h -- who is who, read once from the directory while nothing runs: for
 * mailadm, where the store knows accounts by their numbers only.
 */
#ifndef POLICY_ADDRESSEES_H
#define POLICY_ADDRESSEES_H

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

#include <stdint.h>

struct addressees;

/* path: policyd's folder.  Statuses as env_open(); BUSY: policyd runs. */
MUST_USE enum status addressees_open(const char *path, struct addressees **out, struct problem *why);
void addressees_close(struct addressees **p);

/* Login of an account; empty: there is no such account.  Borrowed until addressees_close(). */
struct slice addressees_login(const struct addressees *p, uint32_t account);
/*
 * The i-th account that an address leads to, as a login, an alias or an outside identity, in any
 * case of letters; 0: there are no more.
 */
uint32_t addressees_find(const struct addressees *p, struct slice address, unsigned i);
/* The administrator who gets what nobody is known for; 0: nobody. */
uint32_t addressees_postmaster(const struct addressees *p);

#endif
