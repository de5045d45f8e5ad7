#include <errno.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/conn_internal.h"

size_t
conn_send(struct conn *c, struct slice s)
{
	struct problem why = { 0 };
	size_t total = 0;

	while (total < s.len) {
		struct slice rest = slice_skip(s, total);
		size_t put = 0;
		ssize_t n;

		if (c->phase == PHASE_SECURE) {
			enum tls_result r = tls_stream_write(c->tls, rest, &put, &why);

			c->is_blocked = r == TLS_WANT_READ || r == TLS_WANT_WRITE;
			if (r != TLS_DONE && !c->is_blocked)
				conn_break(c, &why);
			if (r != TLS_DONE)
				break;
		} else {
			n = send(c->fd, rest.ptr, rest.len, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n < 0 && errno == EINTR)
				continue;
			c->is_blocked = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
			if (n < 0 && !c->is_blocked) {
				problem_set_errno(&why, errno, "cannot send");
				conn_break(c, &why);
			}
			if (n < 0)
				break;
			put = (size_t)n;
		}
		total += put;
	}
	if (total > 0)
		c->moved_at_ms = clock_monotonic_ms();
	return total;
}

static void
end_output(struct conn *c)
{
	c->output_has_ended = true;
	if (c->phase == PHASE_SECURE)
		tls_stream_end(c->tls);
	(void)shutdown(c->fd, SHUT_WR);
}

void
conn_flush(struct conn *c)
{
	struct slice ready = fifo_slice(&c->out);
	size_t sent;

	if (c->is_closed || c->is_broken || c->phase == PHASE_SHAKING)
		return;
	if (c->phase == PHASE_FLUSHING)
		ready.len = c->clear_left;
	if (ready.len > 0) {
		sent = conn_send(c, ready);
		if (c->is_broken)
			return;	/* the queue is gone */
		fifo_consume(&c->out, sent);
		conn_rate_sent(c, sent, fifo_len(&c->out));
		if (c->phase == PHASE_FLUSHING)
			c->clear_left -= sent;
	}
	if (c->phase == PHASE_FLUSHING && c->clear_left == 0)
		c->phase = PHASE_SHAKING;
	else if (c->output_ends && !c->output_has_ended && fifo_len(&c->out) == 0)
		end_output(c);
}

static size_t
read_secure(struct conn *c, char *to, size_t room)
{
	struct problem why = { 0 };
	enum tls_result r = TLS_DONE;
	size_t total = 0;
	size_t got;

	while (total < room && r == TLS_DONE) {
		r = tls_stream_read(c->tls, to + total, room - total, &got, &why);
		if (r == TLS_DONE)
			total += got;
	}
	c->tls_wants_write = r == TLS_WANT_WRITE;
	c->may_read_more = r == TLS_DONE && tls_stream_has_input(c->tls);
	if (r == TLS_EOF) {
		c->is_eof = true;
		conn_fail(c, CONN_EOF, NULL);
	} else if (r == TLS_FAILED) {
		conn_fail(c, CONN_RESET, &why);
	}
	return total;
}

static size_t
read_clear(struct conn *c, char *to, size_t room)
{
	struct problem why = { 0 };
	ssize_t n = recv(c->fd, to, room, MSG_DONTWAIT);

	if (n > 0)
		return (size_t)n;
	if (n == 0) {
		c->is_eof = true;
		conn_fail(c, CONN_EOF, NULL);
	} else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		problem_set_errno(&why, errno, "cannot receive");
		conn_fail(c, CONN_RESET, &why);
	}
	return 0;
}

void
conn_read(struct conn *c)
{
	char *scratch = loop_scratch(c->loop);
	size_t have = conn_input_len(c);
	size_t room = have < c->input_max ? c->input_max - have : 0;
	size_t got;

	if (c->is_closed || c->has_end || room == 0 ||
	    (c->phase != PHASE_CLEAR && c->phase != PHASE_SECURE))
		return;
	if (room > LOOP_SCRATCH_SIZE)
		room = LOOP_SCRATCH_SIZE;
	if (c->phase == PHASE_SECURE)
		got = read_secure(c, scratch, room);
	else
		got = read_clear(c, scratch, room);
	if (got == 0)
		return;
	c->moved_at_ms = clock_monotonic_ms();
	conn_rate_came(c, got);
	c->input_is_new = true;
	if (have == 0 && !c->is_paused)
		c->fresh = slice_make(scratch, got);
	else
		fifo_append(&c->in, slice_make(scratch, got));
}

bool
conn_shake(struct conn *c)
{
	struct problem why = { 0 };

	if (c->is_closed || c->has_end || c->phase != PHASE_SHAKING)
		return false;
	c->tls_wants_write = false;
	switch (tls_stream_handshake(c->tls, &why)) {
	case TLS_DONE:
		c->phase = PHASE_SECURE;
		c->shake_by_ms = 0;
		c->moved_at_ms = clock_monotonic_ms();
		c->may_read_more = tls_stream_has_input(c->tls);
		loop_trim_later(c->loop);
		return true;
	case TLS_WANT_WRITE:
		c->tls_wants_write = true;
		break;
	case TLS_WANT_READ:
		break;
	case TLS_EOF:
	case TLS_FAILED:
		conn_fail(c, CONN_TLS_FAILED, &why);
		break;
	}
	return false;
}

unsigned
conn_wanted(const struct conn *c)
{
	unsigned events = 0;

	if (!c->has_end && c->phase != PHASE_FLUSHING &&
	    (c->phase == PHASE_SHAKING || conn_input_len(c) < c->input_max))
		events |= WATCH_READ;
	if (c->is_blocked || (c->tls_wants_write && !c->has_end))
		events |= WATCH_WRITE;
	return events;
}
