#include "base/base64.h"
#include "base/log.h"
#include "net/conn.h"
#include "net/sasl.h"
#include "smtpd/command.h"
#include "smtpd/session.h"
#include "wire/smtp_reply.h"

#define CHALLENGE_LINE_MAX 16384

static enum smtp_answer
status_answer(enum status st)
{
	switch (st) {
	case STATUS_DENIED:
		return ANSWER_AUTH_DENIED;
	case STATUS_SYNTAX:
		return ANSWER_AUTH_BASE64;
	case STATUS_ABSENT:
		return ANSWER_AUTH_MECHANISM;
	case STATUS_LIMIT:
		return ANSWER_AUTH_TOO_OFTEN;
	case STATUS_OK:
		return ANSWER_AUTH_OK;
	case STATUS_PENDING:
	case STATUS_EXISTS:
	case STATUS_BUSY:
	case STATUS_STALE:
	case STATUS_CORRUPT:
	case STATUS_IO:
	case STATUS_FULL:
	case STATUS_COUNT:
		break;
	}
	return ANSWER_AUTH_LATER;
}

static void
leave(struct smtp_session *s, enum smtp_answer answer)
{
	s->take = command_take;
	session_enter(s, SMTP_READY);
	session_answer(s, answer);
}

static void
write_challenge(struct smtp_session *s, struct slice challenge)
{
	struct buf line = buf_init(CHALLENGE_LINE_MAX);

	(void)buf_append(&line, SLICE("334 "));
	(void)base64_encode(&line, challenge);
	(void)buf_append(&line, SLICE("\r\n"));
	session_write(s, buf_slice(&line));
	buf_clear(&line);
}

static void
logged_in(struct smtp_session *s, const struct policy_sasl_answer *a)
{
	struct log_line l;

	buf_reset(&s->login);
	(void)buf_append(&s->login, a->login);
	session_log(s, &l, "smtp.login.accepted");
	log_slice(&l, "login", a->login);
	log_end(&l);
	leave(s, session_settle_in(s) == STATUS_OK ? ANSWER_AUTH_OK : ANSWER_TOO_MANY_SESSIONS);
}

static void
login_failed(struct smtp_session *s, enum status st)
{
	struct log_line l;

	session_log(s, &l, "smtp.login.refused");
	log_status(&l, st, NULL);
	log_end(&l);
	leave(s, status_answer(st));
}

static void
step_done(void *ctx, enum status st, const struct policy_sasl_answer *a,
    const struct problem *why)
{
	struct smtp_session *s = ctx;

	(void)why;	/* policyd logs it */
	s->call = 0;
	if (st != STATUS_OK)
		login_failed(s, st);
	else if (a->is_done)
		logged_in(s, a);
	else
		write_challenge(s, a->challenge);
	session_resume(s);
}

/* To a message that could not be decoded. */
static enum smtp_answer
decode_answer(enum status st)
{
	if (st == STATUS_DENIED)
		return ANSWER_AUTH_CANCELLED;
	return st == STATUS_LIMIT ? ANSWER_AUTH_LONG : ANSWER_AUTH_BASE64;
}

/* The taker of the client's side of the exchange. */
static enum status
response_take(struct smtp_session *s)
{
	struct buf message = buf_init(SASL_LINE_MAX);
	struct slice line;
	size_t used;
	enum status st = line_take(conn_input(s->conn), SASL_LINE_MAX, &line, &used);

	if (st == STATUS_PENDING)
		return st;
	if (st == STATUS_LIMIT) {
		command_skip_line(s, used);
		return STATUS_OK;
	}
	st = st == STATUS_OK ? sasl_line_decode(slice_trim(line), &message) : STATUS_SYNTAX;
	conn_consume(s->conn, used);
	if (st == STATUS_OK) {
		session_wait(s);
		s->call = policy_sasl(s->server->policy, session_sid(s), SLICE(""), true,
		    buf_slice(&message), step_done, s);
	} else {
		leave(s, decode_answer(st));
	}
	buf_wipe(&message);
	return STATUS_OK;
}

/* The mechanism as its registry writes it; empty when it is none of ours. */
static struct slice
offered(struct slice name)
{
	if (slice_equal_nocase(name, SLICE("PLAIN")))
		return SLICE("PLAIN");
	return slice_equal_nocase(name, SLICE("LOGIN")) ? SLICE("LOGIN") : SLICE("");
}

static enum smtp_answer
check_place(const struct smtp_session *s)
{
	if (!session_is_submission(s))
		return ANSWER_AUTH_ELSEWHERE;
	if (!conn_is_secure(s->conn))
		return ANSWER_AUTH_NEEDS_TLS;
	return s->login.len > 0 ? ANSWER_AUTH_ALREADY : ANSWER_OK;
}

static enum smtp_answer
begin(struct smtp_session *s, struct slice mechanism, struct slice initial)
{
	struct buf message = buf_init(SASL_LINE_MAX);
	enum status st = STATUS_OK;

	if (initial.len > 0)
		st = sasl_initial_decode(initial, &message);
	if (st == STATUS_OK) {
		s->take = response_take;
		session_enter(s, SMTP_AUTH);
		session_wait(s);
		s->call = policy_sasl(s->server->policy, session_sid(s), mechanism,
		    initial.len > 0, buf_slice(&message), step_done, s);
	}
	buf_wipe(&message);
	return st == STATUS_OK ? ANSWER_PENDING : decode_answer(st);
}

/* AUTH mechanism [initial response].  RFC 4954 s.4; Windows Mail puts two blanks before the last. */
enum smtp_answer
cmd_auth(struct smtp_session *s, struct slice args)
{
	enum smtp_answer answer = check_place(s);
	struct slice name = slice_take_word(&args);

	if (answer != ANSWER_OK)
		return answer;
	if (!sasl_name_is_valid(name))
		return ANSWER_BAD_ARGUMENT;
	if (offered(name).len == 0)
		return ANSWER_AUTH_MECHANISM;
	return begin(s, offered(name), slice_trim(args));
}
