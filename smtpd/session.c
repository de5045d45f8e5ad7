#include "smtpd/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/admission.h"
#include "net/conn.h"
#include "net/loop.h"
#include "smtpd/command.h"
#include "smtpd/submit.h"
#include "smtpd/transaction.h"
#include "wire/smtp_reply.h"

enum patience {
	PATIENCE_COMMAND,	/* for each whole command anew, and no longer than the lull */
	PATIENCE_TEXT,		/* for the whole message, at a rate */
	PATIENCE_HANDSHAKE,
	PATIENCE_OTHERS,	/* whom we wait for has its own deadline */
};

#define HANDSHAKE_DEADLINE_S 30

static const struct {
	const char *name;
	unsigned next;		/* set of IN(state) we may go to */
	enum patience patience;
} states[SMTP_STATE_COUNT] = {
	[SMTP_CONNECTED] = { "connected",
	    IN(SMTP_START) | IN(SMTP_HANDSHAKE) | IN(SMTP_CLOSED), PATIENCE_COMMAND },
	[SMTP_START] = { "start",
	    IN(SMTP_START) | IN(SMTP_READY) | IN(SMTP_HANDSHAKE) | IN(SMTP_CLOSED),
	    PATIENCE_COMMAND },
	[SMTP_READY] = { "ready",
	    IN(SMTP_READY) | IN(SMTP_AUTH) | IN(SMTP_SENDER) | IN(SMTP_HANDSHAKE) |
		IN(SMTP_CLOSED),
	    PATIENCE_COMMAND },
	[SMTP_AUTH] = { "auth", IN(SMTP_READY) | IN(SMTP_CLOSED), PATIENCE_COMMAND },
	[SMTP_SENDER] = { "sender", IN(SMTP_RECIPIENTS) | IN(SMTP_READY) | IN(SMTP_CLOSED),
	    PATIENCE_COMMAND },
	[SMTP_RECIPIENTS] = { "recipients",
	    IN(SMTP_DATA) | IN(SMTP_CHUNKS) | IN(SMTP_READY) | IN(SMTP_CLOSED),
	    PATIENCE_COMMAND },
	[SMTP_DATA] = { "data", IN(SMTP_SUBMITTING) | IN(SMTP_READY) | IN(SMTP_CLOSED),
	    PATIENCE_TEXT },
	[SMTP_CHUNKS] = { "chunks", IN(SMTP_SUBMITTING) | IN(SMTP_READY) | IN(SMTP_CLOSED),
	    PATIENCE_TEXT },
	[SMTP_SUBMITTING] = { "submitting", IN(SMTP_READY) | IN(SMTP_CLOSED),
	    PATIENCE_OTHERS },
	[SMTP_HANDSHAKE] = { "handshake",
	    IN(SMTP_CONNECTED) | IN(SMTP_START) | IN(SMTP_CLOSED), PATIENCE_HANDSHAKE },
	[SMTP_CLOSED] = { "closed", 0, PATIENCE_OTHERS },
};

static const char *const end_names[] = {
	[CONN_EOF] = "client_closed",
	[CONN_RESET] = "connection_lost",
	[CONN_TIMEOUT] = "timeout",
	[CONN_TLS_FAILED] = "tls_failed",
};

struct slice
session_sid(const struct smtp_session *s)
{
	return slice_from_cstr(s->sid);
}

bool
session_has_dsn(const struct smtp_session *s)
{
	return session_is_submission(s) || s->server->settings->receipts_outside;
}

bool
session_is_submission(const struct smtp_session *s)
{
	return s->service == SERVICE_SUBMISSION;
}

void
session_log(const struct smtp_session *s, struct log_line *l, const char *event)
{
	log_begin(l, LOG_INFO, event, s->sid);
	if (s->conn != NULL)
		log_cstr(l, "peer", conn_peer(s->conn));
}

static void
wait_for_command(struct smtp_session *s)
{
	uint32_t left_s = pace_command_s(&s->pace, s->server->settings, clock_monotonic_ms());

	conn_set_input_rate(s->conn, 0, 0);
	/* Past the lull session_run() takes no more. */
	conn_set_deadline(s->conn, left_s == 0 ? 1 : left_s);
}

