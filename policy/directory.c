#include "policy/directory_internal.h"

#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "policy/display_name.h"

static const char *const table_names[TABLE_COUNT] = {
	[TABLE_META] = "meta",
	[TABLE_DOMAIN] = "domain",
	[TABLE_ACCOUNT] = "account",
	[TABLE_ALIAS] = "alias",
	[TABLE_FETCH] = "fetch",
	[TABLE_ROUTE] = "route",
	[TABLE_PENDING_AUDIT] = "pending_audit",
	[TABLE_LIMIT] = "limit",
};

static struct slice
entry_key(const struct entry *e)
{
	return slice_make(e->key, e->key_len);
}

static void
entry_free(struct entry *e)
{
	if (e == NULL)
		return;
	mem_free(e->key);
	mem_free(e->bytes);
	mem_free(e);
}

static enum status
entry_decode(unsigned table, struct slice value, struct entry *e)
{
	switch (table) {
	case TABLE_DOMAIN:
		return domain_record_decode(value, &e->u.domain);
	case TABLE_ACCOUNT:
		return account_record_decode(value, &e->u.account);
	case TABLE_ALIAS:
		return alias_record_decode(value, &e->u.alias);
	case TABLE_FETCH:
		return fetch_record_decode(value, &e->u.fetch);
	case TABLE_ROUTE:
		return route_record_decode(value, &e->u.route);
	case TABLE_PENDING_AUDIT:
		return pending_audit_record_decode(value, &e->u.pending);
	}
	return STATUS_CORRUPT;
}

