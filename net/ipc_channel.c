#include "net/ipc_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "net/fifo.h"
#include "net/loop_internal.h"

#define PENDING_MAX (64u * 1024 * 1024)	/* a peer that never reads is given up here */
#define FDS_AT_ONCE 4			/* descriptors one read has room for; a peer sends one */
#define READS_AT_ONCE 32		/* reads before others get their turn */

struct fd_out {
	uint64_t at;	/* position in the stream of its frame's first byte */
	int fd;
};

struct channel {
	struct soon soon;
	struct loop *loop;
	struct watch *watch;
	const struct channel_handler *handler;
	void *ctx;
	int fd;
	unsigned busy;		/* handlers running */
	bool is_closed;		/* freed by the user; the memory goes when busy is 0 */
	bool is_lost;
	bool has_sent;		/* in this turn */
	struct fifo in;		/* the beginning of a frame */
	int fds_in[FDS_AT_ONCE];
	size_t fds_in_count;
	struct fifo out;
	uint64_t sent;		/* bytes ever given to the socket */
	struct fd_out *fds_out;	/* in order of their positions */
	size_t fds_out_count;
	size_t fds_out_cap;
	enum status lost_status;
	struct problem lost_why;
};

static void
drop_fds(struct channel *c)
{
	for (size_t i = 0; i < c->fds_in_count; i++)
		close(c->fds_in[i]);
	c->fds_in_count = 0;
	for (size_t i = 0; i < c->fds_out_count; i++)
		close(c->fds_out[i].fd);
	mem_free(c->fds_out);
	c->fds_out = NULL;
	c->fds_out_count = c->fds_out_cap = 0;
}

/* Remember why and let on_lost follow from the loop; the first reason stays. */
static void
channel_lose(struct channel *c, enum status st)
{
	if (c->is_lost)
		return;
	c->is_lost = true;
	c->lost_status = st;
	watch_want(c->watch, 0);
	fifo_clear(&c->in);
	fifo_clear(&c->out);
	drop_fds(c);
	loop_soon(c->loop, &c->soon);
}

static void
channel_lose_errno(struct channel *c, int err)
{
	problem_set_errno(&c->lost_why, err, "the connection failed");
	channel_lose(c, STATUS_IO);
}

/* One sendmsg with at most one descriptor; the bytes taken, or -1 with errno. */
static ssize_t
send_parts(int fd, struct iovec *parts, size_t count, int pass_fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = count };
	struct cmsghdr *head;
	ssize_t n;

	if (pass_fd >= 0) {
		m.msg_control = control.space;
		m.msg_controllen = sizeof(control.space);
		head = CMSG_FIRSTHDR(&m);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &pass_fd, sizeof(int));
	}
	do
		n = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n;
}

static void
channel_flush(struct channel *c)
{
	while (!c->is_lost && fifo_len(&c->out) > 0) {
		struct slice rest = fifo_slice(&c->out);
		struct fd_out *next = c->fds_out_count > 0 ? &c->fds_out[0] : NULL;
		bool passes = next != NULL && next->at == c->sent;
		struct iovec part = { (void *)(uintptr_t)rest.ptr, rest.len };
		ssize_t n;

		/* A descriptor goes with its frame's first byte: stop before the next one's. */
		if (passes)
			next = c->fds_out_count > 1 ? &c->fds_out[1] : NULL;
		if (next != NULL && next->at - c->sent < rest.len)
			part.iov_len = (size_t)(next->at - c->sent);
		n = send_parts(c->fd, &part, 1, passes ? c->fds_out[0].fd : -1);
		if (n < 0) {
			if (errno != EAGAIN && errno != EWOULDBLOCK)
				channel_lose_errno(c, errno);
			break;
		}
		if (passes) {
			close(c->fds_out[0].fd);
			c->fds_out_count--;
			memmove(c->fds_out, c->fds_out + 1, c->fds_out_count * sizeof(*c->fds_out));
		}
		c->sent += (uint64_t)n;
		fifo_consume(&c->out, (size_t)n);
	}
	if (!c->is_lost)
		watch_want(c->watch, fifo_len(&c->out) > 0 ? WATCH_READ | WATCH_WRITE : WATCH_READ);
}

