#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "smtpd/relay_internal.h"

/* Mail that finds too much waiting before it comes again when its turn should be. */
#define PUT_OFF_MIN_MS 1000
#define PUT_OFF_MAX_MS 300000
#define PACE_KNOWN_MS 1000	/* before that it is guessed */
#define PACE_GUESS 200		/* entries a second */
#define PACE_MIN 5
#define REMEMBERED_S 3600	/* how long failures of a destination are of interest */

static struct relay_destination *
find(struct relay_route *route, const char *domain)
{
	struct relay *r = route->relay;
	struct relay_destination *d, **at = &r->destinations;

	for (; (d = *at) != NULL; at = &d->next)
		if (d->route == route && (domain == NULL ? d->domain == NULL
		    : d->domain != NULL && slice_equal_nocase(slice_from_cstr(d->domain),
		    slice_from_cstr(domain))))
			return d;
	d = mem_new(struct relay_destination);
	d->relay = r;
	d->route = route;
	d->domain = domain == NULL ? NULL : mem_dup(slice_from_cstr(domain));
	*at = d;
	return d;
}

void
relay_destination_free(struct relay_destination *d)
{
	while (d->links != NULL)
		relay_link_free(d->links);
	mem_free(d->domain);
	mem_free(d);
}

void
relay_destinations_forgive(struct relay_route *route)
{
	for (struct relay_destination *d = route->relay->destinations; d != NULL; d = d->next)
		if (d->route == route) {
			d->blocked_until = 0;
			d->failures = 0;
		}
}

void
relay_destinations_sweep(struct relay *r)
{
	struct relay_destination **at = &r->destinations;
	uint64_t now_s = relay_now();

	while (*at != NULL) {
		struct relay_destination *d = *at;

		if (d->links == NULL && d->first == NULL && d->blocked_until <= now_s &&
		    (d->failures == 0 || d->used_at + REMEMBERED_S <= now_s)) {
			*at = d->next;
			relay_destination_free(d);
		} else {
			at = &d->next;
		}
	}
}

/* Batches that wait */

static bool
join(struct relay_destination *d, struct relay_batch *from)
{
	for (struct relay_batch *b = d->first; b != NULL; b = b->next_waiting)
		if (relay_batch_join(b, from))
			return true;
	return false;
}

/* Entries a second that the destination takes. */
static uint64_t
pace(const struct relay_destination *d, uint64_t now_ms)
{
	uint64_t ms = now_ms - d->busy_since_ms;
	uint64_t n = ms < PACE_KNOWN_MS ? PACE_GUESS : d->passed * UINT64_C(1000) / ms;

	return n > PACE_MIN ? n : PACE_MIN;
}

/*
 * Back to the queue, to come again behind all that went back before: a backlog is put off once,
 * at the pace of its server, and not again and again.
 */
static void
put_off(struct relay_destination *d, struct relay_batch *b)
{
	struct relay_result why = relay_result_make("4.4.5",
	    SLICE("much other mail waits for the same server"));
	uint64_t now_ms = clock_monotonic_ms();

	if (d->put_off_to_ms < now_ms + PUT_OFF_MIN_MS)
		d->put_off_to_ms = now_ms + PUT_OFF_MIN_MS;
	d->put_off_to_ms += b->count * UINT64_C(1000) / pace(d, now_ms);
	if (d->put_off_to_ms > now_ms + PUT_OFF_MAX_MS)
		d->put_off_to_ms = now_ms + PUT_OFF_MAX_MS;
	relay_batch_postpone(b, relay_now() + (d->put_off_to_ms - now_ms) / 1000, &why);
}

void
relay_destination_place(struct relay_route *route, const char *domain, struct relay_batch *b)
{
	struct relay_destination *d = find(route, domain);
	uint64_t now_s = relay_now();

	d->used_at = now_s;
	if (d->blocked_until > now_s) {
		relay_batch_put_back(b, d->blocked_until, &d->failure);
		return;
	}
	if (d->waiting + b->count > RELAY_WAITING_MAX) {
		put_off(d, b);
		return;
	}
	if (d->waiting == 0) {
		d->busy_since_ms = clock_monotonic_ms();
		d->passed = 0;
	}
	d->waiting += b->count;
	if (!join(d, b)) {
		b->destination = d;
		if (d->last != NULL)
			d->last->next_waiting = b;
		else
			d->first = b;
		d->last = b;
	}
	relay_destination_pump(d);
}

