/*
 * session.h -- the clients' sessions that smtpd and the fronts have told us
 * of, and who is logged in on each.
 */
#ifndef POLICY_SESSION_H
#define POLICY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "net/ipc.h"
#include "policy/client.h"

struct auth_login;
struct policyd;
struct table;

#define SESSIONS_MAX 100000	/* of one process */

struct session {
	struct policyd *policyd;
	uint64_t ipc_peer;
	char *sid;
	char *peer;		/* numeric address */
	enum policy_service service;
	bool is_secure;
	bool is_lan;		/* may relay without a login */
	struct auth_login *login;	/* NULL until the first step of a login */
	uint32_t request;		/* of the step under way */
	uint32_t account;		/* 0: nobody is logged in */
	uint64_t mark;			/* of its login: logins.h */
};

/* The sessions of one process of ours: sid -> struct session. */
struct table *sessions_new(void);
void sessions_free(struct table **t);

/* Requests of policy.sock; each answers its request.  CORRUPT: a malformed payload. */
enum status session_open(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);
enum status session_close(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);
enum status session_sasl(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);
/* End those where the account is logged in under another mark; one that belongs to a worker is its. */
void sessions_end(struct table *sessions, struct ipc_peer *peer, uint32_t account, uint64_t mark);
/* POLICY_MAIL and POLICY_RECIPIENT. */
enum status session_path(struct policyd *p, struct table *sessions, struct ipc_peer *peer,
    struct ipc_frame *frame);

#endif
