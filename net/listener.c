#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"

#define PAUSE_MS 1000
#define BATCH 64	/* connections accepted before others get their turn */

struct listener {
	struct watch *watch;
	struct timer *pause;
	int fd;
	void (*accepted)(void *ctx, int fd);
	void *ctx;
	bool *is_gone;	/* set while accepting: accepted() may free us */
};

/* Errors of one connection that died in the queue: accept(2) says to go on as after EAGAIN. */
static bool
is_of_one_peer(int err)
{
	switch (err) {
	case ECONNABORTED:
	case EINTR:
	case EPROTO:
	case ENETDOWN:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EPERM:
		return true;
	}
	return false;
}

static void
listener_resume(void *ctx)
{
	struct listener *l = ctx;

	watch_want(l->watch, WATCH_READ);
}

static void
listener_accept(void *ctx, unsigned events)
{
	struct listener *l = ctx;
	bool is_gone = false;
	struct problem why = { 0 };
	struct log_line line;

	(void)events;
	l->is_gone = &is_gone;
	for (int i = 0; i < BATCH; i++) {
		int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			l->accepted(l->ctx, fd);
			if (is_gone)
				return;
			continue;
		}
		if (is_of_one_peer(errno))
			continue;
		if (errno == EAGAIN)
			break;
		problem_set_errno(&why, errno, "cannot accept connections for a second");
		log_begin(&line, LOG_ERROR, "net.listener.paused", NULL);
		log_status(&line, STATUS_IO, &why);
		log_end(&line);
		watch_want(l->watch, 0);
		timer_set(l->pause, PAUSE_MS);
		break;
	}
	l->is_gone = NULL;
}

struct listener *
listener_new(struct loop *loop, int listen_fd, void (*accepted)(void *ctx, int fd), void *ctx)
{
	struct listener *l = mem_new(struct listener);
	int flags = fcntl(listen_fd, F_GETFL);

	if (flags >= 0)
		(void)fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK);
	l->fd = listen_fd;
	l->accepted = accepted;
	l->ctx = ctx;
	l->pause = timer_new(loop, listener_resume, l);
	l->watch = watch_new(loop, listen_fd, listener_accept, l);
	watch_want(l->watch, WATCH_READ);
	return l;
}

void
listener_free(struct listener **lp)
{
	struct listener *l = *lp;

	if (l == NULL)
		return;
	*lp = NULL;
	if (l->is_gone != NULL)
		*l->is_gone = true;
	watch_free(&l->watch);
	timer_free(&l->pause);
	mem_free(l);
}
