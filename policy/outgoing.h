/*
 * outgoing.h -- how mail leaves: by which route, and as whom.  Pure functions
 * over the directory.
 */
#ifndef POLICY_OUTGOING_H
#define POLICY_OUTGOING_H

#include "policy/directory.h"

/*
 * What the outside sees of an author.  With an outside identity in the
 * directory it is that; else the address that was sent from, unless no name
 * server outside can know its domain.
 */
struct outgoing_identity {
	const struct account_record *account;	/* who wrote it; NULL: a device */
	struct slice name;	/* UTF-8; empty: the message's own stays */
	struct slice address;	/* header From; empty: the message's own stays */
	struct slice sender;	/* of the envelope; empty: the null sender */
};

enum outgoing_answer {
	OUTGOING_OK,
	OUTGOING_NO_ROUTE,
	OUTGOING_NO_IDENTITY,	/* nothing that could be shown outside */
	OUTGOING_NOT_OURS,	/* a device's sender address is none of the company's */
};

/*
 * account: who is logged in; 0: a host of the LAN, which is believed that its
 * sender is whoever has that address, if it is one of ours.  Slices are
 * borrowed from the directory and from sender.  *out is set with OUTGOING_OK.
 */
enum outgoing_answer outgoing_identity(const struct directory *d, uint32_t account,
    struct slice sender, struct outgoing_identity *out);

/*
 * The route for mail of that author to that recipient: one for the sender
 * (login, address sent from, or outside address), then one for the recipient's
 * domain, then the default one; those that are switched off are passed over.
 * NULL: there is none.
 */
const struct route_record *outgoing_route(const struct directory *d,
    const struct outgoing_identity *author, struct slice sender, struct slice recipient);

/* May it leave at all? */
enum outgoing_answer outgoing_check(const struct directory *d, uint32_t account,
    struct slice sender, struct slice recipient);

#endif
