#include "tools/mending.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "policy/addressees.h"
#include "tools/instance.h"
#include "tools/print.h"

#define STORE_PATH "../store"
#define POLICY_PATH "../policy"
#define SHOWN_MAX 200	/* lines for people; the report has all of them */

struct mending {
	const struct invocation *in;
	bool is_shown;			/* progress is, on a terminal */
	struct addressees *people;		/* NULL: it cannot be read */
	uint64_t lines;
};

static const char *const kinds[REPAIR_KIND_COUNT] = {
	[REPAIR_LOST] = "lost",
	[REPAIR_MENDED] = "mended",
	[REPAIR_RECOVERED] = "recovered",
	[REPAIR_CHANGED] = "changed",
};

static bool
on_login(void *ctx, uint32_t account, struct slice *login)
{
	const struct mending *m = ctx;

	if (m->people == NULL)
		return true;	/* nobody can say that there is none */
	*login = addressees_login(m->people, account);
	return login->len > 0;
}

static uint32_t
on_account(void *ctx, struct slice address, unsigned i)
{
	const struct mending *m = ctx;

	return m->people == NULL ? 0 : addressees_find(m->people, address, i);
}

static void
line_clear(const struct mending *m)
{
	if (m->is_shown)
		fputs("\r\033[K", stderr);
}

static void
on_line(void *ctx, const struct repair_line *l)
{
	struct mending *m = ctx;
	struct slice login = SLICE("");
	json_t *row = json_object();

	line_clear(m);
	if (l->account != 0)
		on_login(ctx, l->account, &login);
	print_set(row, "kind", slice_from_cstr(kinds[l->kind]));
	print_set(row, "table", l->table);
	print_set(row, "key", l->key);
	if (l->account != 0) {
		json_object_set_new(row, "account", json_integer(l->account));
		print_set(row, "login", login);
	}
	print_set(row, "what", l->what);
	if (m->in->is_json)
		print_json(row);
	else if (m->lines < SHOWN_MAX)
		printf("%-9s %.*s %s%s%.*s: %s\n", kinds[l->kind], SLICE_ARG(l->table),
		    json_string_value(json_object_get(row, "key")), login.len > 0 ? " of " : "",
		    SLICE_ARG(login), json_string_value(json_object_get(row, "what")));
	else if (m->lines == SHOWN_MAX)
		printf("... and more, which the report names\n");
	m->lines++;
	json_decref(row);
}

static void
on_progress(void *ctx, struct slice stage, uint64_t done, uint64_t total)
{
	const struct mending *m = ctx;

	if (!m->is_shown)
		return;
	line_clear(m);
	fprintf(stderr, "%.*s: %llu", SLICE_ARG(stage), (unsigned long long)done);
	if (total > 0)
		fprintf(stderr, " of %llu", (unsigned long long)total);
}

static void
tell(const struct mending *m, const struct repair_options *o, const struct repair_result *r)
{
	json_t *row;

	if (m->in->is_json) {
		row = json_object();
		for (unsigned i = 0; i < REPAIR_KIND_COUNT; i++)
			json_object_set_new(row, kinds[i], json_integer((json_int_t)r->lines[i]));
		json_object_set_new(row, "messages", json_integer((json_int_t)r->messages));
		json_object_set_new(row, "done", json_boolean(r->aside[0] != '\0'));
		print_set(row, "aside", slice_from_cstr(r->aside));
		print_json(row);
		json_decref(row);
		return;
	}
	if (r->aside[0] == '\0' && m->lines == 0 && r->messages == 0) {
		printf("the store is whole: there is nothing to do\n");
		return;
	}
	printf("%llu lost, %llu mended, %llu recovered; the store has %llu messages\n",
	    (unsigned long long)r->lines[REPAIR_LOST], (unsigned long long)r->lines[REPAIR_MENDED],
	    (unsigned long long)r->lines[REPAIR_RECOVERED], (unsigned long long)r->messages);
	if (o->mode == REPAIR_LOOK)
		printf("nothing was changed: with --yes this is done\n");
	else
		printf("the old index, damaged bytes and the report are in store/%s\n", r->aside);
	if (r->lines[REPAIR_CHANGED] > 0)
		printf("mail to the outside %s held: mailadm queue list, then queue release\n",
		    o->mode == REPAIR_LOOK ? "will be" : "is");
}

enum status
mending(const struct invocation *in, mending_run *run, struct problem *why)
{
	struct mending m = { .in = in, .is_shown = isatty(STDERR_FILENO) };
	struct repair_options o = { .mode = REPAIR_LOOK,
		.hooks = { on_line, on_progress, on_login, on_account, &m } };
	struct repair_result result;
	struct problem people = { "" };
	enum status st;

	if (in->argc > 1 || (in->argc == 1 && strcmp(in->argv[0], "--yes") != 0)) {
		problem_set(why, "it takes --yes or nothing");
		return STATUS_SYNTAX;
	}
	if (in->argc == 1)
		o.mode = REPAIR_DO;
	st = instance_enter(in->dir, why);
	if (st == STATUS_OK)
		st = instance_lock(why);
	if (st == STATUS_BUSY)
		problem_set(why, "the instance is being served: stop it first");
	if (st != STATUS_OK)
		return st;
	if (addressees_open(POLICY_PATH, &m.people, &people) != STATUS_OK)
		fprintf(stderr, "mailadm: the directory of people cannot be read (%s): accounts are "
		    "numbers\n", people.text);
	o.administrator = m.people == NULL ? 0 : addressees_postmaster(m.people);
	st = run(STORE_PATH, &o, &result, why);
	line_clear(&m);
	if (st == STATUS_OK)
		tell(&m, &o, &result);
	addressees_close(&m.people);
	return st;
}
