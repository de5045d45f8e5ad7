#include "net/proxy.h"

#include "base/mem.h"
#include "net/conn_internal.h"

#define HALF_OPEN_S 60	/* for the worker to finish after its client said goodbye */

struct side {
	struct proxy *proxy;
	struct conn *conn;
	struct side *other;
};

struct proxy {
	struct stray stray;
	struct side client;
	struct side worker;
	void (*ended)(void *ctx);
	void *ctx;
};

static void
proxy_free(struct proxy *p)
{
	loop_release(&p->stray);
	conn_close(&p->client.conn);
	conn_close(&p->worker.conn);
	mem_free(p);
}

static void
proxy_end(struct proxy *p)
{
	void (*ended)(void *ctx) = p->ended;
	void *ctx = p->ctx;

	/* What the worker said last still reaches the client. */
	conn_finish(&p->client.conn);
	proxy_free(p);
	if (ended != NULL)
		ended(ctx);
}

static void
proxy_drop(void *ctx)
{
	proxy_free(ctx);
}

/* Whoever reads slowly stops the other side's input, not our memory. */
static void
side_input(void *ctx)
{
	struct side *s = ctx;
	struct slice input = conn_input(s->conn);

	conn_write(s->other->conn, input);
	conn_consume(s->conn, input.len);
	if (conn_output_pending(s->other->conn) > CONN_OUTPUT_HIGH)
		conn_pause(s->conn);
}

static void
side_drained(void *ctx)
{
	struct side *s = ctx;

	conn_resume(s->other->conn);
}

static void
client_end(void *ctx, enum conn_end end)
{
	struct side *s = ctx;

	if (end != CONN_EOF) {
		proxy_end(s->proxy);
		return;
	}
	/* Commands sent ahead are answered yet: the worker closes when it has done them. */
	s->conn->is_half_open = true;
	conn_end_output(s->other->conn);
	conn_set_deadline(s->other->conn, HALF_OPEN_S);
}

static void
worker_end(void *ctx, enum conn_end end)
{
	struct side *s = ctx;

	(void)end;
	proxy_end(s->proxy);
}

void
proxy_start(struct loop *l, struct conn **client, int fd, void (*ended)(void *ctx), void *ctx)
{
	static const struct conn_handler on_client = { side_input, side_drained, NULL, client_end };
	static const struct conn_handler on_worker = { side_input, side_drained, NULL, worker_end };
	struct proxy *p = mem_new(struct proxy);

	p->ended = ended;
	p->ctx = ctx;
	p->client = (struct side){ p, *client, &p->worker };
	p->worker = (struct side){ p, conn_new(l, fd, &on_worker, &p->worker), &p->client };
	*client = NULL;
	p->stray.drop = proxy_drop;
	p->stray.ctx = p;
	loop_adopt(l, &p->stray);
	conn_set_patience(p->client.conn, 0);
	conn_set_deadline(p->client.conn, 0);
	conn_set_handler(p->client.conn, &on_client, &p->client);
	conn_pause(p->client.conn);
	conn_resume(p->client.conn);
}
