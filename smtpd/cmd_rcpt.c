#include "base/mem.h"
#include "smtpd/command.h"
#include "smtpd/session.h"
#include "smtpd/transaction.h"
#include "wire/smtp_path.h"

static void
recipient_decided(void *ctx, enum status st, const struct policy_reply *r)
{
	struct smtp_session *s = ctx;
	struct slice recipient = slice_from_cstr(s->asked);

	s->call = 0;
	if (st == STATUS_OK && r->code < 400) {
		transaction_add_recipient(s->tx, recipient, &(struct smtp_dsn_rcpt){
			s->asked_notify, buf_slice(&s->asked_orcpt) });
		if (s->state == SMTP_SENDER)
			session_enter(s, SMTP_RECIPIENTS);
		session_answer_policy(s, r);
	} else if (st == STATUS_OK) {
		session_log_refusal(s, "smtp.rcpt.refused", recipient, r);
		session_answer_policy(s, r);
		if (++s->refused >= SMTP_REFUSED_MAX)
			session_answer(s, ANSWER_TOO_MANY_ERRORS);
	} else {
		session_answer(s, ANSWER_LATER);
	}
	mem_free(s->asked);
	s->asked = NULL;
	session_resume(s);
}

static enum smtp_answer
take_notify(struct smtp_session *s, struct slice value)
{
	if (s->asked_notify != 0 || smtp_notify_parse(value, &s->asked_notify) != STATUS_OK)
		return ANSWER_BAD_NOTIFY;
	return ANSWER_OK;
}

static enum smtp_answer
take_orcpt(struct smtp_session *s, struct slice value)
{
	if (s->asked_orcpt.len > 0 ||
	    smtp_orcpt_parse(value, s->tx->is_utf8, &s->asked_orcpt) != STATUS_OK)
		return ANSWER_BAD_ORCPT;
	return ANSWER_OK;
}

/* Mail servers are held to what was offered; what an old program says beside that is passed over. */
static enum smtp_answer
take_parameters(struct smtp_session *s, struct slice rest)
{
	enum smtp_answer answer = ANSWER_OK;
	struct smtp_parameter p;
	enum status st;

	s->asked_notify = 0;
	buf_clear(&s->asked_orcpt);
	s->asked_orcpt = buf_init(SMTP_ORCPT_MAX);
	while (answer == ANSWER_OK && (st = smtp_parameter_take(&rest, &p)) != STATUS_ABSENT) {
		if (st != STATUS_OK)
			return session_is_submission(s) ? ANSWER_OK : ANSWER_BAD_PARAMETER;
		if (session_has_dsn(s) && slice_equal_nocase(p.name, SLICE("NOTIFY")))
			answer = take_notify(s, p.value);
		else if (session_has_dsn(s) && slice_equal_nocase(p.name, SLICE("ORCPT")))
			answer = take_orcpt(s, p.value);
		else
			answer = ANSWER_UNKNOWN_PARAMETER;
		if (session_is_submission(s))
			answer = ANSWER_OK;
	}
	return answer;
}

static enum smtp_answer
ask_policy(struct smtp_session *s, const struct smtp_path *path)
{
	struct buf text = buf_init(SMTP_ADDRESS_MAX);
	enum smtp_answer answer = ANSWER_PENDING;

	smtp_path_text(path, &text);
	if (transaction_has_recipient(s->tx, buf_slice(&text))) {
		answer = ANSWER_RECIPIENT_OK;
	} else if (s->tx->recipient_count >= s->server->settings->recipients_max) {
		answer = ANSWER_TOO_MANY_RECIPIENTS;
	} else {
		s->asked = mem_dup(buf_slice(&text));
		session_wait(s);
		s->call = policy_recipient(s->server->policy, session_sid(s),
		    slice_from_cstr(s->tx->sender), buf_slice(&text), recipient_decided, s);
	}
	buf_clear(&text);
	return answer;
}

/* RCPT TO:<path> parameters.  RFC 5321 s.4.1.1.3. */
enum smtp_answer
cmd_rcpt(struct smtp_session *s, struct slice args)
{
	bool is_submission = session_is_submission(s);
	struct smtp_path path;
	enum smtp_answer answer;

	if (!slice_starts_nocase(args, SLICE("TO:")))
		return ANSWER_BAD_ARGUMENT;
	args = slice_skip(args, 3);
	if (smtp_path_take(&args, is_submission ? SMTP_PATH_LIBERAL : SMTP_PATH_STRICT, &path) !=
	    STATUS_OK || path.is_null)
		return ANSWER_BAD_RECIPIENT;
	if (path.domain.len == 0 && !slice_equal_nocase(path.local, SLICE("postmaster")))
		return ANSWER_BAD_RECIPIENT;
	answer = take_parameters(s, args);
	if (answer != ANSWER_OK)
		return answer;
	if (path.is_8bit && !s->tx->is_utf8)
		return ANSWER_NEEDS_UTF8;
	return ask_policy(s, &path);
}
