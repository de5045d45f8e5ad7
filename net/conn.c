#include "net/conn.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/conn_internal.h"
#include "net/tls.h"

#define INPUT_MAX_DEFAULT (64 * 1024)
#define SEND_AT_ONCE (64 * 1024)	/* with so much queued, not at the end of the turn */
#define SHAKE_MS 30000
#define PRINTF_USUAL 1024

static void conn_tend(struct conn *c);

/* Life */

static void
peer_text(int fd, char *out, socklen_t size)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a;
	const void *address = NULL;
	int family = AF_INET;

	if (getpeername(fd, (struct sockaddr *)&a, &len) != 0)
		a.ss_family = AF_UNSPEC;
	if (a.ss_family == AF_INET) {
		address = &((const struct sockaddr_in *)&a)->sin_addr;
	} else if (a.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		address = &v6->sin6_addr.s6_addr[12];
	} else if (a.ss_family == AF_INET6) {
		family = AF_INET6;
		address = &v6->sin6_addr;
	}
	if (address == NULL || inet_ntop(family, address, out, size) == NULL)
		memcpy(out, a.ss_family == AF_UNIX ? "unix" : "gone", sizeof("unix"));
}

/* Free everything but the struct and the socket. */
static void
conn_strip(struct conn *c)
{
	c->is_closed = true;
	if (c->is_lingering)
		--*loop_lingering(c->loop);
	loop_release(&c->stray);
	loop_soon_cancel(&c->soon);
	watch_free(&c->watch);
	timer_free(&c->timer);
	tls_stream_free(&c->tls);
	fifo_clear(&c->in);
	fifo_clear(&c->out);
	c->fresh = SLICE("");
	mem_free(c->problem);
	c->problem = NULL;
	if (c->busy == 0)
		mem_free(c);
}

static void
conn_leave(struct conn *c)
{
	c->busy--;
	if (!c->is_closed)
		conn_tend(c);
	else if (c->busy == 0)
		mem_free(c);
}

static void
keep_problem(struct conn *c, const struct problem *why)
{
	if (why != NULL && why->text[0] != '\0' && c->problem == NULL)
		c->problem = mem_dup(slice_from_cstr(why->text));
}

void
conn_break(struct conn *c, const struct problem *why)
{
	c->is_broken = true;
	c->is_blocked = false;
	fifo_clear(&c->out);
	keep_problem(c, why);
	loop_soon(c->loop, &c->soon);
}

void
conn_fail(struct conn *c, enum conn_end end, const struct problem *why)
{
	if (end == CONN_RESET || end == CONN_TLS_FAILED)
		conn_break(c, why);
	else if (c->has_end)
		return;
	/* Waiting to tell of an EOF, a failure is told instead, as it need not wait. */
	if (!c->has_ended)
		c->end = end == CONN_EOF && c->is_broken ? CONN_RESET : end;
	c->has_end = true;
	keep_problem(c, why);
	loop_soon(c->loop, &c->soon);
}

/* Handlers */

size_t
conn_input_len(const struct conn *c)
{
	return c->fresh.len > 0 ? c->fresh.len : fifo_len(&c->in);
}

static bool
end_may_be_told(const struct conn *c)
{
	if (!c->has_end || c->has_ended)
		return false;
	if (c->end != CONN_EOF)
		return true;
	return !c->is_paused && (!c->is_finishing || c->output_has_ended);
}

static bool
input_may_be_told(const struct conn *c)
{
	return c->input_is_new && !c->is_paused && !c->has_ended && conn_input_len(c) > 0 &&
	    (c->phase == PHASE_CLEAR || c->phase == PHASE_SECURE);
}

static bool
drain_may_be_told(const struct conn *c)
{
	return c->drain_is_due && !c->is_broken && (!c->has_ended || c->is_half_open) &&
	    fifo_len(&c->out) == 0;
}

static void
tell_secure(struct conn *c)
{
	if (!c->has_ended && c->handler->on_secure != NULL)
		c->handler->on_secure(c->ctx);
}

static void
tell_input(struct conn *c)
{
	struct slice fresh;
	size_t before;

	while (!c->is_closed && input_may_be_told(c)) {
		c->input_is_new = false;
		before = conn_input_len(c);
		c->handler->on_input(c->ctx);
		if (c->is_closed)
			return;
		/* The peer will send nothing that moves the session on: it goes on by itself. */
		if (c->is_eof && conn_input_len(c) < before)
			c->input_is_new = true;
	}
	fresh = c->fresh;
	c->fresh = SLICE("");
	fifo_append(&c->in, fresh);
}

