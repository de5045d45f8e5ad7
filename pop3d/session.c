#include "pop3d/session.h"

#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/admission.h"
#include "net/ipc.h"
#include "net/line.h"
#include "net/loop.h"
#include "net/pass.h"
#include "policy/client.h"
#include "pop3d/command.h"
#include "pop3d/login.h"
#include "pop3d/maildrop.h"
#include "pop3d/stream.h"
#include "store/client.h"
#include "store/grant.h"

static const struct {
	const char *name;
	unsigned next;		/* set of IN(state) we may go to */
	unsigned patience_s;	/* silence we accept; RFC 1939 s.3 asks for 600 */
	unsigned deadline_s;	/* the state ends by then, whatever moves; with is_renewed, the command */
	bool is_renewed;
} states[POP3_STATE_COUNT] = {
	[POP3_SECURING] = { "securing", IN(POP3_AUTHORIZATION) | IN(POP3_OPENING) | IN(POP3_CLOSED),
	    30, 30, false },
	[POP3_AUTHORIZATION] = { "authorization",
	    IN(POP3_SECURING) | IN(POP3_PASSING) | IN(POP3_CLOSED), 600, 600, false },
	[POP3_PASSING] = { "passing", IN(POP3_CLOSED), 60, 60, false },
	[POP3_OPENING] = { "opening", IN(POP3_TRANSACTION) | IN(POP3_CLOSED), 120, 120, false },
	[POP3_TRANSACTION] = { "transaction", IN(POP3_UPDATE) | IN(POP3_CLOSED), 600, 600, true },
	[POP3_UPDATE] = { "update", IN(POP3_CLOSED), 120, 120, false },
	[POP3_CLOSED] = { "closed", 0, 10, 10, false },
};

#define CROWDED_S 30	/* for a login while places are short */

static void
on_input(void *ctx)
{
	session_turn(ctx);
}

static void
on_drained(void *ctx)
{
	struct pop3_session *s = ctx;

	if (s->drained != NULL)
		s->drained(s);
	session_turn(s);
}

static void
on_secure(void *ctx)
{
	struct pop3_session *s = ctx;

	login_secured(s);
	session_turn(s);
}

static void
on_end(void *ctx, enum conn_end end)
{
	static const char *const ends[] = {
		[CONN_EOF] = "eof",
		[CONN_RESET] = "reset",
		[CONN_TIMEOUT] = "timeout",
		[CONN_TLS_FAILED] = "tls_failed",
	};
	struct pop3_session *s = ctx;
	struct log_line l;

	log_begin(&l, LOG_INFO, "pop3.connection.lost", s->sid);
	log_cstr(&l, "state", session_state_name(s));
	log_cstr(&l, "end", ends[end]);
	log_cstr(&l, "why", conn_problem(s->conn));
	log_end(&l);
	s->is_over = true;
	if (s->state != POP3_CLOSED)
		session_enter(s, POP3_CLOSED);
	session_turn(s);
}

struct conn *
session_conn_new(struct pop3_session *s, int fd)
{
	static const struct conn_handler handler = {
		.on_input = on_input,
		.on_drained = on_drained,
		.on_secure = on_secure,
		.on_end = on_end,
	};

	return conn_new(s->host->loop, fd, &handler, s);
}

struct pop3_session *
session_new(struct pop3_host *h, int fd, struct slice sid)
{
	struct pop3_session *s = mem_new(struct pop3_session);

	s->host = h;
	s->take = command_take;
	s->line = buf_init(16 * 1024);
	s->user = buf_init(POP3_NAME_MAX);
	s->peer = buf_init(64);
	s->login = buf_init(POP3_LINE_MAX);
	s->grant = buf_init(GRANT_MAX);
	if (sid.len == ID_SID_LEN) {
		for (size_t i = 0; i < sid.len; i++)
			s->sid[i] = sid.ptr[i];
	} else {
		id_sid(s->sid);
	}
	s->conn = session_conn_new(s, fd);
	s->next = h->sessions;
	if (s->next != NULL)
		s->next->prev = s;
	h->sessions = s;
	h->session_count++;
	return s;
}

enum status
session_find_place(struct pop3_session *s)
{
	char key[ADMISSION_ADDRESS_MAX];
	struct slice address = admission_address(conn_peer(s->conn), key);
	enum status st = admission_enter(s->host->arrivals, address);

	if (st == STATUS_OK)
		s->place_key = mem_dup(address);
	return st;
}

static void
forget_calls(struct pop3_session *s)
{
	struct pop3_host *h = s->host;

	if (s->policy_call != 0)
		policy_cancel(h->policy, s->policy_call);
	pass_cancel(&s->pass);
	if (s->store_call != 0)
		store_cancel(h->changes, s->store_call);
	if (s->is_greeted)
		policy_session_close(h->policy, slice_from_cstr(s->sid));
}

