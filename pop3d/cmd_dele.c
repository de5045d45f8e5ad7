#include "pop3d/command.h"
#include "pop3d/maildrop.h"
#include "pop3d/session.h"

/* DELE n: mark message n, to be removed by QUIT.  RFC 1939 s.5. */
enum status
cmd_dele(struct pop3_session *s, struct slice args)
{
	uint32_t n;
	enum status st;

	st = maildrop_number(s->drop, args, &n);
	if (st == STATUS_OK)
		st = maildrop_mark(s->drop, n);
	if (st == STATUS_OK)
		conn_write(s->conn, SLICE("+OK marked\r\n"));
	return st;
}
