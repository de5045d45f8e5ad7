#include "pop3d/command.h"
#include "pop3d/session.h"

/* CAPA: RFC 2449.  No UTF8 and no LANG: Outlook misreads RFC 6856. */
enum status
cmd_capa(struct pop3_session *s, struct slice args)
{
	if (args.len > 0)
		return STATUS_SYNTAX;
	conn_write(s->conn, SLICE("+OK capabilities follow\r\nTOP\r\nUIDL\r\nRESP-CODES\r\n"
	    "AUTH-RESP-CODE\r\nPIPELINING\r\n"));
	if (s->state != POP3_AUTHORIZATION || !session_needs_tls(s))
		conn_write(s->conn, SLICE("USER\r\nSASL PLAIN LOGIN\r\n"));
	if (s->state == POP3_AUTHORIZATION && !conn_is_secure(s->conn) && s->host->tls != NULL)
		conn_write(s->conn, SLICE("STLS\r\n"));
	conn_write(s->conn, SLICE(".\r\n"));
	return STATUS_OK;
}
