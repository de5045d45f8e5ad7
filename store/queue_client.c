#include "store/queue_client.h"

#include "base/mem.h"
#include "net/ipc.h"
#include "store/asker.h"
#include "store/queue_order.h"
#include "store/request.h"

struct queue_client {
	struct asker *asker;
	void (*on_due)(void *ctx);
	void *ctx;
};

static void
is_due(void *ctx)
{
	struct queue_client *c = ctx;

	c->on_due(c->ctx);
}

static void
on_notice(void *ctx, const struct ipc_frame *frame)
{
	(void)frame;
	is_due(ctx);
}

struct queue_client *
queue_client_new(struct loop *l, const char *path, void (*on_due)(void *ctx), void *ctx)
{
	struct queue_client *c = mem_new(struct queue_client);

	c->on_due = on_due;
	c->ctx = ctx;
	c->asker = asker_new(l, path, is_due, on_notice, c);
	return c;
}

void
queue_client_free(struct queue_client **cp)
{
	struct queue_client *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	asker_free(&c->asker);
	mem_free(c);
}

void
queue_cancel(struct queue_client *c, uint32_t call)
{
	asker_cancel(c->asker, call);
}

static void
take_answered(asker_fn *fn, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	queue_take_done *done = (queue_take_done *)fn;
	struct queue_item items[QUEUE_TAKE_MAX];
	uint32_t count = 0;
	uint64_t next_due_at = 0;

	(void)frame;
	(void)why;
	if (st == STATUS_OK) {
		count = read_u32le(in);
		for (uint32_t i = 0; i < count && i < QUEUE_TAKE_MAX; i++)
			queue_item_read(in, &items[i]);
		next_due_at = read_u64le(in);
		if (!reader_at_end(in))
			st = STATUS_BUSY;
	}
	done(ctx, st, items, st == STATUS_OK ? count : 0, next_due_at);
}

uint32_t
queue_take(struct queue_client *c, uint32_t max, uint64_t now_s, queue_take_done *done, void *ctx)
{
	struct buf b = buf_init(64);

	put_u32le(&b, max < QUEUE_TAKE_MAX ? max : QUEUE_TAKE_MAX);
	put_u64le(&b, now_s);
	return asker_ask(c->asker, STORE_QUEUE_TAKE, &b, -1, take_answered, (asker_fn *)done, ctx);
}

static void
text_answered(asker_fn *fn, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	queue_text_done *done = (queue_text_done *)fn;
	struct problem unused = { "" };
	uint32_t size = 0;
	int fd = -1;

	(void)why;
	if (st == STATUS_OK) {
		size = read_u32le(in);
		if (!reader_at_end(in) || memfd_sealed_check(frame->fd, size, &unused) != STATUS_OK)
			st = STATUS_BUSY;
	}
	if (st == STATUS_OK) {
		fd = frame->fd;
		frame->fd = -1;
	}
	done(ctx, st, fd, size);
}

uint32_t
queue_text(struct queue_client *c, uint64_t text, queue_text_done *done, void *ctx)
{
	struct buf b = buf_init(64);

	put_u64le(&b, text);
	return asker_ask(c->asker, STORE_QUEUE_TEXT, &b, -1, text_answered, (asker_fn *)done, ctx);
}

static void
settle_answered(asker_fn *fn, void *ctx, enum status st, struct reader *in,
    struct ipc_frame *frame, const struct problem *why)
{
	queue_settle_done *done = (queue_settle_done *)fn;

	(void)in;
	(void)frame;
	(void)why;
	done(ctx, st);
}

uint32_t
queue_settle(struct queue_client *c, uint64_t id, enum queue_outcome outcome, uint64_t due_at,
    struct slice detail, queue_settle_done *done, void *ctx)
{
	struct queue_order o = { id, (uint8_t)outcome, due_at, detail };
	struct buf b = buf_init(1024);

	queue_order_put(&o, &b);
	return asker_ask(c->asker, STORE_QUEUE_SETTLE, &b, -1, settle_answered, (asker_fn *)done,
	    ctx);
}
