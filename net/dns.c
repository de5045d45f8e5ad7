#include "net/dns.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <arpa/nameser.h>

#include <ares.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/idn.h"
#include "base/mem.h"
#include "net/link.h"
#include "net/loop_internal.h"

#define QUERY_TIMEOUT_MS 3000	/* the first try; c-ares doubles it */
#define QUERY_TRIES 3
#define EDNS_BYTES 1232		/* an answer by UDP that no path cuts */
#define LABEL_MAX 63
#define CHANNEL_MS 60000	/* so old, an idle one is made anew: resolv.conf may have changed */

/* A socket of the resolver's. */
struct socket_watch {
	struct link link;	/* first */
	struct dns *dns;
	struct watch *watch;
	int fd;
};

struct dns {
	struct loop *loop;
	char *server;		/* NULL: the system's */
	ares_channel channel;
	uint64_t channel_made_ms;
	struct timer *timer;
	struct link watches;
	struct link calls;
};

enum call_kind { CALL_MX, CALL_ADDRESSES };

struct dns_call {
	struct link link;	/* first */
	struct soon soon;
	struct dns *dns;
	enum call_kind kind;
	bool is_asked;		/* c-ares will call back and needs the call until then */
	bool is_cancelled;
	int family;		/* of the addresses that are asked for */
	dns_mx_done *mx_done;
	dns_address_done *address_done;
	void *ctx;
	char *name;
	enum status st;
	struct problem why;
	struct dns_mx mx[DNS_HOSTS_MAX];
	struct dns_address addresses[DNS_HOSTS_MAX];
	uint32_t count;
};

bool
dns_name_is_valid(struct slice name)
{
	size_t label = 0;

	if (name.len == 0 || name.len > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (c == '.' && label == 0)
			return false;
		if (c != '.' && !ascii_is_alnum(c) && c != '-' && c != '_')
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return label > 0;
}

bool
dns_address_is_local(const char *numeric)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, numeric, &v4) != 1) {
		if (inet_pton(AF_INET6, numeric, &v6) != 1)
			return false;
		if (IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6))
			return true;
		if (!IN6_IS_ADDR_V4MAPPED(&v6))
			return false;
		memcpy(&v4, &v6.s6_addr[12], sizeof(v4));
	}
	return ntohl(v4.s_addr) >> 24 == 127 || ntohl(v4.s_addr) >> 24 == 0;
}

/* Calls */

static void
call_free(struct dns_call *c)
{
	for (uint32_t i = 0; c->kind == CALL_MX && i < c->count; i++)
		mem_free((void *)(uintptr_t)c->mx[i].host.ptr);
	link_remove(&c->link);
	loop_soon_cancel(&c->soon);
	mem_free(c->name);
	mem_free(c);
}

static void
call_tell(void *ctx)
{
	struct dns_call *c = ctx;

	link_remove(&c->link);
	if (c->kind == CALL_MX)
		c->mx_done(c->ctx, c->st, c->mx, c->count, &c->why);
	else
		c->address_done(c->ctx, c->st, c->addresses, c->count, &c->why);
	call_free(c);
}

/* The result stands; it is told from the loop, since c-ares may know it at once. */
static void
call_end(struct dns_call *c)
{
	c->is_asked = false;
	if (c->is_cancelled)
		call_free(c);
	else
		loop_soon(c->dns->loop, &c->soon);
}

static enum status
status_of(int rc)
{
	switch (rc) {
	case ARES_SUCCESS:
	case ARES_ENODATA:
		return STATUS_OK;
	case ARES_ENOTFOUND:
		return STATUS_ABSENT;
	case ARES_EBADNAME:
		return STATUS_SYNTAX;
	case ARES_EBADRESP:
	case ARES_EFORMERR:
		return STATUS_CORRUPT;
	default:	/* c-ares' own enum: all that is left may be better later */
		return STATUS_BUSY;
	}
}

static void
call_fail(struct dns_call *c, int rc)
{
	c->st = status_of(rc);
	if (c->st != STATUS_OK)
		problem_set(&c->why, "%s: %s", c->name, ares_strerror(rc));
}

