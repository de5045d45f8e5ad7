#include "smtpd/command.h"

/* HELP [command].  RFC 5321 s.4.1.1.8. */
enum smtp_answer
cmd_help(struct smtp_session *s, struct slice args)
{
	(void)s;
	(void)args;
	return ANSWER_HELP;
}