static void
queue_fd(struct channel *c, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0) {
		channel_lose_errno(c, errno);
		return;
	}
	if (c->fds_out_count == c->fds_out_cap) {
		c->fds_out_cap = c->fds_out_cap == 0 ? 4 : c->fds_out_cap * 2;
		c->fds_out = mem_resize(c->fds_out, c->fds_out_cap, sizeof(*c->fds_out));
	}
	c->fds_out[c->fds_out_count++] =
	    (struct fd_out){ .at = c->sent + fifo_len(&c->out), .fd = copy };
}

void
channel_send(struct channel *c, uint16_t type, uint32_t request, struct slice payload, int fd)
{
	uint8_t head[IPC_HEADER_SIZE];
	struct iovec parts[2] = { { head, sizeof(head) },
		{ (void *)(uintptr_t)payload.ptr, payload.len } };
	uint16_t version = (uint16_t)(IPC_VERSION | (fd >= 0 ? IPC_HAS_FD : 0));
	ssize_t n = 0;

	ASSERT(payload.len <= IPC_FRAME_MAX);
	if (c->is_lost)
		return;
	store_u32le(head, (uint32_t)payload.len);
	store_u32le(head + 4, (uint32_t)type | (uint32_t)version << 16);
	store_u32le(head + 8, request);
	if (!c->has_sent && fifo_len(&c->out) == 0) {
		n = send_parts(c->fd, parts, payload.len > 0 ? 2 : 1, fd);
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
			channel_lose_errno(c, errno);
			return;
		}
		c->has_sent = true;
		loop_soon(c->loop, &c->soon);
	}
	if (n > 0) {
		c->sent += (uint64_t)n;
		fd = -1;
	} else {
		n = 0;
	}
	if ((size_t)n == sizeof(head) + payload.len)
		return;
	if (fd >= 0)
		queue_fd(c, fd);
	if (c->is_lost)
		return;
	if ((size_t)n < sizeof(head))
		fifo_append(&c->out, slice_make(head + n, sizeof(head) - (size_t)n));
	fifo_append(&c->out, slice_skip(payload,
	    (size_t)n > sizeof(head) ? (size_t)n - sizeof(head) : 0));
	if (fifo_len(&c->out) > PENDING_MAX) {
		problem_set(&c->lost_why, "the peer does not read what it is sent");
		channel_lose(c, STATUS_LIMIT);
	}
}

size_t
channel_pending(const struct channel *c)
{
	return fifo_len(&c->out);
}

static void
channel_corrupt(struct channel *c, const char *what)
{
	problem_set(&c->lost_why, "malformed frame: %s", what);
	channel_lose(c, STATUS_CORRUPT);
}

/* Give one whole frame to the user.  False when the channel is over. */
static bool
channel_deliver(struct channel *c, const char *head, uint32_t len)
{
	struct reader in = reader_init(head, IPC_HEADER_SIZE);
	struct ipc_frame frame = { .payload = { head + IPC_HEADER_SIZE, len }, .fd = -1 };
	enum status st;

	(void)read_u32le(&in);
	frame.type = read_u16le(&in);
	frame.version = read_u16le(&in);
	frame.request = read_u32le(&in);
	if (frame.version & IPC_HAS_FD) {
		if (c->fds_in_count == 0) {
			channel_corrupt(c, "its descriptor did not come");
			return false;
		}
		frame.fd = c->fds_in[0];
		c->fds_in_count--;
		memmove(c->fds_in, c->fds_in + 1, c->fds_in_count * sizeof(c->fds_in[0]));
		frame.version &= (uint16_t)~IPC_HAS_FD;
	}
	st = c->handler->on_frame(c->ctx, &frame);
	if (frame.fd >= 0)
		close(frame.fd);
	if (c->is_closed)
		return false;
	if (st != STATUS_OK) {
		problem_set(&c->lost_why, "the frame of type %u was refused", frame.type);
		channel_lose(c, st);
	}
	return !c->is_lost;
}

/* Deliver the whole frames at the front of data; the bytes they took. */
static size_t
channel_parse(struct channel *c, struct slice data)
{
	size_t used = 0;

	while (data.len - used >= IPC_HEADER_SIZE) {
		uint32_t len = load_u32le((const uint8_t *)data.ptr + used);

		if (len > IPC_FRAME_MAX) {
			channel_corrupt(c, "longer than the limit");
			break;
		}
		if (data.len - used - IPC_HEADER_SIZE < len)
			break;
		used += IPC_HEADER_SIZE + len;
		if (!channel_deliver(c, data.ptr + used - len - IPC_HEADER_SIZE, len))
			break;
	}
	return used;
}

