/*
 * client.h -- how daemons ask policyd.  Every call ends in exactly one done,
 * unless cancelled, and never blocks; without policyd it is BUSY.  Inside done
 * the answer's slices are borrowed.
 */
#ifndef POLICY_CLIENT_H
#define POLICY_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"
#include "store/fetch_known.h"
#include "wire/smtp_dsn.h"

struct loop;
struct policy_client;

/*
 * on_notice: POLICY_FETCH_CHANGED and POLICY_FETCH_RUN (with its fetch id), for fetchd; may be NULL.
 * CHANGED is given after every (re)connection, too: a notice may have been lost with the old one.
 */
struct policy_client *policy_client_new(struct loop *l, const char *path,
    void (*on_notice)(void *ctx, uint16_t type, uint32_t fetch), void *ctx);
/* For smtpd: on_end(ctx, sid), when the login of a session does not hold any more. */
void policy_client_on_end(struct policy_client *c, void (*on_end)(void *ctx, struct slice sid),
    void *ctx);
void policy_client_free(struct policy_client **c);
void policy_cancel(struct policy_client *c, uint32_t call);

/* Sessions.  policyd itself remembers who is logged in on a session of this process. */
enum policy_service {
	SERVICE_SMTP,		/* port 25: the outside */
	SERVICE_SUBMISSION,	/* 587 and 465 */
	SERVICE_IMAP,
	SERVICE_POP3,
};

struct policy_session {
	struct slice sid;
	uint8_t service;	/* enum policy_service */
	struct slice peer;	/* numeric address */
	bool is_secure;
};

/* After a restart of policyd the client says open sessions again by itself, not logged in. */
void policy_session_open(struct policy_client *c, const struct policy_session *s);
void policy_session_close(struct policy_client *c, struct slice sid);

/*
 * One step of a login.  mechanism: named in the first step, empty afterwards.
 * message: the client's bytes, decoded; has_message false when a first step
 * came without an initial response.
 */
struct policy_sasl_answer {
	bool is_done;		/* true: logged in; false: send challenge, come with the next message */
	struct slice challenge;
	uint32_t account;
	struct slice login;	/* canonical name of the account */
	struct slice grant;	/* sealed, for the worker: store/grant.h */
};
/*
 * DENIED  wrong name or password   SYNTAX  a malformed message   ABSENT  no such mechanism
 * LIMIT   too many failures: say so and close   BUSY  cannot tell now
 * The answer to a failure comes late on purpose.
 */
typedef void policy_sasl_done(void *ctx, enum status st, const struct policy_sasl_answer *a,
    const struct problem *why);
uint32_t policy_sasl(struct policy_client *c, struct slice sid, struct slice mechanism,
    bool has_message, struct slice message, policy_sasl_done *done, void *ctx);
/* A whole name-and-password login (IMAP LOGIN, POP3 USER and PASS): as PLAIN. */
uint32_t policy_login(struct policy_client *c, struct slice sid, struct slice name,
    struct slice password, policy_sasl_done *done, void *ctx);

/*
 * Reply for an SMTP client.  code 250, or 4xx and 5xx with enhanced status
 * ("5.7.1") and one line of ASCII text, at most 120 characters.
 */
struct policy_reply {
	uint16_t code;
	struct slice enhanced;
	struct slice text;
};
typedef void policy_reply_done(void *ctx, enum status st, const struct policy_reply *r);

/* May this session send as this envelope sender?  sender empty: null sender. */
uint32_t policy_mail(struct policy_client *c, struct slice sid, struct slice sender,
    policy_reply_done *done, void *ctx);
/* May it send to this recipient? */
uint32_t policy_recipient(struct policy_client *c, struct slice sid, struct slice sender,
    struct slice recipient, policy_reply_done *done, void *ctx);

