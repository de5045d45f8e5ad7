/*
 * session.h -- one logged-in IMAP client in a worker: its states, its input,
 * and the command in progress.  Knows no command by name.
 */
#ifndef IMAPD_SESSION_H
#define IMAPD_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "imapd/reader.h"

struct conn;
struct handover;
struct imap_command;
struct imap_session;
struct selected;
struct timer;
struct worker;

enum imap_state {
	IMAP_OPENING,		/* the account's folders are being made sure of */
	IMAP_AUTHENTICATED,	/* RFC 3501 s.3.2 */
	IMAP_SELECTED,		/* s.3.3 */
	IMAP_CLOSED,		/* waiting to be freed */
	IMAP_STATE_COUNT
};

#define IN(state) (1u << (state))
#define IMAP_TAG_MAX 64
#define IMAP_BAD_COMMANDS_MAX 20

/* The command being carried out; all zero between commands. */
struct imap_run {
	const struct imap_command *command;	/* NULL: none */
	char tag[IMAP_TAG_MAX + 1];
	bool is_uid;
	bool is_pending;
	bool is_overlong;	/* IDLE: the line being read is passed over to its end */
	struct buf memory;	/* quoted strings of its arguments */
	struct buf code;	/* response code for its OK: "COPYUID 1 2 3" */
	const char *refusal;	/* what to answer instead of the table's text */
	uint32_t call;		/* open call to stored; 0: none */
	void (*step)(struct imap_session *s);	/* does the next slice of its work */
	void *data;		/* the command's own */
	void (*data_free)(void **data);
};

struct imap_session {
	struct imap_session *prev, *next;	/* of the worker */
	struct worker *worker;
	struct conn *conn;
	enum imap_state state;
	char sid[ID_SID_LEN + 1];
	bool is_secure;
	uint32_t account;
	uint64_t login_mark;		/* of its grant: store/logins.h */
	char *login;
	char *peer;
	struct buf grant;
	unsigned bad_commands;
	/* Receives the next bytes; true: go on with what follows them. */
	bool (*take)(struct imap_session *s);
	struct command_reader reader;
	bool is_in_line;		/* a line has begun, and its deadline */
	struct selected *selected;	/* in IMAP_SELECTED */
	struct timer *timer;		/* next slice; made when first needed */
	struct imap_run run;
	bool has_condstore;		/* it has asked for mod-sequences: condstore.h */
	bool has_qresync;		/* it has enabled VANISHED: qresync.h */
	bool is_idle;			/* in IDLE */
	uint64_t quiet_since_ms;	/* IDLE: when we last sent something */
};

/* A client from a front: takes fd.  Answers its login, at once or after stored did. */
void session_open(struct worker *w, int fd, const struct handover *h);
void session_enter(struct imap_session *s, enum imap_state next);
/* Gives up the connection, sending nothing more.  The memory goes with the loop's next turn. */
void session_close(struct imap_session *s, const char *why);
/* "* BYE text" where an answer is not in the middle, then closes.  text is ours. */
void session_bye(struct imap_session *s, const char *text);
void session_free(struct imap_session **s);

/* Takers: commands, and the rest of a command that was refused while it was read. */
bool session_take_command(struct imap_session *s);
/*
 * Pass over n bytes and the rest of the command behind them, then finish with
 * status st.
 */
void session_discard(struct imap_session *s, uint64_t n, int st);
/* Go on with input that waits, from the loop. */
void session_resume(struct imap_session *s);

/* Run run.step: when the client took what was written, or with the loop's next turn. */
void session_continue(struct imap_session *s);

/* Tell what happened to an idling client. */
void session_changed(struct imap_session *s);
/* Called every few seconds. */
void session_tick(struct imap_session *s, uint64_t now_ms);

#endif
