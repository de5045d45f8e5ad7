/*
 * command.h -- the table of commands, and the one way every command ends.
 *
 * A handler parses all its arguments, checks, acts, and writes its data only
 * when it will succeed.  It returns OK when it is done, PENDING when an event
 * will call command_finish(), anything else to be answered from the table of
 * replies.
 */
#ifndef IMAPD_COMMAND_H
#define IMAPD_COMMAND_H

#include "base/status.h"
#include "imapd/session.h"
#include "wire/imap_token.h"

enum command_updates {
	UPDATES_NONE,		/* the view is being opened or closed */
	UPDATES_NO_EXPUNGE,	/* RFC 3501 s.7.4.1: not in FETCH, STORE, SEARCH */
	UPDATES_ALL,
};

struct imap_command {
	const char *name;
	unsigned legal_in;	/* set of IN(state) */
	bool has_uid_form;	/* "UID name" exists, too */
	enum command_updates updates;	/* told before the tagged reply of the plain form */
	enum status (*run)(struct imap_session *s, struct imap_reader *args);
	/*
	 * A literal is announced at the end of args.  OK: the command takes its bytes by
	 * s->take.  ABSENT: it is an argument like others.  Others: the command is refused.
	 */
	enum status (*literal)(struct imap_session *s, struct imap_reader *args);
};

/* s->reader holds a whole command: carry it out. */
void command_begin(struct imap_session *s);
/* s->reader holds a command up to a literal: accept or refuse that. */
void command_literal(struct imap_session *s);
/* A command that returned PENDING is done: tell updates, reply, go on with the input. */
void command_finish(struct imap_session *s, enum status st);
/* The same for one whose arguments never became complete. */
void command_refuse_line(struct imap_session *s, const char *text);
/* Set what the coming refusal says, "[CODE] text" of ours; returns st. */
enum status command_refuse(struct imap_session *s, enum status st, const char *text);
/* Free what the command holds, without a reply. */
void command_clear(struct imap_session *s);

/* cmd_*.c */
enum status cmd_append(struct imap_session *s, struct imap_reader *args);
enum status cmd_append_literal(struct imap_session *s, struct imap_reader *args);
enum status cmd_capability(struct imap_session *s, struct imap_reader *args);
enum status cmd_check(struct imap_session *s, struct imap_reader *args);
enum status cmd_close(struct imap_session *s, struct imap_reader *args);
enum status cmd_copy(struct imap_session *s, struct imap_reader *args);
enum status cmd_create(struct imap_session *s, struct imap_reader *args);
enum status cmd_delete(struct imap_session *s, struct imap_reader *args);
enum status cmd_enable(struct imap_session *s, struct imap_reader *args);
enum status cmd_examine(struct imap_session *s, struct imap_reader *args);
enum status cmd_expunge(struct imap_session *s, struct imap_reader *args);
enum status cmd_fetch(struct imap_session *s, struct imap_reader *args);
enum status cmd_getquota(struct imap_session *s, struct imap_reader *args);
enum status cmd_getquotaroot(struct imap_session *s, struct imap_reader *args);
enum status cmd_id(struct imap_session *s, struct imap_reader *args);
enum status cmd_idle(struct imap_session *s, struct imap_reader *args);
enum status cmd_list(struct imap_session *s, struct imap_reader *args);
enum status cmd_logout(struct imap_session *s, struct imap_reader *args);
enum status cmd_lsub(struct imap_session *s, struct imap_reader *args);
enum status cmd_move(struct imap_session *s, struct imap_reader *args);
enum status cmd_namespace(struct imap_session *s, struct imap_reader *args);
enum status cmd_noop(struct imap_session *s, struct imap_reader *args);
enum status cmd_rename(struct imap_session *s, struct imap_reader *args);
enum status cmd_search(struct imap_session *s, struct imap_reader *args);
enum status cmd_select(struct imap_session *s, struct imap_reader *args);
enum status cmd_setquota(struct imap_session *s, struct imap_reader *args);
enum status cmd_sort(struct imap_session *s, struct imap_reader *args);
enum status cmd_status(struct imap_session *s, struct imap_reader *args);
enum status cmd_store(struct imap_session *s, struct imap_reader *args);
enum status cmd_subscribe(struct imap_session *s, struct imap_reader *args);
enum status cmd_thread(struct imap_session *s, struct imap_reader *args);
enum status cmd_unselect(struct imap_session *s, struct imap_reader *args);
enum status cmd_unsubscribe(struct imap_session *s, struct imap_reader *args);
enum status cmd_xlist(struct imap_session *s, struct imap_reader *args);

#endif