/* MX */

/* Keep what has a sense: the DNS_HOSTS_MAX of lowest preference, in order. */
static void
add_mx(struct dns_call *c, uint16_t preference, const char *host)
{
	struct slice name = slice_from_cstr(host);
	uint32_t at = c->count;
	char *copy;

	if (slice_ends(name, SLICE(".")))
		name.len--;
	if (name.len > 0 && !dns_name_is_valid(name))
		return;
	while (at > 0 && c->mx[at - 1].preference > preference)
		at--;
	if (at == DNS_HOSTS_MAX)
		return;
	if (c->count == DNS_HOSTS_MAX)
		mem_free((void *)(uintptr_t)c->mx[--c->count].host.ptr);
	memmove(&c->mx[at + 1], &c->mx[at], (c->count - at) * sizeof(c->mx[0]));
	copy = mem_dup(name);
	for (size_t i = 0; i < name.len; i++)
		copy[i] = ascii_lower(copy[i]);
	c->mx[at] = (struct dns_mx){ preference, slice_make(copy, name.len) };
	c->count++;
}

static void
mx_answered(void *ctx, int status, int timeouts, unsigned char *answer, int len)
{
	struct dns_call *c = ctx;
	struct ares_mx_reply *list = NULL;
	int rc = status;

	(void)timeouts;
	if (rc == ARES_SUCCESS)
		rc = ares_parse_mx_reply(answer, len, &list);
	if (rc == ARES_EBADNAME)
		rc = ARES_EBADRESP;	/* a name inside of the answer, not the one we asked for */
	call_fail(c, rc);
	for (const struct ares_mx_reply *m = list; m != NULL; m = m->next)
		add_mx(c, m->priority, m->host);
	if (list != NULL) {
		ares_free_data(list);
		if (c->count == 0) {
			problem_set(&c->why, "%s: no mail exchanger has a name", c->name);
			c->st = STATUS_CORRUPT;
		}
	}
	call_end(c);
}

/* Addresses */

/* Equal addresses become equal texts: who is compared with them cannot hide in another spelling. */
static void
add_address(struct dns_call *c, int family, const void *bytes)
{
	struct in6_addr v6;

	if (family == AF_INET6) {
		memcpy(&v6, bytes, sizeof(v6));
		if (IN6_IS_ADDR_V4MAPPED(&v6)) {
			family = AF_INET;
			bytes = &v6.s6_addr[12];
		}
	}
	if (inet_ntop(family, bytes, c->addresses[c->count].text, DNS_ADDRESS_TEXT) != NULL)
		c->count++;
}

static void addresses_answered(void *ctx, int status, int timeouts, struct ares_addrinfo *result);

static void
ask_addresses(struct dns_call *c, int family)
{
	struct ares_addrinfo_hints hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };

	c->family = family;
	c->why = (struct problem){ 0 };
	ares_getaddrinfo(c->dns->channel, c->name, NULL, &hints, addresses_answered, c);
}

/*
 * Asked for both families, c-ares tells what the last answer said: "no address" may hide that the
 * other family could not be had.  So each is asked for alone before that is believed.
 */
static bool
is_to_be_doubted(const struct dns_call *c)
{
	return c->count == 0 && (c->st == STATUS_OK || c->st == STATUS_ABSENT) &&
	    c->family != AF_INET6 && !c->is_cancelled;
}

static void
addresses_answered(void *ctx, int status, int timeouts, struct ares_addrinfo *result)
{
	struct dns_call *c = ctx;

	(void)timeouts;
	call_fail(c, status);
	for (const struct ares_addrinfo_node *n = result == NULL ? NULL : result->nodes;
	     n != NULL && c->count < DNS_HOSTS_MAX; n = n->ai_next) {
		const void *address = n->ai_family == AF_INET
		    ? (const void *)&((const struct sockaddr_in *)(const void *)n->ai_addr)->sin_addr
		    : (const void *)&((const struct sockaddr_in6 *)(const void *)n->ai_addr)->sin6_addr;

		if (n->ai_family == AF_INET || n->ai_family == AF_INET6)
			add_address(c, n->ai_family, address);
	}
	if (result != NULL)
		ares_freeaddrinfo(result);
	if (is_to_be_doubted(c))
		ask_addresses(c, c->family == AF_UNSPEC ? AF_INET : AF_INET6);
	else
		call_end(c);
}

