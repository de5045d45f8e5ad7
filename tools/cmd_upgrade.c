/*
 * mailadm upgrade: make the store and the directory of a stopped instance,
 * written by an older version of the programs, those of this version.
 */
#include <stdio.h>
#include <unistd.h>

#include "policy/bootstrap.h"
#include "store/identity.h"
#include "store/upgrade.h"
#include "tools/command.h"
#include "tools/instance.h"
#include "tools/print.h"

#define POLICY_PATH "../policy"

static void
on_progress(void *ctx, struct slice step, uint64_t records)
{
	(void)ctx;
	fprintf(stderr, "\r\033[K%.*s: %llu", SLICE_ARG(step), (unsigned long long)records);
}

static void
tell(const struct invocation *in, uint32_t from)
{
	json_t *row;

	if (in->is_json) {
		row = json_object();
		json_object_set_new(row, "from", json_integer(from));
		json_object_set_new(row, "to", json_integer(STORE_VERSION));
		print_json(row);
		json_decref(row);
	} else if (from == STORE_VERSION) {
		printf("the store is of version %u already\n", STORE_VERSION);
	} else {
		printf("the store was of version %u and is of version %u now\n", from,
		    STORE_VERSION);
	}
}

/* A newer one of the two leaves both alone. */
static enum status
upgrade_both(const struct upgrade_hooks *hooks, uint32_t *from, struct problem *why)
{
	struct problem people = { "" };
	enum status st, directory = bootstrap_look(POLICY_PATH, &people);

	if (directory != STATUS_OK && directory != STATUS_ABSENT) {
		problem_set(why, "%s", people.text);
		return directory;
	}
	st = store_upgrade("../store", hooks, from, why);
	if (st == STATUS_OK && directory == STATUS_OK)
		st = bootstrap_upgrade(POLICY_PATH, why);
	return st;
}

enum status
cmd_upgrade(const struct invocation *in, struct problem *why)
{
	bool is_shown = isatty(STDERR_FILENO);
	struct upgrade_hooks hooks = { is_shown ? on_progress : NULL, NULL };
	uint32_t from;
	enum status st;

	if (in->argc > 0) {
		problem_set(why, "upgrade takes nothing");
		return STATUS_SYNTAX;
	}
	st = instance_enter(in->dir, why);
	if (st == STATUS_OK)
		st = instance_lock(why);
	if (st == STATUS_BUSY)
		problem_set(why, "the instance is being served: stop it first");
	if (st != STATUS_OK)
		return st;
	st = upgrade_both(&hooks, &from, why);
	if (is_shown)
		fputs("\r\033[K", stderr);
	if (st == STATUS_OK)
		tell(in, from);
	return st;
}
