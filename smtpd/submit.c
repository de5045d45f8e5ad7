#include "smtpd/submit.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/conn.h"
#include "smtpd/session.h"
#include "smtpd/transaction.h"

struct smtp_submission {
	struct smtp_submission *prev, *next;
	struct smtp_server *server;
	struct smtp_session *session;	/* NULL: the client is gone */
	struct smtp_transaction *tx;
	char sid[ID_SID_LEN + 1];
	uint32_t call;
};

static const enum smtp_answer verdict_answers[] = {
	[TEXT_BARE_LINE_END] = ANSWER_BARE_IN_TEXT,
	[TEXT_NUL] = ANSWER_NUL_IN_TEXT,
	[TEXT_TOO_BIG] = ANSWER_TOO_BIG,
	[TEXT_NO_ROOM] = ANSWER_TOO_MUCH_IN_FLIGHT,
	[TEXT_BROKEN] = ANSWER_LATER,
};

static void
submission_free(struct smtp_submission *sub)
{
	if (sub->prev != NULL)
		sub->prev->next = sub->next;
	else
		sub->server->submissions = sub->next;
	if (sub->next != NULL)
		sub->next->prev = sub->prev;
	transaction_free(&sub->tx);
	mem_free(sub);
}

void
submissions_free(struct smtp_server *server)
{
	while (server->submissions != NULL) {
		policy_cancel(server->policy, server->submissions->call);
		submission_free(server->submissions);
	}
}

void
submission_forget_session(struct smtp_submission *sub)
{
	sub->session = NULL;
}

static void
log_outcome(const struct smtp_submission *sub, const char *event, enum status st,
    const struct policy_reply *r)
{
	struct log_line l;

	log_begin(&l, st == STATUS_OK ? LOG_INFO : LOG_WARN, event, sub->sid);
	log_cstr(&l, "mid", sub->tx->mid);
	log_cstr(&l, "from", sub->tx->sender);
	log_cstr(&l, "to", sub->tx->recipients[0]);
	log_u64(&l, "recipients", sub->tx->recipient_count);
	log_u64(&l, "size", text_size_bytes(sub->tx->text));
	if (st == STATUS_OK) {
		log_u64(&l, "code", r->code);
		log_slice(&l, "reply", r->text);
	} else {
		log_cstr(&l, "why", "policyd did not answer: the message may have been stored");
	}
	log_end(&l);
}

static const char *
outcome(const struct smtp_submission *sub, enum status st, const struct policy_reply *r)
{
	if (st != STATUS_OK)
		return "smtp.mail.uncertain";
	if (r->code >= 400)
		return "smtp.mail.refused";
	/* Stored, and its sender does not know: it may come again. */
	return sub->session == NULL ? "smtp.mail.unanswered" : "smtp.mail.accepted";
}

/* With the id that the audit knows the message by: senders quote replies when they ask. */
static void
answer_with_id(struct smtp_session *s, const struct policy_reply *r, const char *mid)
{
	struct buf text = buf_init(1024);
	struct policy_reply named = *r;

	buf_printf(&text, "%.*s %s", SLICE_ARG(r->text), mid);
	if (r->code < 400 && buf_status(&text) == STATUS_OK)
		named.text = buf_slice(&text);
	session_answer_policy(s, &named);
	buf_clear(&text);
}

static void
submitted(void *ctx, enum status st, const struct policy_reply *r)
{
	struct smtp_submission *sub = ctx;
	struct smtp_session *s = sub->session;
	struct smtp_server *server = sub->server;
	char mid[ID_SID_LEN + 1];

	log_outcome(sub, outcome(sub, st, r), st, r);
	memcpy(mid, sub->tx->mid, sizeof(mid));
	submission_free(sub);
	if (s == NULL) {
		smtp_server_check_empty(server);
		return;
	}
	s->submission = NULL;
	session_reset(s);
	if (st != STATUS_OK) {
		session_answer(s, ANSWER_LATER);
	} else {
		if (r->code < 400) {
			s->accepted++;
			session_progress(s);
		}
		answer_with_id(s, r, mid);
	}
	session_resume(s);
}

static enum smtp_answer
refuse_text(struct smtp_session *s, enum text_verdict verdict, const struct problem *why)
{
	enum smtp_answer answer = verdict_answers[verdict];
	struct log_line l;

	session_log(s, &l, "smtp.text.refused");
	log_cstr(&l, "mid", s->tx->mid);
	log_cstr(&l, "from", s->tx->sender);
	log_u64(&l, "size", text_fed_bytes(s->tx->text));
	log_u64(&l, "code", reply_row(answer)->code);
	log_cstr(&l, "why", verdict == TEXT_BROKEN ? why->text : reply_row(answer)->text);
	log_end(&l);
	if (verdict == TEXT_NUL && !session_is_submission(s))
		answer = ANSWER_NUL_FROM_OUTSIDE;
	session_reset(s);
	return answer;
}

enum smtp_answer
submit_text(struct smtp_session *s)
{
	struct smtp_transaction *tx = s->tx;
	struct smtp_submission *sub;
	struct slice *recipients;
	struct problem why = { 0 };
	enum text_verdict verdict = text_end(tx->text, &why);

	if (verdict != TEXT_GOOD)
		return refuse_text(s, verdict, &why);
	sub = mem_new(struct smtp_submission);
	sub->server = s->server;
	sub->session = s;
	sub->tx = tx;
	memcpy(sub->sid, s->sid, sizeof(sub->sid));
	sub->next = s->server->submissions;
	if (sub->next != NULL)
		sub->next->prev = sub;
	s->server->submissions = sub;
	s->submission = sub;
	s->tx = NULL;
	session_enter(s, SMTP_SUBMITTING);
	session_wait(s);
	recipients = mem_array(struct slice, tx->recipient_count);
	for (uint32_t i = 0; i < tx->recipient_count; i++)
		recipients[i] = slice_from_cstr(tx->recipients[i]);
	sub->call = policy_submit(s->server->policy,
	    &(struct policy_submission){
		.sid = slice_from_cstr(sub->sid),
		.mid = slice_from_cstr(tx->mid),
		.sender = slice_from_cstr(tx->sender),
		.recipients = recipients,
		.recipient_count = tx->recipient_count,
		.received_at = tx->received_at,
		.size_bytes = text_size_bytes(tx->text),
		.prefix_len = text_prefix_len(tx->text),
		.dsn = tx->dsn,
		.wishes = tx->wishes,
	    },
	    text_fd(tx->text), submitted, sub);
	mem_free(recipients);
	return ANSWER_PENDING;
}
