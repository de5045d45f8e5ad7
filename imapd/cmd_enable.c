#include "imapd/command.h"
#include "imapd/condstore.h"
#include "net/conn.h"

/* ENABLE: what we do not know is passed over.  RFC 5161 s.3.1. */
enum status
cmd_enable(struct imap_session *s, struct imap_reader *args)
{
	struct slice name;
	bool wants_condstore = false;

	if (imap_at_end(args))
		return STATUS_SYNTAX;
	while (!imap_at_end(args)) {
		if (!imap_take_space(args) || imap_take_atom(args, &name) != STATUS_OK)
			return STATUS_SYNTAX;
		wants_condstore |= slice_equal_nocase(name, SLICE("CONDSTORE"));
	}
	conn_write(s->conn, wants_condstore ? SLICE("* ENABLED CONDSTORE\r\n") :
	    SLICE("* ENABLED\r\n"));
	if (wants_condstore)
		condstore_enable(s);
	return STATUS_OK;
}
