#include <string.h>

#include "policy/admin_request.h"
#include "policy/relay_client.h"

enum { PORT_SUBMISSION = 587, PORT_LMTP = 24, PORT_SMTP = 25 };

static const char *const tls_names[] = {
	[ROUTE_TLS_REQUIRE] = "require",
	[ROUTE_TLS_TRY] = "try",
	[ROUTE_TLS_OFF] = "off",
};
static const char *const kind_names[ROUTE_KIND_COUNT] = {
	[ROUTE_DEFAULT] = "default",
	[ROUTE_FOR_DOMAIN] = "for-domain",
	[ROUTE_FOR_SENDER] = "for-sender",
};

/* What a request says; NULL: not said. */
struct changes {
	const char *name, *for_domain, *for_sender, *smarthost, *secret, *tls;
	json_t *is_default, *mx, *user, *lmtp, *check_certificate, *ca, *enabled;
	struct buf whom, host;
};

static json_t *
whom_or_null(const struct route_record *f, enum route_kind kind)
{
	return f->kind == kind ? admin_text(f->whom) : json_null();
}

static json_t *
route_row(const struct route_record *f)
{
	json_t *row = json_pack("{s:I,s:o,s:b,s:o,s:o,s:o,s:b}", "id", (json_int_t)f->id, "name",
	    admin_text(f->name), "default", f->kind == ROUTE_DEFAULT, "for_domain",
	    whom_or_null(f, ROUTE_FOR_DOMAIN), "for_sender", whom_or_null(f, ROUTE_FOR_SENDER),
	    "smarthost", f->host.len > 0 ? admin_server_text(f->host, f->port) : json_null(),
	    "mx", f->host.len == 0);
	json_t *rest = json_pack("{s:o,s:s,s:b,s:b,s:o,s:b}", "user", admin_text_or_null(f->user),
	    "tls", tls_names[f->tls], "lmtp", f->is_lmtp, "check_certificate",
	    f->checks_certificate, "ca", admin_text_or_null(f->ca_path), "enabled",
	    f->is_enabled);

	(void)json_object_update(row, rest);
	json_decref(rest);
	return row;
}

static enum status
route_list(struct admin_request *r)
{
	const struct directory *d = r->policyd->directory;
	enum status st = admin_unpack(r, "{}");

	for (size_t i = 0; st == STATUS_OK && i < directory_route_count(d); i++)
		admin_row(r, route_row(directory_route_at(d, i)));
	return st;
}

/* For whom the route is; there is one of each. */
static enum status
edit_kind(struct admin_request *r, struct changes *c, struct route_record *f)
{
	enum status st = STATUS_OK;

	if ((c->is_default != NULL) + (c->for_domain != NULL) + (c->for_sender != NULL) > 1)
		return admin_syntax(r, "a route is either the default one, or for a domain, or for a "
		    "sender");
	if (c->is_default != NULL) {
		if (!json_is_true(c->is_default))
			return admin_syntax(r, "default is true, or not said");
		f->kind = ROUTE_DEFAULT;
	} else if (c->for_domain != NULL) {
		f->kind = ROUTE_FOR_DOMAIN;
		st = admin_domain_arg(r, c->for_domain, &c->whom);
	} else if (c->for_sender != NULL) {
		f->kind = ROUTE_FOR_SENDER;
		st = admin_address_arg(r, c->for_sender, &c->whom);
	} else {
		return STATUS_OK;
	}
	f->whom = buf_slice(&c->whom);
	return st;
}

static enum status
check_only_one(struct admin_request *r, const struct route_record *f)
{
	const struct directory *d = r->policyd->directory;

	for (size_t i = 0; i < directory_route_count(d); i++) {
		const struct route_record *other = directory_route_at(d, i);

		if (other->id == f->id || other->kind != f->kind ||
		    !slice_equal(other->whom, f->whom))
			continue;
		problem_set(&r->why, "route \"%.*s\" is that (%s %.*s) already: change it with mailadm "
		    "route set", SLICE_ARG(other->name), kind_names[f->kind], SLICE_ARG(f->whom));
		return STATUS_EXISTS;
	}
	return STATUS_OK;
}