void
session_text_begin(struct smtp_session *s)
{
	const struct smtp_settings *settings = s->server->settings;

	conn_set_deadline(s->conn, settings->data_deadline_s);
	conn_set_input_rate(s->conn, settings->data_grace_s,
	    (size_t)(settings->data_rate * settings->data_grace_s));
}

/* Before the login there is less time, and nothing but the login counts. */
void
session_progress(struct smtp_session *s)
{
	const struct smtp_settings *settings = s->server->settings;
	bool is_arriving = s->place == s->server->arrivals;

	pace_progress(&s->pace, is_arriving ? settings->login_deadline_s : settings->lull_s,
	    clock_monotonic_ms());
}

static enum status
take_place(struct smtp_session *s, struct admission *in, struct slice key)
{
	enum status st = admission_enter(in, key);

	if (st != STATUS_OK)
		return st;
	s->place = in;
	s->place_key = mem_dup(key);
	s->pace.is_crowded = in != s->server->accounts && admission_is_crowded(in);
	session_progress(s);
	return STATUS_OK;
}

static void
give_place(struct smtp_session *s)
{
	if (s->place != NULL)
		admission_leave(s->place, slice_from_cstr(s->place_key));
	mem_free(s->place_key);
	s->place = NULL;
	s->place_key = NULL;
}

enum status
session_settle_in(struct smtp_session *s)
{
	give_place(s);
	return take_place(s, s->server->accounts, buf_slice(&s->login));
}

void
session_enter(struct smtp_session *s, enum smtp_state next)
{
	ASSERT(states[s->state].next & IN(next));
	s->state = next;
	if (s->conn == NULL)
		return;
	switch (states[next].patience) {
	case PATIENCE_COMMAND:
		wait_for_command(s);
		break;
	case PATIENCE_TEXT:
		session_text_begin(s);
		break;
	case PATIENCE_HANDSHAKE:
		conn_set_deadline(s->conn, HANDSHAKE_DEADLINE_S);
		break;
	case PATIENCE_OTHERS:
		conn_set_input_rate(s->conn, 0, 0);
		conn_set_deadline(s->conn, 0);
		break;
	}
}

static void
session_free(struct smtp_session *s)
{
	struct smtp_server *server = s->server;

	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		server->sessions = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	give_place(s);
	if (s->call != 0)
		policy_cancel(server->policy, s->call);
	if (s->submission != NULL)
		submission_forget_session(s->submission);
	policy_session_close(server->policy, session_sid(s));
	conn_close(&s->conn);
	timer_free(&s->banner);
	transaction_free(&s->tx);
	buf_clear(&s->helo);
	buf_clear(&s->login);
	mem_free(s->asked);
	buf_clear(&s->asked_orcpt);
	mem_free(s);
	smtp_server_check_empty(server);
}

/* Every event ends here: what is over is freed, and nothing touches it afterwards. */
static void
session_settle(struct smtp_session *s)
{
	if (s->state == SMTP_CLOSED)
		session_free(s);
}

void
session_drop(struct smtp_session *s, const char *why)
{
	struct log_line l;

	if (s->state == SMTP_CLOSED)
		return;
	session_log(s, &l, "smtp.session.closed");
	log_cstr(&l, "why", why);
	if (conn_problem(s->conn)[0] != '\0')
		log_cstr(&l, "problem", conn_problem(s->conn));
	log_u64(&l, "accepted", s->accepted);
	log_u64(&l, "mistakes", s->mistakes);
	if (s->logged > SMTP_LOGGED_MAX)
		log_u64(&l, "unlogged_refusals", s->logged - SMTP_LOGGED_MAX);
	log_end(&l);
	conn_finish(&s->conn);
	session_enter(s, SMTP_CLOSED);
}

void
session_write(struct smtp_session *s, struct slice lines)
{
	if (s->conn == NULL)
		return;
	conn_write(s->conn, lines);
	if (states[s->state].patience == PATIENCE_COMMAND)
		wait_for_command(s);
}

static void
write_reply(struct smtp_session *s, uint16_t code, struct slice enhanced, struct slice text)
{
	struct buf line = buf_init(SMTP_REPLY_LINE_MAX + 2);

	smtp_reply_write(&line, code, SMTP_REPLY_LAST, enhanced, text);
	session_write(s, buf_slice(&line));
	buf_clear(&line);
}

