/*
 * command.h -- the commands of POP3, in which states they are legal, and what
 * a client is told when one cannot be carried out.
 */
#ifndef POP3D_COMMAND_H
#define POP3D_COMMAND_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/status.h"

struct pop3_session;

/*
 * A handler replies only when it returns OK; at any other status but PENDING it
 * has changed nothing and the dispatcher replies.  args are valid during the call.
 */
struct pop3_command {
	const char *name;
	unsigned legal_in;	/* set of IN(state) */
	bool is_exact;		/* blanks around the argument belong to it */
	enum status (*run)(struct pop3_session *s, struct slice args);
};

/* By name in any case, or NULL. */
const struct pop3_command *command_find(struct slice name);
/* Why a command was refused, for the client: "[SYS/TEMP] ...". */
const char *command_refusal(enum status st);
/* The resting taker of a session: one command line. */
bool command_take(struct pop3_session *s);

enum status cmd_auth(struct pop3_session *s, struct slice args);
enum status cmd_capa(struct pop3_session *s, struct slice args);
enum status cmd_dele(struct pop3_session *s, struct slice args);
enum status cmd_list(struct pop3_session *s, struct slice args);
enum status cmd_noop(struct pop3_session *s, struct slice args);
enum status cmd_pass(struct pop3_session *s, struct slice args);
enum status cmd_quit(struct pop3_session *s, struct slice args);
enum status cmd_retr(struct pop3_session *s, struct slice args);
enum status cmd_rset(struct pop3_session *s, struct slice args);
enum status cmd_stat(struct pop3_session *s, struct slice args);
enum status cmd_stls(struct pop3_session *s, struct slice args);
enum status cmd_top(struct pop3_session *s, struct slice args);
enum status cmd_uidl(struct pop3_session *s, struct slice args);
enum status cmd_user(struct pop3_session *s, struct slice args);

#endif
