#include "net/pass.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/conn.h"
#include "net/handover.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "net/proxy.h"

#define DEADLINE_MS 20000

struct pass {
	struct loop *loop;
	struct ipc_client *worker;
	struct conn **client;
	int fd;			/* the client's socket, or our end of the pair */
	uint32_t call;		/* 0: there was nothing to ask */
	struct timer *failed;
	enum status failure;
	void (*done)(void *ctx, enum status st);
	void *ctx;
};

static void
pass_free(struct pass *p)
{
	timer_free(&p->failed);
	if (p->fd >= 0)
		close(p->fd);
	mem_free(p);
}

void
pass_cancel(struct pass **pp)
{
	struct pass *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	if (p->call != 0)
		ipc_cancel(p->worker, p->call);
	if (p->fd >= 0)
		shutdown(p->fd, SHUT_RDWR);
	pass_free(p);
}

/*
 * When the answer is lost a worker may have the client, or not.  Ending the
 * stream for both is the one thing that is right in either case.
 */
static void
pass_end(struct pass *p, enum status st)
{
	void (*done)(void *ctx, enum status st) = p->done;
	void *ctx = p->ctx;

	if (st != STATUS_OK && p->fd >= 0)
		shutdown(p->fd, SHUT_RDWR);
	pass_free(p);
	done(ctx, st);
}

static void
taken(void *ctx, enum status st, struct ipc_frame *answer)
{
	struct pass *p = ctx;

	if (st == STATUS_OK && answer->type != HANDOVER_TAKEN)
		st = STATUS_CORRUPT;
	if (st == STATUS_OK && *p->client != NULL) {
		/* The worker decides how long it waits. */
		conn_set_deadline(*p->client, 0);
		conn_set_patience(*p->client, 0);
		proxy_start(p->loop, p->client, p->fd, NULL, NULL);
		p->fd = -1;
	}
	pass_end(p, st);
}

static void
failed(void *ctx)
{
	struct pass *p = ctx;

	pass_end(p, p->failure);
}

/* fd: what the worker gets. */
static enum status
ask(struct pass *p, const struct handover *h, struct slice input, int fd)
{
	struct handover all = *h;
	struct buf payload = buf_init(IPC_FRAME_MAX);
	enum status st;

	all.is_secure = *p->client != NULL;
	all.input = input;
	st = handover_encode(&payload, &all);
	if (st == STATUS_OK)
		p->call = ipc_call(p->worker, HANDOVER_SESSION, buf_slice(&payload), fd,
		    DEADLINE_MS, taken, p);
	buf_wipe(&payload);
	return st;
}

static enum status
pass_secure(struct pass *p, const struct handover *h)
{
	int pair[2];
	enum status st;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return STATUS_IO;
	p->fd = pair[0];
	st = ask(p, h, SLICE(""), pair[1]);
	close(pair[1]);
	return st;
}

/* The socket goes with what the client sent behind its login. */
static enum status
pass_clear(struct pass *p, const struct handover *h)
{
	struct slice rest = SLICE("");
	enum status st;

	p->fd = conn_detach(p->client, &rest);
	st = ask(p, h, rest, p->fd);
	mem_free((void *)(uintptr_t)rest.ptr);
	return st;
}

struct pass *
pass_start(struct loop *l, struct ipc_client *worker, struct conn **client,
    const struct handover *h, void (*done)(void *ctx, enum status st), void *ctx)
{
	struct pass *p = mem_new(struct pass);

	p->loop = l;
	p->worker = worker;
	p->client = client;
	p->fd = -1;
	p->done = done;
	p->ctx = ctx;
	p->failure = conn_is_secure(*client) ? pass_secure(p, h) : pass_clear(p, h);
	if (p->failure != STATUS_OK) {
		p->failed = timer_new(l, failed, p);
		timer_set(p->failed, 0);
	}
	return p;
}
