#include <string.h>

#include "base/mem.h"
#include "policy/admin_request.h"
#include "policy/fetching.h"

enum { EVERY_MIN_S = 30, EVERY_MAX_S = 7 * 86400, EVERY_DEFAULT_S = 300, KEEP_MAX_DAYS = 36500 };

/* How protocol and tls of a request and enum fetch_protocol belong together. */
static const struct {
	const char *protocol, *tls;
	uint16_t port;
} protocols[FETCH_PROTOCOL_COUNT] = {
	[FETCH_POP3] = { "pop3", "try", 110 },
	[FETCH_POP3S] = { "pop3s", "require", 995 },
	[FETCH_POP3_STLS] = { "pop3", "require", 110 },
	[FETCH_POP3_PLAIN] = { "pop3", "off", 110 },
};

/* What a request says; NULL: not said. */
struct changes {
	const char *name, *server, *protocol, *tls, *user, *secret, *shared, *dispatcher, *whom;
	json_t *keep_days, *every_s, *check_certificate, *ca, *enabled;
	struct buf shared_form;
	struct buf host;
};

static json_t *
report_row(struct slice name, const struct policy_fetch_report *f)
{
	return json_pack("{s:o,s:b,s:s,s:o,s:I,s:I,s:I,s:I,s:I,s:I}", "name", admin_text(name),
	    "final", f->is_final, "status", status_name((enum status)f->status), "text",
	    admin_text(f->text), "listed", (json_int_t)f->listed, "stored",
	    (json_int_t)f->stored, "known", (json_int_t)f->known, "removed",
	    (json_int_t)f->removed, "failed", (json_int_t)f->failed, "bytes",
	    (json_int_t)f->bytes);
}

static json_t *
login_or_null(const struct directory *d, uint32_t account)
{
	const struct account_record *a = directory_account(d, account);

	return a != NULL ? admin_text(a->login) : json_null();
}

static json_t *
fetch_row(struct admin_request *r, const struct fetch_record *f)
{
	const struct directory *d = r->policyd->directory;
	const struct policy_fetch_report *last = fetching_last(r->policyd->fetching, f->id);
	json_t *row = json_pack("{s:I,s:o,s:o,s:s,s:s,s:o}", "id", (json_int_t)f->id, "name",
	    admin_text(f->name), "server", admin_server_text(f->host, f->port), "protocol",
	    protocols[f->protocol].protocol, "tls", protocols[f->protocol].tls, "user",
	    admin_text(f->user));
	json_t *rest = json_pack("{s:o,s:o,s:o,s:o,s:I,s:b,s:o,s:b,s:b,s:o}", "shared",
	    admin_text_or_null(f->shared), "dispatcher", login_or_null(d, f->dispatcher), "for",
	    login_or_null(d, f->for_account), "keep_days",
	    f->keep_days < 0 ? json_null() : json_integer(f->keep_days), "every_s",
	    (json_int_t)f->every_s, "check_certificate", f->checks_certificate, "ca",
	    admin_text_or_null(f->ca_path), "enabled", f->is_enabled, "held",
	    directory_fetching_held(d) != 0, "last",
	    last != NULL ? report_row(f->name, last) : json_null());

	(void)json_object_update(row, rest);
	json_decref(rest);
	return row;
}

static enum status
fetch_list(struct admin_request *r)
{
	const struct directory *d = r->policyd->directory;
	enum status st = admin_unpack(r, "{}");

	for (size_t i = 0; st == STATUS_OK && i < directory_fetch_count(d); i++)
		admin_row(r, fetch_row(r, directory_fetch_at(d, i)));
	return st;
}

static enum status
edit_protocol(struct admin_request *r, const struct changes *c, struct fetch_record *f)
{
	const char *protocol = c->protocol, *tls = c->tls;

	if (protocol == NULL && tls == NULL)
		return STATUS_OK;
	if (protocol == NULL)
		protocol = protocols[f->protocol].protocol;
	if (tls == NULL)
		tls = strcmp(protocol, "pop3s") == 0 ? "require" : "try";
	for (uint8_t i = 0; i < FETCH_PROTOCOL_COUNT; i++) {
		if (strcmp(protocols[i].protocol, protocol) != 0 ||
		    strcmp(protocols[i].tls, tls) != 0)
			continue;
		f->protocol = i;
		return STATUS_OK;
	}
	return admin_syntax(r, "the protocol is pop3 (with tls try, require or off) or pop3s");
}

