#include "imapd/capability.h"
#include "imapd/command.h"
#include "imapd/parse.h"
#include "net/conn.h"

/* CAPABILITY: what we can do.  RFC 3501 s.6.1.1. */
enum status
cmd_capability(struct imap_session *s, struct imap_reader *args)
{
	if (parse_end(args) != STATUS_OK)
		return STATUS_SYNTAX;
	conn_printf(s->conn, "* %.*s\r\n", SLICE_ARG(capability_text(CAPABILITY_SECURE)));
	return STATUS_OK;
}
