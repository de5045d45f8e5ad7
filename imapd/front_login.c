#include "base/base64.h"
#include "base/log.h"
#include "imapd/front.h"
#include "imapd/front_session.h"
#include "imapd/settings.h"
#include "net/conn.h"
#include "net/line.h"
#include "net/sasl.h"
#include "policy/client.h"

/* How a login that was not granted is answered; RFC 5530 for the codes. */
static const struct {
	const char *kind;
	const char *text;
} refusals[STATUS_COUNT] = {
	[STATUS_DENIED] = { "NO", "[AUTHENTICATIONFAILED] Wrong name or password" },
	[STATUS_SYNTAX] = { "BAD", "Malformed authentication" },
	[STATUS_ABSENT] = { "NO", "[CANNOT] No such mechanism" },
	[STATUS_BUSY] = { "NO", "[UNAVAILABLE] Logins are not possible now, please try later" },
};

static bool
may_log_in(const struct front_session *s)
{
	return conn_is_secure(s->conn) || s->front->settings->clear_login;
}

static enum status
refuse_clear(struct front_session *s)
{
	front_reply(s, "NO", "[PRIVACYREQUIRED] Use STARTTLS first");
	front_session_next(s);
	return STATUS_PENDING;
}

/* policyd hears of a session when it first needs to, and again when TLS changed it. */
static void
announce(struct front_session *s)
{
	struct policy_session session = {
		.sid = slice_from_cstr(s->sid),
		.service = SERVICE_IMAP,
		.peer = slice_from_cstr(s->peer),
		.is_secure = conn_is_secure(s->conn),
	};

	if (s->is_announced && s->announced_secure == session.is_secure)
		return;
	if (s->is_announced)
		policy_session_close(s->front->policy, session.sid);
	policy_session_open(s->front->policy, &session);
	s->is_announced = true;
	s->announced_secure = session.is_secure;
}

static void
ask(struct front_session *s)
{
	front_session_enter(s, FRONT_ASKING);
	conn_pause(s->conn);
}

static bool take_response(struct front_session *s);

static void
send_challenge(struct front_session *s, struct slice challenge)
{
	struct buf line = buf_init(2 * SASL_LINE_MAX);

	front_session_enter(s, FRONT_READY);
	buf_append(&line, SLICE("+ "));
	base64_encode(&line, challenge);
	buf_append(&line, SLICE("\r\n"));
	conn_write(s->conn, buf_slice(&line));
	buf_clear(&line);
	s->take = take_response;
	conn_resume(s->conn);
}

static void
refuse(struct front_session *s, enum status st)
{
	struct log_line l;

	log_begin(&l, LOG_INFO, "imap.login.refused", s->sid);
	log_cstr(&l, "peer", s->peer);
	log_status(&l, st, NULL);
	log_end(&l);
	front_session_enter(s, FRONT_READY);
	if (st == STATUS_LIMIT) {
		front_reply(s, "NO", "[AUTHENTICATIONFAILED] Too many failures");
		front_session_bye(s, "Too many failed logins");
		return;
	}
	if (refusals[st].kind == NULL)
		st = STATUS_BUSY;
	if (st == STATUS_SYNTAX)
		front_reply_bad(s, refusals[st].text);
	else
		front_reply(s, refusals[st].kind, refusals[st].text);
	front_session_next(s);
}

static void
answered(void *ctx, enum status st, const struct policy_sasl_answer *a, const struct problem *why)
{
	struct front_session *s = ctx;

	(void)why;
	s->policy_call = 0;
	if (st != STATUS_OK) {
		refuse(s, st);
		return;
	}
	if (!a->is_done) {
		send_challenge(s, a->challenge);
		return;
	}
	s->account = a->account;
	buf_reset(&s->login);
	buf_reset(&s->grant);
	buf_append(&s->login, a->login);
	buf_append(&s->grant, a->grant);
	/* The password is not needed any more. */
	command_reader_reset(&s->reader);
	buf_wipe(&s->memory);
	front_pass(s);
}

/* One line of a SASL exchange. */
static bool
take_response(struct front_session *s)
{
	struct buf message = buf_init(SASL_LINE_MAX);
	struct slice line;
	size_t used;
	enum status st = line_take(conn_input(s->conn), SASL_LINE_MAX, &line, &used);

	if (st == STATUS_PENDING)
		return false;
	if (st == STATUS_LIMIT) {
		front_session_bye(s, "Line too long");
		return false;
	}
	if (st == STATUS_OK)
		st = sasl_line_decode(line, &message);
	conn_consume(s->conn, used);
	if (st == STATUS_OK) {
		ask(s);
		s->policy_call = policy_sasl(s->front->policy, slice_from_cstr(s->sid), SLICE(""),
		    true, buf_slice(&message), answered, s);
	} else {
		front_reply_bad(s, st == STATUS_DENIED ? "Given up" : "Not base64");
		/* policyd forgets the exchange with the session. */
		if (s->state != FRONT_CLOSED && s->is_announced) {
			policy_session_close(s->front->policy, slice_from_cstr(s->sid));
			s->is_announced = false;
		}
		front_session_next(s);
	}
	buf_wipe(&message);
	return true;
}

/* LOGIN name password.  RFC 3501 s.6.2.3. */
enum status
front_login(struct front_session *s, struct imap_reader *args)
{
	struct slice name, password;

	if (!imap_take_space(args) || imap_take_astring(args, &name) != STATUS_OK ||
	    !imap_take_space(args) || imap_take_astring(args, &password) != STATUS_OK ||
	    !imap_at_end(args))
		return STATUS_SYNTAX;
	if (!may_log_in(s))
		return refuse_clear(s);
	announce(s);
	ask(s);
	s->policy_call = policy_login(s->front->policy, slice_from_cstr(s->sid), name, password,
	    answered, s);
	return STATUS_PENDING;
}

/* AUTHENTICATE mechanism [initial response].  RFC 3501 s.6.2.2, RFC 4959. */
enum status
front_authenticate(struct front_session *s, struct imap_reader *args)
{
	struct buf message = buf_init(SASL_LINE_MAX);
	struct slice mechanism, initial;
	bool has_message = false;
	enum status st = STATUS_OK;

	if (!imap_take_space(args) || imap_take_atom(args, &mechanism) != STATUS_OK ||
	    !sasl_name_is_valid(mechanism))
		return STATUS_SYNTAX;
	if (!may_log_in(s))
		return refuse_clear(s);
	if (imap_take_space(args) && !imap_at_end(args)) {
		initial = slice_trim(args->rest);
		has_message = true;
		st = sasl_initial_decode(initial, &message);
	}
	if (st != STATUS_OK) {
		buf_wipe(&message);
		return STATUS_SYNTAX;
	}
	announce(s);
	ask(s);
	s->policy_call = policy_sasl(s->front->policy, slice_from_cstr(s->sid), mechanism,
	    has_message, buf_slice(&message), answered, s);
	buf_wipe(&message);
	return STATUS_PENDING;
}
