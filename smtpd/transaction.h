/*
 * transaction.h -- the envelope and the text of one mail transaction
 * (RFC 5321 s.3.3), from MAIL to the final dot.
 */
#ifndef SMTPD_TRANSACTION_H
#define SMTPD_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/slice.h"
#include "base/status.h"
#include "base/table.h"
#include "smtpd/text.h"
#include "wire/smtp_dsn.h"

struct smtp_transaction {
	char mid[ID_SID_LEN + 1];
	uint64_t received_at;
	char *sender;		/* canonical; "": the null sender */
	bool is_utf8;		/* SMTPUTF8 was said */
	struct smtp_dsn_mail dsn;	/* its envid is the transaction's */
	struct table *seen;	/* recipients taken, by their canonical form */
	char **recipients;
	struct smtp_dsn_rcpt *wishes;	/* of each of them; so is orcpt */
	uint32_t recipient_count;
	uint32_t recipient_cap;
	struct text *text;	/* NULL until DATA or the first BDAT */
};

/* A transaction with a new mid.  sender: canonical form. */
struct smtp_transaction *transaction_new(struct slice sender, bool is_utf8, uint64_t now_s);
/* Accepts NULL. */
void transaction_free(struct smtp_transaction **tx);
bool transaction_has_recipient(const struct smtp_transaction *tx, struct slice recipient);
/* What its sender wants to hear of it, as MAIL says; copied. */
void transaction_set_dsn(struct smtp_transaction *tx, const struct smtp_dsn_mail *dsn);
/* recipient is not there yet; both are copied. */
void transaction_add_recipient(struct smtp_transaction *tx, struct slice recipient,
    const struct smtp_dsn_rcpt *wish);

struct trace {
	struct slice helo;	/* as the client said it */
	struct slice peer;	/* numeric address */
	struct slice hostname;	/* ours */
	bool is_esmtp, is_secure, is_authenticated;
};

/*
 * Append our own header lines: Return-Path and Received (RFC 5321 s.4.4).
 * Bytes of the name that no host name has are shown as '?'.
 */
void transaction_write_trace(const struct smtp_transaction *tx, const struct trace *trace,
    struct buf *out);

#define TRACE_MAX 4096	/* bytes of these lines */

#endif