/* Where key is in the list, or belongs. */
static size_t
list_find(const struct list *l, struct slice key, bool *found)
{
	size_t low = 0, high = l->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_compare(entry_key(l->entries[middle]), key);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
directory_list_seek(const struct list *l, struct slice key)
{
	bool found;

	return list_find(l, key, &found);
}

struct entry *
directory_list_get(const struct list *l, struct slice key)
{
	bool found;
	size_t at = list_find(l, key, &found);

	return found ? l->entries[at] : NULL;
}

void
directory_list_put(struct list *l, struct entry *e)
{
	bool found;
	size_t at = list_find(l, entry_key(e), &found);

	if (found) {
		entry_free(l->entries[at]);
		l->entries[at] = e;
		return;
	}
	if (l->count == l->cap) {
		l->cap = l->cap > 0 ? l->cap * 2 : 16;
		l->entries = mem_resize(l->entries, l->cap, sizeof(*l->entries));
	}
	memmove(l->entries + at + 1, l->entries + at, (l->count - at) * sizeof(*l->entries));
	l->entries[at] = e;
	l->count++;
}

void
directory_list_remove(struct list *l, struct slice key)
{
	bool found;
	size_t at = list_find(l, key, &found);

	if (!found)
		return;
	entry_free(l->entries[at]);
	memmove(l->entries + at, l->entries + at + 1, (l->count - at - 1) * sizeof(*l->entries));
	l->count--;
}

static void
people_free(void *value)
{
	struct people *p = value;

	mem_free(p->ids);
	mem_free(p);
}

static void
index_name(struct directory *d, struct slice name, uint32_t id)
{
	struct buf key = buf_init(DISPLAY_NAME_KEY_MAX);
	struct people *p;

	if (display_name_key(name, &key) != STATUS_OK || key.len == 0)
		goto out;
	p = table_get(d->by_name, buf_slice(&key));
	if (p == NULL) {
		p = mem_new(struct people);
		(void)table_put(d->by_name, buf_slice(&key), p);
	}
	if (p->count > 0 && p->ids[p->count - 1] == id)
		goto out;	/* two names of one person with one key */
	p->ids = mem_resize(p->ids, p->count + 1, sizeof(*p->ids));
	p->ids[p->count++] = id;
out:
	buf_clear(&key);
}

void
directory_index_accounts(struct directory *d)
{
	const struct list *l = &d->lists[TABLE_ACCOUNT];

	table_free(&d->by_login, NULL);
	table_free(&d->by_name, people_free);
	d->by_login = table_new();
	d->by_name = table_new();
	for (size_t i = 0; i < l->count; i++) {
		const struct account_record *r = &l->entries[i]->u.account;

		(void)table_put(d->by_login, r->login, l->entries[i]);
		for (uint16_t n = 0; n < r->name_count; n++)
			index_name(d, r->names[n], r->id);
		for (uint16_t n = 0; n < r->nick_count; n++)
			index_name(d, r->nicks[n], r->id);
	}
}

struct directory *
directory_new(void)
{
	struct directory *d = mem_new(struct directory);

	d->next_account = 1;
	d->next_fetch = 1;
	d->next_route = 1;
	d->next_audit = 1;
	d->fetching_held = 1;
	(void)pthread_mutex_init(&d->lock, NULL);
	directory_index_accounts(d);
	return d;
}

void
directory_close(struct directory **directory)
{
	struct directory *d = *directory;

	if (d == NULL)
		return;
	*directory = NULL;
	for (size_t t = 0; t < TABLE_LOADED; t++) {
		for (size_t i = 0; i < d->lists[t].count; i++)
			entry_free(d->lists[t].entries[i]);
		mem_free(d->lists[t].entries);
	}
	table_free(&d->by_login, NULL);
	table_free(&d->by_name, people_free);
	env_close(&d->env);
	(void)pthread_mutex_destroy(&d->lock);
	mem_free(d);
}

struct entry *
directory_entry_make(unsigned table, struct slice key, struct slice value)
{
	struct entry *e = mem_new(struct entry);

	e->key = mem_dup(key);
	e->key_len = key.len;
	e->bytes = mem_dup(value);
	if (entry_decode(table, slice_make(e->bytes, value.len), e) == STATUS_OK)
		return e;
	entry_free(e);
	return NULL;
}

static enum status
load_table(struct directory *d, struct txn *t, unsigned table, struct problem *why)
{
	struct cursor *c = NULL;
	struct slice key = SLICE(""), value;
	enum status st = cursor_open(t, table, &c, why);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, slice_make("\0", 1), &key, &value, why);
	while (st == STATUS_OK || (st == STATUS_CORRUPT && key.len > 0)) {
		struct entry *e = st == STATUS_OK ? directory_entry_make(table, key, value) : NULL;

		/* A damaged record costs that record only. */
		if (e == NULL)
			log_event(LOG_ERROR, "directory.record.damaged", NULL, "table",
			    table_names[table]);
		else
			directory_list_put(&d->lists[table], e);
		key = SLICE("");
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	if (st == STATUS_CORRUPT)
		problem_set(why, "the directory's pages are damaged: restore a backup");
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

static enum status
load(struct directory *d, struct problem *why)
{
	uint64_t account = 1, fetch = 1, route = 1;
	struct txn *t = NULL;
	enum status st = txn_begin_read(d->env, &t, why);

	if (st != STATUS_OK)
		return st;
	st = directory_version_check(t, why);
	for (unsigned table = TABLE_DOMAIN; st == STATUS_OK && table < TABLE_LOADED; table++)
		st = load_table(d, t, table, why);
	if (st == STATUS_OK)
		st = directory_number_get(t, SLICE("account"), &account, why);
	if (st == STATUS_OK)
		st = directory_number_get(t, SLICE("fetch"), &fetch, why);
	if (st == STATUS_OK)
		st = directory_number_get(t, SLICE("route"), &route, why);
	if (st == STATUS_OK)
		st = directory_number_get(t, SLICE("audit"), &d->next_audit, why);
	if (st == STATUS_OK)
		st = directory_number_get(t, SLICE("fetching_held"), &d->fetching_held, why);
	txn_abort(&t);
	d->next_account = (uint32_t)account;
	d->next_fetch = (uint32_t)fetch;
	d->next_route = (uint32_t)route;
	directory_index_accounts(d);
	return st;
}

static enum status
open_as(const char *path, enum env_mode mode, struct directory **out, struct problem *why)
{
	struct directory *d = directory_new();
	enum status st = env_open(path, mode, table_names, TABLE_COUNT, &d->env, why);

	if (st == STATUS_OK)
		st = load(d, why);
	if (st != STATUS_OK) {
		directory_close(&d);
		return st;
	}
	*out = d;
	return STATUS_OK;
}

enum status
directory_open(const char *path, struct directory **out, struct problem *why)
{
	return open_as(path, ENV_WRITE, out, why);
}

enum status
directory_read(const char *path, struct directory **out, struct problem *why)
{
	return open_as(path, ENV_READ, out, why);
}

static struct entry *
by_id(const struct directory *d, unsigned table, uint32_t id)
{
	uint8_t key[4];

	store_u32be(key, id);
	return directory_list_get(&d->lists[table], slice_make(key, sizeof(key)));
}

const struct domain_record *
directory_domain(const struct directory *d, struct slice name)
{
	const struct entry *e = directory_list_get(&d->lists[TABLE_DOMAIN], name);

	return e != NULL ? &e->u.domain : NULL;
}

const struct domain_record *
directory_default_domain(const struct directory *d)
{
	const struct list *l = &d->lists[TABLE_DOMAIN];

	for (size_t i = 0; i < l->count; i++)
		if (l->entries[i]->u.domain.is_default)
			return &l->entries[i]->u.domain;
	return NULL;
}

const struct account_record *
directory_account(const struct directory *d, uint32_t id)
{
	const struct entry *e = by_id(d, TABLE_ACCOUNT, id);

	return e != NULL ? &e->u.account : NULL;
}

const struct account_record *
directory_account_by_login(const struct directory *d, struct slice login)
{
	const struct entry *e = table_get(d->by_login, login);

	return e != NULL ? &e->u.account : NULL;
}

const struct account_record *
directory_postmaster(const struct directory *d)
{
	const struct list *l = &d->lists[TABLE_ACCOUNT];
	const struct account_record *first = NULL;

	for (size_t i = 0; i < l->count; i++) {
		const struct account_record *r = &l->entries[i]->u.account;

		if (!r->is_enabled)
			continue;
		if (r->is_admin)
			return r;
		if (first == NULL)
			first = r;
	}
	return first;
}

const struct alias_record *
directory_alias(const struct directory *d, struct slice address)
{
	const struct entry *e = directory_list_get(&d->lists[TABLE_ALIAS], address);

	return e != NULL ? &e->u.alias : NULL;
}

const struct fetch_record *
directory_fetch(const struct directory *d, uint32_t id)
{
	const struct entry *e = by_id(d, TABLE_FETCH, id);

	return e != NULL ? &e->u.fetch : NULL;
}

const struct fetch_record *
directory_fetch_by_name(const struct directory *d, struct slice name)
{
	const struct list *l = &d->lists[TABLE_FETCH];

	for (size_t i = 0; i < l->count; i++)
		if (slice_equal(l->entries[i]->u.fetch.name, name))
			return &l->entries[i]->u.fetch;
	return NULL;
}

const struct fetch_record *
directory_shared(const struct directory *d, struct slice address)
{
	const struct list *l = &d->lists[TABLE_FETCH];

	if (address.len == 0)
		return NULL;
	for (size_t i = 0; i < l->count; i++)
		if (slice_equal(l->entries[i]->u.fetch.shared, address))
			return &l->entries[i]->u.fetch;
	return NULL;
}

const struct route_record *
directory_route(const struct directory *d, uint32_t id)
{
	const struct entry *e = by_id(d, TABLE_ROUTE, id);

	return e != NULL ? &e->u.route : NULL;
}

const struct route_record *
directory_route_by_name(const struct directory *d, struct slice name)
{
	const struct list *l = &d->lists[TABLE_ROUTE];

	for (size_t i = 0; i < l->count; i++)
		if (slice_equal(l->entries[i]->u.route.name, name))
			return &l->entries[i]->u.route;
	return NULL;
}

bool
directory_is_outside_address(const struct directory *d, struct slice address)
{
	const struct list *l = &d->lists[TABLE_ACCOUNT];

	for (size_t i = 0; i < l->count && address.len > 0; i++)
		if (slice_equal(l->entries[i]->u.account.outside_address, address))
			return true;
	return directory_shared(d, address) != NULL;
}

size_t
directory_domain_count(const struct directory *d)
{
	return d->lists[TABLE_DOMAIN].count;
}

const struct domain_record *
directory_domain_at(const struct directory *d, size_t i)
{
	return &d->lists[TABLE_DOMAIN].entries[i]->u.domain;
}

size_t
directory_account_count(const struct directory *d)
{
	return d->lists[TABLE_ACCOUNT].count;
}

const struct account_record *
directory_account_at(const struct directory *d, size_t i)
{
	return &d->lists[TABLE_ACCOUNT].entries[i]->u.account;
}

size_t
directory_alias_count(const struct directory *d)
{
	return d->lists[TABLE_ALIAS].count;
}

const struct alias_record *
directory_alias_at(const struct directory *d, size_t i)
{
	return &d->lists[TABLE_ALIAS].entries[i]->u.alias;
}

size_t
directory_fetch_count(const struct directory *d)
{
	return d->lists[TABLE_FETCH].count;
}

const struct fetch_record *
directory_fetch_at(const struct directory *d, size_t i)
{
	return &d->lists[TABLE_FETCH].entries[i]->u.fetch;
}

size_t
directory_route_count(const struct directory *d)
{
	return d->lists[TABLE_ROUTE].count;
}

const struct route_record *
directory_route_at(const struct directory *d, size_t i)
{
	return &d->lists[TABLE_ROUTE].entries[i]->u.route;
}

struct directory_people
directory_people_named(const struct directory *d, struct slice key)
{
	const struct people *p = table_get(d->by_name, key);
	struct directory_people none = { 0 };

	return p != NULL ? (struct directory_people){ p->ids, p->count } : none;
}

void
directory_credentials(struct directory *d, struct slice name, struct credentials *out)
{
	const struct account_record *r = NULL;
	const struct domain_record *domain;
	struct buf login = buf_init(ADDRESS_LEN_MAX);

	memset(out, 0, sizeof(*out));
	(void)pthread_mutex_lock(&d->lock);
	buf_append(&login, name);
	domain = directory_default_domain(d);
	if (slice_find_byte(name, '@') == name.len && domain != NULL)
		buf_printf(&login, "@%.*s", SLICE_ARG(domain->name));
	if (buf_status(&login) == STATUS_OK)
		r = directory_account_by_login(d, buf_slice(&login));
	if (r != NULL) {
		out->account = r->id;
		out->version = r->version;
		out->is_enabled = r->is_enabled;
		memcpy(out->login, r->login.ptr, r->login.len);
		memcpy(out->verifier, r->verifier.ptr, r->verifier.len);
	}
	(void)pthread_mutex_unlock(&d->lock);
	buf_clear(&login);
}
