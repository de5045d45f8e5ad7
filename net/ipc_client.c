#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/ipc_channel.h"
#include "net/link.h"
#include "net/loop.h"

#define BACKOFF_MIN_MS 10
#define BACKOFF_MAX_MS 1000
#define STABLE_MS 1000		/* a connection that lived so long starts the back-off anew */
#define BUCKETS 256		/* a power of two */

struct call {
	struct link link;	/* first; in unsent, sent, or failing */
	struct call *next;	/* in its bucket */
	uint32_t number;
	uint16_t type;
	uint64_t deadline_ms;
	ipc_done *done;
	void *ctx;
	char *payload;		/* while unsent */
	size_t payload_len;
	int fd;			/* while unsent, our copy, or -1 */
};

struct ipc_client {
	struct loop *loop;
	struct channel *channel;	/* NULL while not connected */
	struct timer *reconnect;
	struct timer *expire;
	uint64_t expire_at_ms;	/* when that timer fires; 0: it is not set */
	uint64_t connected_at_ms;
	uint32_t backoff_ms;
	uint32_t last_number;
	struct link unsent;
	struct link sent;
	struct link failing;	/* their done is being called with BUSY */
	struct call *buckets[BUCKETS];
	void (*on_notice)(void *ctx, struct ipc_frame *frame);
	void (*on_connected)(void *ctx);
	void *ctx;
	unsigned busy;
	bool is_closed;
	struct sockaddr_un address;
};

static void
client_leave(struct ipc_client *c)
{
	c->busy--;
	if (c->is_closed && c->busy == 0)
		mem_free(c);
}

static struct call **
call_slot(struct ipc_client *c, uint32_t number)
{
	struct call **at = &c->buckets[number & (BUCKETS - 1)];

	while (*at != NULL && (*at)->number != number)
		at = &(*at)->next;
	return at;
}

static void
call_drop_payload(struct call *call)
{
	mem_free(call->payload);
	call->payload = NULL;
	if (call->fd >= 0)
		close(call->fd);
	call->fd = -1;
}

static void
call_free(struct ipc_client *c, struct call *call)
{
	struct call **slot = call_slot(c, call->number);

	*slot = call->next;
	link_remove(&call->link);
	call_drop_payload(call);
	mem_free(call);
}

/* Take the call off and tell its owner.  The client may be closed afterwards. */
static void
call_complete(struct ipc_client *c, struct call *call, enum status st, struct ipc_frame *answer)
{
	ipc_done *done = call->done;
	void *ctx = call->ctx;

	call_free(c, call);
	done(ctx, st, answer);
}

static void
client_fail_all(struct ipc_client *c)
{
	while (!c->is_closed && !link_is_empty(&c->failing))
		call_complete(c, (struct call *)c->failing.next, STATUS_BUSY, NULL);
}

static void
client_expire_by(struct ipc_client *c, uint64_t deadline_ms)
{
	uint64_t now;

	if (c->expire_at_ms != 0 && c->expire_at_ms <= deadline_ms)
		return;
	now = clock_monotonic_ms();
	c->expire_at_ms = deadline_ms;
	timer_set(c->expire, deadline_ms > now ? deadline_ms - now : 0);
}

static void
expire_ring(struct ipc_client *c, struct link *ring, uint64_t now)
{
	struct link *next;

	for (struct link *l = ring->next; l != ring; l = next) {
		struct call *call = (struct call *)l;

		next = l->next;
		if (call->deadline_ms <= now) {
			link_remove(l);
			link_append(&c->failing, l);
		} else {
			client_expire_by(c, call->deadline_ms);
		}
	}
}

static void
client_expire(void *ctx)
{
	struct ipc_client *c = ctx;
	uint64_t now = clock_monotonic_ms();

	c->busy++;
	c->expire_at_ms = 0;
	expire_ring(c, &c->sent, now);
	expire_ring(c, &c->unsent, now);
	client_fail_all(c);
	client_leave(c);
}

static enum status
client_frame(void *ctx, struct ipc_frame *frame)
{
	struct ipc_client *c = ctx;
	struct call *call;

	c->busy++;
	if (frame->request == 0) {
		if (c->on_notice != NULL)
			c->on_notice(c->ctx, frame);
	} else {
		/* An answer that came too late has no call any more. */
		call = *call_slot(c, frame->request);
		if (call != NULL && call->payload == NULL)
			call_complete(c, call, STATUS_OK, frame);
	}
	client_leave(c);
	return STATUS_OK;
}

static void
client_reconnect_later(struct ipc_client *c)
{
	timer_set(c->reconnect, c->backoff_ms);
	c->backoff_ms = c->backoff_ms * 2 < BACKOFF_MAX_MS ? c->backoff_ms * 2 : BACKOFF_MAX_MS;
}

