#include <string.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "base/settings.h"
#include "policy/admin_request.h"
#include "policy/display_name.h"
#include "policy/limits.h"
#include "policy/logins.h"

/* What "user add" and "user set" may say beside the login; NULL: not said. */
struct changes {
	json_t *names, *nicks, *add_names, *add_nicks, *remove_names, *remove_nicks;
	json_t *outside, *admin, *enabled;
	const char *password, *quota, *trash_days;
	struct buf outside_address;
	struct buf detail;	/* for the audit */
};

static json_t *
name_array(const struct slice *names, uint16_t count)
{
	json_t *array = json_array();

	for (uint16_t i = 0; i < count; i++)
		(void)json_array_append_new(array, admin_text(names[i]));
	return array;
}

/* Those of the names that other people have, too. */
static void
add_shared(const struct directory *d, const struct slice *names, uint16_t count, json_t *array)
{
	for (uint16_t i = 0; i < count; i++) {
		struct buf key = buf_init(DISPLAY_NAME_KEY_MAX);

		if (display_name_key(names[i], &key) == STATUS_OK &&
		    directory_people_named(d, buf_slice(&key)).count > 1)
			(void)json_array_append_new(array, admin_text(names[i]));
		buf_clear(&key);
	}
}

static json_t *
shared_names(const struct directory *d, const struct account_record *a)
{
	json_t *array = json_array();

	add_shared(d, a->names, a->name_count, array);
	add_shared(d, a->nicks, a->nick_count, array);
	return array;
}

static json_t *
aliases_of(const struct directory *d, uint32_t account)
{
	json_t *array = json_array();

	for (size_t i = 0; i < directory_alias_count(d); i++) {
		const struct alias_record *alias = directory_alias_at(d, i);

		for (uint32_t n = 0; n < alias->account_count; n++)
			if (alias->accounts[n] == account)
				(void)json_array_append_new(array, admin_text(alias->address));
	}
	return array;
}

/* A limit, or null where there is none. */
static json_t *
limit_or_null(uint64_t n)
{
	return n != 0 ? json_integer((json_int_t)n) : json_null();
}

static json_t *
user_row(const struct policyd *p, const struct account_record *a)
{
	const struct directory *d = p->directory;
	json_t *outside = json_null();

	if (a->outside_address.len > 0)
		outside = json_pack("{s:o,s:o}", "name", admin_text(a->outside_name), "address",
		    admin_text(a->outside_address));
	return json_pack("{s:I,s:o,s:o,s:o,s:o,s:o,s:b,s:b,s:o,s:o,s:b,s:o,s:b}", "id",
	    (json_int_t)a->id, "login", admin_text(a->login), "names",
	    name_array(a->names, a->name_count), "nicks", name_array(a->nicks, a->nick_count),
	    "shared_names", shared_names(d, a),
	    "outside", outside, "admin", a->is_admin, "enabled", a->is_enabled, "aliases",
	    aliases_of(d, a->id), "quota", limit_or_null(limits_quota(p, a)), "quota_is_default",
	    a->quota_bytes == QUOTA_DEFAULT, "trash_days", limit_or_null(limits_trash_days(p, a)),
	    "trash_days_is_default", a->trash_days == TRASH_DAYS_DEFAULT);
}

/* The rows go out with what is used, or null where stored does not say. */
static void
use_told(void *ctx, const struct account_use *use, uint32_t count)
{
	struct admin_request *r = ctx;
	size_t i;
	json_t *row;

	json_array_foreach(r->rows, i, row)
	{
		(void)json_object_set_new(row, "used", i < count ?
		    json_integer((json_int_t)use[i].bytes) : json_null());
		(void)json_object_set_new(row, "messages", i < count ?
		    json_integer((json_int_t)use[i].messages) : json_null());
		admin_row(r, json_incref(row));
	}
	admin_end(r, STATUS_OK);
}

/* PENDING: these accounts will be answered. */
static enum status
show_users(struct admin_request *r, const uint32_t *accounts, uint32_t count)
{
	const struct policyd *p = r->policyd;

	r->rows = json_array();
	for (uint32_t i = 0; i < count; i++)
		(void)json_array_append_new(r->rows,
		    user_row(p, directory_account(p->directory, accounts[i])));
	limits_ask_use(p->limits, accounts, count, use_told, r);
	return STATUS_PENDING;
}

static enum status
user_list(struct admin_request *r)
{
	const struct directory *d = r->policyd->directory;
	size_t count = directory_account_count(d);
	uint32_t *accounts;
	enum status st = admin_unpack(r, "{}");

	if (st != STATUS_OK)
		return st;
	accounts = mem_array(uint32_t, count + 1);
	for (size_t i = 0; i < count; i++)
		accounts[i] = directory_account_at(d, i)->id;
	st = show_users(r, accounts, (uint32_t)count);
	mem_free(accounts);
	return st;
}

