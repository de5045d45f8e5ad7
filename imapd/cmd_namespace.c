#include "imapd/command.h"
#include "imapd/parse.h"
#include "net/conn.h"

/* NAMESPACE: one personal namespace without a prefix.  RFC 2342. */
enum status
cmd_namespace(struct imap_session *s, struct imap_reader *args)
{
	if (parse_end(args) != STATUS_OK)
		return STATUS_SYNTAX;
	conn_write(s->conn, SLICE("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"));
	return STATUS_OK;
}