static enum status
edit_server(struct admin_request *r, struct changes *c, struct route_record *f)
{
	uint16_t port;
	enum status st = admin_bool_arg(r, "lmtp", c->lmtp, &f->is_lmtp);

	if (st != STATUS_OK)
		return st;
	if (c->mx != NULL && (c->smarthost != NULL || !json_is_true(c->mx)))
		return admin_syntax(r, "either a smarthost, or mx");
	if (c->mx != NULL) {
		f->host = (struct slice){ 0 };
		f->port = PORT_SMTP;
	}
	if (c->smarthost != NULL) {
		port = f->is_lmtp ? PORT_LMTP : PORT_SUBMISSION;
		st = admin_server_arg(r, c->smarthost, &c->host, &port);
		if (st != STATUS_OK)
			return st;
		f->host = buf_slice(&c->host);
		f->port = port;
	}
	if (f->is_lmtp && f->host.len == 0)
		return admin_syntax(r, "LMTP goes to a smarthost, not by MX");
	return STATUS_OK;
}

static enum status
edit_login(struct admin_request *r, const struct changes *c, struct route_record *f)
{
	enum status st = STATUS_OK;

	if (c->user != NULL) {
		if (!json_is_null(c->user) && !json_is_string(c->user))
			return admin_syntax(r, "user is a text or null");
		f->user = slice_from_cstr(json_string_value(c->user));
		if (f->user.len == 0)
			f->secret = (struct slice){ 0 };
	}
	if (c->secret != NULL)
		f->secret = slice_from_cstr(c->secret);
	if ((f->user.len > 0) != (f->secret.len > 0))
		return admin_syntax(r, "user and secret belong together");
	if (f->user.len > 0 && f->host.len == 0)
		return admin_syntax(r, "a login needs a smarthost: by MX there is none");
	if (f->user.len > 0)
		st = admin_line_arg(r, "user", f->user, ADDRESS_LEN_MAX);
	if (st == STATUS_OK && f->secret.len > 0)
		st = admin_line_arg(r, "secret", f->secret, SECRET_MAX);
	return st;
}

static enum status
edit_tls(struct admin_request *r, const struct changes *c, bool had_user, struct route_record *f)
{
	bool is_new = f->id == 0;
	bool was_required = !is_new && f->tls == ROUTE_TLS_REQUIRE;
	bool is_required;

	if (is_new)
		f->tls = ROUTE_TLS_TRY;
	/* A secret is not shown to whoever listens, unless it was said that it may be. */
	if (f->user.len > 0 && !had_user && f->tls == ROUTE_TLS_TRY)
		f->tls = ROUTE_TLS_REQUIRE;
	if (c->tls != NULL) {
		size_t i = 0;

		while (i < ARRAY_LEN(tls_names) && strcmp(tls_names[i], c->tls) != 0)
			i++;
		if (i == ARRAY_LEN(tls_names))
			return admin_syntax(r, "tls is require, try or off");
		f->tls = (uint8_t)i;
	}
	/* Where plain text would do, an odd certificate is better than none; no longer then. */
	is_required = f->tls == ROUTE_TLS_REQUIRE;
	if (is_new || (is_required && !was_required))
		f->checks_certificate = is_required;
	return admin_ca_arg(r, c->ca, &f->ca_path);
}

static void
describe(const struct changes *c, const struct route_record *f, struct buf *out)
{
	buf_printf(out, "%s %.*s\nby=", kind_names[f->kind], SLICE_ARG(f->whom));
	if (f->host.len > 0)
		buf_printf(out, "%.*s:%u", SLICE_ARG(f->host), f->port);
	else
		buf_printf(out, "mx");
	buf_printf(out, " lmtp=%d tls=%s check_certificate=%d user=%.*s enabled=%d%s", f->is_lmtp,
	    tls_names[f->tls], f->checks_certificate, SLICE_ARG(f->user), f->is_enabled,
	    c->secret != NULL ? " secret=changed" : "");
}

static enum status
write_route(struct admin_request *r, struct changes *c, struct route_record *f, const char *kind)
{
	struct directory *d = r->policyd->directory;
	struct buf detail = buf_init(3000);
	struct audit_note note = { .kind = slice_from_cstr(kind), .subject = f->name };
	bool had_user = f->user.len > 0;
	enum status st = edit_kind(r, c, f);

	if (st == STATUS_OK)
		st = check_only_one(r, f);
	if (st == STATUS_OK)
		st = edit_server(r, c, f);
	if (st == STATUS_OK)
		st = edit_login(r, c, f);
	if (st == STATUS_OK)
		st = edit_tls(r, c, had_user, f);
	if (st == STATUS_OK)
		st = admin_bool_arg(r, "check_certificate", c->check_certificate,
		    &f->checks_certificate);
	if (st == STATUS_OK)
		st = admin_bool_arg(r, "enabled", c->enabled, &f->is_enabled);
	if (st == STATUS_OK) {
		describe(c, f, &detail);
		note.detail = buf_slice(&detail);
		st = directory_put_route(d, f, &note, &r->why);
	}
	if (st == STATUS_OK)
		admin_row(r, route_row(directory_route(d, f->id)));
	buf_clear(&detail);
	return st;
}

