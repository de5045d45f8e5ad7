/*
 * session.h -- one client: its state, what it said so far, and who takes its
 * next bytes.  Only session.c writes the state.
 */
#ifndef SMTPD_SESSION_H
#define SMTPD_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/slice.h"
#include "base/status.h"
#include "net/line.h"
#include "policy/client.h"
#include "smtpd/pace.h"
#include "smtpd/reply.h"
#include "smtpd/server.h"

struct admission;
struct conn;
struct smtp_submission;
struct smtp_transaction;
struct timer;

#define SMTP_LINE_MAX 4096	/* RFC 5321 s.4.5.3.1.4 asks for 512 */
#define SMTP_DISCARD_MAX (64 * 1024)	/* of a line that does not end */
#define SMTP_MISTAKES_MAX 20
#define SMTP_REFUSED_MAX 100	/* recipients that policyd refused, in one session */
#define SMTP_LOGGED_MAX 20	/* of its refusals are logged one by one, the others counted */

#define IN(state) (1u << (state))

enum smtp_state {
	SMTP_CONNECTED,	/* nothing was said yet by either side */
	SMTP_START,	/* RFC 5321 s.3.1: greeted, waiting for EHLO */
	SMTP_READY,	/* s.3.2: the client has a name; no transaction */
	SMTP_AUTH,	/* RFC 4954 s.4: an exchange is going on */
	SMTP_SENDER,	/* s.3.3: a sender, no recipient yet */
	SMTP_RECIPIENTS,	/* a recipient at least */
	SMTP_DATA,	/* the text is coming, up to the dot */
	SMTP_CHUNKS,	/* RFC 3030: the text is coming in chunks */
	SMTP_SUBMITTING,	/* policyd has the message */
	SMTP_HANDSHAKE,	/* TLS is being set up */
	SMTP_CLOSED,	/* the last reply is written, or the client gone */
	SMTP_STATE_COUNT
};

struct smtp_session {
	struct smtp_session *prev, *next;
	struct smtp_server *server;
	struct conn *conn;
	struct timer *banner;
	char sid[ID_SID_LEN + 1];
	enum policy_service service;
	struct admission *place;	/* it is counted in there; NULL: nowhere */
	char *place_key;
	struct pace pace;
	bool is_greeted;
	bool is_esmtp;
	bool is_waiting;	/* an answer will come; input waits */
	bool is_logged_out;	/* its login has ended: so does the session */
	enum smtp_state state;
	/* Takes the next bytes of conn_input(); PENDING: needs more of them. */
	enum status (*take)(struct smtp_session *s);
	struct buf helo;
	struct buf login;	/* canonical login name; empty: nobody */
	struct smtp_transaction *tx;	/* NULL: none */
	struct smtp_submission *submission;
	uint32_t call;		/* policyd is being asked; 0: not */
	char *asked;		/* the recipient it is asked about */
	uint8_t asked_notify;	/* and what RCPT said of notices */
	struct buf asked_orcpt;
	struct dot_reader dots;
	uint64_t chunk_size, chunk_left;
	bool chunk_is_last;
	enum smtp_answer chunk_answer;	/* to give behind the chunk; ANSWER_OK: it is taken */
	size_t discarded;	/* of a line too long */
	uint32_t mistakes;
	uint32_t refused;	/* recipients */
	uint32_t logged;	/* refusals by policyd; those above SMTP_LOGGED_MAX have no line */
	uint32_t accepted;	/* messages */
	const char *why;	/* it ended, for the log */
};

/* Takes fd.  The session frees itself. */
void session_new(struct smtp_server *server, int fd, enum policy_service service,
    bool is_tls_first);
/* Ends as soon as no message of its is with policyd; what it is owed is said first. */
void session_stop(struct smtp_session *s);
/* Its login does not hold any more.  A message that policyd has already is answered before. */
void session_log_out(struct smtp_session *s);
/* Ends and frees it now, for the end of the process. */
void session_kill(struct smtp_session *s);

/* For commands and takers. */
void session_enter(struct smtp_session *s, enum smtp_state next);
/* Write the reply (nothing for PENDING and WRITTEN), count mistakes, close where the row says so. */
void session_answer(struct smtp_session *s, enum smtp_answer answer);
/* The same for a reply of policyd's. */
void session_answer_policy(struct smtp_session *s, const struct policy_reply *r);
/* Log that policyd refused subject, an address; after SMTP_LOGGED_MAX of them, only count. */
void session_log_refusal(struct smtp_session *s, const char *event, struct slice subject,
    const struct policy_reply *r);
/* The end, without a word: what was written before is still sent.  why: a word for the log. */
void session_drop(struct smtp_session *s, const char *why);
/* Write lines that are built already. */
void session_write(struct smtp_session *s, struct slice lines);
/* Input waits until session_resume(). */
void session_wait(struct smtp_session *s);
/* Goes on with the input; the session may be gone afterwards. */
void session_resume(struct smtp_session *s);
/*
 * It is logged in as s->login now, and counted with that account instead of with
 * its address.  LIMIT: that has too many already.
 */
MUST_USE enum status session_settle_in(struct smtp_session *s);
/* So much time until the next message has to be accepted. */
void session_progress(struct smtp_session *s);
/* A text begins to come: it has its own deadline and a rate, until the next command is waited for. */
void session_text_begin(struct smtp_session *s);
/* Forget the transaction; back to SMTP_READY or SMTP_START. */
void session_reset(struct smtp_session *s);
/* All said before TLS is forgotten. */
void session_forget(struct smtp_session *s);
/* DSN is offered on this port: its parameters are taken (RFC 3461). */
bool session_has_dsn(const struct smtp_session *s);
bool session_is_submission(const struct smtp_session *s);
struct slice session_sid(const struct smtp_session *s);

struct log_line;
/* Begin a line of the log at level info with sid and peer. */
void session_log(const struct smtp_session *s, struct log_line *l, const char *event);

#endif
