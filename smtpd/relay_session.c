#include "smtpd/relay_session.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "net/conn.h"
#include "net/loop.h"
#include "smtpd/relay_session_internal.h"
#include "smtpd/relay_text.h"

#define COMMAND_MAX 2048
#define TEXT_PATIENCE_S 180	/* RFC 5321 s.4.5.3.2.5: for each block of the text */
#define TEXT_DEADLINE_S 600	/* and for all of it, and one second more for ... */
#define TEXT_RATE 500		/* ... so many bytes */

static const struct {
	const char *name;
	unsigned next;			/* set of IN(state) we may go to, besides RELAY_OVER */
	uint32_t deadline_s;		/* RFC 5321 s.4.5.3.2 */
	void (*replied)(struct relay_session *s);	/* NULL: the server has nothing to say */
} states[RELAY_STATE_COUNT] = {
	[RELAY_GREETING] = { "greeting", IN(RELAY_GREET) | IN(RELAY_SHAKING), 300,
	    relay_on_greeting },
	[RELAY_GREET] = { "hello", IN(RELAY_GREET) | IN(RELAY_STARTTLS_ASKED) |
	    IN(RELAY_SECRET) | IN(RELAY_IDLE), 300, relay_on_hello },
	[RELAY_STARTTLS_ASKED] = { "starttls", IN(RELAY_SHAKING) | IN(RELAY_SECRET) |
	    IN(RELAY_IDLE), 120, relay_on_starttls },
	[RELAY_SHAKING] = { "handshake", IN(RELAY_GREETING) | IN(RELAY_GREET), 60, NULL },
	[RELAY_SECRET] = { "secret", IN(RELAY_LOGIN), 60, NULL },
	[RELAY_LOGIN] = { "login", IN(RELAY_LOGIN) | IN(RELAY_IDLE), 120, relay_on_login },
	[RELAY_IDLE] = { "idle", IN(RELAY_ENVELOPE) | IN(RELAY_IDLE), 0, NULL },
	[RELAY_ENVELOPE] = { "envelope", IN(RELAY_ENVELOPE) | IN(RELAY_SENDING) |
	    IN(RELAY_DECIDING) | IN(RELAY_IDLE), 300, relay_on_envelope },
	[RELAY_SENDING] = { "sending", IN(RELAY_DECIDING), TEXT_DEADLINE_S,
	    relay_on_decision },
	[RELAY_DECIDING] = { "deciding", IN(RELAY_DECIDING) | IN(RELAY_IDLE), 600,
	    relay_on_decision },
	[RELAY_OVER] = { "over", 0, 0, NULL },
};

static void
leave(struct relay_session *s)
{
	if (--s->depth == 0 && s->is_freed)
		mem_free(s);
}

void
relay_session_enter(struct relay_session *s, enum relay_state next)
{
	uint32_t deadline_s = states[next].deadline_s;

	ASSERT((states[s->state].next | IN(RELAY_OVER)) & IN(next));
	s->state = next;
	if (deadline_s > s->how.patience_s)
		deadline_s = s->how.patience_s;
	if (next == RELAY_SENDING)
		deadline_s += (uint32_t)(s->message->text->bytes.len / TEXT_RATE);
	conn_set_deadline(s->conn, deadline_s);
	conn_set_patience(s->conn, next != RELAY_SENDING ? 0
	    : s->how.patience_s < TEXT_PATIENCE_S ? s->how.patience_s : TEXT_PATIENCE_S);
}