static void
client_lost(void *ctx, enum status st, const struct problem *why)
{
	struct ipc_client *c = ctx;
	struct log_line line;

	log_begin(&line, LOG_INFO, "ipc.client.lost", NULL);
	log_cstr(&line, "path", c->address.sun_path);
	if (st != STATUS_OK)
		log_status(&line, st, why);
	log_end(&line);
	c->busy++;
	channel_free(&c->channel);
	if (clock_monotonic_ms() - c->connected_at_ms >= STABLE_MS)
		c->backoff_ms = BACKOFF_MIN_MS;
	client_reconnect_later(c);
	link_splice(&c->failing, &c->sent);
	client_fail_all(c);
	client_leave(c);
}

static const struct channel_handler client_handler = { client_frame, client_lost };

/* A connected socket, or -1 with errno. */
static int
unix_connect(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static void
client_connect(void *ctx)
{
	struct ipc_client *c = ctx;
	int fd = unix_connect(&c->address);

	if (fd < 0) {
		client_reconnect_later(c);
		return;
	}
	c->busy++;
	c->connected_at_ms = clock_monotonic_ms();
	c->channel = channel_new(c->loop, fd, &client_handler, c);
	if (c->on_connected != NULL)
		c->on_connected(c->ctx);
	while (!c->is_closed && !link_is_empty(&c->unsent)) {
		struct call *call = (struct call *)c->unsent.next;

		link_remove(&call->link);
		link_append(&c->sent, &call->link);
		channel_send(c->channel, call->type, call->number,
		    slice_make(call->payload, call->payload_len), call->fd);
		call_drop_payload(call);
	}
	client_leave(c);
}

struct ipc_client *
ipc_client_new(struct loop *l, const char *path,
    void (*on_notice)(void *ctx, struct ipc_frame *frame),
    void (*on_connected)(void *ctx), void *ctx)
{
	struct ipc_client *c = mem_new(struct ipc_client);
	size_t len = strlen(path);

	ASSERT(len < sizeof(c->address.sun_path));
	c->address.sun_family = AF_UNIX;
	memcpy(c->address.sun_path, path, len);
	c->loop = l;
	c->backoff_ms = BACKOFF_MIN_MS;
	c->on_notice = on_notice;
	c->on_connected = on_connected;
	c->ctx = ctx;
	link_init(&c->unsent);
	link_init(&c->sent);
	link_init(&c->failing);
	c->reconnect = timer_new(l, client_connect, c);
	c->expire = timer_new(l, client_expire, c);
	timer_set(c->reconnect, 0);
	return c;
}

void
ipc_client_free(struct ipc_client **cp)
{
	struct ipc_client *c = *cp;
	struct link *rings[3];

	if (c == NULL)
		return;
	*cp = NULL;
	rings[0] = &c->unsent;
	rings[1] = &c->sent;
	rings[2] = &c->failing;
	for (size_t i = 0; i < ARRAY_LEN(rings); i++)
		while (!link_is_empty(rings[i]))
			call_free(c, (struct call *)rings[i]->next);
	channel_free(&c->channel);
	timer_free(&c->reconnect);
	timer_free(&c->expire);
	c->is_closed = true;
	if (c->busy == 0)
		mem_free(c);
}

bool
ipc_client_is_connected(const struct ipc_client *c)
{
	return c->channel != NULL;
}

/* A number that no open call has; never 0. */
static uint32_t
next_number(struct ipc_client *c)
{
	do
		c->last_number++;
	while (c->last_number == 0 || *call_slot(c, c->last_number) != NULL);
	return c->last_number;
}

uint32_t
ipc_call(struct ipc_client *c, uint16_t type, struct slice payload, int fd, uint32_t deadline_ms,
    ipc_done *done, void *ctx)
{
	struct call *call = mem_new(struct call);
	uint32_t number = next_number(c);
	struct call **bucket = &c->buckets[number & (BUCKETS - 1)];

	ASSERT(payload.len <= IPC_FRAME_MAX);
	call->number = number;
	call->type = type;
	call->done = done;
	call->ctx = ctx;
	call->fd = -1;
	call->deadline_ms = clock_monotonic_ms() + deadline_ms;
	call->next = *bucket;
	*bucket = call;
	client_expire_by(c, call->deadline_ms);
	if (c->channel != NULL) {
		link_append(&c->sent, &call->link);
		channel_send(c->channel, type, number, payload, fd);
		return number;
	}
	if (fd >= 0)
		call->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0 && call->fd < 0) {	/* out of descriptors: as if nobody answered */
		link_append(&c->failing, &call->link);
		client_expire_by(c, 1);
		return number;
	}
	call->payload = mem_dup(payload);
	call->payload_len = payload.len;
	link_append(&c->unsent, &call->link);
	return number;
}

void
ipc_cancel(struct ipc_client *c, uint32_t number)
{
	struct call *call = *call_slot(c, number);

	if (call != NULL)
		call_free(c, call);
}

void
ipc_notify(struct ipc_client *c, uint16_t type, struct slice payload)
{
	ipc_notify_fd(c, type, payload, -1);
}

void
ipc_notify_fd(struct ipc_client *c, uint16_t type, struct slice payload, int fd)
{
	if (c->channel != NULL)
		channel_send(c->channel, type, 0, payload, fd);
}
