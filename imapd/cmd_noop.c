#include "imapd/command.h"
#include "imapd/parse.h"

/* NOOP: hear what is new.  RFC 3501 s.6.1.2. */
enum status
cmd_noop(struct imap_session *s, struct imap_reader *args)
{
	(void)s;
	return parse_end(args);
}
