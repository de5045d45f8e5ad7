/*
 * server.h -- what all sessions of one smtpd share.
 */
#ifndef SMTPD_SERVER_H
#define SMTPD_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "smtpd/settings.h"
#include "smtpd/text.h"

struct admission;
struct loop;
struct policy_client;
struct smtp_session;
struct smtp_submission;
struct tls_context;

struct smtp_server {
	struct loop *loop;
	const struct smtp_settings *settings;
	struct tls_context *tls;
	struct policy_client *policy;
	struct buf hostname;
	struct text_budget budget;
	struct smtp_session *sessions;		/* all of them, a list */
	struct smtp_submission *submissions;	/* messages that policyd decides about just now */
	struct admission *outside;	/* clients of the port for everybody */
	struct admission *arrivals;	/* of the ports for our people, before their login */
	struct admission *accounts;	/* and behind it */
	bool is_stopping;
	/* The last session and submission ended while stopping. */
	void (*on_empty)(struct smtp_server *server);
};

/* Ask every session to end; on_empty is called when all have, maybe at once. */
void smtp_server_stop(struct smtp_server *server);
/* Calls on_empty when nothing is left of a server that is being stopped. */
void smtp_server_check_empty(struct smtp_server *server);

#endif
