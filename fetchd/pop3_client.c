#include "fetchd/pop3_client.h"

#include "base/buf.h"
#include "base/mem.h"
#include "fetchd/settings.h"
#include "net/conn.h"
#include "net/line.h"
#include "net/loop.h"

enum phase {
	FRESH,		/* the greeting may come before anybody listens */
	IDLE,		/* nothing is asked: the server must be silent */
	SHAKING,	/* a TLS handshake */
	REPLYING,	/* the status line is to come */
	LISTING,	/* lines follow it */
	TEXTING,	/* a text follows it */
	BROKEN,		/* no use any more; the next ask is told so */
};

struct pop3_client {
	struct conn *conn;
	struct timer *later;	/* tells of a failure from the loop */
	void *ctx;
	enum phase phase;
	struct pop3_ask ask;
	struct buf first;	/* the status line, kept while more follows */
	struct dot_reader dots;
	uint64_t taken;		/* lines, or bytes of text */
	enum status part_status;
	enum status broken;	/* why, when BROKEN */
	struct problem why;
	bool is_greeted;
	bool is_secure;
	unsigned depth;		/* handlers running: free later */
	bool is_freed;
};

static void
enter(struct pop3_client *c)
{
	c->depth++;
}

static void
leave(struct pop3_client *c)
{
	c->depth--;
	if (c->depth == 0 && c->is_freed)
		mem_free(c);
}

/* The ask is answered; its done may ask again or free the client. */
static void
finish(struct pop3_client *c, enum status st, const struct pop3_reply *reply)
{
	void (*done)(void *, enum status, const struct pop3_reply *, const struct problem *) =
	    c->ask.done;

	c->ask.done = NULL;
	if (c->phase != BROKEN) {
		c->is_greeted = c->is_greeted || c->phase != SHAKING;
		c->phase = c->is_greeted ? IDLE : FRESH;
		conn_set_deadline(c->conn, 0);
		conn_set_patience(c->conn, 0);
	}
	if (done != NULL)
		done(c->ctx, st, reply, &c->why);
}

static void
tell(void *ctx)
{
	struct pop3_client *c = ctx;

	enter(c);
	finish(c, c->broken, NULL);
	leave(c);
}

/* The first trouble counts; who has asked is told of it from the loop. */
static void
fail(struct pop3_client *c, enum status st)
{
	if (c->phase == BROKEN)
		return;
	c->phase = BROKEN;
	c->broken = st;
	conn_pause(c->conn);
	if (c->ask.done != NULL)
		timer_set(c->later, 0);
}

static void
finish_reply(struct pop3_client *c)
{
	struct pop3_reply reply;
	enum status st = pop3_reply_parse(buf_slice(&c->first), &reply);

	ASSERT(st == STATUS_OK);	/* it was parsed when it came */
	finish(c, reply.kind == POP3_REPLY_ERR ? STATUS_DENIED : STATUS_OK, &reply);
}

/* The next line of the server; false when it is not there yet, or never will be. */
static bool
take_line(struct pop3_client *c, struct slice *line, size_t *used)
{
	enum status st = line_take(conn_input(c->conn), POP3_REPLY_MAX, line, used);

	/* Servers that end lines with LF alone are understood. */
	if (st == STATUS_OK || st == STATUS_SYNTAX)
		return true;
	if (st == STATUS_LIMIT) {
		problem_set(&c->why, "the server sends a line without an end");
		fail(c, STATUS_LIMIT);
	}
	return false;
}

static bool
take_reply(struct pop3_client *c)
{
	struct pop3_reply reply;
	struct slice line;
	size_t used;

	if (!take_line(c, &line, &used))
		return false;
	if (pop3_reply_parse(line, &reply) != STATUS_OK) {
		problem_set(&c->why, "the server does not speak POP3: \"%.*s\"",
		    SLICE_ARG(slice_sub(line, 0, 80)));
		fail(c, STATUS_SYNTAX);
		return false;
	}
	buf_reset(&c->first);
	buf_append(&c->first, line);
	conn_consume(c->conn, used);
	if (reply.kind != POP3_REPLY_OK || c->ask.answer == POP3_ANSWER_LINE) {
		finish_reply(c);
		return true;
	}
	c->phase = c->ask.answer == POP3_ANSWER_LINES ? LISTING : TEXTING;
	c->dots = dot_reader_init();
	c->taken = 0;
	c->part_status = STATUS_OK;
	return true;
}

static bool
take_listed(struct pop3_client *c)
{
	struct slice line;
	size_t used;
	enum status st;

	if (!take_line(c, &line, &used))
		return false;
	if (slice_equal(line, SLICE("."))) {
		conn_consume(c->conn, used);
		finish_reply(c);
		return true;
	}
	if (slice_starts(line, SLICE(".")))
		line = slice_skip(line, 1);
	if (++c->taken > c->ask.max) {
		problem_set(&c->why, "the server lists more than %llu lines",
		    (unsigned long long)c->ask.max);
		fail(c, STATUS_LIMIT);
		return false;
	}
	st = c->ask.part(c->ctx, line, &c->why);
	if (st != STATUS_OK) {
		fail(c, st);
		return false;
	}
	conn_consume(c->conn, used);
	return true;
}

