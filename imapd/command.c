#include "imapd/command.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "imapd/selected.h"
#include "net/conn.h"
#include "net/loop.h"

#define SELECTED IN(IMAP_SELECTED)
#define ANY (IN(IMAP_AUTHENTICATED) | IN(IMAP_SELECTED))

/* Literals of a refused command up to this size are read and dropped; above, the client is. */
#define DISCARD_MAX (UINT64_C(256) * 1024 * 1024)

static const struct imap_command commands[] = {
	{ "APPEND", ANY, false, UPDATES_ALL, cmd_append, cmd_append_literal },
	{ "CAPABILITY", ANY, false, UPDATES_ALL, cmd_capability, NULL },
	{ "CHECK", SELECTED, false, UPDATES_ALL, cmd_check, NULL },
	{ "CLOSE", SELECTED, false, UPDATES_NONE, cmd_close, NULL },
	{ "COPY", SELECTED, true, UPDATES_ALL, cmd_copy, NULL },
	{ "CREATE", ANY, false, UPDATES_ALL, cmd_create, NULL },
	{ "DELETE", ANY, false, UPDATES_ALL, cmd_delete, NULL },
	{ "ENABLE", ANY, false, UPDATES_ALL, cmd_enable, NULL },
	{ "EXAMINE", ANY, false, UPDATES_NONE, cmd_examine, NULL },
	{ "EXPUNGE", SELECTED, true, UPDATES_ALL, cmd_expunge, NULL },
	{ "FETCH", SELECTED, true, UPDATES_NO_EXPUNGE, cmd_fetch, NULL },
	{ "GETQUOTA", ANY, false, UPDATES_ALL, cmd_getquota, NULL },
	{ "GETQUOTAROOT", ANY, false, UPDATES_ALL, cmd_getquotaroot, NULL },
	{ "ID", ANY, false, UPDATES_ALL, cmd_id, NULL },
	{ "IDLE", ANY, false, UPDATES_ALL, cmd_idle, NULL },
	{ "LIST", ANY, false, UPDATES_ALL, cmd_list, NULL },
	{ "LOGOUT", ANY, false, UPDATES_NONE, cmd_logout, NULL },
	{ "LSUB", ANY, false, UPDATES_ALL, cmd_lsub, NULL },
	{ "MOVE", SELECTED, true, UPDATES_ALL, cmd_move, NULL },
	{ "NAMESPACE", ANY, false, UPDATES_ALL, cmd_namespace, NULL },
	{ "NOOP", ANY, false, UPDATES_ALL, cmd_noop, NULL },
	{ "RENAME", ANY, false, UPDATES_ALL, cmd_rename, NULL },
	{ "SEARCH", SELECTED, true, UPDATES_NO_EXPUNGE, cmd_search, NULL },
	{ "SELECT", ANY, false, UPDATES_NONE, cmd_select, NULL },
	{ "SETQUOTA", ANY, false, UPDATES_ALL, cmd_setquota, NULL },
	{ "SORT", SELECTED, true, UPDATES_NO_EXPUNGE, cmd_sort, NULL },
	{ "STATUS", ANY, false, UPDATES_ALL, cmd_status, NULL },
	{ "STORE", SELECTED, true, UPDATES_NO_EXPUNGE, cmd_store, NULL },
	{ "SUBSCRIBE", ANY, false, UPDATES_ALL, cmd_subscribe, NULL },
	{ "THREAD", SELECTED, true, UPDATES_NO_EXPUNGE, cmd_thread, NULL },
	{ "UNSELECT", SELECTED, false, UPDATES_NONE, cmd_unselect, NULL },
	{ "UNSUBSCRIBE", ANY, false, UPDATES_ALL, cmd_unsubscribe, NULL },
	{ "XLIST", ANY, false, UPDATES_ALL, cmd_xlist, NULL },
};

/* What each status means to a client; RFC 5530 for the codes. */
static const struct {
	const char *kind;
	const char *text;
} replies[STATUS_COUNT] = {
	[STATUS_SYNTAX] = { "BAD", "Missing or wrong arguments" },
	[STATUS_LIMIT] = { "NO", "[LIMIT] Too large or too many" },
	[STATUS_ABSENT] = { "NO", "[NONEXISTENT] No such mailbox" },
	[STATUS_EXISTS] = { "NO", "[ALREADYEXISTS] It exists already" },
	[STATUS_DENIED] = { "NO", "[NOPERM] Not allowed" },
	[STATUS_BUSY] = { "NO", "[UNAVAILABLE] Not possible now, please try later" },
	[STATUS_STALE] = { "NO", "[INUSE] Changed meanwhile, please try again" },
	[STATUS_CORRUPT] = { "NO", "[CORRUPTION] Stored data is damaged" },
	[STATUS_IO] = { "NO", "[SERVERBUG] The server has a problem" },
	[STATUS_FULL] = { "NO", "[OVERQUOTA] The mailbox is full: delete messages to make room" },
};

static const struct imap_command *
command_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (slice_equal_nocase(name, slice_from_cstr(commands[i].name)))
			return &commands[i];
	return NULL;
}

enum status
command_refuse(struct imap_session *s, enum status st, const char *text)
{
	s->run.refusal = text;
	return st;
}

