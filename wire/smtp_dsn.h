/*
 * smtp_dsn.h -- what a sender wants to be told of its mail (RFC 3461): the
 * parameters RET and ENVID of MAIL, NOTIFY and ORCPT of RCPT.  Reads what a
 * server is sent and writes what a client sends.  Xtext stays as it came until
 * somebody shows it to a person: so no byte of it can end a line.
 */
#ifndef WIRE_SMTP_DSN_H
#define WIRE_SMTP_DSN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/slice.h"
#include "base/status.h"

#define SMTP_ENVID_MAX 100	/* RFC 3461 s.4.4, in xtext */
#define SMTP_ORCPT_MAX 500	/* s.4.2, type and xtext */

/* Of one recipient: a set; 0 when NOTIFY was not said. */
enum smtp_notify {
	SMTP_NOTIFY_NEVER = 1,	/* alone */
	SMTP_NOTIFY_SUCCESS = 2,
	SMTP_NOTIFY_FAILURE = 4,
	SMTP_NOTIFY_DELAY = 8,
	SMTP_NOTIFY_ALL = 15
};

enum smtp_ret { SMTP_RET_UNSAID, SMTP_RET_FULL, SMTP_RET_HDRS, SMTP_RET_COUNT };

struct smtp_dsn_mail {
	uint8_t ret;		/* enum smtp_ret */
	struct slice envid;	/* xtext; empty: none */
};

struct smtp_dsn_rcpt {
	uint8_t notify;		/* enum smtp_notify */
	struct slice orcpt;	/* "rfc822;" and xtext; empty: none */
};

/* SYNTAX: neither FULL nor HDRS. */
MUST_USE enum status smtp_ret_parse(struct slice value, uint8_t *ret);
/* SYNTAX: no list of the keywords, or NEVER beside others. */
MUST_USE enum status smtp_notify_parse(struct slice value, uint8_t *notify);
/* SYNTAX: no xtext, or one of bytes that cannot be printed.  LIMIT: over SMTP_ENVID_MAX. */
MUST_USE enum status smtp_envid_check(struct slice value);
/*
 * Append ORCPT's value, in printable ASCII: an address of type utf-8 that came with
 * SMTPUTF8 as it is becomes the form that RFC 6533 s.3 gives 7-bit servers.
 * SYNTAX: not of the form; 8-bit without is_utf8.  LIMIT: over SMTP_ORCPT_MAX.
 */
MUST_USE enum status smtp_orcpt_parse(struct slice value, bool is_utf8, struct buf *out);

/* What the set is on the wire: "SUCCESS,FAILURE".  notify: not 0. */
void smtp_notify_write(uint8_t notify, struct buf *out);
/* Append text as xtext. */
void smtp_xtext_write(struct slice text, struct buf *out);
/* Append what xtext says; what is no xtext stays as it is, and controls become '?'. */
void smtp_xtext_show(struct slice xtext, struct buf *out);

/* Is it wanted?  Of mail that does not say, failures and delays are told (s.4.1). */
bool smtp_notify_wants(uint8_t notify, enum smtp_notify what);

/* Fields of a message between processes; the reader is marked failed by what no parser lets in. */
void smtp_dsn_mail_put(const struct smtp_dsn_mail *d, struct buf *out);
void smtp_dsn_mail_read(struct reader *in, struct smtp_dsn_mail *d);
void smtp_dsn_rcpt_put(const struct smtp_dsn_rcpt *d, struct buf *out);
void smtp_dsn_rcpt_read(struct reader *in, struct smtp_dsn_rcpt *d);

#endif