static void
text_piece(void *ctx, struct slice piece)
{
	struct pop3_client *c = ctx;

	if (c->part_status != STATUS_OK)
		return;
	c->taken += piece.len;
	if (c->taken > c->ask.max) {
		problem_set(&c->why, "the server sends more than %llu bytes",
		    (unsigned long long)c->ask.max);
		c->part_status = STATUS_LIMIT;
		return;
	}
	c->part_status = c->ask.part(c->ctx, piece, &c->why);
}

static bool
take_text(struct pop3_client *c)
{
	struct slice in = conn_input(c->conn);
	size_t used = 0;
	enum status st;

	if (in.len == 0)
		return false;
	st = dot_reader_feed(&c->dots, in, &used, text_piece, c);
	if (c->part_status != STATUS_OK) {
		fail(c, c->part_status);
		return false;
	}
	conn_consume(c->conn, used);
	if (st == STATUS_OK)
		finish_reply(c);
	return true;
}

/* RFC 1939 knows no word of a server that was not asked for. */
static bool
take_unasked(struct pop3_client *c)
{
	struct slice in = conn_input(c->conn);

	if (in.len == 0)
		return false;
	problem_set(&c->why, "the server speaks out of turn: \"%.*s\"",
	    SLICE_ARG(slice_trim(slice_sub(in, 0, 80))));
	fail(c, STATUS_SYNTAX);
	return false;
}

/* True when something was taken and there may be more. */
static bool
take(struct pop3_client *c)
{
	switch (c->phase) {
	case IDLE:
		return take_unasked(c);
	case REPLYING:
		return take_reply(c);
	case LISTING:
		return take_listed(c);
	case TEXTING:
		return take_text(c);
	case FRESH:
	case SHAKING:
	case BROKEN:
		break;
	}
	return false;
}

static void
on_input(void *ctx)
{
	struct pop3_client *c = ctx;

	enter(c);
	while (!c->is_freed && take(c))
		;
	leave(c);
}

static void
on_secure(void *ctx)
{
	struct pop3_client *c = ctx;

	enter(c);
	c->is_secure = true;
	finish(c, STATUS_OK, NULL);
	leave(c);
}

static void
on_end(void *ctx, enum conn_end end)
{
	static const char *const ends[] = {
		[CONN_EOF] = "the server closed the connection",
		[CONN_RESET] = "the connection was lost",
		[CONN_TIMEOUT] = "the server was too slow",
		[CONN_TLS_FAILED] = "no TLS with this server",
	};
	struct pop3_client *c = ctx;
	const char *more = conn_problem(c->conn);

	if (c->phase == BROKEN)
		return;
	problem_set(&c->why, "%s%s%s", ends[end], *more == '\0' ? "" : ": ", more);
	fail(c, c->phase == SHAKING && end == CONN_TLS_FAILED ? STATUS_DENIED : STATUS_BUSY);
}

struct pop3_client *
pop3_client_new(struct loop *l, int fd, void *ctx)
{
	static const struct conn_handler handler = {
		.on_input = on_input,
		.on_secure = on_secure,
		.on_end = on_end,
	};
	struct pop3_client *c = mem_new(struct pop3_client);

	c->ctx = ctx;
	c->first = buf_init(POP3_REPLY_MAX);
	c->later = timer_new(l, tell, c);
	c->conn = conn_new(l, fd, &handler, c);
	return c;
}

void
pop3_client_free(struct pop3_client **cp)
{
	struct pop3_client *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	timer_free(&c->later);
	conn_close(&c->conn);
	buf_clear(&c->first);
	c->ask.done = NULL;
	c->is_freed = true;
	enter(c);
	leave(c);
}

void
pop3_client_ask(struct pop3_client *c, const struct pop3_ask *ask)
{
	ASSERT(c->ask.done == NULL);
	c->ask = *ask;
	c->ask.command = SLICE("");
	if (c->phase == IDLE && conn_input(c->conn).len > 0 && ask->command.len > 0)
		take_unasked(c);
	if (c->phase == BROKEN) {
		timer_set(c->later, 0);
		return;
	}
	ASSERT(c->phase == IDLE || c->phase == FRESH);
	c->why = (struct problem){ 0 };
	c->phase = REPLYING;
	conn_set_patience(c->conn, FETCH_PATIENCE_S);
	conn_set_deadline(c->conn, ask->deadline_s);
	if (ask->command.len == 0) {
		conn_pause(c->conn);	/* to be told of what is there already */
		conn_resume(c->conn);
		return;
	}
	conn_write(c->conn, ask->command);
	conn_write(c->conn, SLICE("\r\n"));
}

void
pop3_client_start_tls(struct pop3_client *c, struct tls_context *tls, const char *name,
    void (*done)(void *ctx, enum status st, const struct pop3_reply *reply,
    const struct problem *why))
{
	ASSERT(c->ask.done == NULL);
	c->ask = (struct pop3_ask){ .done = done };
	if (c->phase != BROKEN && conn_input(c->conn).len > 0) {
		problem_set(&c->why, "the server sent bytes ahead of TLS");
		fail(c, STATUS_DENIED);
	}
	if (c->phase == BROKEN) {
		timer_set(c->later, 0);
		return;
	}
	c->phase = SHAKING;
	conn_set_patience(c->conn, FETCH_PATIENCE_S);
	conn_set_deadline(c->conn, FETCH_COMMAND_S);
	conn_start_tls(c->conn, tls, name);
}

bool
pop3_client_is_secure(const struct pop3_client *c)
{
	return c->is_secure;
}