void
session_answer(struct smtp_session *s, enum smtp_answer answer)
{
	const struct reply_row *row;

	if (answer == ANSWER_PENDING || answer == ANSWER_WRITTEN || s->state == SMTP_CLOSED)
		return;
	row = reply_row(answer);
	write_reply(s, row->code, slice_from_cstr(row->enhanced), slice_from_cstr(row->text));
	if (row->flags & REPLY_IS_MISTAKE) {
		struct log_line l;

		s->mistakes++;
		session_log(s, &l, "smtp.command.refused");
		log_u64(&l, "code", row->code);
		log_cstr(&l, "why", row->text);
		log_end(&l);
	}
	if (row->flags & REPLY_CLOSES)
		session_drop(s, answer == ANSWER_BYE ? "quit" : row->text);
	else if (s->mistakes >= SMTP_MISTAKES_MAX || s->refused >= SMTP_REFUSED_MAX)
		session_answer(s, ANSWER_TOO_MANY_ERRORS);
}

void
session_answer_policy(struct smtp_session *s, const struct policy_reply *r)
{
	write_reply(s, r->code, r->enhanced, r->text);
	if (r->code == 421)
		session_drop(s, "policy");
}

void
session_log_refusal(struct smtp_session *s, const char *event, struct slice subject,
    const struct policy_reply *r)
{
	struct log_line l;

	if (++s->logged > SMTP_LOGGED_MAX)
		return;
	session_log(s, &l, event);
	log_slice(&l, "of", subject);
	log_u64(&l, "code", r->code);
	log_slice(&l, "why", r->text);
	log_end(&l);
}

void
session_wait(struct smtp_session *s)
{
	s->is_waiting = true;
	conn_set_deadline(s->conn, 0);
	conn_pause(s->conn);
}

/* All the talk without a message has taken too long. */
static bool
is_late(const struct smtp_session *s)
{
	return states[s->state].patience == PATIENCE_COMMAND &&
	    pace_command_s(&s->pace, s->server->settings, clock_monotonic_ms()) == 0;
}

static void
session_run(struct smtp_session *s)
{
	while (s->state != SMTP_CLOSED && !s->is_waiting) {
		if (s->server->is_stopping || s->is_logged_out) {
			session_answer(s, s->is_logged_out ? ANSWER_LOGGED_OUT : ANSWER_CLOSING);
			break;
		}
		if (is_late(s)) {
			session_answer(s, ANSWER_TIME_OUT);
			break;
		}
		if (conn_input(s->conn).len == 0 ||
		    conn_output_pending(s->conn) > CONN_OUTPUT_HIGH)
			break;
		if (s->take(s) == STATUS_PENDING)
			break;
	}
}

void
session_resume(struct smtp_session *s)
{
	s->is_waiting = false;
	if (s->state != SMTP_CLOSED) {
		conn_resume(s->conn);
		session_run(s);
	}
	session_settle(s);
}

void
session_reset(struct smtp_session *s)
{
	transaction_free(&s->tx);
	s->take = command_take;
	if (s->state != SMTP_START && s->state != SMTP_CLOSED)
		session_enter(s, SMTP_READY);
}

void
session_forget(struct smtp_session *s)
{
	transaction_free(&s->tx);
	buf_clear(&s->helo);
	buf_clear(&s->login);
	s->is_esmtp = false;
	s->take = command_take;
}

/* policyd learns, or learns anew, who this is and whether others can listen. */
static void
tell_policy(struct smtp_session *s)
{
	policy_session_open(s->server->policy,
	    &(struct policy_session){
		.sid = session_sid(s),
		.service = (uint8_t)s->service,
		.peer = slice_from_cstr(conn_peer(s->conn)),
		.is_secure = conn_is_secure(s->conn),
	    });
}

static void
greet(struct smtp_session *s)
{
	struct buf line = buf_init(SMTP_REPLY_LINE_MAX + 2);
	struct buf text = buf_init(SMTP_REPLY_LINE_MAX);

	buf_append(&text, buf_slice(&s->server->hostname));
	buf_append(&text, SLICE(" ESMTP"));
	smtp_reply_write(&line, 220, SMTP_REPLY_LAST, SLICE(""), buf_slice(&text));
	s->is_greeted = true;
	s->take = command_take;
	session_enter(s, SMTP_START);
	session_write(s, buf_slice(&line));
	buf_clear(&line);
	buf_clear(&text);
}