struct policy_submission {
	struct slice sid;
	struct slice mid;
	struct slice sender;
	const struct slice *recipients;
	uint32_t recipient_count;
	uint64_t received_at;
	uint32_t size_bytes;
	uint32_t prefix_len;	/* bytes at the head of the text that we put there ourselves */
	struct smtp_dsn_mail dsn;
	const struct smtp_dsn_rcpt *wishes;	/* of each recipient; NULL: none has any */
};
/* text: sealed memfd; stays the caller's.  A 250 reply means: on disk. */
uint32_t policy_submit(struct policy_client *c, const struct policy_submission *s, int text,
    policy_reply_done *done, void *ctx);

/* Fetching.  Ids are the directory's and never used again. */
enum fetch_protocol {
	FETCH_POP3,		/* uses STLS when it is offered */
	FETCH_POP3S,
	FETCH_POP3_STLS,	/* no login without STLS */
	FETCH_POP3_PLAIN,	/* never uses STLS, even when it is offered */
	FETCH_PROTOCOL_COUNT
};

struct policy_fetch {
	uint32_t id;
	struct slice name;
	struct slice host;
	uint16_t port;
	uint8_t protocol;	/* enum fetch_protocol */
	struct slice user;
	uint32_t every_s;
	int32_t keep_days;	/* -1: messages stay outside for ever; 0: deleted once stored */
	bool is_enabled;
	bool checks_certificate;
	struct slice ca_path;	/* empty: the system's */
};
typedef void policy_fetch_list_done(void *ctx, enum status st, const struct policy_fetch *list,
    uint32_t count);
/* All fetch accounts, disabled ones too. */
uint32_t policy_fetch_list(struct policy_client *c, policy_fetch_list_done *done, void *ctx);

/* secret is wiped after done returns. */
typedef void policy_secret_done(void *ctx, enum status st, struct slice secret);
uint32_t policy_fetch_secret(struct policy_client *c, uint32_t fetch, policy_secret_done *done,
    void *ctx);

/* known[i]: of the i-th uidl. */
typedef void policy_known_done(void *ctx, enum status st, const struct fetch_known *known,
    uint32_t count);
#define POLICY_UIDLS_MAX 20000	/* in one call */
/* sizes: as listed, of each, 0: not said.  What has the id of a removed message, and another size,
 * is not known. */
uint32_t policy_fetch_known(struct policy_client *c, uint32_t fetch, const struct slice *uidls,
    const uint64_t *sizes, uint32_t count, policy_known_done *done, void *ctx);
/* They are going to be removed outside, and their removal was confirmed.  done gets no rows. */
uint32_t policy_fetch_removing(struct policy_client *c, uint32_t fetch, const struct slice *uidls,
    const uint64_t *sizes, uint32_t count, policy_known_done *done, void *ctx);
uint32_t policy_fetch_removed(struct policy_client *c, uint32_t fetch, const struct slice *uidls,
    const uint64_t *sizes, uint32_t count, policy_known_done *done, void *ctx);
/* What is still outside, in calls of at most POLICY_UIDLS_MAX; the last one says so. */
uint32_t policy_fetch_keep(struct policy_client *c, uint32_t fetch, const struct slice *uidls,
    uint32_t count, bool is_last, policy_known_done *done, void *ctx);

struct policy_fetched {
	uint32_t fetch;
	struct slice uidl;
	struct slice mid;
	uint64_t received_at;
	uint32_t size_bytes;
	uint32_t prefix_len;
	uint64_t listed_bytes;	/* as LIST said, 0: it did not */
};
/* OK: on disk.  EXISTS: it was already.  BUSY, LIMIT: not now.  text stays the caller's. */
typedef void policy_fetched_done(void *ctx, enum status st, const struct problem *why);
uint32_t policy_fetch_submit(struct policy_client *c, const struct policy_fetched *f, int text,
    policy_fetched_done *done, void *ctx);

/* What a run did; a waiting "mailadm fetch run" gets it, "fetch show" shows the last. */
struct policy_fetch_report {
	uint32_t fetch;
	bool is_final;		/* false: progress of a run that goes on */
	uint8_t status;		/* enum status */
	struct slice text;	/* what went wrong, one line */
	uint32_t listed, stored, known, removed, failed;
	uint64_t bytes;
};
void policy_fetch_report(struct policy_client *c, const struct policy_fetch_report *r);

#endif
