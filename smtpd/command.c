#include "smtpd/command.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/line.h"
#include "net/sasl.h"
#include "smtpd/session.h"

#define IN_PEACE (IN(SMTP_READY) | IN(SMTP_SENDER) | IN(SMTP_RECIPIENTS) | IN(SMTP_CHUNKS))
#define ANYWHERE (IN(SMTP_START) | IN_PEACE)

struct smtp_command {
	const char *name;
	unsigned legal_in;	/* set of IN(state) */
	enum smtp_answer otherwise;
	enum smtp_answer (*run)(struct smtp_session *s, struct slice args);
};

static const struct smtp_command commands[] = {
	{ "AUTH", IN(SMTP_READY), ANSWER_AUTH_IN_MAIL, cmd_auth },
	{ "BDAT", ANYWHERE, ANSWER_ORDER, cmd_bdat },	/* its bytes are taken in any case */
	{ "DATA", IN(SMTP_RECIPIENTS), ANSWER_RECIPIENT_FIRST, cmd_data },
	{ "EHLO", ANYWHERE, ANSWER_ORDER, cmd_ehlo },
	{ "EXPN", ANYWHERE, ANSWER_ORDER, cmd_expn },
	{ "HELO", ANYWHERE, ANSWER_ORDER, cmd_helo },
	{ "HELP", ANYWHERE, ANSWER_ORDER, cmd_help },
	{ "MAIL", IN(SMTP_READY), ANSWER_SENDER_TWICE, cmd_mail },
	{ "NOOP", ANYWHERE, ANSWER_ORDER, cmd_noop },
	{ "QUIT", ANYWHERE, ANSWER_ORDER, cmd_quit },
	{ "RCPT", IN(SMTP_SENDER) | IN(SMTP_RECIPIENTS), ANSWER_SENDER_FIRST, cmd_rcpt },
	{ "RSET", ANYWHERE, ANSWER_ORDER, cmd_rset },
	{ "STARTTLS", IN(SMTP_READY), ANSWER_TLS_IN_MAIL, cmd_starttls },
	{ "VRFY", ANYWHERE, ANSWER_ORDER, cmd_vrfy },
};

/* A web page or a program made it post mail to us: answering would help it. */
static const char *const http_verbs[] = {
	"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PRI", "PUT", "TRACE",
};

static const struct smtp_command *
command_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (slice_equal_nocase(name, slice_from_cstr(commands[i].name)))
			return &commands[i];
	return NULL;
}

static bool
is_http(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(http_verbs); i++)
		if (slice_equal(name, slice_from_cstr(http_verbs[i])))
			return true;
	return false;
}

static void
command_run(struct smtp_session *s, struct slice line)
{
	struct slice args = line;
	struct slice name = slice_take_word(&args);
	const struct smtp_command *c = command_find(name);

	if (c == NULL && is_http(name))
		session_drop(s, "http");
	else if (c == NULL)
		session_answer(s, ANSWER_UNKNOWN);
	else if (c->legal_in & IN(s->state))
		session_answer(s, c->run(s, slice_trim(args)));
	else
		session_answer(s, s->state == SMTP_START ? ANSWER_HELLO_FIRST : c->otherwise);
}

/* The taker of what is left of a line too long. */
static enum status
discard_take(struct smtp_session *s)
{
	struct slice input = conn_input(s->conn);
	size_t end = slice_find_byte(input, '\n');
	bool is_ended = end < input.len;

	s->discarded += end;
	conn_consume(s->conn, is_ended ? end + 1 : end);
	if (s->discarded > SMTP_DISCARD_MAX) {
		session_answer(s, ANSWER_TOO_LONG_A_LINE);
	} else if (is_ended) {
		s->take = command_take;
		if (s->state == SMTP_AUTH) {
			session_enter(s, SMTP_READY);
			session_answer(s, ANSWER_AUTH_LONG);
		} else {
			session_answer(s, ANSWER_LINE_TOO_LONG);
		}
	}
	return STATUS_OK;
}

void
command_skip_line(struct smtp_session *s, size_t used)
{
	conn_consume(s->conn, used);
	s->discarded = used;
	s->take = discard_take;
}

/* A line that is none by RFC 5321 s.2.3.8, and what we say to it. */
static enum smtp_answer
flaw_answer(const struct smtp_session *s, struct slice line)
{
	if (slice_find_byte(line, '\0') < line.len || slice_find_byte(line, '\r') < line.len)
		return ANSWER_CONTROL;
	return session_is_submission(s) ? ANSWER_OK : ANSWER_BARE_LINE_END;
}

/* AUTH may bring its whole first message along. */
static size_t
line_max(const struct smtp_session *s)
{
	return session_is_submission(s) ? SMTP_LINE_MAX + SASL_LINE_MAX : SMTP_LINE_MAX;
}

enum status
command_take(struct smtp_session *s)
{
	struct slice line;
	size_t used;
	enum status st = line_take(conn_input(s->conn), line_max(s), &line, &used);
	enum smtp_answer flaw = ANSWER_OK;
	char *copy;

	if (st == STATUS_PENDING)
		return st;
	if (st == STATUS_LIMIT) {
		command_skip_line(s, used);
		return STATUS_OK;
	}
	if (st != STATUS_OK)
		flaw = flaw_answer(s, line);
	copy = mem_dup(line);	/* the conn may reuse its input while we answer */
	conn_consume(s->conn, used);
	if (flaw == ANSWER_OK)
		command_run(s, slice_make(copy, line.len));
	else
		session_answer(s, flaw);
	mem_wipe(copy, line.len);	/* it may have been a password */
	mem_free(copy);
	return STATUS_OK;
}
