#include "imapd/command.h"
#include "imapd/parse.h"
#include "net/conn.h"

/* LOGOUT: say goodbye and close.  RFC 3501 s.6.1.3. */
enum status
cmd_logout(struct imap_session *s, struct imap_reader *args)
{
	if (parse_end(args) != STATUS_OK)
		return STATUS_SYNTAX;
	conn_printf(s->conn, "* BYE Logging out\r\n%s OK LOGOUT completed\r\n", s->run.tag);
	conn_finish(&s->conn);
	session_close(s, "logout");
	return STATUS_PENDING;
}
