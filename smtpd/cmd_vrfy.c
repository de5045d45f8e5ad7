#include "smtpd/command.h"

/* VRFY address: the same for all, so that nobody learns who is here (RFC 5321 s.7.3). */
enum smtp_answer
cmd_vrfy(struct smtp_session *s, struct slice args)
{
	(void)s;
	return args.len > 0 ? ANSWER_CANNOT_VERIFY : ANSWER_BAD_ARGUMENT;
}
