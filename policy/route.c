#include "policy/route.h"

#include "base/mem.h"
#include "policy/display_name.h"
#include "policy/identity.h"
#include "policy/reason.h"

static bool
has_account(const struct route_decision *r, uint32_t account)
{
	for (uint32_t i = 0; i < r->account_count; i++)
		if (r->accounts[i] == account)
			return true;
	return false;
}

static void
add_account(struct route_decision *r, uint32_t account)
{
	if (has_account(r, account))
		return;
	r->accounts = mem_resize(r->accounts, r->account_count + 1, sizeof(*r->accounts));
	r->accounts[r->account_count++] = account;
}

static void
append_login(struct buf *line, const struct directory *d, uint32_t account)
{
	const struct account_record *r = directory_account(d, account);

	if (r != NULL)
		buf_printf(line, " -> %.*s", SLICE_ARG(r->login));
	else
		buf_printf(line, " -> account %u, which is gone", account);
}

static bool
is_served(const struct directory *d, uint32_t account)
{
	const struct account_record *r = directory_account(d, account);

	return r != NULL && r->is_enabled;
}

/* ---- step 6 ---- */

static void
dispatch(const struct directory *d, const struct fetch_record *f, const char *why,
    struct route_decision *r)
{
	uint32_t account = f->dispatcher;
	struct buf line = reason_begin("dispatcher");

	/* A dispatcher who is switched off still owns the mailbox; one who is gone does not. */
	if (directory_account(d, account) == NULL) {
		const struct account_record *post = directory_postmaster(d);

		account = post != NULL ? post->id : 0;
		buf_printf(&line, " instead=postmaster");
	}
	buf_printf(&line, " why=%s", why);
	append_login(&line, d, account);
	reason_add(&r->reasons, ROUTE_REASONS_MAX, &line);
	if (account != 0)
		add_account(r, account);
}

/* ---- step 2 ---- */

static bool
follow_thread(const struct directory *d, const struct route_question *q,
    struct route_decision *r)
{
	for (uint32_t i = 0; q->authors != NULL && i < q->facts->key_count; i++) {
		struct buf line;

		if (q->authors[i] == 0 || !is_served(d, q->authors[i]))
			continue;
		line = reason_begin("thread");
		buf_printf(&line, " key=%016llx", (unsigned long long)q->facts->keys[i]);
		append_login(&line, d, q->authors[i]);
		reason_add(&r->reasons, ROUTE_REASONS_MAX, &line);
		add_account(r, q->authors[i]);
		return true;
	}
	return false;
}

/* ---- step 3 ---- */

struct names_found {
	uint32_t people;	/* names that led to somebody */
	const char *leftover;	/* why another name led to nobody; NULL: none did */
};

static struct directory_people
people_of(const struct directory *d, struct slice name)
{
	struct directory_people found = { 0 };
	struct buf key = buf_init(DISPLAY_NAME_KEY_MAX), shorter = buf_init(DISPLAY_NAME_KEY_MAX);

	if (display_name_key(name, &key) == STATUS_OK && key.len > 0)
		found = directory_people_named(d, buf_slice(&key));
	if (found.count == 0) {
		buf_reset(&key);
		display_name_without_brackets(name, &shorter);
		if (display_name_key(buf_slice(&shorter), &key) == STATUS_OK && key.len > 0)
			found = directory_people_named(d, buf_slice(&key));
	}
	buf_clear(&key);
	buf_clear(&shorter);
	return found;
}

static bool
name_says_nothing(struct slice name, struct slice address)
{
	struct buf key = buf_init(DISPLAY_NAME_KEY_MAX);
	bool empty = display_name_key(name, &key) != STATUS_OK || key.len == 0;

	buf_clear(&key);
	return empty || display_name_is_address(name, address);
}

static void
follow_name(const struct directory *d, const struct facts_address *a, struct route_decision *r,
    struct names_found *found)
{
	struct directory_people people = people_of(d, a->name);
	struct buf line = reason_begin("display-name");

	buf_printf(&line, " header=%s name=", facts_field_name(a->field));
	reason_value(&line, a->name);
	if (people.count == 1 && is_served(d, people.ids[0])) {
		append_login(&line, d, people.ids[0]);
		add_account(r, people.ids[0]);
		found->people++;
	} else if (people.count == 1) {
		append_login(&line, d, people.ids[0]);
		buf_printf(&line, ", who is switched off");
		found->leftover = "name-of-disabled";
	} else if (people.count > 1) {
		buf_printf(&line, " is the name of %zu people", people.count);
		found->leftover = "shared-name";
	} else {
		buf_printf(&line, " is nobody's name");
		found->leftover = "unknown-name";
	}
	reason_add(&r->reasons, ROUTE_REASONS_MAX, &line);
}

