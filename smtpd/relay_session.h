/*
 * relay_session.h -- one connection to the next server, as SMTP (RFC 5321) or
 * LMTP (RFC 2033) client: greeting, EHLO, TLS, AUTH, then messages one after the
 * other.  Knows nothing of queues, routes and retries.
 *
 * Handlers run on the loop; inside any of them the owner may call everything
 * here, relay_session_free() included.
 */
#ifndef SMTPD_RELAY_SESSION_H
#define SMTPD_RELAY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "smtpd/relay_reply.h"
#include "wire/smtp_dsn.h"

struct loop;
struct relay_session;
struct relay_text;
struct tls_context;

#define RELAY_RECIPIENTS_MAX 100	/* of one transaction */

enum relay_tls { RELAY_TLS_REQUIRE, RELAY_TLS_TRY, RELAY_TLS_OFF };

/* Whom we talk to, and how; copied, but for the TLS context. */
struct relay_peer {
	struct slice host;		/* by name: for the certificate and for logs */
	struct slice address;		/* numeric */
	uint16_t port;
	struct slice hello;		/* our own name */
	bool is_lmtp;
	enum relay_tls tls_mode;
	bool is_tls_first;		/* TLS before the greeting */
	struct tls_context *tls;	/* NULL only where tls_mode is RELAY_TLS_OFF */
	struct slice user;		/* for AUTH; empty: none */
	uint32_t patience_s;		/* the longest wait for any answer; shorter ones stay */
};

enum relay_end {
	RELAY_END_LOST,		/* the connection broke, or the server did */
	RELAY_END_REFUSED,	/* the server wants nothing of us */
	RELAY_END_TLS,		/* no handshake: without TLS it may go */
};

struct relay_session_handler {
	/* AUTH needs the secret: answer with relay_session_secret(), now or later. */
	void (*on_secret)(void *ctx);
	/* The session can take a message: the first or the next one. */
	void (*on_idle)(void *ctx);
	/* What became of recipient i of the message at hand; once each, before on_idle or on_end. */
	void (*on_result)(void *ctx, uint32_t i, const struct relay_result *r);
	/* It is of no use any more, r says why; called once, then nothing.  Still to be freed. */
	void (*on_end)(void *ctx, enum relay_end end, const struct relay_result *r);
};

struct relay_message {
	struct slice sender;		/* envelope; empty: null sender */
	const struct slice *recipients;
	uint32_t count;			/* 1 to RELAY_RECIPIENTS_MAX */
	const struct relay_text *text;
	/* Said to a server that offers DSN, and to no other. */
	struct smtp_dsn_mail dsn;
	const struct smtp_dsn_rcpt *wishes;	/* of each recipient; NULL: none */
};

/* Takes fd, a connected socket. */
struct relay_session *relay_session_new(struct loop *l, int fd, const struct relay_peer *peer,
    const struct relay_session_handler *handler, void *ctx);
/* At once; no handler is called. */
void relay_session_free(struct relay_session **s);
/* Say QUIT and be gone; for an idle session.  No handler is called. */
void relay_session_quit(struct relay_session **s);
/* The secret that on_secret asked for.  Not kept longer than the login takes, then wiped. */
void relay_session_secret(struct relay_session *s, struct slice secret);
/*
 * Send a message; only while idle.  It, its slices and text stay the caller's
 * and unchanged until on_idle or on_end.
 */
void relay_session_send(struct relay_session *s, const struct relay_message *m);

/* The final dot is on its way and not answered: who ends now may send twice. */
bool relay_session_is_deciding(const struct relay_session *s);
/* Messages sent so far, refused ones too. */
uint32_t relay_session_count(const struct relay_session *s);
/* The server offers DSN: what is wanted to be told of mail is its business once it has the mail. */
bool relay_session_has_dsn(const struct relay_session *s);
bool relay_session_is_secure(const struct relay_session *s);
/* "mx.example.com[192.0.2.1]:25"; borrowed. */
struct slice relay_session_peer(const struct relay_session *s);
/* The name of the host alone. */
struct slice relay_session_host(const struct relay_session *s);

#endif