void
relay_destination_return(struct relay_destination *d, struct relay_batch *b)
{
	b->destination = d;
	b->next_waiting = d->first;
	d->first = b;
	if (d->last == NULL)
		d->last = b;
	d->waiting += b->count;
}

static struct relay_batch *
take_first(struct relay_destination *d)
{
	struct relay_batch *b = d->first;

	d->first = b->next_waiting;
	if (d->first == NULL)
		d->last = NULL;
	b->next_waiting = NULL;
	d->waiting -= b->count;
	d->passed += b->count;
	return b;
}

static uint32_t
batch_count(const struct relay_destination *d, uint32_t max)
{
	uint32_t n = 0;

	for (const struct relay_batch *b = d->first; b != NULL && n < max; b = b->next_waiting)
		n++;
	return n;
}

/* Connections */

static struct relay_link *
idle_link(const struct relay_destination *d)
{
	for (struct relay_link *k = d->links; k != NULL; k = k->next)
		if (k->state == RELAY_LINK_IDLE)
			return k;
	return NULL;
}

static bool
first_may_go(const struct relay_destination *d)
{
	return d->first != NULL && relay_batch_may_load(d->first);
}

void
relay_destination_pump(struct relay_destination *d)
{
	struct relay *r = d->relay;
	/* One connection until the host answers: those that never do would have all there are. */
	uint32_t most = d->is_answering ? r->settings->per_destination : 1;
	struct relay_link *k;

	if (r->stopped != NULL)
		return;
	while (first_may_go(d) && (k = idle_link(d)) != NULL)
		relay_link_give(k, take_first(d));
	while (first_may_go(d) && d->link_count < most &&
	    d->starting_count < batch_count(d, most) &&
	    (r->link_count < r->settings->concurrent || relay_link_evict(r)))
		relay_link_new(d);
	if (d->first != NULL)
		relay_batch_prefetch(d->first);
}

/* Those served last come last, so that a full house serves all in turn. */
void
relay_destinations_pump(struct relay *r)
{
	struct relay_destination *list = r->destinations, *served = NULL, **served_end = &served;
	struct relay_destination *kept = NULL, **kept_end = &kept;

	for (struct relay_destination *d = list; d != NULL; d = d->next)
		if (d->first != NULL)
			relay_destination_pump(d);
	while (r->destinations != NULL) {
		struct relay_destination *d = r->destinations;
		struct relay_destination ***end = d->first == NULL ? &served_end : &kept_end;

		r->destinations = d->next;
		d->next = NULL;
		**end = d;
		*end = &d->next;
	}
	*kept_end = served;
	r->destinations = kept;
}

static void
log_failure(const struct relay_destination *d, const struct relay_result *why)
{
	struct log_line l;

	log_begin(&l, why->verdict == RELAY_FAILED || d->domain != NULL ? LOG_INFO : LOG_WARN,
	    "relay.destination.failed", NULL);
	log_cstr(&l, "route", d->route->name);
	log_cstr(&l, "to", d->domain != NULL ? d->domain : d->route->host);
	log_u64(&l, "failures", d->failures);
	log_u64(&l, "waiting", d->waiting);
	log_cstr(&l, "why", why->text);
	log_end(&l);
}

void
relay_destination_failed(struct relay_destination *d, const struct relay_result *why)
{
	uint64_t now_s = relay_now();
	struct relay_batch *list = d->first;

	d->failures++;
	d->is_answering = false;
	d->failure = *why;
	d->used_at = now_s;
	log_failure(d, why);
	if (d->link_count > d->starting_count)
		return;		/* others go on: perhaps the server wants no more of us */
	if (why->verdict != RELAY_FAILED)
		d->blocked_until = now_s + relay_schedule_rest(&d->relay->schedule, d->failures);
	d->first = d->last = NULL;
	d->waiting = 0;
	while (list != NULL) {
		struct relay_batch *b = list;

		list = b->next_waiting;
		b->next_waiting = NULL;
		relay_batch_conclude_with(b, why);
	}
}
