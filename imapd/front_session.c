#include "imapd/front_session.h"

#include "base/log.h"
#include "base/mem.h"
#include "imapd/capability.h"
#include "imapd/front.h"
#include "imapd/settings.h"
#include "net/admission.h"
#include "net/conn.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "net/pass.h"
#include "policy/client.h"

static const struct reader_limits limits = {
	.line = 8 * 1024,
	.literal = 4 * 1024,
	.total = 8 * 1024,
};

static const struct {
	const char *name;
	unsigned next;
} states[FRONT_STATE_COUNT] = {
	[FRONT_SHAKING] = { "shaking", IN(FRONT_READY) | IN(FRONT_CLOSED) },
	[FRONT_READY] = { "ready", IN(FRONT_SHAKING) | IN(FRONT_ASKING) | IN(FRONT_CLOSED) },
	[FRONT_ASKING] = { "asking", IN(FRONT_READY) | IN(FRONT_PASSING) | IN(FRONT_CLOSED) },
	[FRONT_PASSING] = { "passing", IN(FRONT_READY) | IN(FRONT_CLOSED) },
	[FRONT_CLOSED] = { "closed", 0 },
};

void
front_session_enter(struct front_session *s, enum front_state next)
{
	ASSERT(states[s->state].next & IN(next));
	log_event(LOG_DEBUG, "imap.front.entered", s->sid, "state", states[next].name);
	s->state = next;
}

/* Counts the session in with its address; OK when there was a place. */
static enum status
take_place(struct front_session *s)
{
	char key[ADMISSION_ADDRESS_MAX];
	struct slice address = admission_address(s->peer, key);
	enum status st = admission_enter(s->front->places, address);

	if (st == STATUS_OK)
		s->place_key = mem_dup(address);
	return st;
}

static void
give_place(struct front_session *s)
{
	if (s->place_key != NULL)
		admission_leave(s->front->places, slice_from_cstr(s->place_key));
	mem_free(s->place_key);
	s->place_key = NULL;
}

void
front_session_close(struct front_session *s, const char *why)
{
	struct front *f = s->front;

	if (s->state == FRONT_CLOSED)
		return;
	log_event(LOG_DEBUG, "imap.front.closed", s->sid, "why", why);
	if (s->policy_call != 0)
		policy_cancel(f->policy, s->policy_call);
	if (s->is_announced)
		policy_session_close(f->policy, slice_from_cstr(s->sid));
	s->policy_call = 0;
	pass_cancel(&s->pass);
	conn_close(&s->conn);
	front_session_enter(s, FRONT_CLOSED);
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		f->sessions = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	give_place(s);
	s->prev = NULL;
	s->next = f->dead;
	f->dead = s;
	timer_set(f->reaper, 0);
}

void
front_session_bye(struct front_session *s, const char *text)
{
	if (s->state == FRONT_CLOSED)
		return;
	if (s->conn != NULL) {
		conn_printf(s->conn, "* BYE %s\r\n", text);
		conn_finish(&s->conn);
	}
	front_session_close(s, text);
}

void
front_session_free(struct front_session **s)
{
	struct front_session *old = *s;

	*s = NULL;
	if (old == NULL)
		return;
	command_reader_clear(&old->reader);
	buf_wipe(&old->memory);
	buf_wipe(&old->grant);
	buf_clear(&old->login);
	mem_free(old->peer);
	mem_free(old);
}

void
front_reply(struct front_session *s, const char *kind, const char *text)
{
	conn_printf(s->conn, "%s %s %s\r\n", s->tag[0] == '\0' ? "*" : s->tag, kind, text);
}

void
front_reply_bad(struct front_session *s, const char *text)
{
	front_reply(s, "BAD", text);
	if (++s->bad_commands >= FRONT_BAD_COMMANDS_MAX)
		front_session_bye(s, "Too many bad commands");
}

void
front_session_next(struct front_session *s)
{
	if (s->state == FRONT_CLOSED)
		return;
	s->tag[0] = '\0';
	command_reader_reset(&s->reader);
	buf_wipe(&s->memory);
	s->take = front_take_command;
	if (conn_is_paused(s->conn))
		conn_resume(s->conn);
}

static void
take_literal(struct front_session *s)
{
	struct imap_reader rest;

	if (command_reader_accept(&s->reader) == STATUS_OK) {
		if (s->reader.literal.is_sync)
			conn_write(s->conn, SLICE("+ Go ahead\r\n"));
		return;
	}
	if (!s->reader.literal.is_sync) {
		front_session_bye(s, "Literal too large");
		return;
	}
	/* Without a tag the reply is an untagged one. */
	if (front_read_tag(s, &rest) != STATUS_OK)
		s->tag[0] = '\0';
	front_reply_bad(s, "[TOOBIG] Literal too large");
	front_session_next(s);
}