static enum status
check_name(struct admin_request *r, struct slice name)
{
	struct buf key = buf_init(DISPLAY_NAME_KEY_MAX);
	bool good = name.len <= NAME_LEN_MAX && display_name_key(name, &key) == STATUS_OK &&
	    key.len > 0;

	for (size_t i = 0; good && i < name.len; i++)
		good = !ascii_is_control(name.ptr[i]);
	buf_clear(&key);
	if (good)
		return STATUS_OK;
	problem_set(&r->why, "\"%.*s\" cannot be a name: it needs a letter, and at most %d bytes",
	    SLICE_ARG(slice_sub(name, 0, utf8_cut(name, 60))), NAME_LEN_MAX);
	return STATUS_SYNTAX;
}

static bool
take_out(struct slice *names, uint16_t *count, struct slice name)
{
	for (uint16_t i = 0; i < *count; i++) {
		if (!slice_equal(names[i], name))
			continue;
		memmove(&names[i], &names[i + 1], (size_t)(*count - i - 1) * sizeof(*names));
		(*count)--;
		return true;
	}
	return false;
}

/* Add the array's names to the list, or take them out. */
static enum status
edit_names(struct admin_request *r, json_t *array, bool adds, struct slice *names,
    uint16_t *count)
{
	enum status st = STATUS_OK;

	if (array == NULL)
		return STATUS_OK;
	if (!json_is_array(array)) {
		problem_set(&r->why, "names and nicknames are arrays");
		return STATUS_SYNTAX;
	}
	for (size_t i = 0; st == STATUS_OK && i < json_array_size(array); i++) {
		struct slice name = slice_trim(slice_from_cstr(json_string_value(
		    json_array_get(array, i))));
		bool was_there = take_out(names, count, name);

		if (!adds && !was_there) {
			problem_set(&r->why, "\"%.*s\" is none of the names", SLICE_ARG(name));
			st = STATUS_ABSENT;
		}
		if (!adds || st != STATUS_OK)
			continue;
		st = check_name(r, name);
		if (st == STATUS_OK && *count == NAMES_MAX) {
			problem_set(&r->why, "at most %d names and %d nicknames", NAMES_MAX,
			    NAMES_MAX);
			st = STATUS_LIMIT;
		}
		if (st == STATUS_OK)
			names[(*count)++] = name;
	}
	return st;
}

static enum status
edit_all_names(struct admin_request *r, const struct changes *c, struct account_record *a)
{
	enum status st;

	if (c->names != NULL)
		a->name_count = 0;
	if (c->nicks != NULL)
		a->nick_count = 0;
	st = edit_names(r, c->names, true, a->names, &a->name_count);
	if (st == STATUS_OK)
		st = edit_names(r, c->nicks, true, a->nicks, &a->nick_count);
	if (st == STATUS_OK)
		st = edit_names(r, c->add_names, true, a->names, &a->name_count);
	if (st == STATUS_OK)
		st = edit_names(r, c->add_nicks, true, a->nicks, &a->nick_count);
	if (st == STATUS_OK)
		st = edit_names(r, c->remove_names, false, a->names, &a->name_count);
	if (st == STATUS_OK)
		st = edit_names(r, c->remove_nicks, false, a->nicks, &a->nick_count);
	return st;
}

static enum status
edit_outside(struct admin_request *r, struct changes *c, struct account_record *a)
{
	const char *name = "", *address;
	enum status st;

	if (c->outside == NULL)
		return STATUS_OK;
	a->outside_name = a->outside_address = (struct slice){ 0 };
	if (json_is_null(c->outside))
		return STATUS_OK;
	if (json_unpack(c->outside, "{s?s,s:s !}", "name", &name, "address", &address) != 0) {
		problem_set(&r->why, "outside is an object with name and address");
		return STATUS_SYNTAX;
	}
	st = admin_address_arg(r, address, &c->outside_address);
	if (st == STATUS_OK && name[0] != '\0')
		st = check_name(r, slice_from_cstr(name));
	a->outside_name = slice_from_cstr(name);
	a->outside_address = buf_slice(&c->outside_address);
	return st;
}

static enum status
edit_quota(struct admin_request *r, const char *text, struct account_record *a)
{
	uint64_t bytes = 0;

	if (text == NULL)
		return STATUS_OK;
	if (strcmp(text, "none") == 0)
		bytes = 0;
	else if (strcmp(text, "default") == 0)
		bytes = QUOTA_DEFAULT;
	else if (settings_parse_size(slice_from_cstr(text), &bytes) != STATUS_OK || bytes == 0 ||
	    bytes > QUOTA_MAX) {
		problem_set(&r->why, "a quota is a size like 500m or 20g, none, or default");
		return STATUS_SYNTAX;
	}
	a->quota_bytes = bytes;
	return STATUS_OK;
}

