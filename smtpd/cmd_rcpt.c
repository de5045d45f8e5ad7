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
		transaction_add_recipient(s->tx, recipient);
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

/* No parameter is offered for RCPT: a mail server sends none, an old program may (DSN). */
static enum smtp_answer
check_parameters(const struct smtp_session *s, struct slice rest)
{
	struct smtp_parameter p;
	enum status st = smtp_parameter_take(&rest, &p);

	if (st == STATUS_ABSENT || session_is_submission(s))
		return ANSWER_OK;
	return st == STATUS_OK ? ANSWER_UNKNOWN_PARAMETER : ANSWER_BAD_PARAMETER;
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
	answer = check_parameters(s, args);
	if (answer != ANSWER_OK)
		return answer;
	if (path.is_8bit && !s->tx->is_utf8)
		return ANSWER_NEEDS_UTF8;
	return ask_policy(s, &path);
}
