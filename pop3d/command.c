#include "pop3d/command.h"

#include "base/log.h"
#include "base/mem.h"
#include "pop3d/session.h"

static const struct pop3_command commands[] = {
	{ "AUTH", IN(POP3_AUTHORIZATION), false, cmd_auth },
	{ "CAPA", IN(POP3_AUTHORIZATION) | IN(POP3_TRANSACTION), false, cmd_capa },
	{ "DELE", IN(POP3_TRANSACTION), false, cmd_dele },
	{ "LIST", IN(POP3_TRANSACTION), false, cmd_list },
	{ "NOOP", IN(POP3_TRANSACTION), false, cmd_noop },
	{ "PASS", IN(POP3_AUTHORIZATION), true, cmd_pass },
	{ "QUIT", IN(POP3_AUTHORIZATION) | IN(POP3_TRANSACTION), false, cmd_quit },
	{ "RETR", IN(POP3_TRANSACTION), false, cmd_retr },
	{ "RSET", IN(POP3_TRANSACTION), false, cmd_rset },
	{ "STAT", IN(POP3_TRANSACTION), false, cmd_stat },
	{ "STLS", IN(POP3_AUTHORIZATION), false, cmd_stls },
	{ "TOP", IN(POP3_TRANSACTION), false, cmd_top },
	{ "UIDL", IN(POP3_TRANSACTION), false, cmd_uidl },
	{ "USER", IN(POP3_AUTHORIZATION), false, cmd_user },
};

/* RFC 2449 s.8, RFC 3206: the codes tell clients whether to ask for the password again. */
static const char *const refusals[STATUS_COUNT] = {
	[STATUS_OK] = "nothing is wrong",
	[STATUS_PENDING] = "[SYS/TEMP] please wait",
	[STATUS_SYNTAX] = "this command is not understood",
	[STATUS_LIMIT] = "the argument is too long or out of range",
	[STATUS_ABSENT] = "no such message",
	[STATUS_EXISTS] = "it is so already",
	[STATUS_DENIED] = "not allowed in this state",
	[STATUS_BUSY] = "[SYS/TEMP] the server is busy, please try again later",
	[STATUS_STALE] = "[SYS/TEMP] the mailbox has changed, please try again",
	[STATUS_CORRUPT] = "[SYS/PERM] this cannot be read, please tell the administrator",
	[STATUS_IO] = "[SYS/TEMP] the server has a fault, please try again later",
	[STATUS_FULL] = "the mailbox is full",
};

const struct pop3_command *
command_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (slice_equal_nocase(name, slice_from_cstr(commands[i].name)))
			return &commands[i];
	}
	return NULL;
}

const char *
command_refusal(enum status st)
{
	ASSERT(st < STATUS_COUNT);
	return refusals[st];
}

static enum status
run(struct pop3_session *s, const struct pop3_command *c, struct slice args)
{
	if (c == NULL)
		return STATUS_SYNTAX;
	if (!(c->legal_in & IN(s->state)))
		return STATUS_DENIED;
	return c->run(s, c->is_exact ? args : slice_trim(args));
}

/* A browser that was pointed at this port sends what others wrote: hear no more of it. */
static bool
is_http(struct slice args)
{
	return slice_find(args, SLICE("HTTP/1.")) < args.len;
}

static void
refuse(struct pop3_session *s, enum status st)
{
	conn_printf(s->conn, "-ERR %s\r\n", command_refusal(st));
	if (st == STATUS_SYNTAX || st == STATUS_DENIED || st == STATUS_LIMIT)
		s->mistakes++;
	if (s->mistakes >= POP3_MISTAKES_MAX)
		session_bye(s, "-ERR too many mistakes");
}

static void
command_run(struct pop3_session *s, struct slice line)
{
	struct slice name = slice_take_word(&line);
	const struct pop3_command *c = command_find(name);
	enum status st = run(s, c, line);

	if (st == STATUS_PENDING) {
		session_wait(s);
		return;
	}
	if (st != STATUS_OK)
		refuse(s, st);
	if (c == NULL && is_http(line) && s->state != POP3_CLOSED)
		session_enter(s, POP3_CLOSED);
}

bool
command_take(struct pop3_session *s)
{
	enum status st = session_take_line(s, POP3_LINE_MAX);

	if (st == STATUS_PENDING)
		return false;
	if (st == STATUS_OK)
		command_run(s, buf_slice(&s->line));
	else
		refuse(s, st);
	buf_wipe(&s->line);
	if (!s->is_waiting)
		session_command_done(s);
	return true;
}
