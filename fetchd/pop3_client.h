/*
 * pop3_client.h -- our end of a POP3 connection to an outside server: one
 * command at a time, each with its deadline and the most it may answer.
 * Knows the forms of answers, not what they are for.
 */
#ifndef FETCHD_POP3_CLIENT_H
#define FETCHD_POP3_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"
#include "wire/pop3_reply.h"

struct loop;
struct pop3_client;
struct tls_context;

enum pop3_answer {
	POP3_ANSWER_LINE,	/* a status line */
	POP3_ANSWER_LINES,	/* after "+OK" lines, up to "." */
	POP3_ANSWER_TEXT,	/* after "+OK" a text, up to "." */
};

struct pop3_ask {
	struct slice command;	/* without CRLF, borrowed during the call; empty: only listen */
	enum pop3_answer answer;
	uint32_t deadline_s;	/* for all of it */
	uint64_t max;		/* lines, or bytes of text */
	/* A line or piece of text, unstuffed.  Anything but OK gives up the connection with it. */
	enum status (*part)(void *ctx, struct slice part, struct problem *why);
	/*
	 * OK      "+OK", or "+ " and a challenge, and all that follows
	 * DENIED  "-ERR": reply says why; the connection is as good as before
	 * else    the connection is of no use any more: BUSY lost or too slow, LIMIT too much
	 *         came, SYNTAX no POP3, or what part returned.  reply is NULL.
	 */
	void (*done)(void *ctx, enum status st, const struct pop3_reply *reply,
	    const struct problem *why);
};

/* Takes fd, a connected socket. */
struct pop3_client *pop3_client_new(struct loop *l, int fd, void *ctx);
/* At once; no callback follows.  Inside a callback, too. */
void pop3_client_free(struct pop3_client **c);

/* Exactly one done, from the loop; one ask at a time. */
void pop3_client_ask(struct pop3_client *c, const struct pop3_ask *ask);
/*
 * TLS from here on; done as for an ask without command, but reply is always NULL.
 * DENIED when there is no TLS with this server, or when it has sent bytes ahead of
 * the handshake, which an attacker can put there: the connection is of no use.
 */
void pop3_client_start_tls(struct pop3_client *c, struct tls_context *tls, const char *name,
    void (*done)(void *ctx, enum status st, const struct pop3_reply *reply,
    const struct problem *why));
bool pop3_client_is_secure(const struct pop3_client *c);

#endif
