#include "net/conn.h"
#include "smtpd/command.h"
#include "smtpd/session.h"

/*
 * STARTTLS.  RFC 3207: what the client said before is forgotten, and what it
 * sent behind the command in clear is thrown away by conn_start_tls().
 */
enum smtp_answer
cmd_starttls(struct smtp_session *s, struct slice args)
{
	if (conn_is_secure(s->conn))
		return ANSWER_TLS_ALREADY;
	if (args.len > 0)
		return ANSWER_NO_ARGUMENT_WANTED;
	session_answer(s, ANSWER_TLS_READY);
	session_forget(s);
	policy_session_close(s->server->policy, session_sid(s));
	session_enter(s, SMTP_HANDSHAKE);
	conn_start_tls(s->conn, s->server->tls, NULL);
	return ANSWER_WRITTEN;
}
