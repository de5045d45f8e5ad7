#include "imapd/command.h"
#include "imapd/condstore.h"
#include "net/conn.h"

/* ENABLE: what we do not know is passed over.  RFC 5161 s.3.1, RFC 7162 s.3.2.3. */
enum status
cmd_enable(struct imap_session *s, struct imap_reader *args)
{
	struct slice name;
	bool wants_condstore = false, wants_qresync = false;

	if (imap_at_end(args))
		return STATUS_SYNTAX;
	while (!imap_at_end(args)) {
		if (!imap_take_space(args) || imap_take_atom(args, &name) != STATUS_OK)
			return STATUS_SYNTAX;
		wants_condstore |= slice_equal_nocase(name, SLICE("CONDSTORE"));
		wants_qresync |= slice_equal_nocase(name, SLICE("QRESYNC"));
	}
	conn_printf(s->conn, "* ENABLED%s%s\r\n", wants_condstore ? " CONDSTORE" : "",
	    wants_qresync ? " QRESYNC" : "");
	s->has_qresync |= wants_qresync;
	if (wants_condstore || wants_qresync)
		condstore_enable(s);
	return STATUS_OK;
}
