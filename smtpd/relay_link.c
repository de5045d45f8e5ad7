#include <unistd.h>

#include "base/idn.h"
#include "base/mem.h"
#include "net/dial.h"
#include "net/loop.h"
#include "smtpd/relay_internal.h"

#define DIAL_MS 30000
#define DIALS_MAX 12		/* addresses tried for one connection */
#define TEXT_PAUSE_S 30
#define PORT_TLS_FIRST 465	/* RFC 8314 s.3.3 */

static void next_host(struct relay_link *k);
static void next_address(struct relay_link *k);

/* Beginning and end */

static bool
is_starting(const struct relay_link *k)
{
	return k->state < RELAY_LINK_IDLE;
}

static void
set_state(struct relay_link *k, enum relay_link_state next)
{
	bool was_starting = is_starting(k);

	k->state = next;
	if (was_starting && !is_starting(k))
		k->destination->starting_count--;
}

static void
unlink_from(struct relay_link *k)
{
	struct relay_destination *d = k->destination;
	struct relay_link **at = &d->links;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	d->link_count--;
	d->relay->link_count--;
	if (is_starting(k))
		d->starting_count--;
}

void
relay_link_free(struct relay_link *k)
{
	struct relay *r = k->destination->relay;

	if (k->batch != NULL) {
		relay_batch_leave(k->batch);
		k->batch->link = NULL;
	}
	unlink_from(k);
	mx_search_cancel(&k->search);
	dns_cancel(&k->lookup);
	dial_cancel(&k->dial);
	if (k->secret_call != 0)
		policy_cancel(r->policy, k->secret_call);
	relay_session_quit(&k->session);
	relay_tls_put(k->tls_kept);
	relay_wishes_free(&k->wishes);
	timer_free(&k->idle_timer);
	mem_free(k);
}

bool
relay_link_evict(struct relay *r)
{
	for (struct relay_destination *d = r->destinations; d != NULL; d = d->next)
		for (struct relay_link *k = d->links; k != NULL; k = k->next)
			if (k->state == RELAY_LINK_IDLE) {
				relay_link_free(k);
				return true;
			}
	return false;
}

/* A host is out; the reason stays, the better one where there are two: later is better than never. */
static void
note_failure(struct relay_link *k, const struct relay_result *why, struct slice where)
{
	struct relay_result r = *why;
	struct buf text = buf_init(2 * RELAY_TEXT_MAX + 600);

	/* What a smarthost says of itself is no word on the mail. */
	if (k->destination->domain == NULL && r.verdict == RELAY_FAILED) {
		r.verdict = RELAY_LATER;
		r.enhanced[0] = '4';
	}
	if (k->has_failure && k->failure.verdict == RELAY_LATER && r.verdict == RELAY_FAILED)
		return;
	if (where.len > 0) {
		buf_printf(&text, "%.*s: %s", SLICE_ARG(where), r.text);
		relay_clean(buf_slice(&text), r.text, sizeof(r.text));
	}
	buf_clear(&text);
	k->failure = r;
	k->has_failure = true;
}

static void
note_text(struct relay_link *k, const char *enhanced, const char *where, const char *text)
{
	struct relay_result r = relay_result_make(enhanced, slice_from_cstr(text));

	note_failure(k, &r, slice_from_cstr(where));
}

/* No host is left. */
static void
give_up(struct relay_link *k)
{
	struct relay_destination *d = k->destination;
	struct relay *r = d->relay;
	struct relay_result why = k->failure;

	relay_link_free(k);
	relay_destination_failed(d, &why);
	relay_destinations_pump(r);
	relay_check_stopped(r);
}

/* The session */

static void
on_secret_known(void *ctx, enum status st, struct slice secret)
{
	struct relay_link *k = ctx;

	k->secret_call = 0;
	relay_session_secret(k->session, st == STATUS_OK ? secret : SLICE(""));
}