void
relay_session_say(struct relay_session *s, const char *format, ...)
{
	char line[COMMAND_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* Addresses are bounded before they come here. */
	ASSERT(n >= 0 && (size_t)n < sizeof(line));
	conn_write(s->conn, slice_make(line, (size_t)n));
	conn_write(s->conn, SLICE("\r\n"));
}

/* What those recipients get on whom no word came before the connection ended. */
static struct relay_result
result_of_end(const struct relay_session *s, const struct relay_result *r)
{
	struct relay_result out = *r;

	/* A connection that was kept may have ended long before this message: nothing was tried. */
	if (s->state == RELAY_ENVELOPE && s->messages > 1 && s->answered == 0)
		out.verdict = RELAY_AGAIN;
	/* Whatever the session's end means, the mail is as good as before. */
	else if (r->verdict == RELAY_FAILED && s->state != RELAY_DECIDING &&
	    s->state != RELAY_SENDING)
		out.verdict = RELAY_LATER;
	out.is_doubtful = s->state == RELAY_DECIDING && r->code == 0;
	return out;
}

void
relay_session_end(struct relay_session *s, enum relay_end end, const struct relay_result *r)
{
	struct relay_result why = *r;

	if (s->state == RELAY_OVER)
		return;
	if (s->message != NULL) {
		struct relay_result open = result_of_end(s, r);

		relay_settle_open(s, &open);
		s->message = NULL;
	}
	if (s->is_freed)
		return;
	relay_session_enter(s, RELAY_OVER);
	conn_pause(s->conn);
	timer_stop(s->later);
	buf_wipe(&s->secret);
	s->handler->on_end(s->ctx, end, &why);
}

void
relay_session_end_text(struct relay_session *s, enum relay_end end, const char *enhanced,
    const char *text)
{
	struct relay_result r = relay_result_make(enhanced, slice_from_cstr(text));

	relay_session_end(s, end, &r);
}

void
relay_session_end_reply(struct relay_session *s, enum relay_phase phase)
{
	struct relay_result r = relay_judge(phase, &s->reply);

	if (r.verdict == RELAY_SENT) {	/* a yes out of place */
		r.verdict = RELAY_LATER;
		relay_clean(SLICE("4.5.0"), r.enhanced, sizeof(r.enhanced));
	}
	relay_session_end(s, RELAY_END_REFUSED, &r);
}

/* Input */

/* Take in one line of a reply; false when there is none, or never will be. */
static bool
take_line(struct relay_session *s)
{
	struct slice line;
	size_t used;
	enum status st = line_take(conn_input(s->conn), RELAY_LINE_MAX, &line, &used);

	if (st == STATUS_PENDING)
		return false;
	/* Bare LF ends a line, too; other flaws are cleaned away. */
	if (st != STATUS_LIMIT && s->reply.is_complete)
		relay_reply_reset(&s->reply);
	if (st != STATUS_LIMIT)
		st = relay_reply_add(&s->reply, line);
	if (st != STATUS_OK && st != STATUS_PENDING) {
		relay_session_end_text(s, RELAY_END_LOST, "4.5.0", st == STATUS_LIMIT
		    ? "the server's reply is too long" : "the server does not speak SMTP");
		return false;
	}
	/* All lines of an EHLO answer but the first are features. */
	if (s->state == RELAY_GREET && s->reply.code == 250 && s->reply.lines > 1)
		relay_features_add(&s->features, slice_skip(line, 4));
	conn_consume(s->conn, used);
	if (st == STATUS_OK)
		states[s->state].replied(s);
	return true;
}

static bool
take(struct relay_session *s)
{
	if (s->state == RELAY_OVER || conn_input(s->conn).len == 0)
		return false;
	if (states[s->state].replied != NULL)
		return take_line(s);
	if (s->state == RELAY_SHAKING)
		return false;
	relay_session_end_text(s, RELAY_END_LOST, "4.4.2", s->state == RELAY_IDLE
	    ? "the server ended the session" : "the server speaks out of turn");
	return false;
}

static void
on_input(void *ctx)
{
	struct relay_session *s = ctx;

	s->depth++;
	while (!s->is_freed && take(s))
		;
	leave(s);
}

static void
on_drained(void *ctx)
{
	struct relay_session *s = ctx;

	s->depth++;
	if (s->state == RELAY_SENDING)
		relay_send_text(s);
	leave(s);
}

static void
on_secure(void *ctx)
{
	struct relay_session *s = ctx;

	s->depth++;
	relay_on_secure(s);
	leave(s);
}

static void
on_end(void *ctx, enum conn_end end)
{
	static const struct {
		const char *enhanced, *text;
		enum relay_end end;
	} ends[] = {
		[CONN_EOF] = { "4.4.2", "the server closed the connection", RELAY_END_LOST },
		[CONN_RESET] = { "4.4.2", "the connection was lost", RELAY_END_LOST },
		[CONN_TIMEOUT] = { "4.4.2", "the server did not answer in time",
		    RELAY_END_LOST },
		[CONN_TLS_FAILED] = { "4.7.5", "no TLS with the server", RELAY_END_TLS },
	};
	struct relay_session *s = ctx;
	const char *more = conn_problem(s->conn);
	struct problem text = { 0 };

	problem_set(&text, "%s (%s)%s%s", ends[end].text, states[s->state].name,
	    *more == '\0' ? "" : ": ", more);
	s->depth++;
	relay_session_end_text(s, ends[end].end, ends[end].enhanced, text.text);
	leave(s);
}

static void
tell_idle(void *ctx)
{
	struct relay_session *s = ctx;

	s->depth++;
	s->handler->on_idle(s->ctx);
	leave(s);
}

void
relay_session_rest(struct relay_session *s)
{
	s->message = NULL;
	buf_wipe(&s->secret);
	relay_session_enter(s, RELAY_IDLE);
	timer_set(s->later, 0);
}

/* Life */

struct relay_session *
relay_session_new(struct loop *l, int fd, const struct relay_peer *peer,
    const struct relay_session_handler *handler, void *ctx)
{
	static const struct conn_handler conn_handler = { on_input, on_drained, on_secure, on_end };
	struct relay_session *s = mem_new(struct relay_session);

	s->loop = l;
	s->handler = handler;
	s->ctx = ctx;
	s->how = *peer;
	s->host = mem_dup(peer->host);
	s->hello = mem_dup(peer->hello);
	s->user = mem_dup(peer->user);
	s->how.host = slice_make(s->host, peer->host.len);
	s->how.hello = slice_make(s->hello, peer->hello.len);
	s->how.user = slice_make(s->user, peer->user.len);
	s->peer = buf_init(512);
	buf_printf(&s->peer, "%.*s[%.*s]:%u", SLICE_ARG(peer->host), SLICE_ARG(peer->address),
	    peer->port);
	s->how.address = SLICE("");
	s->secret = buf_init(RELAY_SECRET_MAX);
	s->later = timer_new(l, tell_idle, s);
	s->conn = conn_new(l, fd, &conn_handler, s);
	if (peer->is_tls_first) {
		s->state = RELAY_GREETING;
		relay_session_enter(s, RELAY_SHAKING);
		conn_start_tls(s->conn, s->how.tls, s->host);
	} else {
		conn_set_deadline(s->conn, peer->patience_s < states[RELAY_GREETING].deadline_s
		    ? peer->patience_s : states[RELAY_GREETING].deadline_s);
	}
	return s;
}

static void
clear(struct relay_session *s)
{
	timer_free(&s->later);
	buf_wipe(&s->secret);
	buf_clear(&s->peer);
	mem_free(s->host);
	mem_free(s->hello);
	mem_free(s->user);
	s->state = RELAY_OVER;
	s->is_freed = true;
	s->depth++;
	leave(s);
}

void
relay_session_free(struct relay_session **sp)
{
	struct relay_session *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	conn_close(&s->conn);
	clear(s);
}

void
relay_session_quit(struct relay_session **sp)
{
	struct relay_session *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	if (s->state == RELAY_IDLE) {
		relay_session_say(s, "QUIT");
		conn_finish(&s->conn);
	} else {
		conn_close(&s->conn);
	}
	clear(s);
}

bool
relay_session_is_deciding(const struct relay_session *s)
{
	return s->state == RELAY_DECIDING;
}

uint32_t
relay_session_count(const struct relay_session *s)
{
	return s->messages;
}

bool
relay_session_has_dsn(const struct relay_session *s)
{
	return (s->features.offers & RELAY_DSN) != 0;
}

bool
relay_session_is_secure(const struct relay_session *s)
{
	return conn_is_secure(s->conn);
}

struct slice
relay_session_peer(const struct relay_session *s)
{
	return buf_slice(&s->peer);
}

struct slice
relay_session_host(const struct relay_session *s)
{
	return s->how.host;
}
