/*
 * session.h -- one POP3 client: its state, what it waits for, and who takes
 * its next bytes.  A session lives in a front until its login (POP3_PASSING)
 * and in a worker from then on (POP3_OPENING).
 */
#ifndef POP3D_SESSION_H
#define POP3D_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/slice.h"
#include "base/status.h"
#include "net/conn.h"
#include "pop3d/settings.h"

#define IN(state) (1u << (state))

enum pop3_state {
	POP3_SECURING,		/* the TLS handshake is running */
	POP3_AUTHORIZATION,	/* RFC 1939 s.4: nobody is known yet */
	POP3_PASSING,		/* logged in: a worker is being given the client */
	POP3_OPENING,		/* in the worker: the snapshot is being taken */
	POP3_TRANSACTION,	/* s.5: the maildrop is open and frozen */
	POP3_UPDATE,		/* s.6: QUIT seen, deletions being made */
	POP3_CLOSED,		/* the last reply is being flushed */
	POP3_STATE_COUNT
};

struct admission;
struct ipc_client;
struct loop;
struct maildrop;
struct pass;
struct policy_client;
struct stream;
struct store;
struct store_client;
struct timer;
struct tls_context;

/* What the process gives all its sessions. */
struct pop3_host {
	struct loop *loop;
	const struct pop3_settings *settings;
	struct pop3_session *sessions;	/* all of them, the youngest first */
	uint32_t session_count;
	void (*emptied)(struct pop3_host *h);	/* called when the last is gone; may be NULL */
	/* of a front */
	struct admission *arrivals;
	struct tls_context *tls;
	struct policy_client *policy;
	struct ipc_client **workers;
	/* of a worker */
	struct store *store;
	struct store_client *changes;
};

struct pop3_session {
	struct pop3_session *next, *prev;
	struct pop3_host *host;
	struct conn *conn;
	char sid[ID_SID_LEN + 1];
	struct buf peer;
	enum pop3_state state;
	bool is_over;			/* the stream has ended: nothing can be said any more */
	bool is_waiting;		/* an answer, or room in the output, resumes it */
	bool is_skipping;		/* dropping the rest of an over-long line */
	bool (*take)(struct pop3_session *s);	/* takes input; false: needs more of it */
	void (*drained)(struct pop3_session *s);	/* output has left; NULL: nobody cares */
	struct buf line;		/* the line in hand; wiped after it */
	unsigned mistakes;

	/* before login */
	char *place_key;		/* counted among the front's arrivals; NULL: not */
	struct buf user;		/* USER's argument */
	bool is_greeted;
	unsigned failed_logins;
	uint32_t policy_call;		/* 0: none */
	struct pass *pass;		/* while PASSING */

	/* known from login on */
	uint32_t account;
	uint64_t login_mark;		/* of its grant: store/logins.h */
	struct buf login;
	struct buf grant;

	/* after login */
	struct maildrop *drop;
	struct stream *stream;		/* message text being sent */
	uint32_t listed;		/* next number of a listing being sent */
	void (*list_line)(struct pop3_session *s, uint32_t n, struct buf *out);
	uint32_t store_call;
	struct timer *timer;
	uint32_t retrieved;
	uint64_t retrieved_bytes;
	uint32_t deleted;
};

/*
 * A session around fd (taken), in state POP3_SECURING; NULL sid: a new one.  The
 * caller enters the state it begins with.
 */
struct pop3_session *session_new(struct pop3_host *h, int fd, struct slice sid);
/* Gives conn the session's handlers again, after a handover that failed. */
struct conn *session_conn_new(struct pop3_session *s, int fd);
/* Goes without a word; what it waits for is forgotten. */
void session_free(struct pop3_session **s);

/* Of a front: count s with its address.  BUSY, LIMIT: as admission_enter(). */
MUST_USE enum status session_find_place(struct pop3_session *s);

/* The only writer of the state. */
void session_enter(struct pop3_session *s, enum pop3_state next);
const char *session_state_name(const struct pop3_session *s);

/* A whole command has come: the next one has the state's time. */
void session_command_done(struct pop3_session *s);
/* No input is taken until session_resume(). */
void session_wait(struct pop3_session *s);
void session_resume(struct pop3_session *s);
/* Wait until the output has left, then call drained; the conn sees to it that it does not take for ever. */
void session_wait_output(struct pop3_session *s, void (*drained)(struct pop3_session *s));
/* All output that session_wait_output() waited for is written: take input again. */
void session_output_done(struct pop3_session *s);

/* Every event ends here: takes what input there is; frees the session when it is CLOSED. */
void session_turn(struct pop3_session *s);
/* Last words, then POP3_CLOSED. */
void session_bye(struct pop3_session *s, const char *line);

/*
 * Take one line into s->line.  OK, SYNTAX (flawed, but taken), PENDING, or LIMIT: the line
 * is dropped whole and the caller answers once.
 */
enum status session_take_line(struct pop3_session *s, size_t max);

/* Nothing secret may be said on this connection: the client is told NEEDS_TLS_LINE. */
#define NEEDS_TLS_LINE "-ERR log in over TLS: use STLS first, or the port for POP3 over TLS\r\n"
bool session_needs_tls(const struct pop3_session *s);

#endif