bool
front_take_command(struct front_session *s)
{
	size_t used;
	enum reader_event event = command_reader_feed(&s->reader, conn_input(s->conn), &used);

	conn_consume(s->conn, used);
	switch (event) {
	case READER_MORE:
		return false;
	case READER_COMMAND:
		if (command_reader_text(&s->reader).len == 0)
			command_reader_reset(&s->reader);
		else
			front_command_run(s);
		return true;
	case READER_LITERAL:
		take_literal(s);
		return true;
	case READER_BAD_LINE:
		front_reply_bad(s, "Lines end in CRLF and hold no NUL");
		front_session_next(s);
		return true;
	case READER_TOO_LONG:
		front_session_bye(s, "Command too long");
		return false;
	}
	return false;
}

struct slice
front_capabilities(const struct front_session *s)
{
	if (conn_is_secure(s->conn))
		return capability_text(CAPABILITY_SECURE);
	return capability_text(s->front->settings->clear_login ? CAPABILITY_CLEAR_LOGIN :
	    CAPABILITY_CLEAR);
}

static void
set_deadline(struct front_session *s)
{
	conn_set_deadline(s->conn, admission_is_crowded(s->front->places) ? FRONT_CROWDED_S :
	    FRONT_PATIENCE_S);
}

static void
greet(struct front_session *s)
{
	conn_printf(s->conn, "* OK [%.*s] Tradepost ready\r\n",
	    SLICE_ARG(front_capabilities(s)));
}

/* Who does not read what we answer is not heard on. */
static void
on_input(void *ctx)
{
	struct front_session *s = ctx;

	while (s->state == FRONT_READY && s->conn != NULL && !conn_is_paused(s->conn) &&
	    conn_output_pending(s->conn) < CONN_OUTPUT_HIGH &&
	    conn_input(s->conn).len != 0 && s->take(s))
		;
}

static void
on_drained(void *ctx)
{
	struct front_session *s = ctx;
	void (*drained)(struct front_session *) = s->drained;

	s->drained = NULL;
	if (drained != NULL)
		drained(s);
	else
		on_input(s);
}

static void
on_secure(void *ctx)
{
	struct front_session *s = ctx;
	bool is_first = s->take == NULL;

	front_session_enter(s, FRONT_READY);
	set_deadline(s);
	/* After STARTTLS there is no second greeting (RFC 3501 s.6.2.1). */
	if (is_first)
		greet(s);
	front_session_next(s);
}

static void
on_end(void *ctx, enum conn_end end)
{
	struct front_session *s = ctx;

	if (end == CONN_TIMEOUT && s->state != FRONT_SHAKING)
		front_session_bye(s, "No login within the time for it");
	else
		front_session_close(s, end == CONN_TLS_FAILED ? "tls failed" : "client closed");
}

static const struct conn_handler conn_handlers = {
	.on_input = on_input,
	.on_drained = on_drained,
	.on_secure = on_secure,
	.on_end = on_end,
};

static struct front_session *
front_session_new(struct front *f, int fd)
{
	struct front_session *s = mem_new(struct front_session);

	s->front = f;
	s->state = FRONT_READY;
	id_sid(s->sid);
	command_reader_init(&s->reader, &limits);
	s->memory = buf_init(limits.total);
	s->grant = buf_init(4096);
	s->login = buf_init(4096);
	s->conn = conn_new(f->loop, fd, &conn_handlers, s);
	s->peer = mem_dup(slice_from_cstr(conn_peer(s->conn)));
	s->next = f->sessions;
	if (s->next != NULL)
		s->next->prev = s;
	f->sessions = s;
	return s;
}

void
front_session_open(struct front *f, int fd, enum front_listener on)
{
	struct front_session *s = front_session_new(f, fd);

	log_event(LOG_DEBUG, "imap.front.opened", s->sid, "peer", s->peer);
	if (take_place(s) != STATUS_OK) {
		log_event(LOG_INFO, "imap.connection.refused", s->sid, "peer", s->peer);
		if (on == FRONT_CLEAR)
			front_session_bye(s, "[UNAVAILABLE] Too many connections, try again later");
		front_session_close(s, "too many connections");
		return;
	}
	set_deadline(s);
	if (on == FRONT_SECURE) {
		front_session_enter(s, FRONT_SHAKING);
		conn_start_tls(s->conn, f->tls, NULL);
		return;
	}
	s->take = front_take_command;
	greet(s);
}
