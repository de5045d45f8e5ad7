/*
 * relay_auth.h -- logging in at the next server: which mechanism, and what is
 * said in it.  PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195).
 */
#ifndef SMTPD_RELAY_AUTH_H
#define SMTPD_RELAY_AUTH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"
#include "base/status.h"

enum relay_mechanism {
	RELAY_AUTH_NONE = 0,
	RELAY_AUTH_PLAIN = 1,
	RELAY_AUTH_LOGIN = 2,
	RELAY_AUTH_CRAM_MD5 = 4,
};

#define RELAY_SECRET_MAX 1024
#define RELAY_AUTH_LINE_MAX 12288	/* RFC 4954 s.4 */

/* The mechanisms we know in a list like "LOGIN PLAIN": bits. */
unsigned relay_auth_parse(struct slice list);
/*
 * The best of offered.  may_be_seen: the password itself may go over this
 * connection, since it is under TLS or the administrator said so.
 */
enum relay_mechanism relay_auth_choose(unsigned offered, bool is_secure, bool may_be_seen);
const char *relay_auth_name(enum relay_mechanism m);	/* "PLAIN" */

/* Append the command, without CRLF.  It may hold the secret: buf_wipe() it. */
void relay_auth_begin(enum relay_mechanism m, struct slice user, struct slice secret,
    struct buf *out);
/*
 * Append the answer to the step-th challenge (from 0), without CRLF; text is
 * that of the 334 reply.  SYNTAX: this challenge has no place in the mechanism.
 */
MUST_USE enum status relay_auth_answer(enum relay_mechanism m, unsigned step, struct slice text,
    struct slice user, struct slice secret, struct buf *out);

#endif
