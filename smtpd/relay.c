#include "smtpd/relay.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "smtpd/relay_internal.h"

#define HOSTNAME_MAX 255
#define OWN_MAX 64		/* addresses of this machine */
#define POLL_S 60		/* due entries are asked for at least so often */
#define BUSY_S 2		/* stored did not answer */
#define SWEEP_MS 10000
#define STOP_MS 10000

static void take(struct relay *r);

uint64_t
relay_now(void)
{
	return clock_now_s();
}

/* Taking */

static void
accept_item(struct relay *r, const struct queue_item *item)
{
	uint8_t key[8];

	/* After a connection to stored was lost, it gives again what we still have in hand. */
	store_u64be(key, item->id);
	if (table_get(r->entries, slice_make(key, sizeof(key))) != NULL)
		return;
	if (item->owed != QUEUE_OWES_MAIL)
		relay_owed_add(r, item);
	else
		relay_route_place(r, relay_batch_new(r, item));
}

void
relay_wake_at(struct relay *r, uint64_t at_s)
{
	uint64_t now_s = relay_now();

	/* A clock that was set back must not make mail wait for ever. */
	if (r->wake_at != 0 && r->wake_at <= at_s && r->wake_at <= now_s + POLL_S)
		return;
	r->wake_at = at_s <= now_s ? now_s + 1 : at_s;
	if (r->wake_at > now_s + POLL_S)
		r->wake_at = now_s + POLL_S;
	timer_set(r->take_timer, (r->wake_at - now_s) * 1000);
}

