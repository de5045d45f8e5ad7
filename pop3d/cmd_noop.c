#include "pop3d/command.h"
#include "pop3d/session.h"

/* NOOP.  RFC 1939 s.5. */
enum status
cmd_noop(struct pop3_session *s, struct slice args)
{
	if (args.len > 0)
		return STATUS_SYNTAX;
	conn_write(s->conn, SLICE("+OK\r\n"));
	return STATUS_OK;
}