/* The resolver's sockets and time */

static void
set_timer(struct dns *d)
{
	struct timeval next;

	if (d->channel == NULL || link_is_empty(&d->calls) ||
	    ares_timeout(d->channel, NULL, &next) == NULL)
		timer_stop(d->timer);
	else
		timer_set(d->timer, (uint64_t)next.tv_sec * 1000 +
		    (uint64_t)next.tv_usec / 1000 + 1);
}

static void
on_timer(void *ctx)
{
	struct dns *d = ctx;

	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer(d);
}

static void
socket_ready(void *ctx, unsigned events)
{
	struct socket_watch *w = ctx;
	struct dns *d = w->dns;
	int fd = w->fd;

	/* May free w. */
	ares_process_fd(d->channel, events & WATCH_READ ? fd : ARES_SOCKET_BAD,
	    events & WATCH_WRITE ? fd : ARES_SOCKET_BAD);
	set_timer(d);
}

static void
watch_end(struct socket_watch *w)
{
	link_remove(&w->link);
	watch_free(&w->watch);
	mem_free(w);
}

static void
socket_wants(void *ctx, ares_socket_t fd, int readable, int writable)
{
	struct dns *d = ctx;
	struct socket_watch *w = NULL;

	for (struct link *l = d->watches.next; l != &d->watches; l = l->next)
		if (((struct socket_watch *)l)->fd == fd)
			w = (struct socket_watch *)l;
	if (!readable && !writable) {
		if (w != NULL)
			watch_end(w);
		return;
	}
	if (w == NULL) {
		w = mem_new(struct socket_watch);
		w->dns = d;
		w->fd = fd;
		w->watch = watch_new(d->loop, fd, socket_ready, w);
		link_append(&d->watches, &w->link);
	}
	watch_want(w->watch, (readable ? WATCH_READ : 0u) | (writable ? WATCH_WRITE : 0u));
}

/* Beginning and end */

static enum status
set_server(struct dns *d, struct problem *why)
{
	struct slice server = slice_from_cstr(d->server);

	if (slice_find_byte(server, ',') == server.len &&
	    ares_set_servers_ports_csv(d->channel, d->server) == ARES_SUCCESS)
		return STATUS_OK;
	problem_set(why, "%s is no address of a DNS server (like 192.0.2.53:53)", d->server);
	return STATUS_SYNTAX;
}

static void
channel_close(struct dns *d)
{
	if (d->channel == NULL)
		return;
	ares_destroy(d->channel);	/* ends every call that it still has */
	ares_library_cleanup();
	d->channel = NULL;
}

static enum status
channel_open(struct dns *d, struct problem *why)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_EDNS,
		.ednspsz = EDNS_BYTES,
		.timeout = QUERY_TIMEOUT_MS,
		.tries = QUERY_TRIES,
		.sock_state_cb = socket_wants,
		.sock_state_cb_data = d,
	};
	int rc = ares_library_init(ARES_LIB_INIT_ALL);

	if (rc == ARES_SUCCESS) {
		rc = ares_init_options(&d->channel, &options, ARES_OPT_FLAGS |
		    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
		    ARES_OPT_SOCK_STATE_CB);
		if (rc != ARES_SUCCESS) {
			d->channel = NULL;
			ares_library_cleanup();
		}
	}
	if (rc != ARES_SUCCESS) {
		problem_set(why, "no resolver: %s", ares_strerror(rc));
		return STATUS_IO;
	}
	d->channel_made_ms = clock_monotonic_ms();
	return d->server == NULL ? STATUS_OK : set_server(d, why);
}

