#include "base/ascii.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/conn.h"
#include "smtpd/command.h"
#include "smtpd/session.h"
#include "smtpd/transaction.h"
#include "wire/smtp_path.h"

struct mail_parameters {
	bool has_size, has_body, is_utf8;
	uint64_t size;
	bool has_ret, has_envid;
	struct smtp_dsn_mail dsn;
};

static enum smtp_answer
take_size(const struct smtp_session *s, struct slice value, struct mail_parameters *m)
{
	const struct smtp_server *server = s->server;

	if (m->has_size || parse_u64(value, 0, UINT64_MAX, &m->size) != STATUS_OK)
		return ANSWER_BAD_PARAMETER;
	m->has_size = true;
	if (m->size > server->settings->message_max)
		return ANSWER_TOO_BIG;
	if (server->budget.used + m->size > server->budget.max)	/* our own lines may be above it */
		return ANSWER_TOO_MUCH_IN_FLIGHT;
	return ANSWER_OK;
}

/* BINARYMIME is not offered, so it is no value (RFC 3030). */
static enum smtp_answer
take_body(struct slice value, struct mail_parameters *m)
{
	if (m->has_body || (!slice_equal_nocase(value, SLICE("7BIT")) &&
	    !slice_equal_nocase(value, SLICE("8BITMIME"))))
		return ANSWER_BAD_PARAMETER;
	m->has_body = true;
	return ANSWER_OK;
}

static enum smtp_answer
take_ret(struct slice value, struct mail_parameters *m)
{
	if (m->has_ret || smtp_ret_parse(value, &m->dsn.ret) != STATUS_OK)
		return ANSWER_BAD_RET;
	m->has_ret = true;
	return ANSWER_OK;
}

static enum smtp_answer
take_envid(const struct smtp_parameter *p, struct mail_parameters *m)
{
	if (m->has_envid || !p->has_value || smtp_envid_check(p->value) != STATUS_OK)
		return ANSWER_BAD_ENVID;
	m->has_envid = true;
	m->dsn.envid = p->value;
	return ANSWER_OK;
}

/* Old programs say what was never offered to them; only mail servers are held to their word. */
static enum smtp_answer
tolerate(const struct smtp_session *s, enum smtp_answer answer)
{
	return session_is_submission(s) ? ANSWER_OK : answer;
}

static enum smtp_answer
take_parameters(const struct smtp_session *s, struct slice rest, struct mail_parameters *m)
{
	struct smtp_parameter p;
	enum smtp_answer answer = ANSWER_OK;

	while (answer == ANSWER_OK) {
		enum status st = smtp_parameter_take(&rest, &p);

		if (st == STATUS_ABSENT)
			break;
		if (st != STATUS_OK)
			return tolerate(s, ANSWER_BAD_PARAMETER);
		if (slice_equal_nocase(p.name, SLICE("SIZE")))
			answer = take_size(s, p.value, m);
		else if (slice_equal_nocase(p.name, SLICE("BODY")))
			answer = tolerate(s, take_body(p.value, m));
		else if (slice_equal_nocase(p.name, SLICE("SMTPUTF8")) && !p.has_value)
			m->is_utf8 = true;
		else if (session_has_dsn(s) && slice_equal_nocase(p.name, SLICE("RET")))
			answer = tolerate(s, take_ret(p.value, m));
		else if (session_has_dsn(s) && slice_equal_nocase(p.name, SLICE("ENVID")))
			answer = tolerate(s, take_envid(&p, m));
		else
			answer = tolerate(s, ANSWER_UNKNOWN_PARAMETER);
	}
	return answer;
}

static void
sender_decided(void *ctx, enum status st, const struct policy_reply *r)
{
	struct smtp_session *s = ctx;

	s->call = 0;
	if (st == STATUS_OK && r->code < 400) {
		session_enter(s, SMTP_SENDER);
		session_answer_policy(s, r);
	} else if (st == STATUS_OK) {
		session_log_refusal(s, "smtp.mail.refused", slice_from_cstr(s->tx->sender), r);
		transaction_free(&s->tx);
		session_answer_policy(s, r);
	} else {
		transaction_free(&s->tx);
		session_answer(s, ANSWER_LATER);
	}
	session_resume(s);
}

static void
ask_policy(struct smtp_session *s, const struct smtp_path *path, const struct mail_parameters *m)
{
	struct buf sender = buf_init(SMTP_ADDRESS_MAX);

	smtp_path_text(path, &sender);
	s->tx = transaction_new(buf_slice(&sender), m->is_utf8, clock_now_s());
	transaction_set_dsn(s->tx, &m->dsn);
	session_wait(s);
	s->call = policy_mail(s->server->policy, session_sid(s), buf_slice(&sender),
	    sender_decided, s);
	buf_clear(&sender);
}

/* MAIL FROM:<path> parameters.  RFC 5321 s.4.1.1.2. */
enum smtp_answer
cmd_mail(struct smtp_session *s, struct slice args)
{
	bool is_submission = session_is_submission(s);
	struct mail_parameters m = { 0 };
	struct smtp_path path;
	enum smtp_answer answer;

	if (is_submission && s->login.len == 0)
		return conn_is_secure(s->conn) ? ANSWER_LOGIN_FIRST : ANSWER_TLS_FIRST;
	if (!slice_starts_nocase(args, SLICE("FROM:")))
		return ANSWER_BAD_ARGUMENT;
	args = slice_skip(args, 5);
	if (smtp_path_take(&args, is_submission ? SMTP_PATH_LIBERAL : SMTP_PATH_STRICT, &path) !=
	    STATUS_OK)
		return ANSWER_BAD_SENDER;
	if (path.domain.len == 0 && !path.is_null)
		return ANSWER_BAD_SENDER;
	answer = take_parameters(s, args, &m);
	if (answer != ANSWER_OK)
		return answer;
	if (path.is_8bit && !m.is_utf8)
		return ANSWER_NEEDS_UTF8;
	ask_policy(s, &path, &m);
	return ANSWER_PENDING;
}
