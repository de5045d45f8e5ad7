/*
 * policyd.h -- what the parts of policyd share.
 */
#ifndef POLICY_POLICYD_H
#define POLICY_POLICYD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/problem.h"
#include "net/ipc.h"
#include "policy/lan.h"
#include "policy/settings.h"

struct admin;
struct auth;
struct directory;
struct fetching;
struct heads;
struct helpers;
struct intake;
struct limits;
struct loop;
struct outbox;
struct peer;
struct plan_client;
struct receipts;

struct policyd {
	struct loop *loop;
	const struct policy_settings *settings;
	struct buf grant_key;
	struct lan lan;			/* who may relay without a login */
	/* Who may ask for secrets, each for their own, besides root and ourselves. */
	uid_t fetchd_uid, relayd_uid;
	struct directory *directory;
	struct auth *auth;
	struct helpers *helpers;
	struct plan_client *store;
	struct ipc_server *service;	/* policy.sock */
	struct peer *peers;		/* connected there: service.c */
	struct intake *intake;
	struct receipts *receipts;	/* given to senders outside */
	struct fetching *fetching;
	struct outbox *outbox;
	struct limits *limits;
	struct heads *heads;
	struct admin *admin;
	bool is_stopping;
};

#endif
