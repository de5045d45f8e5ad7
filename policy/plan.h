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
	uint32_t fetch;		/* 0: not fetched */
	struct slice uidl;
	const struct leaving *leaving;	/* what goes outside; NULL: nothing */
	const struct digest_rewritten *outside;	/* its text; with leaving */
	bool has_sent_copy;	/* the author gets it in Sent Items */
};

/*
 * *out: given; plan_clear() and then buf_clear(memory), which holds what some of
 * its slices point to.  Everything else is borrowed from source and decision.
 * decision: NULL when nobody of ours gets it.
 */
void plan_for_mail(const struct plan_source *source, const struct route_decision *decision,
    struct plan *out, struct buf *memory);
/*
 * The plan by which undelivered mail goes back to account (its login for the
 * archive), with the report's text as source says it, size 0: without one.
 */
void plan_for_return(const struct plan_source *source, const struct policy_returned *returned,
    uint32_t account, struct slice login, struct plan *out, struct buf *memory);
/* The plan that tells stored of a change in the directory. */
void plan_for_audit(const struct pending_audit_record *audit, struct plan *out);

#endif