static void
on_secret(void *ctx)
{
	struct relay_link *k = ctx;

	k->secret_call = policy_credential(k->destination->relay->policy,
	    k->destination->route->credential, on_secret_known, k);
}

static void
on_result(void *ctx, uint32_t i, const struct relay_result *result)
{
	struct relay_link *k = ctx;
	struct relay_entry *e = k->batch->entries[i];

	e->result = *result;
	e->has_result = true;
	e->is_passed_on = relay_session_has_dsn(k->session);
}

static void
conclude(struct relay_link *k)
{
	struct relay_batch *b = k->batch;

	k->batch = NULL;
	if (b != NULL)
		relay_batch_conclude(b);
}

/* The connection ended while the text was looked for: nothing was tried. */
static void
conclude_untried(struct relay_link *k, const struct relay_result *why)
{
	struct relay_batch *b = k->batch;
	struct relay_result untried = *why;

	k->batch = NULL;
	untried.verdict = RELAY_AGAIN;
	relay_batch_leave(b);
	relay_batch_conclude_with(b, &untried);
}

/* Not needed now: kept a little, if it may be. */
static void
rest(struct relay_link *k)
{
	struct relay *r = k->destination->relay;
	const struct relay_settings *settings = r->settings;

	if (k->state != RELAY_LINK_IDLE)
		return;
	if (r->stopped != NULL || settings->idle_s == 0) {
		relay_link_free(k);
		relay_check_stopped(r);
	} else {
		timer_set(k->idle_timer, (uint64_t)settings->idle_s * 1000);
	}
}

static void
on_idle(void *ctx)
{
	struct relay_link *k = ctx;
	struct relay_destination *d = k->destination;
	struct relay *r = d->relay;

	d->failures = 0;
	d->is_answering = true;
	conclude(k);
	set_state(k, RELAY_LINK_IDLE);
	if (relay_session_count(k->session) >= r->settings->per_connection ||
	    k->generation != d->route->generation) {
		relay_link_free(k);
	} else {
		relay_destination_pump(d);
		rest(k);
	}
	relay_destinations_pump(r);
	relay_check_stopped(r);
}

/* Another host will not like a wrong password better, and the account may get locked. */
static bool
is_hopeless(const struct relay_result *why)
{
	return why->code >= 530 && why->code < 540;
}

static void
on_end(void *ctx, enum relay_end end, const struct relay_result *why)
{
	struct relay_link *k = ctx;
	struct relay_destination *d = k->destination;
	struct relay *r = d->relay;

	if (!is_starting(k)) {
		if (k->state == RELAY_LINK_LOADING)
			conclude_untried(k, why);
		else
			conclude(k);
		relay_link_free(k);
		relay_destinations_pump(r);
		relay_check_stopped(r);
		return;
	}
	note_failure(k, why, relay_session_peer(k->session));
	relay_session_free(&k->session);
	relay_tls_put(k->tls_kept);
	k->tls_kept = NULL;
	if (end == RELAY_END_TLS && d->route->tls == RELAY_TLS_TRY && !k->is_tls_off &&
	    d->route->credential == 0) {
		k->is_tls_off = true;	/* no password is at stake: the same address once more */
		k->address_at--;
	} else {
		k->is_tls_off = false;
		if (is_hopeless(why))
			k->host_at = k->hosts.count;
	}
	next_address(k);
}

static const struct relay_session_handler session_handler = { on_secret, on_idle, on_result,
	on_end };

static uint16_t
port_of(const struct relay_destination *d)
{
	return d->domain == NULL ? d->route->port : (uint16_t)d->relay->settings->mx_port;
}

static enum status
find_tls(struct relay_link *k, struct relay_peer *peer, struct problem *why)
{
	const struct relay_route *route = k->destination->route;

	if (k->is_tls_off || route->tls == RELAY_TLS_OFF) {
		peer->tls_mode = RELAY_TLS_OFF;
		return STATUS_OK;
	}
	return relay_tls_get(k->destination->relay, route->tls == RELAY_TLS_REQUIRE &&
	    route->checks_certificate, route->ca_path, &k->tls_kept, &peer->tls, why);
}

