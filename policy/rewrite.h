/*
 * rewrite.h -- a message as the outside sees it: header From, the Message-ID
 * and addresses that point inside become the outside identity; Bcc, our trace
 * and what programs say of their network do not leave.  What goes out is 7-bit
 * with lines of at most 998 bytes, for whatever server is next: raw 8-bit header
 * text becomes encoded words (RFC 2047) or RFC 2231 parameters, bodies that need
 * it quoted-printable or base64.  A body that does not need it is left as it is.
 * A pure function; one linear pass.
 */
#ifndef POLICY_REWRITE_H
#define POLICY_REWRITE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

#define REWRITE_ADDRESSES_MAX 1000
#define REWRITE_DOMAINS_MAX 100

/* An address that stands in the header, and what stands there instead. */
struct rewrite_address {
	struct slice inside;	/* any case */
	struct slice name;	/* UTF-8; empty: the name that is there stays */
	struct slice address;
};

struct rewrite_order {
	uint32_t prefix_len;	/* bytes at the head of the text that we put there ourselves */
	uint64_t at_s;		/* Date, where there is none */
	struct slice mid;	/* Message-ID, where there is none, is made of it */
	struct slice name;	/* outside identity, UTF-8; empty: the message's own stays */
	struct slice address;	/* the same; empty: From stays as it is */
	struct slice domain;	/* of Message-ID and trace */
	uint32_t domain_count, address_count;
	const struct slice *domains;	/* ours: ids at them show something internal */
	const struct rewrite_address *addresses;
};

/*
 * Append the message.  Ids inside are mapped to the same id outside each time,
 * so that a thread holds together there, too.
 * LIMIT  out is full
 */
MUST_USE enum status rewrite_outgoing(struct slice text, const struct rewrite_order *order,
    struct buf *out);

#endif
