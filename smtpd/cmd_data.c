#include "base/mem.h"
#include "net/conn.h"
#include "smtpd/command.h"
#include "smtpd/intake.h"
#include "smtpd/session.h"
#include "smtpd/submit.h"
#include "smtpd/transaction.h"

static void
feed(void *ctx, struct slice piece)
{
	text_feed(ctx, piece);
}

/* The taker of the text: only CR LF . CR LF ends it (RFC 5321 s.4.1.1.4). */
static enum status
text_take(struct smtp_session *s)
{
	size_t used;
	enum status st = dot_reader_feed(&s->dots, conn_input(s->conn), &used, feed, s->tx->text);

	conn_consume(s->conn, used);
	if (st == STATUS_OK)
		session_answer(s, submit_text(s));
	else if (intake_is_hopeless(s))
		session_answer(s, ANSWER_TOO_BIG_BY_FAR);
	return st;
}

/* DATA.  RFC 5321 s.4.1.1.4. */
enum smtp_answer
cmd_data(struct smtp_session *s, struct slice args)
{
	if (args.len > 0)
		return ANSWER_NO_ARGUMENT_WANTED;
	if (intake_begin(s) != STATUS_OK)
		return ANSWER_LATER;
	s->dots = dot_reader_init();
	s->take = text_take;
	session_enter(s, SMTP_DATA);
	return ANSWER_GO_ON;
}
