#include "smtpd/command.h"

/* NOOP [anything].  RFC 5321 s.4.1.1.9. */
enum smtp_answer
cmd_noop(struct smtp_session *s, struct slice args)
{
	(void)s;
	(void)args;
	return ANSWER_OK;
}
