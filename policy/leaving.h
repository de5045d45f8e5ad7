/*
 * leaving.h -- what of a message goes outside: to whom, by which routes, as
 * whom.  Keeps its own copies, so that the directory may change meanwhile.
 */
#ifndef POLICY_LEAVING_H
#define POLICY_LEAVING_H

#include "policy/directory.h"
#include "policy/facts.h"
#include "policy/rewrite.h"

struct leaving_recipient {
	struct slice address;	/* borrowed from the question */
	uint32_t route, credential;
	uint32_t at;		/* which of the question's recipients it is */
};

#define LEAVING_REASONS_MAX 2600

struct leaving {
	uint32_t author;	/* account that answers and reports go to; 0: nobody's */
	char *name, *address, *sender, *domain;	/* outgoing_identity(); domain: of new ids */
	uint32_t inside_count, count;
	struct slice *inside;	/* recipients of ours, borrowed from the question */
	uint32_t *inside_at;	/* which of its recipients each is */
	struct leaving_recipient *recipients;	/* outside, each once */
	struct buf reasons;	/* lines "step=outgoing ...", UTF-8 */
};

/*
 * account: who is logged in, 0: a host of the LAN.  *out: given, leaving_clear().
 * ABSENT  a recipient is to go outside, and cannot (any more)
 */
MUST_USE enum status leaving_decide(const struct directory *d, uint32_t account,
    struct slice sender, const struct slice *recipients, uint32_t count, struct leaving *out);
void leaving_clear(struct leaving *l);

/* The order that rewrites the message, and what it points to. */
struct leaving_order {
	struct rewrite_order order;
	struct slice domains[REWRITE_DOMAINS_MAX];
	struct rewrite_address addresses[REWRITE_ADDRESSES_MAX];
};
/*
 * Addresses of ours in the header become those by which the outside knows their
 * people; one that it cannot know becomes the author's, with its own name.
 * order.prefix_len, mid and at_s are the caller's.  Slices are borrowed from
 * the directory, leaving and facts.
 */
void leaving_order(const struct directory *d, const struct leaving *l, const struct facts *facts,
    struct leaving_order *out);

#endif