static enum status
edit_server(struct admin_request *r, struct changes *c, struct fetch_record *f)
{
	uint16_t port = protocols[f->protocol].port;
	enum status st;

	if (c->server == NULL)
		return STATUS_OK;
	st = admin_server_arg(r, c->server, &c->host, &port);
	if (st == STATUS_OK) {
		f->host = buf_slice(&c->host);
		f->port = port;
	}
	return st;
}

/* An address of our own domains must be nobody else's. */
static enum status
check_shared(struct admin_request *r, struct slice shared, const struct fetch_record *f)
{
	const struct directory *d = r->policyd->directory;
	const struct fetch_record *other = directory_shared(d, shared);
	struct slice domain = slice_skip(shared, slice_find_byte(shared, '@') + 1);

	/* Several mailboxes may collect for one shared address. */
	if ((other != NULL && other->id == f->id) || directory_domain(d, domain) == NULL ||
	    other != NULL)
		return STATUS_OK;
	return admin_address_free(r, shared);
}

static enum status
edit_people(struct admin_request *r, struct changes *c, struct fetch_record *f)
{
	const struct account_record *a = NULL;
	enum status st = STATUS_OK;

	if (c->shared != NULL && c->whom != NULL)
		return admin_syntax(r, "either shared with dispatcher, or for");
	if (c->shared != NULL) {
		st = admin_address_arg(r, c->shared, &c->shared_form);
		if (st == STATUS_OK)
			st = check_shared(r, buf_slice(&c->shared_form), f);
		f->shared = buf_slice(&c->shared_form);
		f->for_account = 0;
	}
	if (st == STATUS_OK && c->dispatcher != NULL) {
		st = admin_account_arg(r, c->dispatcher, &a);
		f->dispatcher = a != NULL ? a->id : 0;
	}
	if (st == STATUS_OK && c->whom != NULL) {
		st = admin_account_arg(r, c->whom, &a);
		f->for_account = a != NULL ? a->id : 0;
		f->shared = (struct slice){ 0 };
		f->dispatcher = 0;
	}
	if (st == STATUS_OK && (f->shared.len > 0) != (f->dispatcher != 0))
		return admin_syntax(r, "a shared address needs its dispatcher, who gets what names nobody");
	if (st == STATUS_OK && f->shared.len == 0 && f->for_account == 0)
		return admin_syntax(r, "say whose mail it is: shared with dispatcher, or for");
	return st;
}

static enum status
edit_numbers(struct admin_request *r, const struct changes *c, struct fetch_record *f)
{
	json_int_t every = json_integer_value(c->every_s), keep = json_integer_value(c->keep_days);

	if (c->every_s != NULL) {
		if (!json_is_integer(c->every_s) || every < EVERY_MIN_S || every > EVERY_MAX_S)
			return admin_syntax(r, "every is from 30 seconds to 7 days");
		f->every_s = (uint32_t)every;
	}
	if (c->keep_days == NULL)
		return STATUS_OK;
	if (json_is_null(c->keep_days)) {
		f->keep_days = -1;
		return STATUS_OK;
	}
	if (!json_is_integer(c->keep_days) || keep < 0 || keep > KEEP_MAX_DAYS)
		return admin_syntax(r, "keep is a number of days, 0 to 36500");
	f->keep_days = (int32_t)keep;
	return STATUS_OK;
}

static enum status
edit_rest(struct admin_request *r, const struct changes *c, struct fetch_record *f)
{
	enum status st;

	if (c->user != NULL)
		f->user = slice_from_cstr(c->user);
	if (c->secret != NULL)
		f->secret = slice_from_cstr(c->secret);
	st = admin_line_arg(r, "user", f->user, ADDRESS_LEN_MAX);
	if (st == STATUS_OK)
		st = admin_line_arg(r, "secret", f->secret, SECRET_MAX);
	if (st == STATUS_OK)
		st = admin_ca_arg(r, c->ca, &f->ca_path);
	if (st == STATUS_OK)
		st = admin_bool_arg(r, "check_certificate", c->check_certificate,
		    &f->checks_certificate);
	if (st == STATUS_OK)
		st = admin_bool_arg(r, "enabled", c->enabled, &f->is_enabled);
	return st;
}

