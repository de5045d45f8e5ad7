/*
 * Any bytes come in on a socket of ours, cut anywhere: whole frames are heard
 * as they are, the same ones however they are cut, and nonsense ends the channel.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "net/ipc_channel.h"
#include "net/loop.h"

#define SAID_MAX 50000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct ear {
	struct loop *loop;
	struct watch *watch;
	int fd;
	struct slice left;
	size_t step;
	struct buf heard;
	unsigned lost;
	enum status end;
};

static enum status
on_frame(void *ctx, struct ipc_frame *f)
{
	struct ear *e = ctx;

	ASSERT(e->lost == 0 && f->payload.len <= IPC_FRAME_MAX && f->fd == -1);
	put_u16le(&e->heard, f->type);
	put_u16le(&e->heard, f->version);
	put_u32le(&e->heard, f->request);
	put_slice(&e->heard, f->payload);
	return f->type == 0xffff ? STATUS_SYNTAX : STATUS_OK;
}

static void
on_lost(void *ctx, enum status st, const struct problem *why)
{
	struct ear *e = ctx;

	(void)why;
	ASSERT(e->lost++ == 0);
	e->end = st;
	loop_stop(e->loop);
}

static void
say(void *ctx, unsigned events)
{
	struct ear *e = ctx;
	struct slice piece = slice_sub(e->left, 0, e->step);
	ssize_t n = send(e->fd, piece.ptr, piece.len, MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)events;
	e->left = n < 0 ? SLICE("") : slice_skip(e->left, (size_t)n);
	if (e->left.len == 0) {
		(void)shutdown(e->fd, SHUT_WR);
		watch_want(e->watch, 0);
	}
}

static void
listen_to(struct slice said, size_t step, struct ear *e)
{
	static const struct channel_handler handler = { on_frame, on_lost };
	struct channel *c;
	int fds[2];

	ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	*e = (struct ear){ .loop = loop_new(), .fd = fds[0], .left = said, .step = step,
		.heard = buf_init(4 * SAID_MAX) };
	e->watch = watch_new(e->loop, fds[0], say, e);
	watch_want(e->watch, WATCH_WRITE);
	c = channel_new(e->loop, fds[1], &handler, e);
	loop_run(e->loop);
	channel_free(&c);
	watch_free(&e->watch);
	close(fds[0]);
	loop_free(&e->loop);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice said;
	struct ear whole, cut;

	if (size == 0)
		return 0;
	said = slice_sub(slice_make(data, size), 1, SAID_MAX);
	listen_to(said, SAID_MAX, &whole);
	listen_to(slice_sub(said, 0, 2000), 1 + data[0] % 30u, &cut);
	if (said.len <= 2000) {
		ASSERT(slice_equal(buf_slice(&whole.heard), buf_slice(&cut.heard)));
		ASSERT(whole.end == cut.end);
	}
	buf_clear(&whole.heard);
	buf_clear(&cut.heard);
	return 0;
}
