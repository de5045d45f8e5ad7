/*
 * mailadm domain, user, alias, fetch: changes of policyd's directory, effective
 * at once.  Each row is a command line's form and how its answer is shown.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/request.h"

#define DEADLINE_MS 30000
#define RUN_DEADLINE_MS (24 * 3600 * 1000)	/* a first fetch over a thin line takes hours */

static const struct option user_options[] = {
	{ "--name", OPTION_LIST, "names" },
	{ "--nick", OPTION_LIST, "nicks" },
	{ "--outside", OPTION_MAILBOX, "outside" },
	{ "--password-stdin", OPTION_STDIN, "password" },
};
static const struct option user_set_options[] = {
	{ "--name", OPTION_LIST, "names" },
	{ "--nick", OPTION_LIST, "nicks" },
	{ "--outside", OPTION_MAILBOX, "outside" },
	{ "--password-stdin", OPTION_STDIN, "password" },
	{ "--enable", OPTION_YES, "enabled" },
	{ "--disable", OPTION_NO, "enabled" },
};
static const struct option fetch_options[] = {
	{ "--server", OPTION_TEXT, "server" },
	{ "--protocol", OPTION_TEXT, "protocol" },
	{ "--user", OPTION_TEXT, "user" },
	{ "--secret-stdin", OPTION_STDIN, "secret" },
	{ "--shared", OPTION_TEXT, "shared" },
	{ "--dispatcher", OPTION_TEXT, "dispatcher" },
	{ "--for", OPTION_TEXT, "for" },
	{ "--keep", OPTION_NUMBER, "keep" },
	{ "--every", OPTION_SECONDS, "every" },
	{ "--tls", OPTION_TEXT, "tls" },
	{ "--ca", OPTION_PATH, "ca" },
	{ "--no-check-certificate", OPTION_NO, "check_certificate" },
	{ "--check-certificate", OPTION_YES, "check_certificate" },
	{ "--enable", OPTION_YES, "enabled" },
	{ "--disable", OPTION_NO, "enabled" },
};

static const struct column domain_columns[] = {
	{ "domain", "DOMAIN", 30 }, { "default", "DEFAULT", 8 },
};
static const struct column user_columns[] = {
	{ "login", "USER", 28 }, { "enabled", "ENABLED", 8 }, { "names", "NAMES", 0 },
};
static const struct column alias_columns[] = {
	{ "alias", "ALIAS", 30 }, { "to", "TO", 0 },
};
static const struct column fetch_columns[] = {
	{ "name", "NAME", 16 }, { "server", "SERVER", 28 }, { "user", "USER", 24 },
	{ "for", "FOR", 24 }, { "enabled", "ENABLED", 8 }, { "last", "LAST RUN", 0 },
};

enum shown { SHOWN_NOTHING, SHOWN_LIST, SHOWN_DETAILS, SHOWN_PROGRESS };

