/*
 * bounce.h -- what an author reads when mail could not be delivered, or not
 * yet, or when it was and that was to be told: a delivery status notification
 * (RFC 3464, RFC 6522) whose first part says in Chinese and English what happened
 * and what to do about it.
 */
#ifndef SMTPD_BOUNCE_H
#define SMTPD_BOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "smtpd/relay_reply.h"
#include "wire/smtp_dsn.h"

#define BOUNCE_MAX (1024 * 1024)
#define BOUNCE_HEADER_MAX (32 * 1024)	/* of the original that is quoted */
#define BOUNCE_FULL_MAX (128 * 1024)	/* of an original that goes back whole, when RET=FULL */

enum bounce_kind { BOUNCE_FAILED, BOUNCE_DELAYED, BOUNCE_DELIVERED, BOUNCE_RELAYED };

struct bounce_recipient {
	struct slice address;
	struct slice orcpt;		/* as ORCPT had it; empty: nothing */
	const struct relay_result *result;
};

struct bounce {
	enum bounce_kind kind;
	struct slice hostname;		/* ours */
	struct slice domain;		/* the notice is from mailer-daemon there */
	struct slice mid;		/* of the notice */
	struct smtp_dsn_mail dsn;	/* as the original's MAIL had it */
	struct slice author;		/* envelope sender of the original: never empty */
	struct slice remote;		/* name of the host that said it; empty: none was reached */
	uint64_t made_at;		/* when the original was queued */
	uint64_t now_s;
	uint64_t until_s;		/* when it is given up: for BOUNCE_DELAYED */
	bool is_expired;		/* it was tried for as long as that */
	const struct bounce_recipient *recipients;
	uint32_t count;
	struct slice text;		/* the original; its header is quoted, or all of it */
};

/* Append the whole message: 7-bit, CRLF line ends.  At most BOUNCE_MAX bytes. */
void bounce_write(const struct bounce *b, struct buf *out);

#endif
