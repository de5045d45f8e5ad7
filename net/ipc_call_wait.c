#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/ipc_channel.h"
#include "net/loop.h"

struct wait {
	struct loop *loop;
	uint16_t last_type;
	void (*every)(void *ctx, struct ipc_frame *frame);
	void *ctx;
	enum status st;
	struct problem *why;
};

#define REQUEST 1

static enum status
wait_frame(void *ctx, struct ipc_frame *frame)
{
	struct wait *w = ctx;

	if (frame->request != REQUEST || w->st != STATUS_PENDING)
		return STATUS_OK;
	if (w->every != NULL)
		w->every(w->ctx, frame);
	if (frame->type == w->last_type) {
		w->st = STATUS_OK;
		loop_stop(w->loop);
	}
	return STATUS_OK;
}

static void
wait_lost(void *ctx, enum status st, const struct problem *why)
{
	struct wait *w = ctx;

	if (w->st != STATUS_PENDING)
		return;
	w->st = STATUS_BUSY;
	problem_set(w->why, "%s", st == STATUS_OK ? "the server closed the connection" : why->text);
	loop_stop(w->loop);
}

static void
wait_expired(void *ctx)
{
	struct wait *w = ctx;

	w->st = STATUS_BUSY;
	problem_set(w->why, "no answer in time");
	loop_stop(w->loop);
}

/* Blocks only while the server's queue of connections is full, at most deadline_ms. */
static enum status
wait_connect(const char *path, uint32_t deadline_ms, int *out, struct problem *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { deadline_ms / 1000, (suseconds_t)(deadline_ms % 1000) * 1000 };
	size_t len = strlen(path);
	enum status st = STATUS_OK;
	int fd;

	if (len >= sizeof(address.sun_path)) {
		problem_set(why, "the socket's path %s is too long", path);
		return STATUS_LIMIT;
	}
	memcpy(address.sun_path, path, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		problem_set_errno(why, errno, "cannot make a socket");
		return STATUS_IO;
	}
	if (deadline_ms > 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		st = errno == EACCES || errno == EPERM ? STATUS_DENIED : STATUS_BUSY;
		problem_set_errno(why, errno, "cannot connect to %s", path);
		close(fd);
		return st;
	}
	*out = fd;
	return st;
}

enum status
ipc_call_wait(const char *path, uint16_t type, struct slice payload, int fd, uint16_t last_type,
    uint32_t deadline_ms, void (*every)(void *ctx, struct ipc_frame *frame), void *ctx,
    struct problem *why)
{
	static const struct channel_handler handler = { wait_frame, wait_lost };
	struct wait w = { .last_type = last_type, .every = every, .ctx = ctx, .why = why };
	struct channel *channel;
	struct timer *timer;
	int socket_fd;

	w.st = wait_connect(path, deadline_ms, &socket_fd, w.why);
	if (w.st != STATUS_OK)
		return w.st;
	w.st = STATUS_PENDING;
	w.loop = loop_new();
	channel = channel_new(w.loop, socket_fd, &handler, &w);
	timer = timer_new(w.loop, wait_expired, &w);
	timer_set(timer, deadline_ms);
	channel_send(channel, type, REQUEST, payload, fd);
	loop_run(w.loop);
	channel_free(&channel);
	timer_free(&timer);
	loop_free(&w.loop);
	return w.st;
}
