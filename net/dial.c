#include "net/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ares.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/link.h"
#include "net/loop_internal.h"

#define HOST_MAX 253		/* RFC 1035 s.2.3.4, as text */
#define ADDRESSES_MAX 16	/* of one host; more are not tried */
#define ATTEMPT_MIN_MS 1000	/* what an address gets at least, if that much is left */

/* A socket of the resolver's. */
struct ares_watch {
	struct link link;	/* first */
	struct dial *dial;
	struct watch *watch;
	int fd;
};

struct dial {
	struct soon soon;
	struct loop *loop;
	struct timer *timer;
	char *host;
	uint16_t port;
	uint64_t ends_at_ms;
	void (*done)(void *ctx, enum status st, int fd, const struct problem *why);
	void *ctx;
	ares_channel resolver;		/* NULL while none is at work */
	struct link resolver_watches;
	bool is_resolved;
	struct sockaddr_storage addresses[ADDRESSES_MAX];
	size_t address_count;
	size_t tried;
	int fd;				/* being connected, or -1 */
	struct watch *watch;
	enum status st;			/* PENDING until the end is known */
	struct problem why;
};

static void dial_step(struct dial *d);

/* The end */

static void
attempt_end(struct dial *d)
{
	watch_free(&d->watch);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

static void
resolver_watch_free(struct ares_watch *w)
{
	link_remove(&w->link);
	watch_free(&w->watch);
	mem_free(w);
}

static void
dial_free(struct dial *d)
{
	attempt_end(d);
	if (d->resolver != NULL) {
		ares_destroy(d->resolver);
		ares_library_cleanup();
	}
	while (!link_is_empty(&d->resolver_watches))
		resolver_watch_free((struct ares_watch *)d->resolver_watches.next);
	loop_soon_cancel(&d->soon);
	timer_free(&d->timer);
	mem_free(d->host);
	mem_free(d);
}

/* Tell the result, from the loop. */
static void
dial_tell(struct dial *d)
{
	void (*done)(void *ctx, enum status st, int fd, const struct problem *why) = d->done;
	void *ctx = d->ctx;
	enum status st = d->st;
	struct problem why = d->why;
	int fd = -1;

	if (st == STATUS_OK) {
		watch_free(&d->watch);	/* before somebody else watches the same descriptor */
		fd = d->fd;
		d->fd = -1;
	}
	dial_free(d);
	done(ctx, st, fd, &why);
}

static void
dial_run_soon(void *ctx)
{
	dial_step(ctx);
}

static void
dial_fail(struct dial *d, enum status st)
{
	if (d->st == STATUS_PENDING)
		d->st = st;
	loop_soon(d->loop, &d->soon);
}

/* Addresses */

static void
add_address(struct dial *d, const struct sockaddr *a, size_t len)
{
	struct sockaddr_storage *slot = &d->addresses[d->address_count];

	if (d->address_count == ADDRESSES_MAX || len > sizeof(*slot))
		return;
	memcpy(slot, a, len);
	if (slot->ss_family == AF_INET)
		((struct sockaddr_in *)slot)->sin_port = htons(d->port);
	else
		((struct sockaddr_in6 *)slot)->sin6_port = htons(d->port);
	d->address_count++;
}

/* True when the host is an address, "[2001:db8::1]" and bare forms. */
static bool
take_numeric(struct dial *d)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, d->host, &v4.sin_addr) == 1)
		add_address(d, (struct sockaddr *)&v4, sizeof(v4));
	else if (inet_pton(AF_INET6, d->host, &v6.sin6_addr) == 1)
		add_address(d, (struct sockaddr *)&v6, sizeof(v6));
	return d->address_count > 0;
}

static void
resolved(void *ctx, int status, int timeouts, struct ares_addrinfo *result)
{
	struct dial *d = ctx;

	(void)timeouts;
	if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED)
		return;
	for (struct ares_addrinfo_node *n = result == NULL ? NULL : result->nodes; n != NULL;
	     n = n->ai_next)
		if (n->ai_family == AF_INET || n->ai_family == AF_INET6)
			add_address(d, n->ai_addr, (size_t)n->ai_addrlen);
	if (result != NULL)
		ares_freeaddrinfo(result);
	d->is_resolved = true;
	if (d->address_count == 0) {
		bool is_absent = status == ARES_SUCCESS || status == ARES_ENOTFOUND ||
		    status == ARES_ENODATA || status == ARES_EBADNAME;

		problem_set(&d->why, "%s: %s", d->host,
		    status == ARES_SUCCESS ? "has no address" : ares_strerror(status));
		dial_fail(d, is_absent ? STATUS_ABSENT : STATUS_BUSY);
		return;
	}
	loop_soon(d->loop, &d->soon);	/* not from inside the resolver */
}

static void
resolver_ready(void *ctx, unsigned events)
{
	struct ares_watch *w = ctx;
	struct dial *d = w->dial;
	int fd = w->fd;

	/* May free w. */
	ares_process_fd(d->resolver, events & WATCH_READ ? fd : ARES_SOCKET_BAD,
	    events & WATCH_WRITE ? fd : ARES_SOCKET_BAD);
}

static void
resolver_wants(void *ctx, ares_socket_t fd, int readable, int writable)
{
	struct dial *d = ctx;
	struct ares_watch *w = NULL;

	for (struct link *l = d->resolver_watches.next; l != &d->resolver_watches; l = l->next)
		if (((struct ares_watch *)l)->fd == fd)
			w = (struct ares_watch *)l;
	if (!readable && !writable) {
		if (w != NULL)
			resolver_watch_free(w);
		return;
	}
	if (w == NULL) {
		w = mem_new(struct ares_watch);
		w->dial = d;
		w->fd = fd;
		w->watch = watch_new(d->loop, fd, resolver_ready, w);
		link_append(&d->resolver_watches, &w->link);
	}
	watch_want(w->watch, (readable ? WATCH_READ : 0u) | (writable ? WATCH_WRITE : 0u));
}

