#include "policy/outgoing.h"

#include "base/ascii.h"
#include "base/idn.h"
#include "policy/identity.h"
#include "policy/inside.h"

static struct slice
domain_of(struct slice address)
{
	return slice_skip(address, slice_find_last_byte(address, '@') + 1);
}

static enum outgoing_answer
identity_of_account(const struct account_record *a, struct slice sender,
    struct outgoing_identity *out)
{
	struct outgoing_identity i = { .account = a, .name = a->outside_name };

	i.address = a->outside_address;
	if (i.address.len == 0)
		i.address = sender.len > 0 ? sender : a->login;
	else if (i.name.len == 0 && a->name_count > 0)
		i.name = a->names[0];	/* beside a shared address the name is what answers go by */
	if (inside_is_internal(domain_of(i.address)))
		return OUTGOING_NO_IDENTITY;
	if (sender.len > 0)
		i.sender = i.address;
	*out = i;
	return OUTGOING_OK;
}

/* A host of the LAN: its sender is somebody of ours, or an address of ours. */
static enum outgoing_answer
identity_of_device(const struct directory *d, struct slice sender, struct outgoing_identity *out)
{
	struct identity who = identity_find(d, sender);
	uint32_t one = identity_account(&who, 0);
	struct buf form = buf_init(ADDRESS_LEN_MAX);
	bool is_outside_address;

	if (sender.len == 0) {
		*out = (struct outgoing_identity){ 0 };
		return OUTGOING_OK;
	}
	if (who.kind == IDENTITY_PEOPLE && one != 0 && identity_account(&who, 1) == 0 &&
	    directory_account(d, one) != NULL)
		return identity_of_account(directory_account(d, one), sender, out);
	is_outside_address = identity_address_form(sender, &form) == STATUS_OK &&
	    directory_is_outside_address(d, buf_slice(&form));
	buf_clear(&form);
	if (!is_outside_address && (who.kind == IDENTITY_FOREIGN ||
	    who.kind == IDENTITY_MALFORMED))
		return OUTGOING_NOT_OURS;
	if (inside_is_internal(domain_of(sender)))
		return OUTGOING_NO_IDENTITY;
	*out = (struct outgoing_identity){ .address = sender, .sender = sender };
	return OUTGOING_OK;
}

enum outgoing_answer
outgoing_identity(const struct directory *d, uint32_t account, struct slice sender,
    struct outgoing_identity *out)
{
	const struct account_record *a = directory_account(d, account);

	if (account == 0)
		return identity_of_device(d, sender, out);
	return a != NULL ? identity_of_account(a, sender, out) : OUTGOING_NO_IDENTITY;
}

static bool
is_for_sender(const struct route_record *r, const struct outgoing_identity *author,
    struct slice sender)
{
	return slice_equal_nocase(r->whom, sender) ||
	    slice_equal_nocase(r->whom, author->address) ||
	    (author->account != NULL && slice_equal(r->whom, author->account->login));
}

static bool
is_for(const struct route_record *r, const struct outgoing_identity *author, struct slice sender,
    struct slice recipient)
{
	switch ((enum route_kind)r->kind) {
	case ROUTE_FOR_SENDER:
		return is_for_sender(r, author, sender);
	case ROUTE_FOR_DOMAIN:
		return slice_equal_nocase(r->whom, domain_of(recipient));
	case ROUTE_DEFAULT:
		return true;
	case ROUTE_KIND_COUNT:
		break;
	}
	return false;
}

const struct route_record *
outgoing_route(const struct directory *d, const struct outgoing_identity *author,
    struct slice sender, struct slice recipient)
{
	static const enum route_kind order[] = { ROUTE_FOR_SENDER, ROUTE_FOR_DOMAIN,
		ROUTE_DEFAULT };

	const struct route_record *found = NULL;
	struct buf form = buf_init(recipient.len + ADDRESS_LEN_MAX);

	idn_address(recipient, &form);	/* as a route's domain is kept */
	for (size_t k = 0; k < ARRAY_LEN(order) && found == NULL; k++) {
		for (size_t i = 0; i < directory_route_count(d) && found == NULL; i++) {
			const struct route_record *r = directory_route_at(d, i);

			if (r->is_enabled && r->kind == order[k] &&
			    is_for(r, author, sender, buf_slice(&form)))
				found = r;
		}
	}
	buf_clear(&form);
	return found;
}

enum outgoing_answer
outgoing_check(const struct directory *d, uint32_t account, struct slice sender,
    struct slice recipient)
{
	struct outgoing_identity author;
	enum outgoing_answer answer = outgoing_identity(d, account, sender, &author);

	if (answer == OUTGOING_OK && outgoing_route(d, &author, sender, recipient) == NULL)
		return OUTGOING_NO_ROUTE;
	return answer;
}