static void
log_closed(const struct pop3_session *s)
{
	struct log_line l;

	log_begin(&l, LOG_INFO, "pop3.session.closed", s->sid);
	log_slice(&l, "login", buf_slice(&s->login));
	log_u64(&l, "retrieved", s->retrieved);
	log_u64(&l, "bytes", s->retrieved_bytes);
	log_u64(&l, "deleted", s->deleted);
	log_end(&l);
}

static void
leave_host(struct pop3_session *s)
{
	struct pop3_host *h = s->host;

	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		h->sessions = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	h->session_count--;
	if (s->place_key != NULL)
		admission_leave(h->arrivals, slice_from_cstr(s->place_key));
	mem_free(s->place_key);
}

void
session_free(struct pop3_session **sp)
{
	struct pop3_session *s = *sp;
	struct pop3_host *h;

	if (s == NULL)
		return;
	*sp = NULL;
	h = s->host;
	if (s->drop != NULL)
		log_closed(s);
	forget_calls(s);
	leave_host(s);
	timer_free(&s->timer);
	stream_free(&s->stream);
	maildrop_free(&s->drop);
	if (s->is_over || s->state != POP3_CLOSED)
		conn_close(&s->conn);
	else if (s->conn != NULL)
		conn_finish(&s->conn);
	buf_wipe(&s->line);
	buf_clear(&s->user);
	buf_clear(&s->peer);
	buf_clear(&s->login);
	buf_wipe(&s->grant);
	mem_free(s);
	if (h->session_count == 0 && h->emptied != NULL)
		h->emptied(h);
}

const char *
session_state_name(const struct pop3_session *s)
{
	return states[s->state].name;
}

static unsigned
deadline_of(const struct pop3_session *s)
{
	unsigned seconds = states[s->state].deadline_s;

	if (s->state != POP3_AUTHORIZATION)
		return seconds;
	seconds = s->host->settings->login_deadline_s;
	return admission_is_crowded(s->host->arrivals) && seconds > CROWDED_S ? CROWDED_S : seconds;
}

void
session_enter(struct pop3_session *s, enum pop3_state next)
{
	struct log_line l;

	ASSERT(states[s->state].next & IN(next));
	log_begin(&l, LOG_DEBUG, "pop3.state.changed", s->sid);
	log_cstr(&l, "from", states[s->state].name);
	log_cstr(&l, "to", states[next].name);
	log_end(&l);
	s->state = next;
	if (s->conn == NULL)
		return;
	conn_set_patience(s->conn, states[next].patience_s);
	conn_set_deadline(s->conn, deadline_of(s));
}

void
session_wait(struct pop3_session *s)
{
	s->is_waiting = true;
	if (s->conn != NULL)
		conn_pause(s->conn);
}

void
session_resume(struct pop3_session *s)
{
	s->is_waiting = false;
	if (s->conn != NULL && s->state != POP3_CLOSED)
		conn_resume(s->conn);
}

void
session_wait_output(struct pop3_session *s, void (*drained)(struct pop3_session *s))
{
	s->drained = drained;
	conn_set_deadline(s->conn, 0);
	session_wait(s);
}

void
session_output_done(struct pop3_session *s)
{
	s->drained = NULL;
	session_command_done(s);
	session_resume(s);
}

void
session_command_done(struct pop3_session *s)
{
	if (states[s->state].is_renewed && s->conn != NULL)
		conn_set_deadline(s->conn, deadline_of(s));
}

/* Who does not read what we answer is not heard on. */
void
session_turn(struct pop3_session *s)
{
	while (s->state != POP3_CLOSED && !s->is_waiting &&
	    conn_output_pending(s->conn) < CONN_OUTPUT_HIGH && s->take(s))
		;
	if (s->state == POP3_CLOSED)
		session_free(&s);
}

void
session_bye(struct pop3_session *s, const char *line)
{
	if (s->conn != NULL && !s->is_over)
		conn_printf(s->conn, "%s\r\n", line);
	session_enter(s, POP3_CLOSED);
}

/* Drop input up to and with the next LF; true when that was found. */
static bool
skip_line(struct pop3_session *s)
{
	struct slice in = conn_input(s->conn);
	size_t at = slice_find_byte(in, '\n');

	conn_consume(s->conn, at < in.len ? at + 1 : in.len);
	return at < in.len;
}

enum status
session_take_line(struct pop3_session *s, size_t max)
{
	struct slice in;
	struct slice line = SLICE("");
	size_t used = 0;
	enum status st;

	while (s->is_skipping) {
		if (conn_input(s->conn).len == 0)
			return STATUS_PENDING;
		s->is_skipping = !skip_line(s);
	}
	in = conn_input(s->conn);
	if (in.len == 0)
		return STATUS_PENDING;
	st = line_take(in, max, &line, &used);
	if (st == STATUS_PENDING)
		return st;
	if (st == STATUS_LIMIT) {
		conn_consume(s->conn, used);
		s->is_skipping = true;
		return st;
	}
	buf_reset(&s->line);
	buf_append(&s->line, line);
	conn_consume(s->conn, used);
	return st;
}

bool
session_needs_tls(const struct pop3_session *s)
{
	return !conn_is_secure(s->conn) && !s->host->settings->clear_login;
}