static void
begin_session(struct relay_link *k, int fd)
{
	struct relay_destination *d = k->destination;
	const struct relay_route *route = d->route;
	struct relay_peer peer = {
		.host = slice_from_cstr(k->hosts.hosts[k->host_at - 1].name),
		.address = slice_from_cstr(k->addresses[k->address_at - 1].text),
		.port = port_of(d),
		.hello = buf_slice(&d->relay->hostname),
		.is_lmtp = route->is_lmtp,
		.tls_mode = route->tls,
		.user = route->credential != 0 ? slice_from_cstr(route->user) : SLICE(""),
		.patience_s = d->relay->settings->patience_s,
	};
	struct problem why = { 0 };

	peer.is_tls_first = peer.port == PORT_TLS_FIRST && route->tls != RELAY_TLS_OFF &&
	    !k->is_tls_off;
	k->generation = route->generation;
	if (find_tls(k, &peer, &why) != STATUS_OK) {
		note_text(k, "4.7.5", k->hosts.hosts[k->host_at - 1].name, why.text);
		close(fd);
		next_address(k);
		return;
	}
	k->session = relay_session_new(d->relay->loop, fd, &peer, &session_handler, k);
	set_state(k, RELAY_LINK_STARTING);
}

/* Finding a host */

static void
on_dialed(void *ctx, enum status st, int fd, const struct problem *why)
{
	struct relay_link *k = ctx;

	k->dial = NULL;
	if (st == STATUS_OK) {
		begin_session(k, fd);
		return;
	}
	note_text(k, "4.4.1", k->hosts.hosts[k->host_at - 1].name, why->text);
	next_address(k);
}

static void
next_address(struct relay_link *k)
{
	if (k->address_at == k->address_count || k->dials == DIALS_MAX) {
		next_host(k);
		return;
	}
	k->dials++;
	set_state(k, RELAY_LINK_DIALING);
	k->dial = dial_start(k->destination->relay->loop,
	    slice_from_cstr(k->addresses[k->address_at++].text), port_of(k->destination), DIAL_MS,
	    on_dialed, k);
}

/* Sending to ourselves what we do not know would go on for ever. */
static bool
is_own_address(const struct relay *r, const char *address)
{
	if (dns_address_is_local(address))
		return true;
	for (uint32_t i = 0; i < r->own_count; i++)
		if (slice_equal(slice_from_cstr(r->own[i].text), slice_from_cstr(address)))
			return true;
	return false;
}

static void
take_addresses(struct relay_link *k, const struct dns_address *list, uint32_t count)
{
	struct relay *r = k->destination->relay;
	bool may_be_own = k->destination->domain == NULL || r->settings->mx_local;
	const char *host = k->hosts.hosts[k->host_at - 1].name;

	for (uint32_t i = 0; i < count; i++) {
		if (!may_be_own && is_own_address(r, list[i].text)) {
			/* RFC 5321 s.5.1: nor to what is no better than ourselves. */
			note_text(k, "5.4.6", host, "the mail exchanger is this server itself, "
			    "which does not know the domain");
			k->hosts.count = k->host_at;
			k->address_count = 0;
			return;
		}
		k->addresses[k->address_count++] = list[i];
	}
}

static void
on_addresses(void *ctx, enum status st, const struct dns_address *list, uint32_t count,
    const struct problem *why)
{
	struct relay_link *k = ctx;
	const char *host = k->hosts.hosts[k->host_at - 1].name;

	k->lookup = NULL;
	if (st == STATUS_OK && count > 0)
		take_addresses(k, list, count);
	else if (st == STATUS_BUSY || st == STATUS_CORRUPT)
		note_text(k, "4.4.3", host, why->text);
	else
		note_text(k, k->hosts.is_implicit ? "5.1.2" : "4.4.4", host,
		    k->hosts.is_implicit ? "the domain has neither mail exchanger nor address"
		    : "the host has no address");
	next_address(k);
}

