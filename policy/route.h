/*
 * route.h -- who gets a message: a pure function over what is known of it and
 * the directory.  First answer wins; each step says why:
 *   1. the envelope recipient, where it names people
 *   2. for a shared address, who wrote what is being answered
 *   3. the display names beside the shared address
 *   6. its dispatcher: nothing is lost
 */
#ifndef POLICY_ROUTE_H
#define POLICY_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/directory.h"
#include "policy/facts.h"

struct route_question {
	/* Either recipients of an envelope, or the fetch account that collected the message. */
	const struct slice *recipients;
	uint32_t recipient_count;
	const struct fetch_record *fetch;
	const struct facts *facts;
	/* authors[i]: account that wrote the message with facts->keys[i], 0: nobody; NULL: unasked. */
	const uint32_t *authors;
};

#define ROUTE_REASONS_MAX 2600

struct route_decision {
	uint32_t *accounts;	/* each once, in the order they were found */
	uint32_t account_count;
	struct buf reasons;	/* lines "step=... -> login", UTF-8 */
};

/* True when an answer about the thread can make a difference. */
bool route_needs_thread(const struct directory *d, const struct route_question *q);
/*
 * *out: given, route_decision_clear().
 * ABSENT  a recipient is nobody of ours (any more), or nobody is left to take the message
 */
MUST_USE enum status route_decide(const struct directory *d, const struct route_question *q,
    struct route_decision *out);
void route_decision_clear(struct route_decision *r);

#endif
