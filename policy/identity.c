#include "policy/identity.h"

#include <string.h>

#include "base/ascii.h"
#include "base/idn.h"

enum { DOMAIN_MAX = 253, LABEL_MAX = 63, LOCAL_MAX = 64 };

static bool
label_is_valid(struct slice label)
{
	if (label.len == 0 || label.len > LABEL_MAX)
		return false;
	if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!ascii_is_alnum(label.ptr[i]) && label.ptr[i] != '-')
			return false;
	return true;
}

static bool
domain_is_valid(struct slice domain)
{
	if (domain.len == 0 || domain.len > DOMAIN_MAX || domain.ptr[domain.len - 1] == '.')
		return false;
	while (domain.len > 0)
		if (!label_is_valid(slice_take_until(&domain, '.')))
			return false;
	return true;
}

static bool
local_is_valid(struct slice local)
{
	char before = '.';

	if (local.len == 0 || local.len > LOCAL_MAX)
		return false;
	for (size_t i = 0; i < local.len; i++) {
		char c = local.ptr[i];

		if (c == '.' && before == '.')
			return false;
		if (c != '.' && !ascii_is_alnum(c) &&
		    (c == '\0' || strchr("!#$%&'*+-/=?^_`{|}~", c) == NULL))
			return false;
		before = c;
	}
	return before != '.';
}

static enum status
append_lower(struct slice text, struct buf *out)
{
	size_t before = out->len;

	for (size_t i = 0; i < text.len; i++)
		buf_append_byte(out, ascii_lower(text.ptr[i]));
	if (buf_status(out) == STATUS_OK)
		return STATUS_OK;
	buf_truncate(out, before);
	return STATUS_SYNTAX;
}

enum status
identity_domain_form(struct slice text, struct buf *out)
{
	struct buf labels = buf_init(text.len + DOMAIN_MAX);
	enum status st = idn_domain(text, &labels);

	if (st == STATUS_OK && domain_is_valid(buf_slice(&labels)))
		st = append_lower(buf_slice(&labels), out);
	else
		st = STATUS_SYNTAX;
	buf_clear(&labels);
	return st;
}

enum status
identity_address_form(struct slice text, struct buf *out)
{
	struct buf labels = buf_init(text.len + DOMAIN_MAX);
	enum status st = STATUS_SYNTAX;
	size_t at;

	idn_address(text, &labels);
	text = buf_slice(&labels);
	at = slice_find_last_byte(text, '@');
	if (at < text.len && text.len <= ADDRESS_LEN_MAX &&
	    local_is_valid(slice_sub(text, 0, at)) && domain_is_valid(slice_skip(text, at + 1)))
		st = append_lower(text, out);
	buf_clear(&labels);
	return st;
}

static struct identity
of_account(const struct account_record *r, const char *how)
{
	return (struct identity){
		.kind = r->is_enabled ? IDENTITY_PEOPLE : IDENTITY_DISABLED,
		.how = how,
		.account = r,
	};
}

static struct identity
find_form(const struct directory *d, struct slice address)
{
	size_t at = slice_find_last_byte(address, '@');
	const struct account_record *account;
	struct identity i = { .kind = IDENTITY_FOREIGN };

	if (directory_domain(d, slice_skip(address, at + 1)) == NULL)
		return i;
	account = directory_account_by_login(d, address);
	if (account != NULL)
		return of_account(account, "login");
	i.alias = directory_alias(d, address);
	if (i.alias != NULL) {
		i.kind = IDENTITY_PEOPLE;
		i.how = "alias";
		return i;
	}
	i.fetch = directory_shared(d, address);
	if (i.fetch != NULL) {
		i.kind = IDENTITY_SHARED;
		i.how = "shared";
		return i;
	}
	/* RFC 5321 s.4.5.1: it must be there. */
	account = directory_postmaster(d);
	if (slice_equal(slice_sub(address, 0, at), SLICE("postmaster")) && account != NULL)
		return of_account(account, "postmaster");
	i.kind = IDENTITY_UNKNOWN;
	return i;
}

struct identity
identity_find(const struct directory *d, struct slice address)
{
	struct identity i = { .kind = IDENTITY_MALFORMED };
	struct buf form = buf_init(ADDRESS_LEN_MAX);

	const struct account_record *postmaster = directory_postmaster(d);

	/* RFC 5321 s.4.5.1: the one name that needs no domain. */
	if (slice_equal_nocase(address, SLICE("postmaster")) && postmaster != NULL)
		i = of_account(postmaster, "postmaster");
	else if (identity_address_form(address, &form) == STATUS_OK)
		i = find_form(d, buf_slice(&form));
	buf_clear(&form);
	return i;
}

uint32_t
identity_account(const struct identity *i, uint32_t index)
{
	if (i->kind != IDENTITY_PEOPLE)
		return 0;
	if (i->alias != NULL)
		return index < i->alias->account_count ? i->alias->accounts[index] : 0;
	return index == 0 ? i->account->id : 0;
}

static bool
alias_is_of(const struct directory *d, struct slice address, uint32_t account)
{
	const struct alias_record *alias = directory_alias(d, address);

	for (uint32_t i = 0; alias != NULL && i < alias->account_count; i++)
		if (alias->accounts[i] == account)
			return true;
	return false;
}

bool
identity_may_send(const struct directory *d, const struct account_record *account,
    struct slice sender)
{
	struct buf form = buf_init(ADDRESS_LEN_MAX);
	bool may = sender.len == 0;

	if (!may && identity_address_form(sender, &form) == STATUS_OK)
		may = slice_equal(buf_slice(&form), account->login) ||
		    slice_equal(buf_slice(&form), account->outside_address) ||
		    alias_is_of(d, buf_slice(&form), account->id);
	buf_clear(&form);
	return may;
}