static void
on_taken(void *ctx, enum status st, const struct queue_item *items, uint32_t count,
    uint64_t next_due_at)
{
	struct relay *r = ctx;
	bool is_full = st == STATUS_OK && count == r->take_asked;

	r->take_call = 0;
	if (st != STATUS_OK) {
		relay_wake_at(r, relay_now() + BUSY_S);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		accept_item(r, &items[i]);
	relay_owed_tell(r);
	relay_wake_at(r, next_due_at == 0 ? UINT64_MAX : next_due_at);
	if (is_full || r->take_again)
		take(r);
}

static void
take(struct relay *r)
{
	size_t held = table_count(r->entries);
	size_t room = held < RELAY_ENTRIES_MAX ? RELAY_ENTRIES_MAX - held : 0;

	r->take_again = r->take_call != 0 || room < RELAY_TAKE_MIN;
	if (r->take_again || r->stopped != NULL)
		return;
	r->take_asked = room < QUEUE_TAKE_MAX ? (uint32_t)room : QUEUE_TAKE_MAX;
	r->take_call = queue_take(r->queue, r->take_asked, relay_now(), on_taken, r);
}

static void
on_due(void *ctx)
{
	take(ctx);
}

static void
on_take_timer(void *ctx)
{
	struct relay *r = ctx;

	r->wake_at = 0;
	/* Should the answer never come, the timer does. */
	relay_wake_at(r, UINT64_MAX);
	take(r);
}

void
relay_entry_ended(struct relay *r)
{
	if (r->take_again && r->take_call == 0)
		take(r);
}

/* Beginning */

static void
sweep(void *ctx)
{
	struct relay *r = ctx;

	relay_destinations_sweep(r);
	relay_destinations_pump(r);	/* memory for texts may have become free */
	timer_set(r->sweep_timer, SWEEP_MS);
}

static void
find_hostname(struct relay *r)
{
	const struct relay_settings *settings = r->settings;
	char machine[HOSTNAME_MAX + 1] = "";

	r->hostname = buf_init(HOSTNAME_MAX);
	r->mail_hostname = buf_init(HOSTNAME_MAX + 5);
	r->domain = slice_from_cstr(settings->domain);
	if (settings->smtp_hostname[0] != '\0')
		(void)buf_append(&r->mail_hostname, slice_from_cstr(settings->smtp_hostname));
	else if (r->domain.len > 0)
		buf_printf(&r->mail_hostname, "mail.%s", settings->domain);
	if (settings->hostname[0] != '\0')
		(void)buf_append(&r->hostname, slice_from_cstr(settings->hostname));
	else if (settings->smtp_hostname[0] != '\0')
		(void)buf_append(&r->hostname, slice_from_cstr(settings->smtp_hostname));
	else if (r->domain.len > 0)
		(void)buf_append(&r->hostname, r->domain);
	else if (gethostname(machine, sizeof(machine) - 1) == 0)
		(void)buf_append(&r->hostname, slice_from_cstr(machine));
	if (!dns_name_is_valid(buf_slice(&r->hostname))) {
		buf_reset(&r->hostname);
		(void)buf_append(&r->hostname, SLICE("localhost"));
	}
}

/* We are in its run/: what is left without that word is the instance. */
static void
find_instance(struct relay *r)
{
	char folder[PATH_MAX];
	struct slice path = slice_from_cstr(getcwd(folder, sizeof(folder)));

	r->instance = buf_init(PATH_MAX);
	(void)buf_append(&r->instance, slice_sub(path, 0, slice_find_last_byte(path, '/') + 1));
}

/* Addresses of this machine: a mail exchanger that has one of them is a loop. */
static void
find_own_addresses(struct relay *r)
{
	struct ifaddrs *list = NULL;

	r->own = mem_array(struct dns_address, OWN_MAX);
	if (getifaddrs(&list) != 0)
		return;
	for (const struct ifaddrs *i = list; i != NULL && r->own_count < OWN_MAX; i = i->ifa_next) {
		const struct sockaddr *a = i->ifa_addr;
		const void *bytes;

		if (a == NULL || (a->sa_family != AF_INET && a->sa_family != AF_INET6))
			continue;
		bytes = a->sa_family == AF_INET
		    ? (const void *)&((const struct sockaddr_in *)(const void *)a)->sin_addr
		    : (const void *)&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
		if (inet_ntop(a->sa_family, bytes, r->own[r->own_count].text,
		    DNS_ADDRESS_TEXT) != NULL)
			r->own_count++;
	}
	freeifaddrs(list);
}

enum status
relay_new(struct loop *l, const struct relay_settings *settings, struct relay **out,
    struct problem *why)
{
	struct relay *r = mem_new(struct relay);
	enum status st = dns_new(l, slice_from_cstr(settings->dns_server), &r->dns, why);

	if (st != STATUS_OK) {
		mem_free(r);
		return st;
	}
	r->loop = l;
	r->settings = settings;
	r->schedule = (struct relay_schedule){ settings->retry_first_s, settings->retry_max_s,
		settings->delay_notice_s, settings->expire_s };
	find_hostname(r);
	find_instance(r);
	find_own_addresses(r);
	r->entries = table_new();
	r->settle_timer = timer_new(l, relay_settle_again, r);
	r->take_timer = timer_new(l, on_take_timer, r);
	r->sweep_timer = timer_new(l, sweep, r);
	timer_set(r->sweep_timer, SWEEP_MS);
	timer_set(r->take_timer, 0);
	r->policy = policy_client_new(l, "policy.sock", NULL, NULL);
	r->queue = queue_client_new(l, "store-queue.sock", on_due, r);
	*out = r;
	return STATUS_OK;
}

/* The end */

void
relay_check_stopped(struct relay *r)
{
	void (*stopped)(void *ctx) = r->stopped;
	bool is_telling = false;

	if (stopped == NULL || r->link_count > 0 || r->settling > 0)
		return;
	for (const struct relay_notice *n = r->notices; n != NULL; n = n->next)
		is_telling = is_telling || n->call != 0;
	if (!is_telling)
		stopped(r->stopped_ctx);
}

static void
stop_now(void *ctx)
{
	struct relay *r = ctx;

	log_event(LOG_WARN, "relay.stop.forced", NULL, "why", "a server did not answer in time");
	r->stopped(r->stopped_ctx);
}

void
relay_stop(struct relay *r, void (*stopped)(void *ctx), void *ctx)
{
	if (r->stopped != NULL) {
		stopped(ctx);	/* told twice: now */
		return;
	}
	r->stopped = stopped;
	r->stopped_ctx = ctx;
	timer_stop(r->take_timer);
	if (r->take_call != 0)
		queue_cancel(r->queue, r->take_call);
	r->take_call = 0;
	for (struct relay_destination *d = r->destinations; d != NULL; d = d->next)
		for (struct relay_link *k = d->links, *next; k != NULL; k = next) {
			next = k->next;
			if (k->session == NULL || !relay_session_is_deciding(k->session))
				relay_link_free(k);
		}
	r->stop_timer = timer_new(r->loop, stop_now, r);
	timer_set(r->stop_timer, STOP_MS);
	relay_check_stopped(r);
}

static void
free_lists(struct relay *r)
{
	while (r->notices != NULL)
		relay_notice_free(r->notices);
	while (r->destinations != NULL) {
		struct relay_destination *d = r->destinations;

		r->destinations = d->next;
		relay_destination_free(d);
	}
	while (r->routes != NULL) {
		struct relay_route *route = r->routes;

		r->routes = route->next;
		relay_route_free(route);
	}
	while (r->batches != NULL)
		relay_batch_free(r->batches);
}

void
relay_free(struct relay **rp)
{
	struct relay *r = *rp;

	*rp = NULL;
	if (r == NULL)
		return;
	free_lists(r);
	queue_client_free(&r->queue);
	policy_client_free(&r->policy);
	relay_tls_free(r);
	dns_free(&r->dns);
	table_free(&r->entries, NULL);
	timer_free(&r->settle_timer);
	timer_free(&r->take_timer);
	timer_free(&r->sweep_timer);
	timer_free(&r->stop_timer);
	buf_clear(&r->hostname);
	buf_clear(&r->mail_hostname);
	buf_clear(&r->instance);
	mem_free(r->own);
	mem_free(r);
}
