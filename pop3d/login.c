#include "pop3d/login.h"

#include "base/base64.h"
#include "base/log.h"
#include "net/sasl.h"
#include "policy/client.h"
#include "pop3d/command.h"
#include "pop3d/pass.h"
#include "pop3d/session.h"

/* What a client is told when its login failed. */
static const char *
login_refusal(enum status st)
{
	switch (st) {
	case STATUS_DENIED:
		return "[AUTH] wrong name or password";
	case STATUS_SYNTAX:
		return "malformed authentication data";
	case STATUS_ABSENT:
		return "this mechanism is not supported";
	case STATUS_LIMIT:
		return "[AUTH] too many failed logins, please try again later";
	case STATUS_OK:
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
	return "[SYS/TEMP] logins are not possible now, please try again later";
}

static void
policy_open(struct pop3_session *s)
{
	struct policy_session p = {
		.sid = slice_from_cstr(s->sid),
		.service = SERVICE_POP3,
		.peer = buf_slice(&s->peer),
		.is_secure = conn_is_secure(s->conn),
	};

	policy_session_open(s->host->policy, &p);
}

static void
greet(struct pop3_session *s)
{
	s->is_greeted = true;
	policy_open(s);
	session_enter(s, POP3_AUTHORIZATION);
	conn_write(s->conn, SLICE("+OK POP3 server ready\r\n"));
}

void
login_begin(struct pop3_session *s, bool is_tls_first)
{
	struct log_line l;

	buf_append(&s->peer, slice_from_cstr(conn_peer(s->conn)));
	log_begin(&l, LOG_INFO, "pop3.client.connected", s->sid);
	log_slice(&l, "peer", buf_slice(&s->peer));
	log_cstr(&l, "tls", is_tls_first ? "yes" : "no");
	log_end(&l);
	if (!is_tls_first) {
		greet(s);
		return;
	}
	conn_set_deadline(s->conn, 30);
	conn_start_tls(s->conn, s->host->tls, NULL);
}

/* RFC 2595 s.4: what was said before is forgotten, and no second greeting after STLS. */
void
login_secured(struct pop3_session *s)
{
	log_event(LOG_DEBUG, "pop3.tls.started", s->sid, "tls", conn_tls_text(s->conn));
	if (!s->is_greeted) {
		greet(s);
		return;
	}
	buf_clear(&s->user);
	policy_session_close(s->host->policy, slice_from_cstr(s->sid));
	policy_open(s);
	session_enter(s, POP3_AUTHORIZATION);
}

static void
fail(struct pop3_session *s, enum status st)
{
	struct log_line l;

	log_begin(&l, LOG_INFO, "pop3.login.refused", s->sid);
	log_slice(&l, "peer", buf_slice(&s->peer));
	log_status(&l, st, NULL);
	log_end(&l);
	s->take = command_take;
	conn_printf(s->conn, "-ERR %s\r\n", login_refusal(st));
	buf_clear(&s->user);
	if (st == STATUS_LIMIT || ++s->failed_logins >= POP3_LOGINS_MAX)
		session_enter(s, POP3_CLOSED);
}

/* One line of an AUTH exchange, RFC 5034 s.4. */
static bool
sasl_take(struct pop3_session *s)
{
	struct buf message = buf_init(SASL_LINE_MAX);
	enum status st = session_take_line(s, SASL_LINE_MAX + 2);

	if (st == STATUS_PENDING)
		return false;
	if (st == STATUS_OK)
		st = sasl_line_decode(buf_slice(&s->line), &message);
	buf_wipe(&s->line);
	if (st == STATUS_OK)
		login_sasl(s, SLICE(""), true, buf_slice(&message));
	else if (st == STATUS_DENIED)
		conn_write(s->conn, SLICE("-ERR authentication given up\r\n"));
	else
		conn_write(s->conn, SLICE("-ERR malformed authentication data\r\n"));
	buf_wipe(&message);
	if (st == STATUS_OK) {
		session_wait(s);
		return true;
	}
	s->take = command_take;
	if (++s->failed_logins >= POP3_LOGINS_MAX)
		session_enter(s, POP3_CLOSED);
	return true;
}

static void
challenge(struct pop3_session *s, struct slice text)
{
	struct buf line = buf_init(2 * SASL_LINE_MAX);

	base64_encode(&line, text);
	conn_write(s->conn, SLICE("+ "));
	conn_write(s->conn, buf_slice(&line));
	conn_write(s->conn, SLICE("\r\n"));
	buf_wipe(&line);
	s->take = sasl_take;
}

static void
accept_login(struct pop3_session *s, const struct policy_sasl_answer *a)
{
	struct log_line l;

	s->take = command_take;
	s->account = a->account;
	buf_append(&s->login, a->login);
	buf_append(&s->grant, a->grant);
	log_begin(&l, LOG_INFO, "pop3.login.accepted", s->sid);
	log_slice(&l, "peer", buf_slice(&s->peer));
	log_slice(&l, "login", a->login);
	log_cstr(&l, "tls", conn_tls_text(s->conn));
	log_end(&l);
	if (buf_status(&s->login) != STATUS_OK || buf_status(&s->grant) != STATUS_OK)
		session_bye(s, "-ERR [SYS/PERM] the account cannot be used here");
	else
		pass_begin(s);
}

static void
on_answer(void *ctx, enum status st, const struct policy_sasl_answer *a,
    const struct problem *why)
{
	struct pop3_session *s = ctx;

	(void)why;	/* what a stranger may know is in the status */
	s->policy_call = 0;
	session_resume(s);
	if (st != STATUS_OK)
		fail(s, st);
	else if (a->is_done)
		accept_login(s, a);
	else
		challenge(s, a->challenge);
	session_turn(s);
}

void
login_password(struct pop3_session *s, struct slice name, struct slice password)
{
	s->policy_call = policy_login(s->host->policy, slice_from_cstr(s->sid), name, password,
	    on_answer, s);
}

void
login_sasl(struct pop3_session *s, struct slice mechanism, bool has_message,
    struct slice message)
{
	s->policy_call = policy_sasl(s->host->policy, slice_from_cstr(s->sid), mechanism,
	    has_message, message, on_answer, s);
}
