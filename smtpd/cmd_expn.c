#include "smtpd/command.h"

/* EXPN list: lists are nobody's business (RFC 5321 s.7.3). */
enum smtp_answer
cmd_expn(struct smtp_session *s, struct slice args)
{
	(void)s;
	(void)args;
	return ANSWER_NOT_DONE;
}
