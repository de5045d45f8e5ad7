/*
 * front_session.h -- one client before its login.
 */
#ifndef IMAPD_FRONT_SESSION_H
#define IMAPD_FRONT_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/status.h"
#include "imapd/reader.h"
#include "imapd/session.h"

struct conn;
struct front;

enum front_state {
	FRONT_SHAKING,		/* implicit TLS is being set up: no greeting yet */
	FRONT_READY,		/* RFC 3501 s.3.1: not authenticated */
	FRONT_ASKING,		/* policyd decides about a login */
	FRONT_PASSING,		/* a worker is being asked to take the client */
	FRONT_CLOSED,		/* waiting to be freed */
	FRONT_STATE_COUNT
};

#define FRONT_BAD_COMMANDS_MAX 3
#define FRONT_PATIENCE_S 180	/* for all that comes before the login */
#define FRONT_CROWDED_S 30	/* and while places are short */

struct front_session {
	struct front_session *prev, *next;
	struct front *front;
	struct conn *conn;
	enum front_state state;
	char sid[ID_SID_LEN + 1];
	char *peer;
	char *place_key;		/* counted in with; NULL: not */
	unsigned bad_commands;
	bool (*take)(struct front_session *s);	/* true: go on with what follows */
	struct command_reader reader;
	struct buf memory;		/* quoted strings of the command */
	char tag[IMAP_TAG_MAX + 1];	/* of the command in progress */
	bool is_announced;		/* policyd knows the session */
	bool announced_secure;
	uint32_t policy_call;		/* an open call, 0: none */
	uint32_t account;		/* after the login */
	struct buf grant, login;
	struct pass *pass;		/* while the client is given to a worker */
	void (*drained)(struct front_session *s);	/* waits until all is sent */
};

enum front_listener { FRONT_CLEAR, FRONT_SECURE };

/* Takes fd. */
void front_session_open(struct front *f, int fd, enum front_listener on);
void front_session_enter(struct front_session *s, enum front_state next);
/* Closes at once; the memory goes with the loop's next turn. */
void front_session_close(struct front_session *s, const char *why);
/* "* BYE text", then closes. */
void front_session_bye(struct front_session *s, const char *text);
void front_session_free(struct front_session **s);
bool front_take_command(struct front_session *s);
/* The command in progress is answered: take the next. */
void front_session_next(struct front_session *s);

/* What the client may use now, "CAPABILITY IMAP4rev1 ...". */
struct slice front_capabilities(const struct front_session *s);
/* "tag KIND text" for the command in progress. */
void front_reply(struct front_session *s, const char *kind, const char *text);
/* BAD: counted, and too many end the session. */
void front_reply_bad(struct front_session *s, const char *text);

/* front_command.c: s->reader holds a whole command. */
void front_command_run(struct front_session *s);
/* Read the tag of what s->reader holds into s->tag; *args: what follows it. */
MUST_USE enum status front_read_tag(struct front_session *s, struct imap_reader *args);
/* front_login.c */
enum status front_login(struct front_session *s, struct imap_reader *args);
enum status front_authenticate(struct front_session *s, struct imap_reader *args);
/* front_pass.c: the login is done, account, grant and login are set. */
void front_pass(struct front_session *s);

#endif
