/*
 * auth_internal.h -- a login as its steps and libsasl2's callbacks share it.
 */
#ifndef POLICY_AUTH_INTERNAL_H
#define POLICY_AUTH_INTERNAL_H

#include <sasl/sasl.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "net/admission.h"
#include "policy/auth.h"
#include "policy/directory.h"
#include "policy/pool.h"
#include "policy/remember.h"
#include "policy/throttle.h"

enum { AUTH_CALLBACKS = 4 };

struct auth {
	struct loop *loop;
	struct directory *directory;
	struct auth_options options;
	struct pool *pool;
	struct throttle *throttle;
	struct remember *remember;
	char dummy[VERIFIER_MAX + 1];	/* verifier of no password, for accounts that are not there */
	_Atomic uint64_t hashes;
	struct auth_login *logins;
	struct timer *save;	/* what the throttle has counted */
};

/* Owned by the loop's thread; between pool_run() and its answer by the pool's. */
struct auth_login {
	struct auth *auth;
	struct auth_login *prev, *next;
	char *address, *sid;
	char place[ADMISSION_ADDRESS_MAX];	/* the address, or its network: what failures count for */
	bool is_busy;		/* a thread has it */
	bool is_abandoned;	/* nobody waits for the thread's answer */
	bool is_unfinished;	/* the last step asked for another one */
	struct timer *late;	/* until a failure is told */
	auth_done *done;
	void *ctx;

	/* The step */
	struct buf mechanism;	/* NUL-terminated by buf_cstr() */
	bool has_message;
	struct buf message;
	sasl_conn_t *conn;
	sasl_callback_t callbacks[AUTH_CALLBACKS];

	/* Its outcome */
	enum status status;
	struct problem why;
	struct buf challenge;
	bool is_checked;	/* a password was judged in this step: */
	enum status verdict;
	uint32_t account, version;
	uint64_t mark;
	char name[ADDRESS_LEN_MAX + 1];	/* canonical login, or what the client said */
};

/* libsasl2 for the whole process. */
MUST_USE enum status auth_sasl_begin(struct problem *why);
void auth_sasl_end(void);
/* Run the step of the login, on a thread: sets its outcome. */
void auth_sasl_step(struct auth_login *login);

#endif
