#include "smtpd/server.h"

#include "smtpd/session.h"

void
smtp_server_check_empty(struct smtp_server *server)
{
	if (server->is_stopping && server->sessions == NULL && server->submissions == NULL)
		server->on_empty(server);
}

void
smtp_server_stop(struct smtp_server *server)
{
	struct smtp_session *s = server->sessions;

	server->is_stopping = true;
	while (s != NULL) {
		struct smtp_session *next = s->next;

		session_stop(s);
		s = next;
	}
	smtp_server_check_empty(server);
}