static void
tell_drained(struct conn *c)
{
	if (c->is_closed || !drain_may_be_told(c))
		return;
	c->drain_is_due = false;
	if (c->handler->on_drained != NULL)
		c->handler->on_drained(c->ctx);
}

static void
tell_end(struct conn *c)
{
	if (c->is_closed || !end_may_be_told(c) || (c->end == CONN_EOF && input_may_be_told(c)))
		return;
	c->has_ended = true;
	c->handler->on_end(c->ctx, c->end);
}

static void
conn_work(struct conn *c, bool is_readable)
{
	c->busy++;
	conn_flush(c);
	if (conn_shake(c))
		tell_secure(c);
	if (is_readable || c->may_read_more || c->tls_wants_write)
		conn_read(c);
	tell_input(c);
	conn_flush(c);
	tell_drained(c);
	tell_end(c);
	conn_leave(c);
}

static void
conn_ready(void *ctx, unsigned events)
{
	conn_work(ctx, (events & WATCH_READ) != 0);
}

static void
conn_run_soon(void *ctx)
{
	conn_work(ctx, false);
}

/* Have the loop come back for whatever is left to do, now or when the socket is ready. */
static void
conn_tend(struct conn *c)
{
	bool may_send = !c->is_broken && !c->is_blocked && c->phase != PHASE_SHAKING;
	bool is_due;

	if (c->is_closed || c->busy > 0)
		return;
	/* With the output gone, reading finds the end, unless the session waits for something. */
	if (c->is_broken && !c->has_end && (c->is_paused || c->is_finishing ||
	    c->phase == PHASE_FLUSHING || conn_input_len(c) >= c->input_max))
		conn_fail(c, CONN_RESET, NULL);
	is_due = input_may_be_told(c) || end_may_be_told(c) ||
	    (may_send && (fifo_len(&c->out) > 0 || (c->output_ends && !c->output_has_ended))) ||
	    drain_may_be_told(c) ||
	    (c->may_read_more && !c->has_end && conn_input_len(c) < c->input_max);
	if (is_due)
		loop_soon(c->loop, &c->soon);
	watch_want(c->watch, conn_wanted(c));
}

/* Time */

static uint64_t
patience_ends(const struct conn *c)
{
	return c->patience_s == 0 ? 0 : c->moved_at_ms + (uint64_t)c->patience_s * 1000;
}

/* A timer that fires too early looks again, so a later end needs no new setting. */
void
conn_arm(struct conn *c)
{
	uint64_t at = earlier(patience_ends(c), earlier(c->deadline_ms, c->shake_by_ms));
	uint64_t now;

	at = earlier(at, conn_rate_ends(c));
	if (at == 0 || c->has_ended || (c->timer_at_ms != 0 && c->timer_at_ms <= at))
		return;
	now = clock_monotonic_ms();
	c->timer_at_ms = at;
	timer_set(c->timer, at > now ? at - now : 0);
}

static void
go_on_finishing(struct conn *c, uint64_t now_ms)
{
	unsigned *lingering = loop_lingering(c->loop);

	if (!c->is_lingering && *lingering >= CONN_LINGERING_MAX)
		return;
	c->deadline_ms = conn_last_deadline(&c->last, conn_unsent(c), now_ms);
	if (c->deadline_ms > now_ms && !c->is_lingering) {
		c->is_lingering = true;
		++*lingering;
	}
}

static void
conn_check_time(void *ctx)
{
	struct conn *c = ctx;
	uint64_t now = clock_monotonic_ms();
	struct problem why = { 0 };

	c->timer_at_ms = 0;
	/* While we let the peer wait and owe it nothing, the silence is ours. */
	if (c->is_paused && fifo_len(&c->out) == 0)
		c->moved_at_ms = now;
	if (c->is_finishing && c->deadline_ms <= now)
		go_on_finishing(c, now);
	if (c->shake_by_ms != 0 && c->shake_by_ms <= now)
		problem_set(&why, "no TLS handshake in time");
	else if (c->deadline_ms != 0 && c->deadline_ms <= now)
		problem_set(&why, "the deadline is over");
	else if (c->patience_s != 0 && patience_ends(c) <= now)
		problem_set(&why, "nothing moved for %u s", c->patience_s);
	if (why.text[0] == '\0' && conn_rate_is_kept(c, now, &why)) {
		conn_arm(c);
		return;
	}
	if (c->has_end && !c->has_ended) {
		c->end = CONN_TIMEOUT;	/* instead of an EOF that waits */
		loop_soon(c->loop, &c->soon);
	}
	conn_fail(c, CONN_TIMEOUT, &why);
}

