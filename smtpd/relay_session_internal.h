/*
 * relay_session_internal.h -- what a session is, for the files that make it up:
 * relay_session.c (life, input, states), relay_greet.c (up to the first message)
 * and relay_send.c (messages).
 */
#ifndef SMTPD_RELAY_SESSION_INTERNAL_H
#define SMTPD_RELAY_SESSION_INTERNAL_H

#include "base/buf.h"
#include "net/line.h"
#include "smtpd/relay_auth.h"
#include "smtpd/relay_features.h"
#include "smtpd/relay_session.h"

#define IN(state) (1u << (state))

enum relay_state {
	RELAY_GREETING,		/* the server speaks first */
	RELAY_GREET,		/* EHLO, HELO or LHLO is to be answered */
	RELAY_STARTTLS_ASKED,
	RELAY_SHAKING,		/* TLS handshake */
	RELAY_SECRET,		/* the owner looks for the secret */
	RELAY_LOGIN,		/* AUTH is to be answered */
	RELAY_IDLE,
	RELAY_ENVELOPE,		/* RSET, MAIL, RCPT, DATA */
	RELAY_SENDING,		/* the text goes out */
	RELAY_DECIDING,		/* the final dot is to be answered */
	RELAY_OVER,		/* nothing more is said or heard */
	RELAY_STATE_COUNT
};

enum relay_recipient_state {
	RELAY_RCPT_OPEN,	/* no word on it yet */
	RELAY_RCPT_ACCEPTED,
	RELAY_RCPT_SETTLED,	/* its result was told */
};

struct relay_session {
	struct loop *loop;
	struct conn *conn;
	struct timer *later;	/* tells that the session is idle, from the loop */
	const struct relay_session_handler *handler;
	void *ctx;
	unsigned depth;		/* handlers running: free later */
	bool is_freed;

	char *host, *hello, *user;
	struct buf peer;	/* "host[address]:port" */
	struct relay_peer how;	/* its slices point to the above */
	enum relay_state state;
	struct relay_reply reply;
	struct relay_features features;
	bool is_extended;	/* EHLO or LHLO was understood */
	bool is_greeting_over;	/* it was heard before TLS: EHLO comes next */

	struct buf secret;
	enum relay_mechanism mechanism;
	unsigned auth_step;

	const struct relay_message *message;
	uint32_t messages;
	uint8_t recipients[RELAY_RECIPIENTS_MAX];	/* enum relay_recipient_state */
	uint8_t asked[RELAY_RECIPIENTS_MAX];	/* which of them RCPT names, in this order */
	uint32_t asked_count;
	uint32_t accepted;
	bool needs_reset;	/* a transaction was left open */
	bool has_reset, has_utf8;	/* of this transaction */
	uint32_t sent, answered, steps;	/* of the envelope */
	uint32_t decided;	/* LMTP: of asked, whose final replies came, and those without */
	size_t text_at;
	bool is_ahead;		/* the word on the text came before any of the text went out */
	struct dot_writer dots;
};

/* The only writer of the state: sets the deadline, too. */
void relay_session_enter(struct relay_session *s, enum relay_state next);
/* Write a command line; format is a literal of ours. */
void relay_session_say(struct relay_session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The session is over; open recipients get r, or what the state makes of it. */
void relay_session_end(struct relay_session *s, enum relay_end end, const struct relay_result *r);
/* The same with words of ours. */
void relay_session_end_text(struct relay_session *s, enum relay_end end, const char *enhanced,
    const char *text);
/* The same with the reply at hand. */
void relay_session_end_reply(struct relay_session *s, enum relay_phase phase);
/* Ready for a message: the owner is told from the loop. */
void relay_session_rest(struct relay_session *s);

/* One complete reply (s->reply), in the state of that name. */
void relay_on_greeting(struct relay_session *s);
void relay_on_hello(struct relay_session *s);
void relay_on_starttls(struct relay_session *s);
void relay_on_login(struct relay_session *s);
void relay_on_envelope(struct relay_session *s);
void relay_on_decision(struct relay_session *s);
/* The handshake is done. */
void relay_on_secure(struct relay_session *s);
/* Say hello, the way that suits the protocol. */
void relay_hello(struct relay_session *s);
/* Send more of the text, as much as goes. */
void relay_send_text(struct relay_session *s);
/* Tell the result of recipient i, unless it was told. */
void relay_settle(struct relay_session *s, uint32_t i, const struct relay_result *r);
/* Tell all recipients that are still open. */
void relay_settle_open(struct relay_session *s, const struct relay_result *r);

#endif