void
command_clear(struct imap_session *s)
{
	struct imap_run *run = &s->run;

	ASSERT(run->call == 0);
	if (run->data_free != NULL)
		run->data_free(&run->data);
	buf_clear(&run->memory);
	buf_clear(&run->code);
	run->command = NULL;
	run->tag[0] = '\0';
	run->is_uid = run->is_pending = run->is_overlong = false;
	run->refusal = NULL;
	run->step = NULL;
	run->data = NULL;
	run->data_free = NULL;
	if (s->timer != NULL)
		timer_stop(s->timer);
}

/* Read tag and name; *args: what follows the name, its first SP included. */
static enum status
read_head(struct imap_session *s, struct imap_reader *args)
{
	struct imap_run *run = &s->run;
	struct slice tag, name;

	buf_reset(&run->memory);
	*args = imap_reader_init(command_reader_text(&s->reader), &run->memory);
	if (imap_take_tag(args, &tag) != STATUS_OK || tag.len > IMAP_TAG_MAX ||
	    !imap_take_space(args))
		return command_refuse(s, STATUS_SYNTAX, "No tag");
	memcpy(run->tag, tag.ptr, tag.len);
	run->tag[tag.len] = '\0';
	if (imap_take_atom(args, &name) != STATUS_OK)
		return command_refuse(s, STATUS_SYNTAX, "No command");
	run->is_uid = slice_equal_nocase(name, SLICE("UID"));
	if (run->is_uid && (!imap_take_space(args) || imap_take_atom(args, &name) != STATUS_OK))
		return command_refuse(s, STATUS_SYNTAX, "UID without a command");
	run->command = command_find(name);
	if (run->command == NULL || (run->is_uid && !run->command->has_uid_form)) {
		run->command = NULL;
		return command_refuse(s, STATUS_SYNTAX, "Unknown command");
	}
	if (!(run->command->legal_in & IN(s->state)))
		return command_refuse(s, STATUS_SYNTAX, "Select a mailbox first");
	return STATUS_OK;
}

static void
count_bad(struct imap_session *s, enum status st)
{
	if (st != STATUS_SYNTAX)
		s->bad_commands = 0;
	else if (++s->bad_commands >= IMAP_BAD_COMMANDS_MAX)
		session_bye(s, "Too many bad commands");
}

static void
reply(struct imap_session *s, enum status st)
{
	const struct imap_run *run = &s->run;
	const char *tag = run->tag[0] == '\0' ? "*" : run->tag;

	ASSERT(st != STATUS_PENDING);
	if (st != STATUS_OK) {
		conn_printf(s->conn, "%s %s %s\r\n", tag, replies[st].kind,
		    run->refusal != NULL ? run->refusal : replies[st].text);
		return;
	}
	conn_printf(s->conn, "%s OK ", tag);
	if (run->code.len != 0) {
		conn_write(s->conn, SLICE("["));
		conn_write(s->conn, buf_slice(&run->code));
		conn_write(s->conn, SLICE("] "));
	}
	conn_printf(s->conn, "%s%s completed\r\n", run->is_uid ? "UID " : "", run->command->name);
}

void
command_finish(struct imap_session *s, enum status st)
{
	const struct imap_command *c = s->run.command;

	if (s->state == IMAP_CLOSED)
		return;
	if (c != NULL && s->state == IMAP_SELECTED)
		selected_report(s->selected, s->run.is_uid && c->updates != UPDATES_NONE ?
		    UPDATES_ALL : c->updates);
	if (s->state == IMAP_CLOSED)
		return;
	reply(s, st);
	command_clear(s);
	command_reader_reset(&s->reader);
	count_bad(s, st);
	session_resume(s);
}

void
command_begin(struct imap_session *s)
{
	struct imap_reader args;
	enum status st = read_head(s, &args);

	if (st == STATUS_OK)
		st = s->run.command->run(s, &args);
	if (s->state == IMAP_CLOSED)
		return;
	if (st != STATUS_PENDING) {
		command_finish(s, st);
		return;
	}
	/* It may have come to its end within, by command_finish(). */
	if (s->run.command == NULL)
		return;
	s->run.is_pending = true;
	/* IDLE and APPEND listen on; others take nothing until they are done. */
	if (s->take == session_take_command)
		conn_pause(s->conn);
}

static void
refuse_literal(struct imap_session *s, enum status st)
{
	const struct imap_literal *lit = &s->reader.literal;

	if (lit->is_sync)
		command_finish(s, st);
	else if (lit->size_bytes <= DISCARD_MAX)
		session_discard(s, lit->size_bytes, (int)st);
	else
		session_bye(s, "Literal too large");
}

void
command_literal(struct imap_session *s)
{
	struct imap_reader args;
	enum status st = read_head(s, &args);

	if (st == STATUS_OK && s->run.command->literal != NULL) {
		st = s->run.command->literal(s, &args);
		if (st == STATUS_OK)
			return;
		if (st != STATUS_ABSENT) {
			refuse_literal(s, st);
			return;
		}
	}
	if (command_reader_accept(&s->reader) != STATUS_OK) {
		if (s->reader.literal.is_sync)
			command_finish(s, command_refuse(s, STATUS_LIMIT,
			    "[TOOBIG] Literal too large"));
		else
			session_bye(s, "Literal too large");
		return;
	}
	/* The head is read again when all is there. */
	s->run.refusal = NULL;
	if (s->reader.literal.is_sync)
		conn_write(s->conn, SLICE("+ Go ahead\r\n"));
}

void
command_refuse_line(struct imap_session *s, const char *text)
{
	command_clear(s);
	command_finish(s, command_refuse(s, STATUS_SYNTAX, text));
}
