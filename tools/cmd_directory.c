/*
 * mailadm domain, user, alias, fetch, route: changes of policyd's directory, effective
 * at once.  Each row is a command line's form and how its answer is shown.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/request.h"

#define DEADLINE_MS 30000
#define RUN_DEADLINE_MS (24 * 3600 * 1000)	/* a first fetch over a thin line takes hours */

static const struct option domain_options[] = {
	{ "--default", OPTION_YES, "default" },
};
static const struct option user_options[] = {
	{ "--name", OPTION_LIST, "names" },
	{ "--nick", OPTION_LIST, "nicks" },
	{ "--outside", OPTION_MAILBOX, "outside" },
	{ "--no-outside", OPTION_NULL, "outside" },
	{ "--password-stdin", OPTION_STDIN, "password" },
	{ "--admin", OPTION_YES, "admin" },
	{ "--no-admin", OPTION_NO, "admin" },
	{ "--enable", OPTION_YES, "enabled" },
	{ "--disable", OPTION_NO, "enabled" },
	{ "--quota", OPTION_TEXT, "quota" },
	{ "--trash-days", OPTION_TEXT, "trash_days" },
};
static const struct option fetch_options[] = {
	{ "--server", OPTION_TEXT, "server" },
	{ "--protocol", OPTION_TEXT, "protocol" },
	{ "--user", OPTION_TEXT, "user" },
	{ "--secret-stdin", OPTION_STDIN, "secret" },
	{ "--shared", OPTION_TEXT, "shared" },
	{ "--dispatcher", OPTION_TEXT, "dispatcher" },
	{ "--for", OPTION_TEXT, "for" },
	{ "--keep", OPTION_NUMBER, "keep_days" },
	{ "--keep-for-ever", OPTION_NULL, "keep_days" },
	{ "--every", OPTION_SECONDS, "every_s" },
	{ "--tls", OPTION_TEXT, "tls" },
	{ "--ca", OPTION_PATH, "ca" },
	{ "--no-ca", OPTION_NULL, "ca" },
	{ "--no-check-certificate", OPTION_NO, "check_certificate" },
	{ "--check-certificate", OPTION_YES, "check_certificate" },
	{ "--enable", OPTION_YES, "enabled" },
	{ "--disable", OPTION_NO, "enabled" },
};
static const struct option route_options[] = {
	{ "--default", OPTION_YES, "default" },
	{ "--for-domain", OPTION_TEXT, "for_domain" },
	{ "--for-sender", OPTION_TEXT, "for_sender" },
	{ "--smarthost", OPTION_TEXT, "smarthost" },
	{ "--mx", OPTION_YES, "mx" },
	{ "--user", OPTION_TEXT, "user" },
	{ "--no-user", OPTION_NULL, "user" },
	{ "--secret-stdin", OPTION_STDIN, "secret" },
	{ "--tls", OPTION_TEXT, "tls" },
	{ "--lmtp", OPTION_YES, "lmtp" },
	{ "--no-lmtp", OPTION_NO, "lmtp" },
	{ "--ca", OPTION_PATH, "ca" },
	{ "--no-ca", OPTION_NULL, "ca" },
	{ "--no-check-certificate", OPTION_NO, "check_certificate" },
	{ "--check-certificate", OPTION_YES, "check_certificate" },
	{ "--enable", OPTION_YES, "enabled" },
	{ "--disable", OPTION_NO, "enabled" },
};

static const struct column domain_columns[] = {
	{ "name", "DOMAIN", 30 }, { "default", "DEFAULT", 8 }, { "users", "USERS", 0 },
};
static const struct column user_columns[] = {
	{ "login", "USER", 28 }, { "enabled", "ENABLED", 8 }, { "used", "USED", 12 },
	{ "quota", "QUOTA", 12 }, { "names", "NAMES", 0 },
};
static const struct column alias_columns[] = {
	{ "address", "ALIAS", 30 }, { "to", "TO", 0 },
};
static const struct column fetch_columns[] = {
	{ "name", "NAME", 16 }, { "server", "SERVER", 26 }, { "user", "USER", 22 },
	{ "shared", "SHARED", 20 }, { "for", "FOR", 20 }, { "enabled", "ENABLED", 0 },
};
static const struct column route_columns[] = {
	{ "name", "NAME", 16 }, { "smarthost", "SMARTHOST", 26 }, { "user", "USER", 22 },
	{ "default", "DEFAULT", 8 }, { "for_domain", "FOR DOMAIN", 20 },
	{ "for_sender", "FOR SENDER", 26 }, { "enabled", "ENABLED", 0 },
};

