#include "policy/addressees.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "policy/directory.h"

struct addressees {
	struct directory *directory;
};

enum status
addressees_open(const char *path, struct addressees **out, struct problem *why)
{
	struct directory *d;
	enum status st = directory_read(path, &d, why);

	if (st != STATUS_OK)
		return st;
	*out = mem_new(struct addressees);
	(*out)->directory = d;
	return STATUS_OK;
}

void
addressees_close(struct addressees **pp)
{
	struct addressees *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	directory_close(&p->directory);
	mem_free(p);
}

struct slice
addressees_login(const struct addressees *p, uint32_t account)
{
	const struct account_record *a = directory_account(p->directory, account);

	return a == NULL ? SLICE("") : a->login;
}

static uint32_t
by_outside_address(const struct directory *d, struct slice address)
{
	for (size_t i = 0; i < directory_account_count(d); i++) {
		const struct account_record *a = directory_account_at(d, i);

		if (a->outside_address.len > 0 && slice_equal_nocase(a->outside_address, address))
			return a->id;
	}
	return 0;
}

uint32_t
addressees_find(const struct addressees *p, struct slice address, unsigned i)
{
	const struct account_record *a;
	const struct alias_record *alias;
	char lower[ADDRESS_LEN_MAX] = "";
	struct slice name = slice_make(lower, address.len);

	if (address.len > sizeof(lower))
		return 0;
	for (size_t n = 0; n < address.len; n++)
		lower[n] = ascii_lower(address.ptr[n]);
	a = directory_account_by_login(p->directory, name);
	if (a != NULL)
		return i == 0 ? a->id : 0;
	alias = directory_alias(p->directory, name);
	if (alias != NULL)
		return i < alias->account_count ? alias->accounts[i] : 0;
	return i == 0 ? by_outside_address(p->directory, name) : 0;
}

uint32_t
addressees_postmaster(const struct addressees *p)
{
	const struct account_record *a = directory_postmaster(p->directory);

	return a == NULL ? 0 : a->id;
}
