#include "policy/admin_request.h"

static json_t *
domain_row(const struct directory *d, const struct domain_record *r)
{
	size_t users = 0;

	for (size_t i = 0; i < directory_account_count(d); i++) {
		struct slice login = directory_account_at(d, i)->login;

		users += slice_equal(slice_skip(login, slice_find_byte(login, '@') + 1), r->name);
	}
	return json_pack("{s:o,s:b,s:I}", "name", admin_text(r->name), "default", r->is_default,
	    "users", (json_int_t)users);
}

static enum status
absent(struct admin_request *r, struct slice name)
{
	problem_set(&r->why, "no domain \"%.*s\": add it with mailadm domain add %.*s",
	    SLICE_ARG(name), SLICE_ARG(name));
	return STATUS_ABSENT;
}

static enum status
domain_list(struct admin_request *r)
{
	const struct directory *d = r->policyd->directory;
	enum status st = admin_unpack(r, "{}");

	for (size_t i = 0; st == STATUS_OK && i < directory_domain_count(d); i++)
		admin_row(r, domain_row(d, directory_domain_at(d, i)));
	return st;
}

static enum status
write_domain(struct admin_request *r, struct slice name, bool is_default, const char *kind)
{
	struct directory *d = r->policyd->directory;
	struct domain_record domain = { .name = name, .is_default = is_default };
	struct audit_note note = {
		.kind = slice_from_cstr(kind),
		.subject = name,
		.detail = is_default ? SLICE("default=yes") : SLICE("default=no"),
	};
	enum status st = directory_put_domain(d, &domain, &note, &r->why);

	if (st == STATUS_OK)
		admin_row(r, domain_row(d, directory_domain(d, name)));
	return st;
}

static enum status
domain_add(struct admin_request *r)
{
	struct directory *d = r->policyd->directory;
	struct buf name = buf_init(ADDRESS_LEN_MAX);
	const char *text;
	int is_default = 0;
	enum status st = admin_unpack(r, "{s:s,s?b}", "name", &text, "default", &is_default);

	if (st == STATUS_OK)
		st = admin_domain_arg(r, text, &name);
	if (st == STATUS_OK && directory_domain(d, buf_slice(&name)) != NULL) {
		problem_set(&r->why, "domain \"%s\" is there already", text);
		st = STATUS_EXISTS;
	}
	if (st == STATUS_OK)
		st = write_domain(r, buf_slice(&name),
		    is_default || directory_domain_count(d) == 0, "domain.added");
	buf_clear(&name);
	return st;
}

/* The domain that the request names. */
static enum status
named(struct admin_request *r, const char *text, struct buf *name)
{
	enum status st = admin_domain_arg(r, text, name);

	if (st == STATUS_OK && directory_domain(r->policyd->directory, buf_slice(name)) == NULL)
		st = absent(r, buf_slice(name));
	return st;
}

static enum status
domain_set(struct admin_request *r)
{
	struct buf name = buf_init(ADDRESS_LEN_MAX);
	const char *text;
	int is_default;
	enum status st = admin_unpack(r, "{s:s,s:b}", "name", &text, "default", &is_default);

	if (st == STATUS_OK && !is_default) {
		problem_set(&r->why, "make another domain the default instead");
		st = STATUS_SYNTAX;
	}
	if (st == STATUS_OK)
		st = named(r, text, &name);
	if (st == STATUS_OK)
		st = write_domain(r, buf_slice(&name), true, "domain.changed");
	buf_clear(&name);
	return st;
}

static enum status
domain_show(struct admin_request *r)
{
	const struct directory *d = r->policyd->directory;
	struct buf name = buf_init(ADDRESS_LEN_MAX);
	const char *text;
	enum status st = admin_unpack(r, "{s:s}", "name", &text);

	if (st == STATUS_OK)
		st = named(r, text, &name);
	if (st == STATUS_OK)
		admin_row(r, domain_row(d, directory_domain(d, buf_slice(&name))));
	buf_clear(&name);
	return st;
}

static bool
is_in(struct slice address, struct slice domain)
{
	return slice_equal(slice_skip(address, slice_find_byte(address, '@') + 1), domain);
}

/* DENIED while somebody has an address in it. */
static enum status
check_unused(struct admin_request *r, struct slice domain)
{
	const struct directory *d = r->policyd->directory;
	struct slice user = { 0 };

	for (size_t i = 0; i < directory_account_count(d); i++)
		if (is_in(directory_account_at(d, i)->login, domain))
			user = directory_account_at(d, i)->login;
	for (size_t i = 0; i < directory_alias_count(d); i++)
		if (is_in(directory_alias_at(d, i)->address, domain))
			user = directory_alias_at(d, i)->address;
	if (user.len == 0)
		return STATUS_OK;
	problem_set(&r->why, "\"%.*s\" is in this domain: remove it first", SLICE_ARG(user));
	return STATUS_DENIED;
}

static enum status
domain_remove(struct admin_request *r)
{
	struct directory *d = r->policyd->directory;
	struct buf name = buf_init(ADDRESS_LEN_MAX);
	struct audit_note note = { .kind = SLICE("domain.removed") };
	const char *text;
	enum status st = admin_unpack(r, "{s:s}", "name", &text);

	if (st == STATUS_OK)
		st = named(r, text, &name);
	if (st == STATUS_OK)
		st = check_unused(r, buf_slice(&name));
	if (st == STATUS_OK && directory_domain(d, buf_slice(&name))->is_default &&
	    directory_domain_count(d) > 1) {
		problem_set(&r->why, "it is the default domain: make another one the default first");
		st = STATUS_DENIED;
	}
	if (st == STATUS_OK) {
		note.subject = buf_slice(&name);
		st = directory_remove_domain(d, buf_slice(&name), &note, &r->why);
	}
	buf_clear(&name);
	return st;
}

const struct admin_verb admin_domain_verbs[] = {
	{ "domain", "list", domain_list },
	{ "domain", "add", domain_add },
	{ "domain", "set", domain_set },
	{ "domain", "show", domain_show },
	{ "domain", "remove", domain_remove },
	{ NULL, NULL, NULL },
};
