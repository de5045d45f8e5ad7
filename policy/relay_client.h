/*
 * relay_client.h -- what relayd asks policyd: how a route goes, its secret,
 * and that undeliverable mail be returned.  Uses a struct policy_client.
 */
#ifndef POLICY_RELAY_CLIENT_H
#define POLICY_RELAY_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"
#include "policy/client.h"

enum route_tls { ROUTE_TLS_REQUIRE, ROUTE_TLS_TRY, ROUTE_TLS_OFF };

struct policy_route {
	uint32_t id;
	struct slice name;
	struct slice host;	/* empty: by MX of the recipient's domain */
	uint16_t port;
	bool is_lmtp;
	uint8_t tls;		/* enum route_tls; port 465 is implicit TLS */
	bool checks_certificate;
	struct slice ca_path;	/* empty: the system's */
	uint32_t credential;	/* 0: no AUTH */
	struct slice user;	/* AUTH name */
};
/*
 * ABSENT: the route was removed.  DENIED: it is switched off; what waits for it
 * goes on waiting.  Route 0 is answered too: MX, TLS tried.
 */
typedef void policy_route_done(void *ctx, enum status st, const struct policy_route *r);
uint32_t policy_route(struct policy_client *c, uint32_t route, policy_route_done *done,
    void *ctx);
/* ABSENT: there is no such credential any more.  secret is wiped after done returns. */
uint32_t policy_credential(struct policy_client *c, uint32_t credential,
    policy_secret_done *done, void *ctx);

enum return_kind {
	RETURN_FAILED,	/* the entries end */
	RETURN_DELAYED,	/* the author is told; the entries go on waiting */
	RETURN_DELIVERED,	/* the entries owed this notice (NOTIFY=SUCCESS), and end */
	RETURN_RELAYED,
	RETURN_KIND_COUNT
};
#define POLICY_RETURN_ENTRIES_MAX 200

/*
 * One text for all these entries of one message.  text: sealed memfd with a DSN (RFC 3464) for the
 * author, stays the caller's; -1: nobody is told, by a null sender or by NOTIFY.  An author who is
 * 0, or gone, is stood for by the postmaster where mail failed or waits; of a success the address
 * in "to" hears then, or nobody.  detail as in queue_settle().
 *
 * OK     on disk
 * STALE  one of the entries is not in the queue any more (it was removed, or returned already):
 *        final, nothing was done; ask again without the ones that are gone
 * BUSY   it may have happened: ask again, STALE says that it had
 * LIMIT  too many entries, or no room now
 * DENIED the text is not what was said
 */
struct policy_returned {
	enum return_kind kind;
	uint32_t author;
	struct slice mid;		/* of the DSN */
	const uint64_t *entries;
	uint32_t entry_count;
	uint32_t size_bytes;		/* of the DSN; 0: none */
	struct slice detail;
	struct slice about;		/* mid of the mail that this is about */
	struct slice to;		/* DELIVERED, RELAYED: its envelope sender */
};
typedef void policy_return_done(void *ctx, enum status st, const struct problem *why);
uint32_t policy_return(struct policy_client *c, const struct policy_returned *r, int text,
    policy_return_done *done, void *ctx);

#endif
