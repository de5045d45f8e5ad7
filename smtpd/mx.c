#include "smtpd/mx.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/idn.h"
#include "base/mem.h"

struct mx_search {
	struct dns_call *call;
	char *domain;
	struct mx_own own;
	void (*done)(void *ctx, const struct mx_list *list, const struct relay_result *why);
	void *ctx;
};

static bool
is_own(const struct mx_own *own, struct slice host)
{
	for (size_t i = 0; i < ARRAY_LEN(own->names); i++)
		if (own->names[i].len > 0 && slice_equal_nocase(own->names[i], host))
			return true;
	return false;
}

static void
add_host(struct mx_list *out, struct slice name)
{
	if (name.len == 0 || out->count == DNS_HOSTS_MAX ||
	    name.len >= sizeof(out->hosts[0].name))
		return;
	memcpy(out->hosts[out->count].name, name.ptr, name.len);
	out->hosts[out->count++].name[name.len] = '\0';
}

/* Those of the list from first on that have the same preference. */
static uint32_t
equals(const struct dns_mx *list, uint32_t count, uint32_t first)
{
	uint32_t n = 1;

	while (first + n < count && list[first + n].preference == list[first].preference)
		n++;
	return n;
}

void
mx_arrange(const struct dns_mx *list, uint32_t count, const struct mx_own *own,
    uint64_t (*random)(void), struct mx_list *out)
{
	*out = (struct mx_list){ 0 };
	if (count > DNS_HOSTS_MAX)
		count = DNS_HOSTS_MAX;
	for (uint32_t first = 0, n; first < count; first += n) {
		struct slice group[DNS_HOSTS_MAX];

		n = equals(list, count, first);
		for (uint32_t i = 0; i < n; i++) {
			group[i] = list[first + i].host;
			if (is_own(own, group[i]))
				return;		/* what is no better would send it back to us */
		}
		for (uint32_t i = n; i > 0; i--) {
			uint32_t pick = (uint32_t)(random() % i);

			add_host(out, group[pick]);
			group[pick] = group[i - 1];
		}
	}
}

static void
search_free(struct mx_search *m)
{
	mem_free(m->domain);
	mem_free(m);
}

static void
tell(struct mx_search *m, const struct mx_list *list, const struct relay_result *why)
{
	void (*done)(void *ctx, const struct mx_list *list, const struct relay_result *why) =
	    m->done;
	void *ctx = m->ctx;

	search_free(m);
	done(ctx, list, why);
}

static void
tell_nobody(struct mx_search *m, const char *enhanced, const char *text)
{
	struct relay_result r;
	struct buf words = buf_init(1024);

	buf_printf(&words, "%s: %s", m->domain, text);
	r = relay_result_make(enhanced, buf_slice(&words));
	buf_clear(&words);
	tell(m, NULL, &r);
}

static void
on_mx(void *ctx, enum status st, const struct dns_mx *found, uint32_t count,
    const struct problem *why)
{
	struct mx_search *m = ctx;
	struct mx_list list = { 0 };

	m->call = NULL;
	if (st == STATUS_ABSENT) {
		tell_nobody(m, "5.1.2", "there is no such domain");
	} else if (st == STATUS_SYNTAX) {
		tell_nobody(m, "5.1.2", "this is no name that a domain can have");
	} else if (st != STATUS_OK) {
		tell_nobody(m, "4.4.3", why->text);
	} else if (count == 1 && found[0].host.len == 0) {
		tell_nobody(m, "5.1.10", "the domain says that it takes no mail (null MX)");
	} else if (count > 0) {
		mx_arrange(found, count, &m->own, id_random_u64, &list);
		if (list.count == 0)
			tell_nobody(m, "5.4.6", "the best mail exchanger is this server itself, "
			    "which does not know the domain");
		else
			tell(m, &list, NULL);
	} else {
		list.is_implicit = true;
		add_host(&list, slice_from_cstr(m->domain));
		tell(m, &list, NULL);
	}
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]": no name, but an address (RFC 5321 s.4.1.3). */
static void
on_literal(void *ctx, enum status st, const struct dns_address *list, uint32_t count,
    const struct problem *why)
{
	struct mx_search *m = ctx;
	struct mx_list out = { .is_implicit = true };

	(void)why;
	m->call = NULL;
	if (st != STATUS_OK || count == 0) {
		tell_nobody(m, "5.1.2", "this is no address");
		return;
	}
	add_host(&out, slice_from_cstr(list[0].text));
	tell(m, &out, NULL);
}

static bool
is_numeric(struct slice s)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	char text[DNS_ADDRESS_TEXT] = "";

	if (s.len >= sizeof(text))
		return false;
	memcpy(text, s.ptr, s.len);
	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

struct mx_search *
mx_search_start(struct dns *dns, struct slice domain, const struct mx_own *own,
    void (*done)(void *ctx, const struct mx_list *list, const struct relay_result *why),
    void *ctx)
{
	struct mx_search *m = mem_new(struct mx_search);
	struct buf labels = buf_init(domain.len + DNS_NAME_MAX);

	/* Without mail exchangers it is the name of a host, which certificates have in A-labels. */
	m->domain = mem_dup(idn_domain(domain, &labels) == STATUS_OK ? buf_slice(&labels) : domain);
	m->own = *own;
	m->done = done;
	m->ctx = ctx;
	if (slice_starts(domain, SLICE("[")) && slice_ends(domain, SLICE("]"))) {
		domain = slice_sub(domain, 1, domain.len - 2);
		if (slice_starts_nocase(domain, SLICE("IPv6:")))
			domain = slice_skip(domain, 5);
		if (!is_numeric(domain))
			domain = SLICE("");	/* is told as no address */
		m->call = dns_addresses(dns, domain, on_literal, m);
	} else {
		m->call = dns_mx(dns, domain, on_mx, m);
	}
	buf_clear(&labels);
	return m;
}

void
mx_search_cancel(struct mx_search **mp)
{
	struct mx_search *m = *mp;

	*mp = NULL;
	if (m == NULL)
		return;
	dns_cancel(&m->call);
	search_free(m);
}
