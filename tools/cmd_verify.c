/*
 * mailadm verify: every record of the store, everything one says of another,
 * every counter and checksum.  Reads only; the instance may be served or not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/verify.h"
#include "tools/command.h"
#include "tools/instance.h"
#include "tools/print.h"
#include "tools/verify_show.h"

#define STORE_PATH "../store"

struct verification {
	bool is_json, is_shown;		/* shown: progress is, on a terminal */
	uint64_t findings;
};

static void
line_clear(const struct verification *v)
{
	if (v->is_shown)
		fputs("\r\033[K", stderr);
}

static void
on_found(void *ctx, const struct verify_finding *f)
{
	struct verification *v = ctx;
	json_t *row = json_object();
	struct slice key;

	v->findings++;
	line_clear(v);
	print_set(row, "table", f->table);
	print_set(row, "key", f->key);
	print_set(row, "what", f->what);
	if (v->is_json) {
		print_json(row);
	} else {
		key = slice_from_cstr(json_string_value(json_object_get(row, "key")));
		printf("%.*s%s%.*s: %.*s\n", SLICE_ARG(f->table), key.len > 0 ? " " : "",
		    SLICE_ARG(key), SLICE_ARG(f->what));
	}
	json_decref(row);
}

static void
on_progress(void *ctx, struct slice stage, uint64_t done, uint64_t total)
{
	const struct verification *v = ctx;

	if (v->is_shown)
		verify_show(stage, done, total);
}

/* The pass came to its end, whatever it found. */
static void
conclude(const struct verification *v, const char *path)
{
	char *full;
	json_t *row;

	if (!v->is_json) {
		if (v->findings == 0)
			printf("the store is whole\n");
		return;
	}
	full = realpath(path, NULL);
	row = json_object();
	print_set(row, "verified", slice_from_cstr(full != NULL ? full : path));
	json_object_set_new(row, "findings", json_integer((json_int_t)v->findings));
	print_json(row);
	json_decref(row);
	free(full);
}

enum status
cmd_verify(const struct invocation *in, struct problem *why)
{
	struct verification v = { .is_json = in->is_json, .is_shown = isatty(STDERR_FILENO) };
	struct verify_hooks hooks = { on_found, on_progress, &v };
	const char *path = STORE_PATH;
	enum status st = STATUS_OK;

	if (in->argc > 1) {
		problem_set(why, "verify takes one directory at most");
		return STATUS_SYNTAX;
	}
	if (in->argc == 1)
		path = in->argv[0];
	else
		st = instance_enter(in->dir, why);
	if (st != STATUS_OK)
		return st;
	fflush(stdout);
	st = verify_store(path, &hooks, why);
	line_clear(&v);
	if (v.findings > 0)
		problem_set(why, "%llu finding%s", (unsigned long long)v.findings,
		    v.findings == 1 ? "" : "s");
	if (st == STATUS_OK || v.findings > 0)
		conclude(&v, path);
	return st;
}