static enum status
write_fetch(struct admin_request *r, struct changes *c, struct fetch_record *f, const char *kind)
{
	struct directory *d = r->policyd->directory;
	struct buf detail = buf_init(3000);
	struct audit_note note = { .kind = slice_from_cstr(kind), .subject = f->name };
	enum status st = edit_protocol(r, c, f);

	if (st == STATUS_OK)
		st = edit_server(r, c, f);
	if (st == STATUS_OK)
		st = edit_people(r, c, f);
	if (st == STATUS_OK)
		st = edit_numbers(r, c, f);
	if (st == STATUS_OK)
		st = edit_rest(r, c, f);
	buf_printf(&detail, "server=%.*s:%u protocol=%s tls=%s user=%.*s shared=%.*s every_s=%u "
	    "keep_days=%d%s", SLICE_ARG(f->host), f->port, protocols[f->protocol].protocol,
	    protocols[f->protocol].tls, SLICE_ARG(f->user), SLICE_ARG(f->shared), f->every_s,
	    f->keep_days, c->secret != NULL ? " secret=changed" : "");
	note.detail = buf_slice(&detail);
	if (st == STATUS_OK)
		st = directory_put_fetch(d, f, &note, &r->why);
	if (st == STATUS_OK) {
		admin_row(r, fetch_row(r, directory_fetch(d, f->id)));
		fetching_changed(r->policyd->fetching);
	}
	buf_clear(&detail);
	return st;
}

static struct changes
changes_init(void)
{
	return (struct changes){
		.shared_form = buf_init(ADDRESS_LEN_MAX),
		.host = buf_init(ADDRESS_LEN_MAX),
	};
}

static void
changes_clear(struct changes *c)
{
	buf_clear(&c->shared_form);
	buf_clear(&c->host);
}

static enum status
unpack_changes(struct admin_request *r, struct changes *c)
{
	return admin_unpack(r, "{s:s,s?s,s?s,s?s,s?s,s?s,s?s,s?s,s?s,s?o,s?o,s?o,s?o,s?o}", "name",
	    &c->name, "server", &c->server, "protocol", &c->protocol, "tls", &c->tls, "user",
	    &c->user, "secret", &c->secret, "shared", &c->shared, "dispatcher", &c->dispatcher,
	    "for", &c->whom, "keep_days", &c->keep_days, "every_s", &c->every_s,
	    "check_certificate", &c->check_certificate, "ca", &c->ca, "enabled", &c->enabled);
}

static enum status
fetch_add(struct admin_request *r)
{
	struct fetch_record f = {
		.is_enabled = true,
		.checks_certificate = true,
		.every_s = EVERY_DEFAULT_S,
		.keep_days = -1,
	};
	struct changes c = changes_init();
	enum status st = unpack_changes(r, &c);

	f.name = slice_from_cstr(c.name);
	if (st == STATUS_OK)
		st = admin_name_arg(r, f.name);
	if (st == STATUS_OK && directory_fetch_by_name(r->policyd->directory, f.name) != NULL) {
		problem_set(&r->why, "fetch account \"%s\" is there already", c.name);
		st = STATUS_EXISTS;
	}
	if (st == STATUS_OK && (c.server == NULL || c.protocol == NULL || c.user == NULL ||
	    c.secret == NULL))
		st = admin_syntax(r, "server, protocol, user and secret are needed");
	if (st == STATUS_OK)
		st = write_fetch(r, &c, &f, "fetch.added");
	changes_clear(&c);
	return st;
}

