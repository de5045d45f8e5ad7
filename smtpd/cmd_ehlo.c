#include "base/ascii.h"
#include "base/mem.h"
#include "net/conn.h"
#include "smtpd/command.h"
#include "smtpd/session.h"
#include "wire/smtp_reply.h"

#define NAME_MAX_BYTES 255
#define EHLO_REPLY_MAX 2048

/*
 * On the submission ports any name is taken: Windows machines say their own, in
 * their own code page, and a refusal is beyond what their users can mend.
 */
static enum smtp_answer
check_name(const struct smtp_session *s, struct slice name)
{
	if (session_is_submission(s))
		return ANSWER_OK;
	if (name.len == 0 || name.len > NAME_MAX_BYTES)
		return ANSWER_BAD_NAME;
	for (size_t i = 0; i < name.len; i++)
		if (ascii_is_control(name.ptr[i]) || name.ptr[i] == '<' || name.ptr[i] == '>')
			return ANSWER_BAD_NAME;
	return ANSWER_OK;
}

/* RFC 5321 s.4.1.4: a second EHLO does what RSET does. */
static void
meet(struct smtp_session *s, struct slice name)
{
	buf_reset(&s->helo);
	(void)buf_append(&s->helo, slice_sub(name, 0, NAME_MAX_BYTES));
	session_reset(s);
	if (s->state == SMTP_START)
		session_enter(s, SMTP_READY);
}

static void
put_line(struct buf *out, const char *keyword)
{
	smtp_reply_write(out, 250, SMTP_REPLY_MORE, SLICE(""), slice_from_cstr(keyword));
}

static void
put_extensions(const struct smtp_session *s, struct buf *out)
{
	const struct smtp_settings *settings = s->server->settings;
	struct buf value = buf_init(64);
	bool is_secure = conn_is_secure(s->conn);

	put_line(out, "PIPELINING");
	buf_printf(&value, "SIZE %llu", (unsigned long long)settings->message_max);
	smtp_reply_write(out, 250, SMTP_REPLY_MORE, SLICE(""), buf_slice(&value));
	if (!is_secure)
		put_line(out, "STARTTLS");
	if (session_is_submission(s) && is_secure && s->login.len == 0) {
		put_line(out, "AUTH PLAIN LOGIN");
		if (settings->auth_old_form)
			put_line(out, "AUTH=PLAIN LOGIN");
	}
	put_line(out, "8BITMIME");
	put_line(out, "SMTPUTF8");
	put_line(out, "CHUNKING");
	if (session_has_dsn(s))
		put_line(out, "DSN");
	/* RFC 9422: no MAILMAX, since a session may send as many messages as it likes. */
	buf_reset(&value);
	buf_printf(&value, "LIMITS RCPTMAX=%u", settings->recipients_max);
	smtp_reply_write(out, 250, SMTP_REPLY_MORE, SLICE(""), buf_slice(&value));
	buf_clear(&value);
	smtp_reply_write(out, 250, SMTP_REPLY_LAST, SLICE(""), SLICE("ENHANCEDSTATUSCODES"));
}

/* EHLO name.  RFC 5321 s.4.1.1.1. */
enum smtp_answer
cmd_ehlo(struct smtp_session *s, struct slice args)
{
	enum smtp_answer answer = check_name(s, args);
	struct buf out = buf_init(EHLO_REPLY_MAX);

	if (answer != ANSWER_OK)
		return answer;
	meet(s, args);
	s->is_esmtp = true;
	smtp_reply_write(&out, 250, SMTP_REPLY_MORE, SLICE(""), buf_slice(&s->server->hostname));
	put_extensions(s, &out);
	session_write(s, buf_slice(&out));
	buf_clear(&out);
	return ANSWER_WRITTEN;
}

/* HELO name: the same for who knows no extensions. */
enum smtp_answer
cmd_helo(struct smtp_session *s, struct slice args)
{
	enum smtp_answer answer = check_name(s, args);
	struct buf out = buf_init(SMTP_REPLY_LINE_MAX + 2);

	if (answer != ANSWER_OK)
		return answer;
	meet(s, args);
	s->is_esmtp = false;
	smtp_reply_write(&out, 250, SMTP_REPLY_LAST, SLICE(""), buf_slice(&s->server->hostname));
	session_write(s, buf_slice(&out));
	buf_clear(&out);
	return ANSWER_WRITTEN;
}