/* What counts as standing beside the shared address: the fields people and programs address with. */
static bool
field_addresses(uint8_t field)
{
	return field != FACTS_FROM && field != FACTS_SENDER && field != FACTS_REPLY_TO &&
	    field != FACTS_ANSWER_TO;
}

static void
follow_names(const struct directory *d, const struct route_question *q,
    const struct fetch_record *f, struct route_decision *r)
{
	struct names_found found = { 0 };

	for (uint32_t i = 0; i < q->facts->address_count; i++) {
		const struct facts_address *a = &q->facts->addresses[i];

		if (!field_addresses(a->field) || !slice_equal(a->address, f->shared) ||
		    name_says_nothing(a->name, a->address))
			continue;
		follow_name(d, a, r, &found);
	}
	if (found.leftover != NULL)
		dispatch(d, f, found.leftover, r);
	else if (found.people == 0)
		dispatch(d, f, "no-name", r);
}

static void
follow_shared(const struct directory *d, const struct route_question *q,
    const struct fetch_record *f, struct route_decision *r)
{
	if (!follow_thread(d, q, r))
		follow_names(d, q, f, r);
}

/* ---- step 1 ---- */

static enum status
follow_recipient(const struct directory *d, const struct route_question *q,
    struct slice recipient, struct route_decision *r)
{
	struct identity i = identity_find(d, recipient);
	uint32_t account;

	if (i.kind == IDENTITY_SHARED) {
		follow_shared(d, q, i.fetch, r);
		return STATUS_OK;
	}
	if (i.kind != IDENTITY_PEOPLE)
		return STATUS_ABSENT;
	for (uint32_t n = 0; (account = identity_account(&i, n)) != 0; n++) {
		struct buf line = reason_begin("recipient");

		buf_printf(&line, " by=%s address=", i.how);
		reason_value(&line, recipient);
		append_login(&line, d, account);
		reason_add(&r->reasons, ROUTE_REASONS_MAX, &line);
		if (directory_account(d, account) != NULL)
			add_account(r, account);
	}
	return STATUS_OK;
}

static enum status
follow_fetch(const struct directory *d, const struct route_question *q,
    struct route_decision *r)
{
	const struct fetch_record *f = q->fetch;
	struct buf line;

	if (f->shared.len > 0) {
		follow_shared(d, q, f, r);
		return STATUS_OK;
	}
	if (directory_account(d, f->for_account) == NULL)
		return STATUS_ABSENT;
	line = reason_begin("recipient");
	buf_printf(&line, " by=fetch address=");
	reason_value(&line, f->name);
	append_login(&line, d, f->for_account);
	reason_add(&r->reasons, ROUTE_REASONS_MAX, &line);
	add_account(r, f->for_account);
	return STATUS_OK;
}

bool
route_needs_thread(const struct directory *d, const struct route_question *q)
{
	if (q->facts->key_count == 0)
		return false;
	if (q->fetch != NULL)
		return q->fetch->shared.len > 0;
	for (uint32_t i = 0; i < q->recipient_count; i++)
		if (identity_find(d, q->recipients[i]).kind == IDENTITY_SHARED)
			return true;
	return false;
}

enum status
route_decide(const struct directory *d, const struct route_question *q,
    struct route_decision *out)
{
	struct route_decision r = { .reasons = buf_init(ROUTE_REASONS_MAX) };
	enum status st = STATUS_OK;

	if (q->fetch != NULL)
		st = follow_fetch(d, q, &r);
	for (uint32_t i = 0; st == STATUS_OK && i < q->recipient_count; i++)
		st = follow_recipient(d, q, q->recipients[i], &r);
	if (st == STATUS_OK && r.account_count == 0)
		st = STATUS_ABSENT;
	if (st != STATUS_OK) {
		route_decision_clear(&r);
		return st;
	}
	*out = r;
	return STATUS_OK;
}

void
route_decision_clear(struct route_decision *r)
{
	mem_free(r->accounts);
	r->accounts = NULL;
	r->account_count = 0;
	buf_clear(&r->reasons);
}
