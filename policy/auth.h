/*
 * auth.h -- logins: libsasl2 and the secrets, on threads of their own.
 * Offers PLAIN and LOGIN and nothing else, whatever modules are installed.
 * An unknown account costs the same hash as a wrong password.
 */
#ifndef POLICY_AUTH_H
#define POLICY_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct auth;
struct auth_login;
struct directory;
struct loop;

struct auth_options {
	unsigned threads;	/* 0: as many as processors */
	unsigned queue_max;	/* steps waiting for a thread; one more is BUSY */
	unsigned delay_unit_ms;	/* what a second of delay takes; tests make it short */
};

#define AUTH_REMEMBER_S 900	/* a password that was right is known again for so long */

/*
 * One per process: libsasl2 has one state, and loads its modules from disk
 * here.  IO: it cannot start or lacks a mechanism (libsasl2-modules).
 */
MUST_USE enum status auth_new(struct loop *l, struct auth_options options, struct auth **out,
    struct problem *why);
/* Before the first login: whose logins.  The directory is borrowed.  Statuses as
 * directory_limits_each(). */
MUST_USE enum status auth_start(struct auth *a, struct directory *d, struct problem *why);
/* All logins must have been freed. */
void auth_free(struct auth **a);

/* The logins of one client connection from that address. */
struct auth_login *auth_login_new(struct auth *a, struct slice address, struct slice sid);
/* A step under way ends unheard; an exchange left unfinished counts as a failure. */
void auth_login_free(struct auth_login **login);

struct auth_result {
	bool is_done;		/* logged in; else challenge is to be sent */
	struct slice challenge;
	uint32_t account;
	uint32_t version;	/* of the account, when it was checked */
	uint64_t mark;		/* the same: logins.h */
	struct slice login;
};

/* r is NULL unless st is OK; borrowed during the call, as is why.  Statuses as policy_sasl(). */
typedef void auth_done(void *ctx, enum status st, const struct auth_result *r,
    const struct problem *why);
/*
 * One step; done(ctx) comes from the loop.  mechanism: not empty in the first
 * step, begins anew.  One at a time: a step before the answer to the one before
 * is BUSY.
 */
void auth_step(struct auth_login *login, struct slice mechanism, bool has_message,
    struct slice message, auth_done *done, void *ctx);

/* How many passwords were hashed so far. */
uint64_t auth_hash_count(const struct auth *a);

#endif
