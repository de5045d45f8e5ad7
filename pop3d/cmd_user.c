#include "pop3d/command.h"
#include "pop3d/session.h"

/* USER name: who PASS is going to prove to be.  RFC 1939 s.7.  Says nothing of whether it exists. */
enum status
cmd_user(struct pop3_session *s, struct slice args)
{
	if (args.len == 0)
		return STATUS_SYNTAX;
	if (args.len > POP3_NAME_MAX)
		return STATUS_LIMIT;
	if (session_needs_tls(s)) {
		conn_write(s->conn, SLICE(NEEDS_TLS_LINE));
		return STATUS_OK;
	}
	buf_reset(&s->user);
	buf_append(&s->user, args);
	conn_write(s->conn, SLICE("+OK now the password\r\n"));
	return STATUS_OK;
}
