#include "imapd/command.h"
#include "imapd/id.h"
#include "net/conn.h"

/* ID: who we are; who the client is goes to the log.  RFC 2971. */
enum status
cmd_id(struct imap_session *s, struct imap_reader *args)
{
	enum status st = id_read(args, s->sid);

	if (st == STATUS_OK)
		conn_write(s->conn, SLICE(ID_RESPONSE));
	return st;
}