void
conn_set_patience(struct conn *c, uint32_t seconds)
{
	c->patience_s = seconds;
	c->moved_at_ms = clock_monotonic_ms();
	conn_arm(c);
}

void
conn_set_deadline(struct conn *c, uint32_t seconds)
{
	c->deadline_ms = seconds == 0 ? 0 : clock_monotonic_ms() + (uint64_t)seconds * 1000;
	conn_arm(c);
}

/* Public */

struct conn *
conn_new(struct loop *l, int fd, const struct conn_handler *handler, void *ctx)
{
	struct conn *c = mem_new(struct conn);
	int flags = fcntl(fd, F_GETFL);
	int on = 1;

	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->loop = l;
	c->fd = fd;
	c->handler = handler;
	c->ctx = ctx;
	c->input_max = INPUT_MAX_DEFAULT;
	c->out_rate.window_s = CONN_OUTPUT_RATE_S;
	c->out_rate.wanted = CONN_OUTPUT_RATE_BYTES;
	c->soon.fn = conn_run_soon;
	c->soon.ctx = c;
	peer_text(fd, c->peer, sizeof(c->peer));
	c->moved_at_ms = clock_monotonic_ms();
	c->timer = timer_new(l, conn_check_time, c);
	c->watch = watch_new(l, fd, conn_ready, c);
	conn_tend(c);
	return c;
}

void
conn_set_handler(struct conn *c, const struct conn_handler *handler, void *ctx)
{
	c->handler = handler;
	c->ctx = ctx;
}

void
conn_close(struct conn **cp)
{
	struct conn *c = *cp;
	int fd;

	if (c == NULL)
		return;
	*cp = NULL;
	fd = c->fd;
	if (c->phase == PHASE_SECURE && !c->is_broken && !c->output_has_ended)
		tls_stream_end(c->tls);
	conn_strip(c);
	close(fd);
}

static void
finish_input(void *ctx)
{
	struct conn *c = ctx;

	conn_consume(c, conn_input_len(c));
}

static void
finish_end(void *ctx, enum conn_end end)
{
	struct conn *c = ctx;

	(void)end;
	conn_close(&c);
}

static void
finish_drop(void *ctx)
{
	struct conn *c = ctx;

	conn_flush(c);
	conn_close(&c);
}

static void
set_last_times(struct conn *c)
{
	bool is_inside = strcmp(c->peer, "unix") == 0;
	uint64_t now = clock_monotonic_ms();

	c->patience_s = 0;
	c->shake_by_ms = 0;
	conn_set_input_rate(c, 0, 0);
	conn_set_output_rate(c, 0, 0);
	c->last = (struct conn_last){ now + CONN_FINISH_S * UINT64_C(1000), conn_unsent(c) };
	c->deadline_ms = is_inside ? c->last.ends_at_ms : now + CONN_FINISH_STEP_S * UINT64_C(1000);
	conn_arm(c);
}

/*
 * What the peer sends is read and dropped until it closes as well: closing a
 * socket with unread input would take our last words away from it.
 */
void
conn_finish(struct conn **cp)
{
	static const struct conn_handler finisher = { finish_input, NULL, NULL, finish_end };
	struct conn *c = *cp;

	if (c == NULL)
		return;
	/* In a handshake that brought nothing nobody could hear our last words. */
	if (c->is_broken || (c->phase == PHASE_SHAKING && fifo_len(&c->out) == 0)) {
		conn_close(cp);
		return;
	}
	*cp = NULL;
	c->handler = &finisher;
	c->ctx = c;
	c->is_finishing = true;
	c->is_paused = false;
	c->has_ended = false;
	c->has_end = c->is_eof;
	c->end = CONN_EOF;
	c->output_ends = true;
	c->input_is_new = conn_input_len(c) > 0;
	set_last_times(c);
	c->stray.drop = finish_drop;
	c->stray.ctx = c;
	loop_adopt(c->loop, &c->stray);
	conn_tend(c);
}