static enum status
edit_trash_days(struct admin_request *r, const char *text, struct account_record *a)
{
	uint32_t days = 0;

	if (text == NULL)
		return STATUS_OK;
	if (strcmp(text, "never") == 0)
		days = 0;
	else if (strcmp(text, "default") == 0)
		days = TRASH_DAYS_DEFAULT;
	else if (parse_u32(slice_from_cstr(text), 1, TRASH_DAYS_MAX, &days) != STATUS_OK) {
		problem_set(&r->why, "trash days are a number from 1 to %d, never, or default",
		    TRASH_DAYS_MAX);
		return STATUS_SYNTAX;
	}
	a->trash_days = days;
	return STATUS_OK;
}

/* What the audit says of a limit. */
static void
describe_limit(struct buf *out, const char *name, uint64_t n, uint64_t of_default,
    const char *without)
{
	if (n == of_default)
		buf_printf(out, " %s=default", name);
	else if (n == 0)
		buf_printf(out, " %s=%s", name, without);
	else
		buf_printf(out, " %s=%llu", name, (unsigned long long)n);
}

static void
describe(const struct changes *c, const struct account_record *a, struct buf *out)
{
	buf_printf(out, "enabled=%s admin=%s", a->is_enabled ? "yes" : "no",
	    a->is_admin ? "yes" : "no");
	if (c->password != NULL)
		buf_append(out, SLICE(" password=changed"));
	if (a->outside_address.len > 0)
		buf_printf(out, " outside=%.*s", SLICE_ARG(a->outside_address));
	describe_limit(out, "quota", a->quota_bytes, QUOTA_DEFAULT, "none");
	describe_limit(out, "trash_days", a->trash_days, TRASH_DAYS_DEFAULT, "never");
	for (uint16_t i = 0; i < a->name_count; i++)
		buf_printf(out, "\nname=%.*s", SLICE_ARG(a->names[i]));
	for (uint16_t i = 0; i < a->nick_count; i++)
		buf_printf(out, "\nnick=%.*s", SLICE_ARG(a->nicks[i]));
}

/* Apply the changes to the record, write it, and send its row. */
static enum status
write_user(struct admin_request *r, struct changes *c, struct account_record *a,
    const char *kind)
{
	struct audit_note note = { .kind = slice_from_cstr(kind), .subject = a->login };
	enum status st = edit_all_names(r, c, a);

	if (st == STATUS_OK)
		st = edit_outside(r, c, a);
	if (st == STATUS_OK)
		st = admin_bool_arg(r, "admin", c->admin, &a->is_admin);
	if (st == STATUS_OK)
		st = admin_bool_arg(r, "enabled", c->enabled, &a->is_enabled);
	if (st == STATUS_OK)
		st = edit_quota(r, c->quota, a);
	if (st == STATUS_OK)
		st = edit_trash_days(r, c->trash_days, a);
	if (r->verifier.len > 0)
		a->verifier = buf_slice(&r->verifier);
	describe(c, a, &c->detail);
	note.detail = buf_slice(&c->detail);
	if (st == STATUS_OK)
		st = directory_put_account(r->policyd->directory, a, &note, &r->why);
	if (st != STATUS_OK)
		return st;
	limits_kick(r->policyd->limits);
	logins_changed(r->policyd, a->id);
	admin_row(r, user_row(r->policyd, directory_account(r->policyd->directory, a->id)));
	return STATUS_OK;
}

static struct changes
changes_init(void)
{
	return (struct changes){
		.outside_address = buf_init(ADDRESS_LEN_MAX),
		.detail = buf_init(16384),
	};
}

static void
changes_clear(struct changes *c)
{
	buf_clear(&c->outside_address);
	buf_clear(&c->detail);
}

static enum status
user_add(struct admin_request *r)
{
	struct account_record a = { .is_enabled = true, .quota_bytes = QUOTA_DEFAULT,
		.trash_days = TRASH_DAYS_DEFAULT };
	struct changes c = changes_init();
	struct buf login = buf_init(ADDRESS_LEN_MAX);
	const char *text;
	enum status st = admin_unpack(r, "{s:s,s:s,s?o,s?o,s?o,s?o,s?o,s?s,s?s}", "login",
	    &text, "password", &c.password, "names", &c.names, "nicks", &c.nicks, "outside",
	    &c.outside, "admin", &c.admin, "enabled", &c.enabled, "quota", &c.quota, "trash_days",
	    &c.trash_days);

	if (st == STATUS_OK)
		st = admin_login_arg(r, text, &login);
	if (st == STATUS_OK)
		st = admin_address_free(r, buf_slice(&login));
	a.login = buf_slice(&login);
	if (st == STATUS_OK)
		st = write_user(r, &c, &a, "account.added");
	changes_clear(&c);
	buf_clear(&login);
	return st;
}

