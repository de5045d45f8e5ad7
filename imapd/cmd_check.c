#include "imapd/command.h"
#include "imapd/parse.h"

/* CHECK: everything said to be done is on disk already.  RFC 3501 s.6.4.1. */
enum status
cmd_check(struct imap_session *s, struct imap_reader *args)
{
	(void)s;
	return parse_end(args);
}
