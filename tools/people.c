#include "tools/people.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "policy/bootstrap.h"
#include "store/former.h"
#include "store/store.h"
#include "tools/request.h"

#define DIRECTORY_PATH "../policy"
#define DEADLINE_MS 30000

struct person {
	uint32_t account;
	bool is_removed;
	char *login;
};

struct people {
	struct person *all;	/* those who were removed behind the others */
	size_t count;
};

static void
people_add(struct people *p, uint32_t account, struct slice login, bool is_removed)
{
	p->all = mem_resize(p->all, p->count + 1, sizeof(*p->all));
	p->all[p->count++] = (struct person){ account, is_removed, mem_dup(login) };
}

static void
on_user(void *ctx, const json_t *row)
{
	const char *login = json_string_value(json_object_get(row, "login"));

	if (login != NULL)
		people_add(ctx, (uint32_t)json_integer_value(json_object_get(row, "id")),
		    slice_from_cstr(login), false);
}

static bool
on_former(void *ctx, const struct former_row *row)
{
	people_add(ctx, row->account, row->login, true);
	return true;
}

static void
on_account(void *ctx, uint32_t account, struct slice login)
{
	people_add(ctx, account, login, false);
}

static enum status
read_former(struct people *p, struct store *store, struct problem *why)
{
	struct txn *t;
	enum status st = txn_begin_read(store_env(store), &t, why);

	if (st != STATUS_OK)
		return st;
	st = former_each(t, on_former, p, why);
	txn_abort(&t);
	return st;
}

enum status
people_load(const struct invocation *in, struct store *store, struct people **out,
    struct problem *why)
{
	struct people *p = mem_new(struct people);
	json_t *request = json_object();
	struct problem unused = { "" };
	enum status st;

	json_object_set_new(request, "noun", json_string("user"));
	json_object_set_new(request, "verb", json_string("list"));
	st = admin_call(in, request, DEADLINE_MS, on_user, p, &unused);
	if (st == STATUS_BUSY)	/* nobody serves the instance */
		st = bootstrap_people(DIRECTORY_PATH, on_account, p, why);
	else if (st != STATUS_OK)
		*why = unused;
	if (st == STATUS_OK)
		st = read_former(p, store, why);
	if (st == STATUS_OK)
		*out = p;
	else
		people_free(&p);
	return st;
}

void
people_free(struct people **pp)
{
	struct people *p = *pp;

	if (p == NULL)
		return;
	*pp = NULL;
	for (size_t i = 0; i < p->count; i++)
		mem_free(p->all[i].login);
	mem_free(p->all);
	mem_free(p);
}

static bool
is_called(const struct person *person, struct slice text)
{
	struct slice login = slice_from_cstr(person->login);

	if (slice_find_byte(text, '@') == text.len)
		login = slice_take_until(&login, '@');
	return slice_equal_nocase(login, text);
}

enum status
people_find(const struct people *p, struct slice text, uint32_t *account, struct problem *why)
{
	if (parse_u32(text, 1, UINT32_MAX, account) == STATUS_OK)
		return STATUS_OK;
	for (size_t i = 0; i < p->count; i++) {
		if (!is_called(&p->all[i], text))
			continue;
		*account = p->all[i].account;
		return STATUS_OK;
	}
	problem_set(why, "no user \"%.*s\", nor was there one: see mailadm user list",
	    SLICE_ARG(text));
	return STATUS_ABSENT;
}

static const struct person *
person_of(const struct people *p, uint32_t account)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->all[i].account == account)
			return &p->all[i];
	return NULL;
}

void
people_login(const struct people *p, uint32_t account, struct buf *out)
{
	const struct person *person = person_of(p, account);

	if (person != NULL)
		buf_append(out, slice_from_cstr(person->login));
	else
		buf_printf(out, "%u", account);
}

bool
people_is_removed(const struct people *p, uint32_t account)
{
	const struct person *person = person_of(p, account);

	return person == NULL || person->is_removed;
}
