#include "smtpd/intake.h"

#include "base/log.h"
#include "net/conn.h"
#include "smtpd/session.h"
#include "smtpd/transaction.h"

#define HOPELESS_FACTOR 4	/* times the largest message */

enum status
intake_begin(struct smtp_session *s)
{
	struct smtp_server *server = s->server;
	struct buf prefix = buf_init(TRACE_MAX);
	struct problem why = { 0 };
	enum status st;

	transaction_write_trace(s->tx,
	    &(struct trace){
		.helo = buf_slice(&s->helo),
		.peer = slice_from_cstr(conn_peer(s->conn)),
		.hostname = buf_slice(&server->hostname),
		.is_esmtp = s->is_esmtp,
		.is_secure = conn_is_secure(s->conn),
		.is_authenticated = s->login.len > 0,
	    },
	    &prefix);
	st = text_new(&server->budget, server->settings->message_max,
	    session_is_submission(s) ? TEXT_LINES_REPAIRED : TEXT_LINES_STRICT,
	    buf_slice(&prefix), &s->tx->text, &why);
	buf_clear(&prefix);
	if (st != STATUS_OK) {
		struct log_line l;

		log_begin(&l, LOG_ERROR, "smtp.text.refused", s->sid);
		log_status(&l, st, &why);
		log_end(&l);
	}
	return st;
}

bool
intake_is_hopeless(const struct smtp_session *s)
{
	const struct text *text = s->tx->text;

	return text_verdict(text) != TEXT_GOOD &&
	    text_fed_bytes(text) > HOPELESS_FACTOR * s->server->settings->message_max;
}
