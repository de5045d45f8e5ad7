#include "fetchd/account.h"

#include "base/mem.h"

static void
own(struct slice *s)
{
	s->ptr = mem_dup(*s);
}

struct account *
account_new(const struct policy_fetch *from)
{
	struct account *a = mem_new(struct account);

	a->fetch = *from;
	own(&a->fetch.name);
	own(&a->fetch.host);
	own(&a->fetch.user);
	own(&a->fetch.ca_path);
	return a;
}

static void
disown(struct slice *s)
{
	mem_free((void *)(uintptr_t)s->ptr);
	*s = SLICE("");
}

void
account_free(struct account **a)
{
	if (*a == NULL)
		return;
	disown(&(*a)->fetch.name);
	disown(&(*a)->fetch.host);
	disown(&(*a)->fetch.user);
	disown(&(*a)->fetch.ca_path);
	mem_free(*a);
	*a = NULL;
}

bool
account_checks_certificate(const struct account *a)
{
	return a->fetch.checks_certificate &&
	    (a->fetch.protocol != FETCH_POP3 || a->fetch.ca_path.len > 0);
}
