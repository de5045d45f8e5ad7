/*
 * testing_side.h -- one end of a stream for tests: a conn whose handlers keep
 * what they are told.  Include base/check.h first.
 */
#ifndef NET_TESTING_SIDE_H
#define NET_TESTING_SIDE_H

#include <sys/socket.h>

#include "base/buf.h"
#include "net/conn.h"
#include "net/line.h"
#include "net/testing.h"

#define SIDE_TEXT_MAX (8 * 1024 * 1024)

enum side_habit {
	SIDE_TAKES_ALL,
	SIDE_TAKES_NOTHING,
	SIDE_TAKES_LINE_AND_PAUSES,
	SIDE_ECHOES,
};

enum { CLOSE_ON_INPUT = 1, CLOSE_ON_DRAINED = 2, CLOSE_ON_SECURE = 4, CLOSE_ON_END = 8 };

struct side {
	struct conn *conn;
	enum side_habit habit;
	unsigned closes;	/* CLOSE_ON_* */
	struct buf got;
	size_t inputs, drained, secure, ended;
	enum conn_end end;
};

/* Close the side's conn when it was told to at this event. */
static inline void
side_close_if(struct side *s, unsigned when)
{
	if (s->closes & when)
		conn_close(&s->conn);
}

/* The handlers: count, and do as the side's habit says. */
static inline void
side_on_input(void *ctx)
{
	struct side *s = ctx;
	struct slice input = conn_input(s->conn);
	struct slice line;
	size_t used = input.len;

	s->inputs++;
	if (s->habit == SIDE_TAKES_LINE_AND_PAUSES) {
		if (line_take(input, 1000, &line, &used) != STATUS_OK)
			return;
		conn_pause(s->conn);
	}
	if (s->habit != SIDE_TAKES_NOTHING) {
		CHECK_STATUS(buf_append(&s->got, slice_sub(input, 0, used)), STATUS_OK);
		if (s->habit == SIDE_ECHOES)
			conn_write(s->conn, input);
		conn_consume(s->conn, used);
	}
	side_close_if(s, CLOSE_ON_INPUT);
}

/* See side_on_input(). */
static inline void
side_on_drained(void *ctx)
{
	struct side *s = ctx;

	s->drained++;
	side_close_if(s, CLOSE_ON_DRAINED);
}

/* See side_on_input(). */
static inline void
side_on_secure(void *ctx)
{
	struct side *s = ctx;

	s->secure++;
	side_close_if(s, CLOSE_ON_SECURE);
}

/* See side_on_input(). */
static inline void
side_on_end(void *ctx, enum conn_end end)
{
	struct side *s = ctx;

	s->ended++;
	s->end = end;
	side_close_if(s, CLOSE_ON_END);
}

static inline void
side_open(struct side *s, struct loop *l, int fd)
{
	static const struct conn_handler handler = { side_on_input, side_on_drained,
		side_on_secure, side_on_end };

	s->got = buf_init(SIDE_TEXT_MAX);
	s->conn = conn_new(l, fd, &handler, s);
}

static inline void
side_clear(struct side *s)
{
	conn_close(&s->conn);
	buf_clear(&s->got);
}

/* Two connected Unix sockets. */
static inline void
testing_pair(int fds[2])
{
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
}

#endif
