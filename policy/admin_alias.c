#include "base/mem.h"
#include "policy/admin_request.h"

static json_t *
alias_row(const struct directory *d, const struct alias_record *r)
{
	json_t *to = json_array();

	for (uint32_t i = 0; i < r->account_count; i++) {
		const struct account_record *a = directory_account(d, r->accounts[i]);

		if (a != NULL)
			(void)json_array_append_new(to, admin_text(a->login));
	}
	return json_pack("{s:o,s:o}", "address", admin_text(r->address), "to", to);
}

static enum status
alias_list(struct admin_request *r)
{
	const struct directory *d = r->policyd->directory;
	enum status st = admin_unpack(r, "{}");

	for (size_t i = 0; st == STATUS_OK && i < directory_alias_count(d); i++)
		admin_row(r, alias_row(d, directory_alias_at(d, i)));
	return st;
}

/* Accounts of the logins in the array, each once. */
static enum status
read_accounts(struct admin_request *r, json_t *to, struct alias_record *alias)
{
	enum status st = STATUS_OK;

	if (!json_is_array(to) || json_array_size(to) == 0 ||
	    json_array_size(to) > ALIAS_ACCOUNTS_MAX) {
		problem_set(&r->why, "an alias is for 1 to %d users", ALIAS_ACCOUNTS_MAX);
		return STATUS_SYNTAX;
	}
	for (size_t i = 0; st == STATUS_OK && i < json_array_size(to); i++) {
		const char *login = json_string_value(json_array_get(to, i));
		const struct account_record *a;
		uint32_t n = 0;

		st = admin_account_arg(r, login != NULL ? login : "", &a);
		while (st == STATUS_OK && n < alias->account_count && alias->accounts[n] != a->id)
			n++;
		if (st == STATUS_OK && n == alias->account_count)
			alias->accounts[alias->account_count++] = a->id;
	}
	return st;
}

static enum status
write_alias(struct admin_request *r, struct slice address, json_t *to, const char *kind)
{
	struct directory *d = r->policyd->directory;
	struct alias_record *alias = mem_new(struct alias_record);
	struct buf detail = buf_init(3000);
	struct audit_note note = { .kind = slice_from_cstr(kind), .subject = address };
	enum status st = read_accounts(r, to, alias);

	alias->address = address;
	for (uint32_t i = 0; st == STATUS_OK && i < alias->account_count; i++)
		buf_printf(&detail, "%s%.*s", i > 0 ? " " : "to=",
		    SLICE_ARG(directory_account(d, alias->accounts[i])->login));
	note.detail = buf_slice(&detail);
	if (st == STATUS_OK)
		st = directory_put_alias(d, alias, &note, &r->why);
	if (st == STATUS_OK)
		admin_row(r, alias_row(d, directory_alias(d, address)));
	buf_clear(&detail);
	mem_free(alias);
	return st;
}

static enum status
alias_add(struct admin_request *r)
{
	struct buf address = buf_init(ADDRESS_LEN_MAX);
	const char *text;
	json_t *to;
	enum status st = admin_unpack(r, "{s:s,s:o}", "address", &text, "to", &to);

	if (st == STATUS_OK)
		st = admin_login_arg(r, text, &address);
	if (st == STATUS_OK)
		st = admin_address_free(r, buf_slice(&address));
	if (st == STATUS_OK)
		st = write_alias(r, buf_slice(&address), to, "alias.added");
	buf_clear(&address);
	return st;
}

/* The alias that the request names. */
static enum status
named(struct admin_request *r, const char *text, struct buf *address)
{
	enum status st = admin_login_arg(r, text, address);

	if (st != STATUS_OK || directory_alias(r->policyd->directory, buf_slice(address)) != NULL)
		return st;
	problem_set(&r->why, "no alias \"%.*s\": see mailadm alias list",
	    SLICE_ARG(buf_slice(address)));
	return STATUS_ABSENT;
}

static enum status
alias_set(struct admin_request *r)
{
	struct buf address = buf_init(ADDRESS_LEN_MAX);
	const char *text;
	json_t *to;
	enum status st = admin_unpack(r, "{s:s,s:o}", "address", &text, "to", &to);

	if (st == STATUS_OK)
		st = named(r, text, &address);
	if (st == STATUS_OK)
		st = write_alias(r, buf_slice(&address), to, "alias.changed");
	buf_clear(&address);
	return st;
}

static enum status
alias_show(struct admin_request *r)
{
	const struct directory *d = r->policyd->directory;
	struct buf address = buf_init(ADDRESS_LEN_MAX);
	const char *text;
	enum status st = admin_unpack(r, "{s:s}", "address", &text);

	if (st == STATUS_OK)
		st = named(r, text, &address);
	if (st == STATUS_OK)
		admin_row(r, alias_row(d, directory_alias(d, buf_slice(&address))));
	buf_clear(&address);
	return st;
}

static enum status
alias_remove(struct admin_request *r)
{
	struct buf address = buf_init(ADDRESS_LEN_MAX);
	struct audit_note note = { .kind = SLICE("alias.removed") };
	const char *text;
	enum status st = admin_unpack(r, "{s:s}", "address", &text);

	if (st == STATUS_OK)
		st = named(r, text, &address);
	if (st == STATUS_OK) {
		note.subject = buf_slice(&address);
		st = directory_remove_alias(r->policyd->directory, buf_slice(&address), &note,
		    &r->why);
	}
	buf_clear(&address);
	return st;
}

const struct admin_verb admin_alias_verbs[] = {
	{ "alias", "list", alias_list },
	{ "alias", "add", alias_add },
	{ "alias", "set", alias_set },
	{ "alias", "show", alias_show },
	{ "alias", "remove", alias_remove },
	{ NULL, NULL, NULL },
};