static void
next_host(struct relay_link *k)
{
	k->address_count = k->address_at = 0;
	if (k->host_at == k->hosts.count || k->dials == DIALS_MAX) {
		give_up(k);
		return;
	}
	set_state(k, RELAY_LINK_FINDING);
	k->lookup = dns_addresses(k->destination->relay->dns,
	    slice_from_cstr(k->hosts.hosts[k->host_at++].name), on_addresses, k);
}

static void
on_hosts(void *ctx, const struct mx_list *list, const struct relay_result *why)
{
	struct relay_link *k = ctx;

	k->search = NULL;
	if (list != NULL)
		k->hosts = *list;
	else
		note_failure(k, why, SLICE(""));
	next_host(k);
}

static void
on_idle_long(void *ctx)
{
	struct relay_link *k = ctx;

	if (k->state == RELAY_LINK_IDLE)
		relay_link_free(k);
}

/* The route's host, in A-labels where it is a name that is not ASCII. */
static void
take_route_host(struct relay_link *k)
{
	struct mx_host *host = &k->hosts.hosts[0];
	struct slice name = slice_from_cstr(k->destination->route->host);
	struct buf labels = buf_init(sizeof(host->name));

	if (idn_domain(name, &labels) == STATUS_OK)
		name = buf_slice(&labels);
	relay_clean(name, host->name, sizeof(host->name));
	k->hosts.count = 1;
	buf_clear(&labels);
}

void
relay_link_new(struct relay_destination *d)
{
	struct relay *r = d->relay;
	struct relay_link *k = mem_new(struct relay_link);
	struct mx_own own = { { buf_slice(&r->hostname), buf_slice(&r->mail_hostname), r->domain } };

	k->destination = d;
	k->next = d->links;
	d->links = k;
	d->link_count++;
	d->starting_count++;
	r->link_count++;
	id_sid(k->sid);
	k->idle_timer = timer_new(r->loop, on_idle_long, k);
	if (d->domain != NULL) {
		k->search = mx_search_start(r->dns, slice_from_cstr(d->domain), &own, on_hosts, k);
		return;
	}
	take_route_host(k);
	next_host(k);
}

/* Sending */

static void
set_remote(struct relay_link *k, struct relay_batch *b)
{
	relay_clean(relay_session_peer(k->session), b->remote, sizeof(b->remote));
	relay_clean(relay_session_host(k->session), b->remote_host, sizeof(b->remote_host));
}

static void
on_loaded(struct relay_batch *b, enum status st)
{
	struct relay_link *k = b->link;
	struct relay_destination *d = k->destination;
	struct relay_result why;

	if (st == STATUS_OK) {
		set_state(k, RELAY_LINK_BUSY);
		for (uint32_t i = 0; i < b->count; i++)
			k->recipients[i] = slice_make(b->entries[i]->recipient,
			    b->entries[i]->recipient_len);
		relay_wishes_free(&k->wishes);
		k->wishes = relay_wishes_of(b);
		k->message = (struct relay_message){
			.sender = slice_make(b->sender, b->sender_len),
			.recipients = k->recipients,
			.count = b->count,
			.text = &b->text,
		};
		if (k->wishes != NULL) {
			k->message.dsn = k->wishes->mail;
			k->message.wishes = k->wishes->recipients;
		}
		relay_session_send(k->session, &k->message);
		return;
	}
	k->batch = NULL;
	set_state(k, RELAY_LINK_IDLE);
	why = relay_result_make("4.3.0", SLICE("the text cannot be had from stored"));
	relay_batch_put_back(b, relay_now() + TEXT_PAUSE_S, &why);
	relay_destination_pump(d);
	rest(k);
}

void
relay_link_give(struct relay_link *k, struct relay_batch *b)
{
	timer_stop(k->idle_timer);
	k->batch = b;
	b->link = k;
	set_remote(k, b);
	set_state(k, RELAY_LINK_LOADING);
	relay_batch_load(b, on_loaded);
}
