#include "pop3d/command.h"
#include "pop3d/session.h"

/* STLS: TLS from here on.  What came behind it in clear is thrown away.  RFC 2595 s.4. */
enum status
cmd_stls(struct pop3_session *s, struct slice args)
{
	if (args.len > 0)
		return STATUS_SYNTAX;
	if (conn_is_secure(s->conn))
		return STATUS_DENIED;
	if (s->host->tls == NULL) {
		conn_write(s->conn, SLICE("-ERR [SYS/PERM] no certificate is installed\r\n"));
		return STATUS_OK;
	}
	conn_write(s->conn, SLICE("+OK begin TLS now\r\n"));
	session_enter(s, POP3_SECURING);
	conn_start_tls(s->conn, s->host->tls, NULL);
	return STATUS_OK;
}
