/*
 * client_internal.h -- a question to policyd, as the files that ask share it.
 */
#ifndef POLICY_CLIENT_INTERNAL_H
#define POLICY_CLIENT_INTERNAL_H

#include "base/buf.h"
#include "policy/client.h"
#include "policy/relay_client.h"

enum answer_kind { ANSWER_SASL, ANSWER_REPLY, ANSWER_LIST, ANSWER_SECRET, ANSWER_KNOWN,
	ANSWER_FETCHED, ANSWER_ROUTE };

/* How long we wait for each answer; BUSY afterwards. */
enum {
	SASL_DEADLINE_MS = 40000,	/* a hash in a queue, and a failure that is told late */
	PATH_DEADLINE_MS = 5000,
	SUBMIT_DEADLINE_MS = 120000,
	LIST_DEADLINE_MS = 10000,
	KNOWN_DEADLINE_MS = 30000,
};

struct timer;

/* One question whose answer is outstanding. */
struct call {
	struct call *prev, *next;
	struct policy_client *client;
	uint32_t number;	/* what the caller holds */
	uint32_t ipc_call;	/* 0: it could not be asked, and fails by the timer */
	struct timer *fails_soon;
	enum answer_kind kind;
	union {
		policy_sasl_done *sasl;
		policy_reply_done *reply;
		policy_fetch_list_done *list;
		policy_secret_done *secret;
		policy_known_done *known;
		policy_fetched_done *fetched;
		policy_route_done *route;
	} done;
	void *ctx;
};

/* Set done before it is asked. */
struct call *policy_call_new(struct policy_client *c, enum answer_kind kind, void *ctx);
/* Ask; wipes and clears the payload.  Returns the call's number. */
uint32_t policy_call_ask(struct call *call, uint16_t type, struct buf *payload, int fd,
    uint32_t deadline_ms);

#endif
