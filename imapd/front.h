/*
 * front.h -- a process of clients that have not logged in: TLS, the commands
 * before login, then the client goes to a worker.  Opens nothing of the store.
 */
#ifndef IMAPD_FRONT_H
#define IMAPD_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/status.h"

#define FRONT_USER "tradepost-imapfront"	/* so that who takes a front over has no store */

struct admission;
struct daemon;
struct front_session;
struct imap_settings;
struct ipc_client;
struct listener;
struct loop;
struct policy_client;
struct timer;
struct tls_context;

struct front {
	struct loop *loop;
	const struct imap_settings *settings;
	struct policy_client *policy;
	struct ipc_client **workers;	/* settings->workers of them */
	struct tls_context *tls;
	struct listener *clear;
	struct listener *secure;
	struct front_session *sessions;	/* open */
	struct front_session *dead;	/* closed in this turn of the loop */
	struct admission *places;
	struct timer *reaper;
};

/* The three steps of a daemon's life: net/daemon.h. */
MUST_USE enum status front_start(struct daemon *d, const struct imap_settings *settings,
    struct problem *why);
void front_stop(struct daemon *d);
void front_end(struct daemon *d);

#endif