enum shown { SHOWN_NOTHING, SHOWN_LIST, SHOWN_DETAILS, SHOWN_PROGRESS };

#define COLUMNS(c) SHOWN_LIST, c, ARRAY_LEN(c)
#define PLAIN { NULL }, 0, NULL, NULL, 0, NULL, NULL
#define NAMED(field) { field }, 1, NULL, NULL, 0, NULL, NULL
#define WITH(options) NULL, options, ARRAY_LEN(options)

static const struct directory_form {
	const char *noun, *verb;
	struct request_form form;
	enum shown shown;
	const struct column *columns;
	size_t column_count;
} forms[] = {
	{ "domain", "add", { { "name" }, 1, WITH(domain_options), NULL, NULL }, SHOWN_NOTHING,
	    NULL, 0 },
	{ "domain", "set", { { "name" }, 1, WITH(domain_options), NULL, NULL }, SHOWN_NOTHING,
	    NULL, 0 },
	{ "domain", "list", { PLAIN }, COLUMNS(domain_columns) },
	{ "domain", "show", { NAMED("name") }, SHOWN_DETAILS, NULL, 0 },
	{ "domain", "remove", { NAMED("name") }, SHOWN_NOTHING, NULL, 0 },
	{ "user", "add", { { "login" }, 1, WITH(user_options), "password",
	    "Password for the new user: " }, SHOWN_NOTHING, NULL, 0 },
	{ "user", "set", { { "login" }, 1, WITH(user_options), NULL, NULL }, SHOWN_NOTHING, NULL,
	    0 },
	{ "user", "list", { PLAIN }, COLUMNS(user_columns) },
	{ "user", "show", { NAMED("login") }, SHOWN_DETAILS, NULL, 0 },
	{ "user", "remove", { NAMED("login") }, SHOWN_NOTHING, NULL, 0 },
	{ "alias", "add", { { "address" }, 1, "to", NULL, 0, NULL, NULL }, SHOWN_NOTHING, NULL,
	    0 },
	{ "alias", "set", { { "address" }, 1, "to", NULL, 0, NULL, NULL }, SHOWN_NOTHING, NULL,
	    0 },
	{ "alias", "list", { PLAIN }, COLUMNS(alias_columns) },
	{ "alias", "show", { NAMED("address") }, SHOWN_DETAILS, NULL, 0 },
	{ "alias", "remove", { NAMED("address") }, SHOWN_NOTHING, NULL, 0 },
	{ "fetch", "add", { { "name" }, 1, WITH(fetch_options), "secret",
	    "Password at the outside server: " }, SHOWN_NOTHING, NULL, 0 },
	{ "fetch", "set", { { "name" }, 1, WITH(fetch_options), NULL, NULL }, SHOWN_NOTHING, NULL,
	    0 },
	{ "fetch", "list", { PLAIN }, COLUMNS(fetch_columns) },
	{ "fetch", "show", { NAMED("name") }, SHOWN_DETAILS, NULL, 0 },
	{ "fetch", "remove", { NAMED("name") }, SHOWN_NOTHING, NULL, 0 },
	{ "fetch", "run", { NAMED("name") }, SHOWN_PROGRESS, NULL, 0 },
	{ "fetch", "release", { PLAIN }, SHOWN_NOTHING, NULL, 0 },
	{ "route", "add", { { "name" }, 1, WITH(route_options), "secret",
	    "Password at the smarthost: " }, SHOWN_NOTHING, NULL, 0 },
	{ "route", "set", { { "name" }, 1, WITH(route_options), NULL, NULL }, SHOWN_NOTHING, NULL,
	    0 },
	{ "route", "list", { PLAIN }, COLUMNS(route_columns) },
	{ "route", "show", { NAMED("name") }, SHOWN_DETAILS, NULL, 0 },
	{ "route", "remove", { NAMED("name") }, SHOWN_NOTHING, NULL, 0 },
};

