#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "smtpd/relay_internal.h"

#define FRESH_MS 1000		/* so long an answer of policyd is good for new mail */
#define PUT_BACK_S 30

static void
forget(struct relay_route *route)
{
	mem_free(route->name);
	mem_free(route->host);
	mem_free(route->ca_path);
	mem_free(route->user);
	route->name = route->host = route->ca_path = route->user = NULL;
}

void
relay_route_free(struct relay_route *route)
{
	if (route->call != 0)
		policy_cancel(route->relay->policy, route->call);
	forget(route);
	mem_free(route);
}

static bool
is_same(const struct relay_route *route, const struct policy_route *p)
{
	return route->known_ms != 0 && route->port == p->port && route->is_lmtp == p->is_lmtp &&
	    (unsigned)route->tls == p->tls && route->checks_certificate == p->checks_certificate &&
	    route->credential == p->credential &&
	    slice_equal(slice_from_cstr(route->host), p->host) &&
	    slice_equal(slice_from_cstr(route->ca_path), p->ca_path) &&
	    slice_equal(slice_from_cstr(route->user), p->user);
}

static void
learn(struct relay_route *route, const struct policy_route *p)
{
	static const enum relay_tls modes[] = {
		[ROUTE_TLS_REQUIRE] = RELAY_TLS_REQUIRE,
		[ROUTE_TLS_TRY] = RELAY_TLS_TRY,
		[ROUTE_TLS_OFF] = RELAY_TLS_OFF,
	};

	if (!is_same(route, p)) {
		forget(route);
		route->name = mem_dup(p->name);
		route->host = mem_dup(p->host);
		route->ca_path = mem_dup(p->ca_path);
		route->user = mem_dup(p->user);
		route->port = p->port;
		route->is_lmtp = p->is_lmtp;
		route->checks_certificate = p->checks_certificate;
		route->tls = p->tls < ARRAY_LEN(modes) ? modes[p->tls] : RELAY_TLS_REQUIRE;
		route->credential = p->credential;
		route->generation++;
		relay_destinations_forgive(route);
	}
	route->known_ms = clock_monotonic_ms();
}

static void
go(struct relay_route *route, struct relay_batch *b)
{
	struct relay_result r;

	if (route->host[0] != '\0') {
		relay_destination_place(route, NULL, b);
	} else if (b->domain[0] != '\0') {
		relay_destination_place(route, b->domain, b);
	} else {
		r = relay_result_make("5.1.3", SLICE("the address has no domain"));
		relay_batch_conclude_with(b, &r);
	}
}

static void
on_route(void *ctx, enum status st, const struct policy_route *p)
{
	struct relay_route *route = ctx;
	struct relay_batch *list = route->first;
	struct relay_result r;

	route->call = 0;
	route->first = route->last = NULL;
	if (st == STATUS_OK)
		learn(route, p);
	while (list != NULL) {
		struct relay_batch *b = list;

		list = b->next_waiting;
		b->next_waiting = NULL;
		if (st == STATUS_OK) {
			go(route, b);
		} else if (st == STATUS_ABSENT) {
			r = relay_result_make("5.3.5",
			    SLICE("the route that this mail was to take was removed"));
			relay_batch_conclude_with(b, &r);
		} else {
			r = relay_result_make("4.3.2", SLICE("policyd cannot say how to send it"));
			relay_batch_postpone(b, relay_now() + PUT_BACK_S, &r);
		}
	}
}

static struct relay_route *
find(struct relay *r, uint32_t id)
{
	struct relay_route *route;

	for (route = r->routes; route != NULL; route = route->next)
		if (route->id == id)
			return route;
	route = mem_new(struct relay_route);
	route->relay = r;
	route->id = id;
	route->next = r->routes;
	r->routes = route;
	return route;
}

void
relay_route_place(struct relay *r, struct relay_batch *b)
{
	struct relay_route *route = find(r, b->route);

	if (route->known_ms != 0 && clock_monotonic_ms() - route->known_ms < FRESH_MS) {
		go(route, b);
		return;
	}
	if (route->last != NULL)
		route->last->next_waiting = b;
	else
		route->first = b;
	route->last = b;
	if (route->call == 0)
		route->call = policy_route(r->policy, route->id, on_route, route);
}
