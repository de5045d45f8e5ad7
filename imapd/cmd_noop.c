#include "imapd/command.h"
#include "imapd/parse.h"
#include "imapd/selected.h"

/* NOOP: hear what is new.  RFC 3501 s.6.1.2. */
enum status
cmd_noop(struct imap_session *s, struct imap_reader *args)
{
	if (parse_end(args) != STATUS_OK)
		return STATUS_SYNTAX;
	if (s->state == IMAP_SELECTED)
		selected_repeat(s->selected);
	return STATUS_OK;
}
