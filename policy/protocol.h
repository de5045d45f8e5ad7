/*
 * protocol.h -- what policyd answers on its three sockets.
 *
 * policy.sock        smtpd, fronts, fetchd, relayd: policy/client.h is its manual
 * digest.sock        digest helpers: policyd asks, they answer (policy/digest.h)
 * policy-admin.sock  mailadm: ADMIN_REQUEST with one JSON object
 *                    {"noun": "user", "verb": "add", ...}; answered by any number of
 *                    ADMIN_ROW, each one JSON object, then ADMIN_END: u8 status,
 *                    slice why
 *
 * Answers on policy.sock begin with u8 status and slice why.
 */
#ifndef POLICY_PROTOCOL_H
#define POLICY_PROTOCOL_H

#include "base/buf.h"
#include "base/bytes.h"
#include "policy/client.h"

enum policy_request {
	POLICY_SESSION_OPEN = 1,	/* notice */
	POLICY_SESSION_CLOSE,		/* notice */
	POLICY_SASL,
	POLICY_MAIL,
	POLICY_RECIPIENT,
	POLICY_SUBMIT,
	POLICY_FETCH_LIST,
	POLICY_FETCH_SECRET,
	POLICY_FETCH_KNOWN,
	POLICY_FETCH_SUBMIT,
	POLICY_FETCH_KEEP,
	POLICY_FETCH_REPORT,
	POLICY_ROUTE,			/* relayd's: relay_protocol.h */
	POLICY_CREDENTIAL,
	POLICY_RETURN,
	POLICY_FETCH_REMOVING,
	POLICY_FETCH_REMOVED,
	/* notices to fetchd */
	POLICY_FETCH_CHANGED = 100,	/* read the list again */
	POLICY_FETCH_RUN,		/* u32 fetch id: collect now, then report */
	POLICY_SESSION_END,		/* sid, for smtpd: its login does not hold any more */
	/* policy-admin.sock */
	ADMIN_REQUEST = 200,
	ADMIN_ROW,
	ADMIN_END,
};

/* What one field may hold; a longer one makes the frame malformed. */
#define POLICY_SID_MAX 64
#define POLICY_MID_MAX 64
#define POLICY_ADDRESS_MAX 1000
#define POLICY_RECIPIENTS_MAX 1000
#define POLICY_MESSAGE_MAX 8192		/* one SASL message of a client */
#define POLICY_UIDL_MAX 250
#define POLICY_FETCHES_MAX 10000
#define POLICY_TEXT_MAX 1000

/*
 * Each pair writes and reads one payload.  Readers borrow slices from the
 * payload, answer CORRUPT for anything that no writer of ours makes, and give
 * arrays, to be released with mem_free().
 */

/* How every answer begins; the rest of the reader is the answer when *st is OK. */
void policy_answer_put(struct buf *out, enum status st, const struct problem *why);
MUST_USE enum status policy_answer_read(struct reader *in, enum status *st, struct problem *why);

/* POLICY_SESSION_OPEN. */
void policy_session_put(struct buf *out, const struct policy_session *s);
/* CORRUPT, too: no sid. */
MUST_USE enum status policy_session_read(struct slice payload, struct policy_session *s);

/* POLICY_SESSION_CLOSE and POLICY_SESSION_END. */
void policy_sid_put(struct buf *out, struct slice sid);
/* CORRUPT. */
MUST_USE enum status policy_sid_read(struct slice payload, struct slice *sid);

/* POLICY_SASL; the answer below is its. */
struct policy_sasl_step {
	struct slice sid;
	struct slice mechanism;
	bool has_message;
	struct slice message;
};
/* As policy_sasl() was asked. */
void policy_sasl_step_put(struct buf *out, const struct policy_sasl_step *s);
/* A message of any length: clients choose it. */
MUST_USE enum status policy_sasl_step_read(struct slice payload, struct policy_sasl_step *s);
/* Behind an OK. */
void policy_sasl_answer_put(struct buf *out, const struct policy_sasl_answer *a);
/* CORRUPT. */
MUST_USE enum status policy_sasl_answer_read(struct reader *in, struct policy_sasl_answer *a);

/* POLICY_MAIL (recipient empty) and POLICY_RECIPIENT. */
struct policy_path {
	struct slice sid;
	struct slice sender;
	struct slice recipient;
};
void policy_path_put(struct buf *out, const struct policy_path *p);
MUST_USE enum status policy_path_read(struct slice payload, struct policy_path *p);
void policy_reply_put(struct buf *out, const struct policy_reply *r);
MUST_USE enum status policy_reply_read(struct reader *in, struct policy_reply *r);

/* POLICY_SUBMIT; the text goes along as the frame's descriptor. */
void policy_submission_put(struct buf *out, const struct policy_submission *s);
/* *recipients and *wishes are what s->recipients and s->wishes point to: given. */
MUST_USE enum status policy_submission_read(struct slice payload, struct policy_submission *s,
    struct slice **recipients, struct smtp_dsn_rcpt **wishes);

/* The answer to POLICY_FETCH_LIST, which has no payload. */
void policy_fetch_list_put(struct buf *out, const struct policy_fetch *list, uint32_t count);
/* *list is given.  CORRUPT. */
MUST_USE enum status policy_fetch_list_read(struct reader *in, struct policy_fetch **list,
    uint32_t *count);

/* POLICY_FETCH_SECRET, POLICY_FETCH_CHANGED (0) and POLICY_FETCH_RUN. */
void policy_fetch_id_put(struct buf *out, uint32_t fetch);
MUST_USE enum status policy_fetch_id_read(struct slice payload, uint32_t *fetch);
void policy_secret_put(struct buf *out, struct slice secret);
MUST_USE enum status policy_secret_read(struct reader *in, struct slice *secret);

/* POLICY_FETCH_KEEP; with is_last false POLICY_FETCH_KNOWN, _REMOVING and _REMOVED. */
struct policy_uidls {
	uint32_t fetch;
	bool is_last;
	const struct slice *uidls;
	const uint64_t *sizes;	/* as listed, of each, 0: not said; NULL: none was */
	uint32_t count;
};
void policy_uidls_put(struct buf *out, const struct policy_uidls *u);
/* *uidls and *sizes are what u->uidls and u->sizes point to: given. */
MUST_USE enum status policy_uidls_read(struct slice payload, struct policy_uidls *u,
    struct slice **uidls, uint64_t **sizes);
void policy_known_put(struct buf *out, const struct fetch_known *known, uint32_t count);
/* *known is given. */
MUST_USE enum status policy_known_read(struct reader *in, struct fetch_known **known,
    uint32_t *count);

/* POLICY_FETCH_SUBMIT; the text goes along as the frame's descriptor. */
void policy_fetched_put(struct buf *out, const struct policy_fetched *f);
/* CORRUPT, too: no mid, no uidl, a prefix longer than the text. */
MUST_USE enum status policy_fetched_read(struct slice payload, struct policy_fetched *f);

/* POLICY_FETCH_REPORT, a notice. */
void policy_report_put(struct buf *out, const struct policy_fetch_report *r);
/* CORRUPT. */
MUST_USE enum status policy_report_read(struct slice payload, struct policy_fetch_report *r);

#endif