static const struct directory_form {
	const char *noun, *verb;
	struct request_form form;
	enum shown shown;
	const struct column *columns;
	size_t column_count;
} forms[] = {
	{ "domain", "add", { { "domain" }, 1, NULL, 0, NULL, NULL }, SHOWN_NOTHING, NULL, 0 },
	{ "domain", "list", { { NULL }, 0, NULL, 0, NULL, NULL }, SHOWN_LIST, domain_columns,
	    ARRAY_LEN(domain_columns) },
	{ "domain", "show", { { "domain" }, 1, NULL, 0, NULL, NULL }, SHOWN_DETAILS, NULL, 0 },
	{ "domain", "remove", { { "domain" }, 1, NULL, 0, NULL, NULL }, SHOWN_NOTHING, NULL, 0 },
	{ "user", "add", { { "login" }, 1, user_options, ARRAY_LEN(user_options), "password",
	    "Password for the new user: " }, SHOWN_NOTHING, NULL, 0 },
	{ "user", "list", { { NULL }, 0, NULL, 0, NULL, NULL }, SHOWN_LIST, user_columns,
	    ARRAY_LEN(user_columns) },
	{ "user", "show", { { "login" }, 1, NULL, 0, NULL, NULL }, SHOWN_DETAILS, NULL, 0 },
	{ "user", "set", { { "login" }, 1, user_set_options, ARRAY_LEN(user_set_options), NULL,
	    NULL }, SHOWN_NOTHING, NULL, 0 },
	{ "user", "remove", { { "login" }, 1, NULL, 0, NULL, NULL }, SHOWN_NOTHING, NULL, 0 },
	{ "alias", "add", { { "alias", "to" }, 2, NULL, 0, NULL, NULL }, SHOWN_NOTHING, NULL, 0 },
	{ "alias", "list", { { NULL }, 0, NULL, 0, NULL, NULL }, SHOWN_LIST, alias_columns,
	    ARRAY_LEN(alias_columns) },
	{ "alias", "show", { { "alias" }, 1, NULL, 0, NULL, NULL }, SHOWN_DETAILS, NULL, 0 },
	{ "alias", "remove", { { "alias" }, 1, NULL, 0, NULL, NULL }, SHOWN_NOTHING, NULL, 0 },
	{ "fetch", "add", { { "name" }, 1, fetch_options, ARRAY_LEN(fetch_options), "secret",
	    "Password at the outside server: " }, SHOWN_NOTHING, NULL, 0 },
	{ "fetch", "list", { { NULL }, 0, NULL, 0, NULL, NULL }, SHOWN_LIST, fetch_columns,
	    ARRAY_LEN(fetch_columns) },
	{ "fetch", "show", { { "name" }, 1, NULL, 0, NULL, NULL }, SHOWN_DETAILS, NULL, 0 },
	{ "fetch", "set", { { "name" }, 1, fetch_options, ARRAY_LEN(fetch_options), NULL, NULL },
	    SHOWN_NOTHING, NULL, 0 },
	{ "fetch", "remove", { { "name" }, 1, NULL, 0, NULL, NULL }, SHOWN_NOTHING, NULL, 0 },
	{ "fetch", "run", { { "name" }, 1, NULL, 0, NULL, NULL }, SHOWN_PROGRESS, NULL, 0 },
};

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

static void
on_row(void *ctx, const json_t *row)
{
	struct display *d = ctx;

	if (d->in->is_json) {
		print_json(row);
		return;
	}
	switch (d->form->shown) {
	case SHOWN_NOTHING:
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

const struct command directory_commands[] = {
	{ "domain", "add", "DOMAIN", "receive mail for a domain", run },
	{ "domain", "list", "", "the company's domains", run },
	{ "domain", "show", "DOMAIN", "one domain", run },
	{ "domain", "remove", "DOMAIN", "receive no more mail for it", run },
	{ "user", "add",
	    "LOGIN@DOMAIN [--name NAME]... [--nick NICK]... [--outside '\"NAME\" <ADDRESS>'] "
	    "[--password-stdin]",
	    "a person: names are what customers may call them", run },
	{ "user", "list", "", "all people", run },
	{ "user", "show", "LOGIN", "one person", run },
	{ "user", "set",
	    "LOGIN [--name NAME]... [--nick NICK]... [--outside '\"NAME\" <ADDRESS>'] "
	    "[--password-stdin] [--enable | --disable]",
	    "change what is given; --name and --nick replace all earlier ones", run },
	{ "user", "remove", "LOGIN", "no more logins, no more mail; what is stored stays", run },
	{ "alias", "add", "ADDRESS LOGIN", "deliver mail for ADDRESS to LOGIN too", run },
	{ "alias", "list", "", "all aliases", run },
	{ "alias", "show", "ADDRESS", "one alias", run },
	{ "alias", "remove", "ADDRESS", "forget an alias", run },
	{ "fetch", "add",
	    "NAME --server HOST:PORT --protocol pop3|pop3s --user U [--secret-stdin] "
	    "(--shared ADDRESS --dispatcher LOGIN | --for LOGIN) [--keep DAYS] [--every 5m] "
	    "[--tls require|try|off] [--ca FILE] [--no-check-certificate]",
	    "collect an outside mailbox; without --keep messages stay there, 0 removes them once "
	    "stored",
	    run },
	{ "fetch", "list", "", "all outside mailboxes", run },
	{ "fetch", "show", "NAME", "one, and what its last run did", run },
	{ "fetch", "set", "NAME [as for add] [--enable | --disable]", "change what is given", run },
	{ "fetch", "remove", "NAME", "collect it no more", run },
	{ "fetch", "run", "NAME", "collect now, wait, say what was done", run },
	{ 0 },
};
