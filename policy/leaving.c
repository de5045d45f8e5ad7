#include "policy/leaving.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "policy/identity.h"
#include "policy/inside.h"
#include "policy/outgoing.h"
#include "policy/reason.h"

static struct slice
domain_of(struct slice address)
{
	return slice_skip(address, slice_find_last_byte(address, '@') + 1);
}

static char *
copy(struct slice s)
{
	return s.len > 0 ? mem_dup(s) : NULL;
}

/* New ids are at the identity's domain; a device that shows none gives the company's. */
static char *
id_domain(const struct directory *d, const struct outgoing_identity *who)
{
	const struct domain_record *ours = directory_default_domain(d);

	if (who->address.len > 0)
		return copy(domain_of(who->address));
	if (ours != NULL && !inside_is_internal(ours->name))
		return copy(ours->name);
	return copy(SLICE("mail.invalid"));
}

static void
add_reason(struct leaving *l, const struct outgoing_identity *who,
    const struct route_record *route, struct slice recipient)
{
	struct buf line = reason_begin("outgoing");

	buf_printf(&line, " to=");
	reason_value(&line, recipient);
	buf_printf(&line, " route=%.*s", SLICE_ARG(route->name));
	if (route->kind == ROUTE_DEFAULT)
		buf_printf(&line, " (default)");
	else
		buf_printf(&line, " (%s %.*s)", route->kind == ROUTE_FOR_DOMAIN ? "for domain" :
		    "for sender", SLICE_ARG(route->whom));
	buf_printf(&line, " as=");
	reason_value(&line, who->address.len > 0 ? who->address : SLICE("itself"));
	reason_add(&l->reasons, LEAVING_REASONS_MAX, &line);
}

static bool
has_recipient(const struct leaving *l, struct slice address)
{
	for (uint32_t i = 0; i < l->count; i++)
		if (slice_equal_nocase(l->recipients[i].address, address))
			return true;
	return false;
}

static enum status
add_outside(const struct directory *d, const struct outgoing_identity *who, struct slice sender,
    struct slice recipient, uint32_t at, struct leaving *l)
{
	const struct route_record *route = outgoing_route(d, who, sender, recipient);

	if (route == NULL)
		return STATUS_ABSENT;
	if (has_recipient(l, recipient))
		return STATUS_OK;
	l->recipients[l->count++] = (struct leaving_recipient){
		.address = recipient,
		.route = route->id,
		.credential = route->user.len > 0 ? route->id : 0,
		.at = at,
	};
	add_reason(l, who, route, recipient);
	return STATUS_OK;
}

static enum status
decide_outside(const struct directory *d, uint32_t account, struct slice sender,
    const struct slice *recipients, const uint32_t *outside, uint32_t count, struct leaving *l)
{
	struct outgoing_identity who;
	enum status st = STATUS_OK;

	if (outgoing_identity(d, account, sender, &who) != OUTGOING_OK)
		return STATUS_ABSENT;
	l->author = who.account != NULL ? who.account->id : 0;
	l->name = copy(who.name);
	l->address = copy(who.address);
	l->sender = copy(who.sender);
	l->domain = id_domain(d, &who);
	l->recipients = mem_array(struct leaving_recipient, count);
	for (uint32_t i = 0; st == STATUS_OK && i < count; i++)
		st = add_outside(d, &who, sender, recipients[outside[i]], outside[i], l);
	return st;
}

enum status
leaving_decide(const struct directory *d, uint32_t account, struct slice sender,
    const struct slice *recipients, uint32_t count, struct leaving *out)
{
	struct leaving l = { .author = account, .reasons = buf_init(LEAVING_REASONS_MAX) };
	uint32_t *outside = mem_array(uint32_t, count + 1);
	uint32_t outside_count = 0;
	enum status st = STATUS_OK;

	l.inside = mem_array(struct slice, count + 1);
	l.inside_at = mem_array(uint32_t, count + 1);
	for (uint32_t i = 0; i < count; i++) {
		if (identity_find(d, recipients[i]).kind == IDENTITY_FOREIGN) {
			outside[outside_count++] = i;
			continue;
		}
		l.inside_at[l.inside_count] = i;
		l.inside[l.inside_count++] = recipients[i];
	}
	if (outside_count > 0)
		st = decide_outside(d, account, sender, recipients, outside, outside_count, &l);
	mem_free(outside);
	if (st != STATUS_OK) {
		leaving_clear(&l);
		return st;
	}
	*out = l;
	return STATUS_OK;
}

void
leaving_clear(struct leaving *l)
{
	mem_free(l->name);
	mem_free(l->address);
	mem_free(l->sender);
	mem_free(l->domain);
	mem_free(l->inside);
	mem_free(l->inside_at);
	mem_free(l->recipients);
	buf_clear(&l->reasons);
	*l = (struct leaving){ 0 };
}

/* ---- what stands in the header ---- */

/* The one person that an address means, or NULL. */
static const struct account_record *
person_of(const struct directory *d, const struct identity *who)
{
	uint32_t account = identity_account(who, 0);

	if (who->kind == IDENTITY_DISABLED)
		return who->account;
	if (account == 0 || identity_account(who, 1) != 0)
		return NULL;
	return directory_account(d, account);
}

/* How the outside knows that address; false: as it is. */
static bool
shown_as(const struct directory *d, const struct leaving *l, struct slice address,
    struct rewrite_address *out)
{
	struct identity who = identity_find(d, address);
	const struct account_record *person = person_of(d, &who);
	struct slice name = { 0 };

	if (person != NULL) {
		name = person->outside_name.len > 0 || person->name_count == 0 ?
		    person->outside_name : person->names[0];
		if (person->id == l->author && l->address != NULL) {
			*out = (struct rewrite_address){ address, name,
				slice_from_cstr(l->address) };
			return true;
		}
		if (person->outside_address.len > 0) {
			*out = (struct rewrite_address){ address, name, person->outside_address };
			return true;
		}
	}
	/* Beside the author's address a name finds its person again, if that is a shared one. */
	if (!inside_is_internal(domain_of(address)) || l->address == NULL)
		return false;
	*out = (struct rewrite_address){ address, name, slice_from_cstr(l->address) };
	return true;
}

static bool
has_address(const struct leaving_order *o, struct slice address)
{
	for (uint32_t i = 0; i < o->order.address_count; i++)
		if (slice_equal(o->addresses[i].inside, address))
			return true;
	return false;
}

void
leaving_order(const struct directory *d, const struct leaving *l, const struct facts *facts,
    struct leaving_order *out)
{
	struct rewrite_order *o = &out->order;

	*o = (struct rewrite_order){
		.name = slice_from_cstr(l->name),
		.address = slice_from_cstr(l->address),
		.domain = slice_from_cstr(l->domain),
		.domains = out->domains,
		.addresses = out->addresses,
	};
	for (size_t i = 0; i < directory_domain_count(d) && i < REWRITE_DOMAINS_MAX; i++)
		out->domains[o->domain_count++] = directory_domain_at(d, i)->name;
	for (uint32_t i = 0; i < facts->address_count; i++) {
		struct slice address = facts->addresses[i].address;

		if (o->address_count < REWRITE_ADDRESSES_MAX && !has_address(out, address) &&
		    shown_as(d, l, address, &out->addresses[o->address_count]))
			o->address_count++;
	}
}