struct slice
conn_input(const struct conn *c)
{
	return c->fresh.len > 0 ? c->fresh : fifo_slice(&c->in);
}

void
conn_consume(struct conn *c, size_t n)
{
	ASSERT(n <= conn_input_len(c));
	if (c->fresh.len > 0)
		c->fresh = n == c->fresh.len ? SLICE("") : slice_skip(c->fresh, n);
	else
		fifo_consume(&c->in, n);
	conn_tend(c);
}

void
conn_preload(struct conn *c, struct slice s)
{
	ASSERT(conn_input_len(c) == 0);
	if (s.len == 0)
		return;
	fifo_append(&c->in, s);
	c->input_is_new = true;
	loop_soon(c->loop, &c->soon);
}

void
conn_set_input_max(struct conn *c, size_t bytes)
{
	c->input_max = bytes;
	conn_tend(c);
}

void
conn_pause(struct conn *c)
{
	c->is_paused = true;
	conn_tend(c);
}

void
conn_resume(struct conn *c)
{
	if (!c->is_paused)
		return;
	c->is_paused = false;
	c->input_is_new = true;
	c->moved_at_ms = clock_monotonic_ms();
	conn_tend(c);
}

bool
conn_is_paused(const struct conn *c)
{
	return c->is_paused;
}

void
conn_write(struct conn *c, struct slice s)
{
	if (s.len == 0 || c->is_broken || c->output_ends)
		return;
	c->drain_is_due = true;
	if (fifo_len(&c->out) + s.len >= SEND_AT_ONCE && !c->is_blocked) {
		conn_flush(c);
		if (!c->is_broken && fifo_len(&c->out) == 0 &&
		    (c->phase == PHASE_CLEAR || c->phase == PHASE_SECURE))
			s = slice_skip(s, conn_send(c, s));
		if (c->is_broken)
			return;
	}
	fifo_append(&c->out, s);
	conn_tend(c);
}

void
conn_printf(struct conn *c, const char *format, ...)
{
	char usual[PRINTF_USUAL];
	char *text = usual;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(usual, sizeof(usual), format, args);
	va_end(args);
	ASSERT(len >= 0);
	if ((size_t)len >= sizeof(usual)) {
		text = mem_resize(NULL, (size_t)len + 1, 1);
		va_start(args, format);
		(void)vsnprintf(text, (size_t)len + 1, format, args);
		va_end(args);
	}
	conn_write(c, slice_make(text, (size_t)len));
	if (text != usual)
		mem_free(text);
}

size_t
conn_output_pending(const struct conn *c)
{
	return c->is_broken ? CONN_OUTPUT_HIGH + 1 : fifo_len(&c->out);
}

void
conn_end_output(struct conn *c)
{
	c->output_ends = true;
	conn_tend(c);
}

void
conn_start_tls(struct conn *c, struct tls_context *tls, const char *server_name)
{
	ASSERT(c->phase == PHASE_CLEAR);
	fifo_clear(&c->in);
	c->fresh = SLICE("");
	c->input_is_new = false;
	c->clear_left = fifo_len(&c->out);
	c->phase = c->clear_left > 0 ? PHASE_FLUSHING : PHASE_SHAKING;
	c->tls = tls_stream_new(tls, c->fd, server_name);
	c->shake_by_ms = clock_monotonic_ms() + SHAKE_MS;
	conn_arm(c);
	loop_soon(c->loop, &c->soon);	/* a client speaks first */
	conn_tend(c);
}

bool
conn_is_secure(const struct conn *c)
{
	return c->phase == PHASE_SECURE;
}

const char *
conn_tls_text(const struct conn *c)
{
	return c->phase == PHASE_SECURE ? tls_stream_text(c->tls) : "";
}

const char *
conn_problem(const struct conn *c)
{
	return c->problem == NULL ? "" : c->problem;
}

int
conn_detach(struct conn **cp, struct slice *rest)
{
	struct conn *c = *cp;
	struct slice input = conn_input(c);
	int fd = c->fd;

	ASSERT(c->phase == PHASE_CLEAR && fifo_len(&c->out) == 0);
	*cp = NULL;
	*rest = slice_make(mem_dup(input), input.len);
	conn_strip(c);
	return fd;
}

const char *
conn_peer(const struct conn *c)
{
	return c->peer;
}
