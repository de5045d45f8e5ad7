#include "smtpd/command.h"

/* QUIT.  RFC 5321 s.4.1.1.10: the client leaves anyhow, so an argument is passed over. */
enum smtp_answer
cmd_quit(struct smtp_session *s, struct slice args)
{
	(void)s;
	(void)args;
	return ANSWER_BYE;
}