/* DENIED when nobody else could administrate. */
static enum status
check_last_admin(struct admin_request *r, const struct account_record *without)
{
	const struct directory *d = r->policyd->directory;

	for (size_t i = 0; i < directory_account_count(d); i++) {
		const struct account_record *a = directory_account_at(d, i);

		if (a->id != without->id && a->is_admin && a->is_enabled)
			return STATUS_OK;
	}
	problem_set(&r->why, "\"%.*s\" is the only administrator: make another one first",
	    SLICE_ARG(without->login));
	return STATUS_DENIED;
}

static enum status
user_set(struct admin_request *r)
{
	struct account_record a = { 0 };
	const struct account_record *before = NULL;
	struct changes c = changes_init();
	const char *text;
	enum status st = admin_unpack(r, "{s:s,s?s,s?o,s?o,s?o,s?o,s?o,s?o,s?o,s?o,s?o,s?s,s?s}",
	    "login", &text, "password", &c.password, "names", &c.names, "nicks", &c.nicks, "outside",
	    &c.outside, "admin", &c.admin, "enabled", &c.enabled, "add_names", &c.add_names,
	    "add_nicks", &c.add_nicks, "remove_names", &c.remove_names, "remove_nicks",
	    &c.remove_nicks, "quota", &c.quota, "trash_days", &c.trash_days);

	if (st == STATUS_OK)
		st = admin_account_arg(r, text, &before);
	if (st == STATUS_OK && before->is_admin &&
	    (json_is_false(c.admin) || json_is_false(c.enabled)))
		st = check_last_admin(r, before);
	if (st == STATUS_OK) {
		a = *before;
		st = write_user(r, &c, &a, "account.changed");
	}
	changes_clear(&c);
	return st;
}

static enum status
user_show(struct admin_request *r)
{
	const struct account_record *a;
	const char *text;
	enum status st = admin_unpack(r, "{s:s}", "login", &text);

	if (st == STATUS_OK)
		st = admin_account_arg(r, text, &a);
	return st == STATUS_OK ? show_users(r, &a->id, 1) : st;
}

/* DENIED while somebody's mail would lead to nobody. */
static enum status
check_unused(struct admin_request *r, const struct account_record *a)
{
	const struct directory *d = r->policyd->directory;

	for (size_t i = 0; i < directory_fetch_count(d); i++) {
		const struct fetch_record *f = directory_fetch_at(d, i);

		if (f->dispatcher != a->id && f->for_account != a->id)
			continue;
		problem_set(&r->why, "fetch account \"%.*s\" delivers to this user: change it first "
		    "with mailadm fetch set %.*s", SLICE_ARG(f->name), SLICE_ARG(f->name));
		return STATUS_DENIED;
	}
	for (size_t i = 0; i < directory_alias_count(d); i++) {
		const struct alias_record *alias = directory_alias_at(d, i);

		for (uint32_t n = 0; n < alias->account_count; n++) {
			if (alias->accounts[n] != a->id)
				continue;
			problem_set(&r->why, "alias \"%.*s\" leads to this user: change it first",
			    SLICE_ARG(alias->address));
			return STATUS_DENIED;
		}
	}
	return STATUS_OK;
}

static enum status
user_remove(struct admin_request *r)
{
	const struct account_record *a;
	struct buf login = buf_init(ADDRESS_LEN_MAX);
	struct audit_note note = { .kind = SLICE("account.removed") };
	const char *text;
	uint32_t id = 0;
	enum status st = admin_unpack(r, "{s:s}", "login", &text);

	if (st == STATUS_OK)
		st = admin_account_arg(r, text, &a);
	if (st == STATUS_OK)
		st = check_unused(r, a);
	if (st == STATUS_OK && a->is_admin)
		st = check_last_admin(r, a);
	if (st == STATUS_OK) {
		(void)buf_append(&login, a->login);
		note.subject = buf_slice(&login);
		id = a->id;
		st = directory_remove_account(r->policyd->directory, id, &note, &r->why);
	}
	if (st == STATUS_OK)
		logins_changed(r->policyd, id);
	buf_clear(&login);
	return st;
}

const struct admin_verb admin_user_verbs[] = {
	{ "user", "list", user_list },
	{ "user", "add", user_add },
	{ "user", "set", user_set },
	{ "user", "show", user_show },
	{ "user", "remove", user_remove },
	{ NULL, NULL, NULL },
};