static void
resolver_start(struct dial *d)
{
	struct ares_options options = { .sock_state_cb = resolver_wants,
		.sock_state_cb_data = d };
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	int rc = ares_library_init(ARES_LIB_INIT_ALL);

	if (rc == ARES_SUCCESS) {
		rc = ares_init_options(&d->resolver, &options, ARES_OPT_SOCK_STATE_CB);
		if (rc != ARES_SUCCESS) {
			d->resolver = NULL;
			ares_library_cleanup();
		}
	}
	if (rc != ARES_SUCCESS) {
		problem_set(&d->why, "no resolver: %s", ares_strerror(rc));
		dial_fail(d, STATUS_BUSY);
		return;
	}
	ares_getaddrinfo(d->resolver, d->host, NULL, &hints, resolved, d);
}

/* Connecting */

static void
attempt_ready(void *ctx, unsigned events)
{
	struct dial *d = ctx;
	int err = 0;
	socklen_t len = sizeof(err);

	(void)events;
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
		err = errno;
	if (err == 0) {
		d->st = STATUS_OK;
	} else {
		d->why = (struct problem){ 0 };
		problem_set_errno(&d->why, err, "cannot connect to %s port %u", d->host, d->port);
		attempt_end(d);
	}
	dial_step(d);
}

/* Begin with the next address; false when it failed at once. */
static bool
attempt_start(struct dial *d)
{
	const struct sockaddr_storage *a = &d->addresses[d->tried++];
	socklen_t len = a->ss_family == AF_INET ? sizeof(struct sockaddr_in)
						: sizeof(struct sockaddr_in6);

	d->fd = socket(a->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd >= 0 && (connect(d->fd, (const struct sockaddr *)a, len) == 0 ||
	    errno == EINPROGRESS)) {
		d->watch = watch_new(d->loop, d->fd, attempt_ready, d);
		watch_want(d->watch, WATCH_WRITE);
		return true;
	}
	d->why = (struct problem){ 0 };
	problem_set_errno(&d->why, errno, "cannot connect to %s port %u", d->host, d->port);
	attempt_end(d);
	return false;
}

/* How long the step at hand may take: the resolver's next timeout, or this address's share. */
static uint64_t
step_ms(struct dial *d, uint64_t left)
{
	struct timeval max = { (time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000) };
	struct timeval next;
	uint64_t share;

	if (!d->is_resolved) {
		next = *ares_timeout(d->resolver, &max, &next);
		return (uint64_t)next.tv_sec * 1000 + (uint64_t)next.tv_usec / 1000 + 1;
	}
	share = left / (d->address_count - d->tried + 1);
	if (share < ATTEMPT_MIN_MS)
		share = ATTEMPT_MIN_MS;
	return share < left ? share : left;
}

static void
dial_step(struct dial *d)
{
	uint64_t now = clock_monotonic_ms();

	if (d->st == STATUS_PENDING && now >= d->ends_at_ms) {
		d->why = (struct problem){ 0 };
		problem_set(&d->why, "%s port %u did not answer in time", d->host, d->port);
		d->st = STATUS_BUSY;
	}
	while (d->st == STATUS_PENDING && d->is_resolved && d->fd < 0) {
		if (d->tried == d->address_count)
			d->st = STATUS_BUSY;
		else
			(void)attempt_start(d);
	}
	if (d->st != STATUS_PENDING)
		dial_tell(d);
	else
		timer_set(d->timer, step_ms(d, d->ends_at_ms - now));
}

static void
dial_timer(void *ctx)
{
	struct dial *d = ctx;

	if (!d->is_resolved && d->resolver != NULL) {
		ares_process_fd(d->resolver, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	} else if (d->fd >= 0) {
		attempt_end(d);
		d->why = (struct problem){ 0 };
		problem_set(&d->why, "%s port %u did not answer in time", d->host, d->port);
	}
	dial_step(d);
}

struct dial *
dial_start(struct loop *l, struct slice host, uint16_t port, uint32_t deadline_ms,
    void (*done)(void *ctx, enum status st, int fd, const struct problem *why), void *ctx)
{
	struct dial *d = mem_new(struct dial);

	if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = slice_sub(host, 1, host.len - 2);
	d->loop = l;
	d->port = port;
	d->done = done;
	d->ctx = ctx;
	d->fd = -1;
	d->st = STATUS_PENDING;
	d->ends_at_ms = clock_monotonic_ms() + deadline_ms;
	d->soon.fn = dial_run_soon;
	d->soon.ctx = d;
	d->timer = timer_new(l, dial_timer, d);
	link_init(&d->resolver_watches);
	if (host.len == 0 || host.len > HOST_MAX || slice_find_byte(host, '\0') < host.len) {
		d->host = mem_dup(SLICE("?"));
		problem_set(&d->why, "this is no name of a host");
		dial_fail(d, STATUS_ABSENT);
		return d;
	}
	d->host = mem_dup(host);
	if (take_numeric(d))
		d->is_resolved = true;
	else
		resolver_start(d);
	loop_soon(l, &d->soon);
	return d;
}

void
dial_cancel(struct dial **d)
{
	if (*d != NULL)
		dial_free(*d);
	*d = NULL;
}
