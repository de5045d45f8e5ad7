/*
 * plan.h -- from a decision to the value that stored executes: a pure function.
 */
#ifndef POLICY_PLAN_H
#define POLICY_PLAN_H

#include "policy/directory.h"
#include "policy/digest.h"
#include "policy/facts.h"
#include "policy/leaving.h"
#include "policy/relay_client.h"
#include "policy/route.h"
#include "store/plan.h"

#define POLICY_PLAN_RECIPIENTS_BYTES (1100u * 1024)	/* POLICY_RECIPIENTS_MAX of the longest */

struct plan_source {
	struct slice mid, sid;
	uint64_t received_at;
	uint32_t size_bytes;
	uint8_t sha256[SHA256_LEN];
	struct slice digest;
	uint32_t author;	/* account that submitted it, 0: it comes from outside */
	struct slice sender;	/* of the envelope; of a fetched message its From address */
	struct slice actor;	/* for the audit: login, fetch account or peer address */
	const struct slice *recipients;
	uint32_t recipient_count;
	struct smtp_dsn_mail dsn;
	const struct smtp_dsn_rcpt *wishes;	/* of each recipient; NULL: none */
	uint32_t fetch;		/* 0: not fetched */
	struct slice uidl;
	uint64_t listed_bytes;	/* with fetch: as listed outside, 0: not said */
	const struct leaving *leaving;	/* what goes outside; NULL: nothing */
	const struct digest_rewritten *outside;	/* its text; with leaving */
	bool has_sent_copy;	/* the author gets it in Sent Items */
	bool has_no_receipt;	/* none is owed, since its sender had too many */
};

/* The sender is to be told that it was delivered. */
bool plan_owes_receipt(const struct plan_source *source);

/*
 * *out: given; plan_clear() and then buf_clear(memory), which holds what some of
 * its slices point to.  Everything else is borrowed from source and decision.
 * decision: NULL when nobody of ours gets it.
 */
void plan_for_mail(const struct plan_source *source, const struct route_decision *decision,
    struct plan *out, struct buf *memory);
/* Who hears of what became of mail: an account of ours (its login for the archive) or an address. */
struct plan_told {
	uint32_t account;	/* 0: none */
	struct slice login;
	struct leaving_recipient outside;	/* address empty: none */
};
/*
 * The plan by which a notice reaches them, with the report's text as source says it, size 0: nobody
 * is told.
 */
void plan_for_return(const struct plan_source *source, const struct policy_returned *returned,
    const struct plan_told *told, struct plan *out, struct buf *memory);
/* The plan that tells stored of a change in the directory. */
void plan_for_audit(const struct pending_audit_record *audit, struct plan *out);

#endif
