#include <string.h>

#include "imapd/front.h"
#include "imapd/front_session.h"
#include "imapd/id.h"
#include "net/conn.h"

/* CAPABILITY: RFC 3501 s.6.1.1. */
static enum status
front_capability(struct front_session *s, struct imap_reader *args)
{
	if (!imap_at_end(args))
		return STATUS_SYNTAX;
	conn_printf(s->conn, "* %.*s\r\n", SLICE_ARG(front_capabilities(s)));
	return STATUS_OK;
}

/* NOOP: RFC 3501 s.6.1.2. */
static enum status
front_noop(struct front_session *s, struct imap_reader *args)
{
	(void)s;
	return imap_at_end(args) ? STATUS_OK : STATUS_SYNTAX;
}

/* ID: RFC 2971. */
static enum status
front_id(struct front_session *s, struct imap_reader *args)
{
	enum status st = id_read(args, s->sid);

	if (st == STATUS_OK)
		conn_write(s->conn, SLICE(ID_RESPONSE));
	return st;
}

/* LOGOUT: RFC 3501 s.6.1.3. */
static enum status
front_logout(struct front_session *s, struct imap_reader *args)
{
	if (!imap_at_end(args))
		return STATUS_SYNTAX;
	conn_printf(s->conn, "* BYE Logging out\r\n%s OK LOGOUT completed\r\n", s->tag);
	conn_finish(&s->conn);
	front_session_close(s, "logout");
	return STATUS_PENDING;
}

/* STARTTLS: what came behind it in clear is forgotten.  RFC 3501 s.6.2.1. */
static enum status
front_starttls(struct front_session *s, struct imap_reader *args)
{
	if (!imap_at_end(args) || conn_is_secure(s->conn))
		return STATUS_SYNTAX;
	front_reply(s, "OK", "Begin TLS now");
	front_session_enter(s, FRONT_SHAKING);
	command_reader_reset(&s->reader);
	conn_start_tls(s->conn, s->front->tls, NULL);
	return STATUS_PENDING;
}

static const struct {
	const char *name;
	/* OK: answer with OK.  PENDING: it answers itself.  Others: BAD. */
	enum status (*run)(struct front_session *s, struct imap_reader *args);
} commands[] = {
	{ "AUTHENTICATE", front_authenticate },
	{ "CAPABILITY", front_capability },
	{ "ID", front_id },
	{ "LOGIN", front_login },
	{ "LOGOUT", front_logout },
	{ "NOOP", front_noop },
	{ "STARTTLS", front_starttls },
};

/* A browser that was made to talk to us (ALPACA): it gets no second line. */
static bool
is_http(struct slice line)
{
	return slice_find(line, SLICE(" HTTP/1.")) != line.len;
}

enum status
front_read_tag(struct front_session *s, struct imap_reader *args)
{
	struct slice tag;

	buf_reset(&s->memory);
	*args = imap_reader_init(command_reader_text(&s->reader), &s->memory);
	if (imap_take_tag(args, &tag) != STATUS_OK || tag.len > IMAP_TAG_MAX ||
	    !imap_take_space(args))
		return STATUS_SYNTAX;
	memcpy(s->tag, tag.ptr, tag.len);
	s->tag[tag.len] = '\0';
	return STATUS_OK;
}

void
front_command_run(struct front_session *s)
{
	struct imap_reader args;
	struct slice name = SLICE("");
	enum status st;

	if (is_http(command_reader_text(&s->reader))) {
		front_session_bye(s, "This is a mail server");
		return;
	}
	st = front_read_tag(s, &args);
	if (st == STATUS_OK)
		st = imap_take_atom(&args, &name);
	for (size_t i = 0; st == STATUS_OK && i < ARRAY_LEN(commands); i++) {
		if (!slice_equal_nocase(name, slice_from_cstr(commands[i].name)))
			continue;
		st = commands[i].run(s, &args);
		if (st == STATUS_PENDING || s->state == FRONT_CLOSED)
			return;
		if (st == STATUS_OK)
			conn_printf(s->conn, "%s OK %s completed\r\n", s->tag, commands[i].name);
		else
			front_reply_bad(s, "Missing or wrong arguments");
		front_session_next(s);
		return;
	}
	front_reply_bad(s, st == STATUS_OK ? "Log in first" : "No command");
	front_session_next(s);
}