#undef COLUMNS
#undef PLAIN
#undef NAMED
#undef WITH

struct display {
	const struct invocation *in;
	const struct directory_form *form;
	unsigned rows;
	bool has_progress;	/* a progress line stands on the terminal */
};

static long long
number(const json_t *row, const char *field)
{
	return (long long)json_integer_value(json_object_get(row, field));
}

static void
print_progress(struct display *d, const json_t *row)
{
	bool is_final = json_is_true(json_object_get(row, "final"));

	if (!is_final && !isatty(STDERR_FILENO))
		return;
	fprintf(is_final ? stdout : stderr,
	    "%s%lld listed, %lld stored, %lld known before, %lld removed outside, %lld failed%s",
	    d->has_progress && !is_final ? "\r" : "", number(row, "listed"),
	    number(row, "stored"), number(row, "known"), number(row, "removed"),
	    number(row, "failed"), is_final ? "\n" : "");
	if (is_final && json_string_length(json_object_get(row, "text")) > 0)
		printf("%s\n", json_string_value(json_object_get(row, "text")));
	d->has_progress = !is_final;
}

/* Numbers of bytes as people read them. */
static void
show_sizes(json_t *row)
{
	static const char *const fields[] = { "used", "quota" };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const json_t *v = json_object_get(row, fields[i]);
		struct buf text = buf_init(64);

		if (json_is_integer(v)) {
			print_size(&text, (uint64_t)json_integer_value(v));
			print_set(row, fields[i], buf_slice(&text));
		}
		buf_clear(&text);
	}
}

/* Whoever writes beside a shared address to such a name reaches neither of its people. */
static void
warn_of_shared_names(const json_t *row)
{
	const json_t *names = json_object_get(row, "shared_names");

	for (size_t i = 0; i < json_array_size(names); i++)
		fprintf(stderr, "mailadm: \"%s\" is somebody else's name, too: mail for it goes to the "
		    "dispatcher\n", json_string_value(json_array_get(names, i)));
}

/* relayd shows it under TLS only, but then to whoever speaks TLS. */
static void
warn_of_unchecked_login(const struct directory_form *form, const json_t *row)
{
	const char *tls = json_string_value(json_object_get(row, "tls"));

	if (strcmp(form->noun, "route") == 0 && tls != NULL && strcmp(tls, "try") == 0 &&
	    json_is_string(json_object_get(row, "user")) &&
	    json_is_false(json_object_get(row, "check_certificate")))
		fprintf(stderr, "mailadm: with --tls try no certificate is checked: whoever is on the way "
		    "to the smarthost can have the password\n");
}

static void
on_row(void *ctx, const json_t *answer)
{
	struct display *d = ctx;
	json_t *row;

	if (d->in->is_json) {
		print_json(answer);
		return;
	}
	row = json_copy((json_t *)(uintptr_t)answer);
	show_sizes(row);
	switch (d->form->shown) {
	case SHOWN_NOTHING:
		warn_of_shared_names(row);
		warn_of_unchecked_login(d->form, row);
		break;
	case SHOWN_LIST:
		if (d->rows++ == 0)
			print_headings(d->form->columns, d->form->column_count);
		print_row(d->form->columns, d->form->column_count, row);
		break;
	case SHOWN_DETAILS:
		print_details(row);
		break;
	case SHOWN_PROGRESS:
		print_progress(d, row);
		break;
	}
	json_decref(row);
}

