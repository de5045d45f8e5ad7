#include "smtpd/command.h"
#include "smtpd/session.h"

/* RSET: forget the transaction.  RFC 5321 s.4.1.1.5. */
enum smtp_answer
cmd_rset(struct smtp_session *s, struct slice args)
{
	if (args.len > 0)
		return ANSWER_NO_ARGUMENT_WANTED;
	session_reset(s);
	return ANSWER_RESET_OK;
}
