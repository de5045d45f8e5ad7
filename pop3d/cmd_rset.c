#include "pop3d/command.h"
#include "pop3d/maildrop.h"
#include "pop3d/session.h"

/* RSET: nothing is marked any more.  RFC 1939 s.5. */
enum status
cmd_rset(struct pop3_session *s, struct slice args)
{
	if (args.len > 0)
		return STATUS_SYNTAX;
	maildrop_unmark_all(s->drop);
	conn_write(s->conn, SLICE("+OK\r\n"));
	return STATUS_OK;
}
