#include "pop3d/command.h"
#include "pop3d/login.h"
#include "pop3d/session.h"

/* PASS string: all of the line, blanks too, is the password.  RFC 1939 s.7. */
enum status
cmd_pass(struct pop3_session *s, struct slice args)
{
	if (args.len == 0)
		return STATUS_SYNTAX;
	if (args.len > POP3_PASSWORD_MAX)
		return STATUS_LIMIT;
	if (session_needs_tls(s)) {
		conn_write(s->conn, SLICE(NEEDS_TLS_LINE));
		return STATUS_OK;
	}
	if (s->user.len == 0) {
		conn_write(s->conn, SLICE("-ERR say USER first\r\n"));
		return STATUS_OK;
	}
	login_password(s, buf_slice(&s->user), args);
	return STATUS_PENDING;
}