/* The taker before the greeting: a mail server waits for it (RFC 5321 s.4.3.1). */
static enum status
early_take(struct smtp_session *s)
{
	conn_consume(s->conn, conn_input(s->conn).len);
	session_answer(s, ANSWER_TALKED_EARLY);
	return STATUS_OK;
}

static void
on_banner(void *ctx)
{
	struct smtp_session *s = ctx;

	greet(s);
	session_settle(s);
}

static void
on_input(void *ctx)
{
	struct smtp_session *s = ctx;

	session_run(s);
	session_settle(s);
}

static void
on_secure(void *ctx)
{
	struct smtp_session *s = ctx;
	struct log_line l;

	session_log(s, &l, "smtp.session.secured");
	log_cstr(&l, "tls", conn_tls_text(s->conn));
	log_end(&l);
	tell_policy(s);
	if (s->is_greeted) {
		session_enter(s, SMTP_START);
	} else {
		session_enter(s, SMTP_CONNECTED);
		greet(s);
	}
	session_settle(s);
}

static void
on_end(void *ctx, enum conn_end end)
{
	struct smtp_session *s = ctx;

	if (end == CONN_TIMEOUT && s->state != SMTP_HANDSHAKE)
		session_answer(s, ANSWER_TIME_OUT);
	session_drop(s, end_names[end]);
	session_settle(s);
}

static const struct conn_handler handler = { on_input, on_input, on_secure, on_end };

static struct smtp_session *
session_make(struct smtp_server *server, int fd, enum policy_service service)
{
	struct smtp_session *s = mem_new(struct smtp_session);

	s->server = server;
	s->service = service;
	s->state = SMTP_CONNECTED;
	s->take = early_take;
	s->helo = buf_init(SMTP_LINE_MAX);
	s->login = buf_init(SMTP_LINE_MAX);
	id_sid(s->sid);
	s->next = server->sessions;
	if (s->next != NULL)
		s->next->prev = s;
	server->sessions = s;
	s->conn = conn_new(server->loop, fd, &handler, s);
	conn_set_patience(s->conn, server->settings->command_patience_s);
	return s;
}

static enum status
find_place(struct smtp_session *s)
{
	struct smtp_server *server = s->server;
	char key[ADMISSION_ADDRESS_MAX];

	return take_place(s, session_is_submission(s) ? server->arrivals : server->outside,
	    admission_address(conn_peer(s->conn), key));
}

static void
session_begin(struct smtp_session *s, bool is_tls_first)
{
	const struct smtp_settings *settings = s->server->settings;

	if (find_place(s) != STATUS_OK) {
		if (is_tls_first)
			session_drop(s, "too many connections");
		else
			session_answer(s, ANSWER_TOO_MANY_CONNECTIONS);
		return;
	}
	if (is_tls_first) {
		session_enter(s, SMTP_HANDSHAKE);
		conn_start_tls(s->conn, s->server->tls, NULL);
		return;
	}
	tell_policy(s);
	if (s->service == SERVICE_SMTP && settings->banner_wait_ms > 0) {
		s->banner = timer_new(s->server->loop, on_banner, s);
		timer_set(s->banner, settings->banner_wait_ms);
	} else {
		greet(s);
	}
}

void
session_new(struct smtp_server *server, int fd, enum policy_service service, bool is_tls_first)
{
	struct smtp_session *s = session_make(server, fd, service);
	struct log_line l;

	session_log(s, &l, "smtp.session.opened");
	log_cstr(&l, "service", service == SERVICE_SMTP ? "smtp" : "submission");
	log_end(&l);
	session_begin(s, is_tls_first);
	session_settle(s);
}

/* One whose message is at policyd is resumed by submit.c, and session_run() says goodbye. */
static void
session_leave(struct smtp_session *s, enum smtp_answer answer)
{
	if (s->submission != NULL)
		return;
	if (s->state == SMTP_HANDSHAKE)
		session_drop(s, "stopping");
	else
		session_answer(s, answer);
	session_settle(s);
}

void
session_stop(struct smtp_session *s)
{
	session_leave(s, ANSWER_CLOSING);
}

void
session_log_out(struct smtp_session *s)
{
	s->is_logged_out = true;
	session_leave(s, ANSWER_LOGGED_OUT);
}

void
session_kill(struct smtp_session *s)
{
	session_drop(s, "stopped");
	session_free(s);
}