static enum status
find(struct admin_request *r, const char *name, const struct fetch_record **out)
{
	const struct fetch_record *f = directory_fetch_by_name(r->policyd->directory,
	    slice_from_cstr(name));

	if (f == NULL) {
		problem_set(&r->why, "no fetch account \"%s\": see mailadm fetch list", name);
		return STATUS_ABSENT;
	}
	*out = f;
	return STATUS_OK;
}

static enum status
fetch_set(struct admin_request *r)
{
	const struct fetch_record *before;
	struct fetch_record f;
	struct changes c = changes_init();
	enum status st = unpack_changes(r, &c);

	if (st == STATUS_OK)
		st = find(r, c.name, &before);
	if (st == STATUS_OK) {
		f = *before;
		st = write_fetch(r, &c, &f, "fetch.changed");
	}
	changes_clear(&c);
	return st;
}

static enum status
fetch_show(struct admin_request *r)
{
	const struct fetch_record *f;
	const char *name;
	enum status st = admin_unpack(r, "{s:s}", "name", &name);

	if (st == STATUS_OK)
		st = find(r, name, &f);
	if (st == STATUS_OK)
		admin_row(r, fetch_row(r, f));
	return st;
}

static enum status
fetch_remove(struct admin_request *r)
{
	const struct fetch_record *f;
	struct audit_note note = { .kind = SLICE("fetch.removed") };
	const char *name;
	uint32_t id = 0;
	enum status st = admin_unpack(r, "{s:s}", "name", &name);

	if (st == STATUS_OK)
		st = find(r, name, &f);
	if (st == STATUS_OK) {
		id = f->id;
		note.subject = slice_from_cstr(name);
		st = directory_remove_fetch(r->policyd->directory, id, &note, &r->why);
	}
	if (st == STATUS_OK) {
		fetching_changed(r->policyd->fetching);
		fetching_removed(r->policyd->fetching, id);
	}
	return st;
}

static void
run_heard(void *ctx, const struct policy_fetch_report *report)
{
	struct admin_request *r = ctx;
	const char *name = json_string_value(json_object_get(r->args, "name"));

	if (report == NULL) {
		problem_set(&r->why, "fetchd ended before the run did");
		admin_end(r, STATUS_BUSY);
		return;
	}
	admin_row(r, report_row(slice_from_cstr(name), report));
	if (!report->is_final)
		return;
	problem_set(&r->why, "%.*s", SLICE_ARG(report->text));
	admin_end(r, (enum status)report->status);
}

static enum status
fetch_run(struct admin_request *r)
{
	const struct fetch_record *f;
	const char *name;
	enum status st = admin_unpack(r, "{s:s}", "name", &name);

	if (st == STATUS_OK)
		st = find(r, name, &f);
	if (st != STATUS_OK)
		return st;
	if (directory_fetching_held(r->policyd->directory) != 0) {
		problem_set(&r->why, "nothing is collected since a restore, so that nothing is fetched "
		    "twice: mailadm fetch release");
		return STATUS_DENIED;
	}
	st = fetching_run(r->policyd->fetching, f->id, run_heard, r);
	if (st == STATUS_OK)
		return STATUS_PENDING;
	problem_set(&r->why, "fetchd is not there now: try again");
	return st;
}

/* After a restore: collect again. */
static enum status
fetch_release(struct admin_request *r)
{
	struct audit_note note = { SLICE("fetch.released"), SLICE("fetching"), SLICE("") };
	enum status st = admin_unpack(r, "{}");

	if (st == STATUS_OK && directory_fetching_held(r->policyd->directory) == 0) {
		problem_set(&r->why, "nothing is held");
		return STATUS_ABSENT;
	}
	if (st == STATUS_OK)
		st = directory_hold_fetching(r->policyd->directory, 0, &note, &r->why);
	if (st == STATUS_OK)
		fetching_changed(r->policyd->fetching);
	return st;
}

const struct admin_verb admin_fetch_verbs[] = {
	{ "fetch", "list", fetch_list },
	{ "fetch", "add", fetch_add },
	{ "fetch", "set", fetch_set },
	{ "fetch", "show", fetch_show },
	{ "fetch", "remove", fetch_remove },
	{ "fetch", "run", fetch_run },
	{ "fetch", "release", fetch_release },
	{ NULL, NULL, NULL },
};