static enum status
run(const struct invocation *in, struct problem *why)
{
	struct display d = { .in = in };
	json_t *request;
	enum status st;

	for (size_t i = 0; i < ARRAY_LEN(forms) && d.form == NULL; i++)
		if (strcmp(forms[i].noun, in->noun) == 0 && strcmp(forms[i].verb, in->verb) == 0)
			d.form = &forms[i];
	if (d.form == NULL) {
		problem_set(why, "no command %s %s", in->noun, in->verb);
		return STATUS_SYNTAX;
	}
	st = request_build(in, &d.form->form, &request, why);
	if (st != STATUS_OK)
		return st;
	return admin_call(in, request,
	    d.form->shown == SHOWN_PROGRESS ? RUN_DEADLINE_MS : DEADLINE_MS, on_row, &d, why);
}

#define USER_OPTIONS                                                                              \
	"[--name NAME]... [--nick NICK]... [--outside '\"NAME\" <ADDRESS>' | --no-outside] "      \
	"[--password-stdin] "                                                                     \
	"[--admin | --no-admin] [--enable | --disable] [--quota SIZE | none | default] "          \
	"[--trash-days DAYS | never | default]"
#define FETCH_OPTIONS                                                                             \
	"--server HOST[:PORT] --protocol pop3|pop3s --user U [--secret-stdin] "                   \
	"(--shared ADDRESS --dispatcher LOGIN | --for LOGIN) [--keep DAYS | --keep-for-ever] "    \
	"[--every 5m] [--tls require|try|off] [--ca FILE | --no-ca] [--no-check-certificate] "    \
	"[--enable | --disable]"
#define ROUTE_OPTIONS                                                                             \
	"(--default | --for-domain D | --for-sender ADDRESS) (--smarthost HOST[:PORT] | --mx) "   \
	"[--user U [--secret-stdin] | --no-user] [--tls require|try|off] [--lmtp | --no-lmtp] "   \
	"[--ca FILE | --no-ca] [--check-certificate | --no-check-certificate] [--enable | --disable]"

const struct command directory_commands[] = {
	{ "domain", "add", "DOMAIN [--default]", "receive mail for a domain", run },
	{ "domain", "set", "DOMAIN --default", "logins without a domain are of this one", run },
	{ "domain", "list", "", "the company's domains", run },
	{ "domain", "show", "DOMAIN", "one domain", run },
	{ "domain", "remove", "DOMAIN", "receive no more mail for it", run },
	{ "user", "add", "LOGIN@DOMAIN " USER_OPTIONS,
	    "a person; names and nicks are what customers may write beside a shared address", run },
	{ "user", "set", "LOGIN " USER_OPTIONS,
	    "change what is given; --name and --nick replace all earlier ones", run },
	{ "user", "list", "", "all people", run },
	{ "user", "show", "LOGIN", "one person", run },
	{ "user", "remove", "LOGIN", "no more logins, no more mail; what is stored goes to the trash", run },
	{ "alias", "add", "ADDRESS LOGIN...", "deliver mail for ADDRESS to these people", run },
	{ "alias", "set", "ADDRESS LOGIN...", "to these people instead", run },
	{ "alias", "list", "", "all aliases", run },
	{ "alias", "show", "ADDRESS", "one alias", run },
	{ "alias", "remove", "ADDRESS", "forget an alias", run },
	{ "fetch", "add", "NAME " FETCH_OPTIONS,
	    "collect an outside mailbox; without --keep messages stay there, --keep 0 removes them "
	    "once stored",
	    run },
	{ "fetch", "set", "NAME " FETCH_OPTIONS, "change what is given", run },
	{ "fetch", "list", "", "all outside mailboxes", run },
	{ "fetch", "show", "NAME", "one, and what its last run did", run },
	{ "fetch", "remove", "NAME", "collect it no more", run },
	{ "fetch", "run", "NAME", "collect now, wait, say what was done", run },
	{ "fetch", "release", "", "after a restore: collect again", run },
	{ "route", "add", "NAME " ROUTE_OPTIONS,
	    "how mail leaves: a route for the sender's address is taken first, then one for the "
	    "recipient's domain, then the default; without --tls it is require with a login and "
	    "try without one",
	    run },
	{ "route", "set", "NAME " ROUTE_OPTIONS, "change what is given", run },
	{ "route", "list", "", "all routes", run },
	{ "route", "show", "NAME", "one route", run },
	{ "route", "remove", "NAME", "send by it no more", run },
	{ 0 },
};