static void
channel_take(struct channel *c, struct slice data)
{
	size_t used;
	struct fifo whole;

	if (fifo_len(&c->in) == 0) {
		used = channel_parse(c, data);
		if (!c->is_closed && !c->is_lost)
			fifo_append(&c->in, slice_skip(data, used));
	} else {
		/* The fifo is taken out: its bytes stay while handlers close the channel. */
		fifo_append(&c->in, data);
		whole = c->in;
		c->in = (struct fifo){ 0 };
		used = channel_parse(c, fifo_slice(&whole));
		if (!c->is_closed && !c->is_lost) {
			fifo_consume(&whole, used);
			c->in = whole;
		} else {
			fifo_clear(&whole);
		}
	}
	/* Each frame has at most one descriptor, so at most that of an unfinished frame is left. */
	if (!c->is_closed && !c->is_lost && c->fds_in_count > (fifo_len(&c->in) > 0 ? 1u : 0u))
		channel_corrupt(c, "a descriptor that no frame speaks of");
}

/* Keep the descriptors of one message.  False when there are more than anybody may send. */
static bool
channel_keep_fds(struct channel *c, struct msghdr *m)
{
	bool fits = (m->msg_flags & MSG_CTRUNC) == 0;
	int fd;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h != NULL; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; CMSG_LEN(at + sizeof(fd)) <= h->cmsg_len; at += sizeof(fd)) {
			memcpy(&fd, CMSG_DATA(h) + at, sizeof(fd));
			if (c->fds_in_count < FDS_AT_ONCE) {
				c->fds_in[c->fds_in_count++] = fd;
			} else {
				close(fd);
				fits = false;
			}
		}
	}
	return fits;
}

/* True when there may be more to read at once. */
static bool
channel_read(struct channel *c)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(FDS_AT_ONCE * sizeof(int))];
	} control;
	char *scratch = loop_scratch(c->loop);
	struct iovec part = { scratch, LOOP_SCRATCH_SIZE };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space,
		.msg_controllen = sizeof(control.space) };
	ssize_t n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	bool has_fd;

	if (n < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			channel_lose_errno(c, errno);
		return false;
	}
	if (n == 0) {
		if (fifo_len(&c->in) > 0)
			channel_corrupt(c, "it ends early");
		else
			channel_lose(c, STATUS_OK);
		return false;
	}
	has_fd = m.msg_controllen > 0;
	if (has_fd && !channel_keep_fds(c, &m)) {
		channel_corrupt(c, "too many descriptors");
		return false;
	}
	channel_take(c, slice_make(scratch, (size_t)n));
	/* The kernel ends a read behind bytes that carry a descriptor. */
	return has_fd || n == LOOP_SCRATCH_SIZE;
}

static void
channel_leave(struct channel *c)
{
	c->busy--;
	if (c->is_closed && c->busy == 0)
		mem_free(c);
}

static void
channel_ready(void *ctx, unsigned events)
{
	struct channel *c = ctx;

	c->busy++;
	if (events & WATCH_WRITE)
		channel_flush(c);
	if (events & WATCH_READ) {
		for (int i = 0; i < READS_AT_ONCE && !c->is_closed && !c->is_lost; i++)
			if (!channel_read(c))
				break;
	}
	channel_leave(c);
}

static void
channel_end_turn(void *ctx)
{
	struct channel *c = ctx;

	c->has_sent = false;
	if (!c->is_lost) {
		channel_flush(c);
		return;	/* a failure just now comes back here by itself */
	}
	c->busy++;
	c->handler->on_lost(c->ctx, c->lost_status, &c->lost_why);
	channel_leave(c);
}

struct channel *
channel_new(struct loop *l, int fd, const struct channel_handler *handler, void *ctx)
{
	struct channel *c = mem_new(struct channel);

	c->loop = l;
	c->fd = fd;
	c->handler = handler;
	c->ctx = ctx;
	c->soon.fn = channel_end_turn;
	c->soon.ctx = c;
	c->watch = watch_new(l, fd, channel_ready, c);
	watch_want(c->watch, WATCH_READ);
	return c;
}

void
channel_free(struct channel **cp)
{
	struct channel *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	if (!c->is_lost)
		channel_flush(c);	/* what was answered in this turn */
	c->is_closed = true;
	loop_soon_cancel(&c->soon);
	watch_free(&c->watch);
	close(c->fd);
	fifo_clear(&c->in);
	fifo_clear(&c->out);
	drop_fds(c);
	if (c->busy == 0)
		mem_free(c);
}