static struct changes
changes_init(void)
{
	return (struct changes){
		.whom = buf_init(ADDRESS_LEN_MAX),
		.host = buf_init(ADDRESS_LEN_MAX),
	};
}

static void
changes_clear(struct changes *c)
{
	buf_clear(&c->whom);
	buf_clear(&c->host);
}

static enum status
unpack_changes(struct admin_request *r, struct changes *c)
{
	return admin_unpack(r, "{s:s,s?o,s?s,s?s,s?s,s?o,s?o,s?s,s?s,s?o,s?o,s?o,s?o}", "name",
	    &c->name, "default", &c->is_default, "for_domain", &c->for_domain, "for_sender",
	    &c->for_sender, "smarthost", &c->smarthost, "mx", &c->mx, "user", &c->user, "secret",
	    &c->secret, "tls", &c->tls, "lmtp", &c->lmtp, "check_certificate",
	    &c->check_certificate, "ca", &c->ca, "enabled", &c->enabled);
}

static enum status
check_new(struct admin_request *r, const struct changes *c)
{
	struct slice name = slice_from_cstr(c->name);
	enum status st = admin_name_arg(r, name);

	if (st != STATUS_OK)
		return st;
	if (directory_route_by_name(r->policyd->directory, name) != NULL) {
		problem_set(&r->why, "route \"%s\" is there already", c->name);
		return STATUS_EXISTS;
	}
	if (c->is_default == NULL && c->for_domain == NULL && c->for_sender == NULL)
		return admin_syntax(r, "say for whom: default, for_domain or for_sender");
	if (c->smarthost == NULL && c->mx == NULL)
		return admin_syntax(r, "say where it goes: smarthost or mx");
	return STATUS_OK;
}

static enum status
route_add(struct admin_request *r)
{
	struct route_record f = { .is_enabled = true };
	struct changes c = changes_init();
	enum status st = unpack_changes(r, &c);

	if (st == STATUS_OK)
		st = check_new(r, &c);
	if (st == STATUS_OK) {
		f.name = slice_from_cstr(c.name);
		st = write_route(r, &c, &f, "route.added");
	}
	changes_clear(&c);
	return st;
}

static enum status
find(struct admin_request *r, const char *name, const struct route_record **out)
{
	const struct route_record *f = directory_route_by_name(r->policyd->directory,
	    slice_from_cstr(name));

	if (f == NULL) {
		problem_set(&r->why, "no route \"%s\": see mailadm route list", name);
		return STATUS_ABSENT;
	}
	*out = f;
	return STATUS_OK;
}

static enum status
route_set(struct admin_request *r)
{
	const struct route_record *before;
	struct route_record f;
	struct changes c = changes_init();
	enum status st = unpack_changes(r, &c);

	if (st == STATUS_OK)
		st = find(r, c.name, &before);
	if (st == STATUS_OK) {
		f = *before;
		st = write_route(r, &c, &f, "route.changed");
	}
	changes_clear(&c);
	return st;
}

static enum status
route_show(struct admin_request *r)
{
	const struct route_record *f;
	const char *name;
	enum status st = admin_unpack(r, "{s:s}", "name", &name);

	if (st == STATUS_OK)
		st = find(r, name, &f);
	if (st == STATUS_OK)
		admin_row(r, route_row(f));
	return st;
}

static enum status
route_remove(struct admin_request *r)
{
	const struct route_record *f;
	struct audit_note note = { .kind = SLICE("route.removed") };
	const char *name;
	enum status st = admin_unpack(r, "{s:s}", "name", &name);

	if (st == STATUS_OK)
		st = find(r, name, &f);
	if (st != STATUS_OK)
		return st;
	note.subject = slice_from_cstr(name);
	return directory_remove_route(r->policyd->directory, f->id, &note, &r->why);
}

const struct admin_verb admin_route_verbs[] = {
	{ "route", "list", route_list },
	{ "route", "add", route_add },
	{ "route", "set", route_set },
	{ "route", "show", route_show },
	{ "route", "remove", route_remove },
	{ NULL, NULL, NULL },
};