enum status
dns_new(struct loop *l, struct slice server, struct dns **out, struct problem *why)
{
	struct dns *d = mem_new(struct dns);
	enum status st;

	d->loop = l;
	d->server = server.len > 0 ? mem_dup(server) : NULL;
	link_init(&d->watches);
	link_init(&d->calls);
	d->timer = timer_new(l, on_timer, d);
	st = channel_open(d, why);
	if (st != STATUS_OK) {
		dns_free(&d);
		return st;
	}
	*out = d;
	return STATUS_OK;
}

void
dns_free(struct dns **dp)
{
	struct dns *d = *dp;

	if (d == NULL)
		return;
	*dp = NULL;
	for (struct link *l = d->calls.next; l != &d->calls; l = l->next)
		((struct dns_call *)l)->is_cancelled = true;
	channel_close(d);
	while (!link_is_empty(&d->calls))
		call_free((struct dns_call *)d->calls.next);
	while (!link_is_empty(&d->watches))
		watch_end((struct socket_watch *)d->watches.next);
	timer_free(&d->timer);
	mem_free(d->server);
	mem_free(d);
}

static struct dns_call *
call_new(struct dns *d, enum call_kind kind, struct slice name, void *ctx)
{
	struct dns_call *c = mem_new(struct dns_call);
	struct buf labels = buf_init(DNS_NAME_MAX);

	if (link_is_empty(&d->calls) &&
	    clock_monotonic_ms() - d->channel_made_ms > CHANNEL_MS)
		channel_close(d);
	if (d->channel == NULL)
		c->st = channel_open(d, &c->why);
	c->dns = d;
	c->kind = kind;
	c->ctx = ctx;
	c->soon.fn = call_tell;
	c->soon.ctx = c;
	link_append(&d->calls, &c->link);
	if (slice_ends(name, SLICE(".")))
		name.len--;
	if (c->st != STATUS_OK) {
		c->st = STATUS_BUSY;
	} else if (idn_domain(name, &labels) == STATUS_OK && dns_name_is_valid(buf_slice(&labels))) {
		c->name = mem_dup(buf_slice(&labels));
		c->is_asked = true;
	} else {
		c->st = STATUS_SYNTAX;
		problem_set(&c->why, "this is no name of a host or domain");
	}
	buf_clear(&labels);
	if (!c->is_asked)
		call_end(c);
	return c;
}

struct dns_call *
dns_mx(struct dns *d, struct slice name, dns_mx_done *done, void *ctx)
{
	struct dns_call *c = call_new(d, CALL_MX, name, ctx);

	c->mx_done = done;
	if (c->is_asked)
		ares_query(d->channel, c->name, ns_c_in, ns_t_mx, mx_answered, c);
	set_timer(d);
	return c;
}

struct dns_call *
dns_addresses(struct dns *d, struct slice host, dns_address_done *done, void *ctx)
{
	struct dns_call *c;
	unsigned char bytes[sizeof(struct in6_addr)];
	struct slice inner = host;
	char text[DNS_ADDRESS_TEXT] = "";
	int family = AF_UNSPEC;

	if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		inner = slice_sub(host, 1, host.len - 2);
	if (inner.len < sizeof(text))
		memcpy(text, inner.ptr == NULL ? "" : inner.ptr, inner.len);
	if (inet_pton(AF_INET, text, bytes) == 1)
		family = AF_INET;
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		family = AF_INET6;
	if (family != AF_UNSPEC) {
		c = call_new(d, CALL_ADDRESSES, SLICE("numeric"), ctx);
		c->address_done = done;
		add_address(c, family, bytes);
		call_end(c);
		return c;
	}
	c = call_new(d, CALL_ADDRESSES, host, ctx);
	c->address_done = done;
	if (c->is_asked)
		ask_addresses(c, AF_UNSPEC);
	set_timer(d);
	return c;
}

void
dns_cancel(struct dns_call **cp)
{
	struct dns_call *c = *cp;

	*cp = NULL;
	if (c == NULL)
		return;
	c->is_cancelled = true;
	if (!c->is_asked)
		call_free(c);
}
