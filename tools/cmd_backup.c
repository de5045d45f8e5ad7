/*
 * mailadm backup: the whole instance, served or not, into a directory that
 * keeps many backups; what is in there, and what of it may go.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "policy/head_sign.h"
#include "store/backup.h"
#include "tools/arguments.h"
#include "tools/backup_show.h"
#include "tools/instance.h"
#include "tools/print.h"
#include "tools/store_hold.h"

#define NICE 10

static const struct column columns[] = {
	{ "backup", "BACKUP", 17 }, { "taken", "TAKEN", 21 }, { "messages", "MESSAGES", 9 },
	{ "texts", "TEXTS", 9 }, { "bytes", "BYTES", 14 }, { "state", "STATE", 0 },
};

/* Fields of what a backup counts. */
static const char *const counted[BACKUP_ROWS] = {
	[BACKUP_ACCOUNTS] = "accounts", [BACKUP_MAILBOXES] = "mailboxes",
	[BACKUP_MESSAGES] = "messages", [BACKUP_TEXTS] = "texts", [BACKUP_ARCHIVE] = "archived",
	[BACKUP_QUEUE] = "queued",
};

/* What of an instance is copied beside its store and directory. */
static const char *const files[] = { "tradepost.conf", "tls", NULL };
/* What proves the archive: a head that was signed is of an entry that the backup has. */
static const char *const early_files[] = { "policy/" HEAD_KEY_FILE, "policy/" HEAD_PUBLIC_FILE,
	"policy/" HEAD_LOG_FILE, NULL };

static bool
is_held(void *ctx)
{
	return store_hold_lasts(*(int *)ctx);
}

static json_t *
row_of(const struct backup_manifest *m)
{
	json_t *row = json_object();
	struct buf at = buf_init(64);

	clock_format_rfc3339(m->taken_at, &at);
	print_set(row, "backup", slice_from_cstr(m->name));
	print_set(row, "taken", buf_slice(&at));
	json_object_set_new(row, "bytes", json_integer((json_int_t)backup_manifest_size(m)));
	for (size_t i = 0; i < BACKUP_ROWS; i++)
		json_object_set_new(row, counted[i], json_integer((json_int_t)m->rows[i]));
	buf_clear(&at);
	return row;
}

static void
tell_taken(const struct invocation *in, const struct backup_result *r, bool is_proved)
{
	json_t *row;

	if (!in->is_json) {
		printf("backup %s: %llu bytes, %llu of them new%s\n", r->name,
		    (unsigned long long)r->size_bytes, (unsigned long long)r->new_bytes,
		    is_proved ? "; proved" : "");
		return;
	}
	row = json_object();
	print_set(row, "backup", slice_from_cstr(r->name));
	json_object_set_new(row, "bytes", json_integer((json_int_t)r->size_bytes));
	json_object_set_new(row, "new_bytes", json_integer((json_int_t)r->new_bytes));
	json_object_set_new(row, "read_bytes", json_integer((json_int_t)r->read_bytes));
	json_object_set_new(row, "proved", json_boolean(is_proved));
	print_json(row);
	json_decref(row);
}

static enum status
prove(struct backup_place *p, const char *name, const struct backup_hooks *hooks,
    struct problem *why)
{
	struct backup_manifest m;
	char scratch[4096];
	enum status st = backup_find(p, name, &m, why);

	if (st != STATUS_OK)
		return st;
	st = scratch_make("../backup/prove", scratch, why);
	if (st == STATUS_OK) {
		st = backup_prove(p, &m, scratch, hooks, why);
		scratch_remove(scratch);
	}
	backup_manifest_clear(&m);
	return st;
}

/* Served: no text goes while we copy.  Else nobody removes any; if serving begins meanwhile and
 * something goes, backup_take() finds out. */
static enum status
take(const struct invocation *in, struct backup_place *p, const struct backup_hooks *hooks,
    struct backup_result *r, struct problem *why)
{
	struct backup_source source = { .root = "..", .files = files,
		.early_files = early_files };
	struct problem unserved = { "" };
	int hold = -1;
	enum status st = store_hold(in, &hold, &unserved);

	if (st != STATUS_OK && (st != STATUS_BUSY || instance_is_served())) {
		*why = unserved;
		return st;
	}
	if (st == STATUS_OK) {
		source.is_held = is_held;
		source.ctx = &hold;
	}
	st = backup_take(p, &source, hooks, r, why);
	if (hold >= 0)
		close(hold);
	return st;
}

static enum status
backup_run(const struct invocation *in, struct problem *why)
{
	const char *to = NULL;
	bool is_proved = false;
	const struct argument arguments[] = { { .name = "--to", .text = &to },
		{ .name = "--prove", .flag = &is_proved } };
	struct backup_show show;
	struct backup_hooks hooks = backup_show_begin(in, &show);
	struct backup_result r = { .size_bytes = 0 };
	struct backup_place *p = NULL;
	enum status st = arguments_read(in, arguments, ARRAY_LEN(arguments), why);

	if (st == STATUS_OK && to == NULL) {
		problem_set(why, "say where the backups are: --to DIRECTORY");
		st = STATUS_SYNTAX;
	}
	if (st == STATUS_OK)
		st = backup_open(to, BACKUP_CHANGE, &p, why);
	if (st == STATUS_OK)
		st = instance_enter(in->dir, why);
	if (st != STATUS_OK)
		goto out;
	(void)setpriority(PRIO_PROCESS, 0, NICE);	/* mail goes first */
	st = take(in, p, &hooks, &r, why);
	if (st == STATUS_OK && is_proved)
		st = prove(p, r.name, &hooks, why);
	backup_show_end(&show);
	if (st == STATUS_OK)
		tell_taken(in, &r, is_proved);
out:
	backup_close(&p);
	return st;
}

static enum status
need_from(const char *from, struct problem *why)
{
	if (from != NULL)
		return STATUS_OK;
	problem_set(why, "say where the backups are: --from DIRECTORY");
	return STATUS_SYNTAX;
}

static enum status
list_one(const struct invocation *in, struct backup_place *p, const char *name)
{
	struct backup_manifest m = { .taken_at = 0 };
	struct problem why = { "" };
	enum status st = backup_find(p, name, &m, &why);
	json_t *row = row_of(&m);

	print_set(row, "backup", slice_from_cstr(name));
	print_set(row, "state", slice_from_cstr(st == STATUS_OK ? "there" : why.text));
	if (in->is_json)
		print_json(row);
	else
		print_row(columns, ARRAY_LEN(columns), row);
	json_decref(row);
	backup_manifest_clear(&m);
	return st;
}

static enum status
backup_list(const struct invocation *in, struct problem *why)
{
	const char *from = NULL;
	const struct argument arguments[] = { { .name = "--from", .text = &from } };
	struct backup_names names = { 0 };
	struct backup_place *p = NULL;
	size_t damaged = 0;
	enum status st = arguments_read(in, arguments, ARRAY_LEN(arguments), why);

	if (st == STATUS_OK)
		st = need_from(from, why);
	if (st == STATUS_OK)
		st = backup_open(from, BACKUP_LOOK, &p, why);
	if (st == STATUS_OK)
		st = backup_names(p, &names, why);
	if (st == STATUS_OK && !in->is_json && names.count > 0)
		print_headings(columns, ARRAY_LEN(columns));
	for (size_t i = 0; st == STATUS_OK && i < names.count; i++)
		damaged += list_one(in, p, names.names[i]) != STATUS_OK;
	backup_names_clear(&names);
	backup_close(&p);
	if (st == STATUS_OK && damaged > 0) {
		problem_set(why, "%zu of them cannot be read", damaged);
		st = STATUS_CORRUPT;
	}
	return st;
}

static enum status
backup_pack_run(const struct invocation *in, struct problem *why)
{
	const char *from = NULL, *at = "", *file = NULL;
	const struct argument arguments[] = { { .name = "--from", .text = &from },
		{ .name = "--at", .text = &at }, { .text = &file } };
	struct backup_show show;
	struct backup_hooks hooks = backup_show_begin(in, &show);
	struct backup_manifest m = { .taken_at = 0 };
	struct backup_place *p = NULL;
	enum status st = arguments_read(in, arguments, ARRAY_LEN(arguments), why);

	if (st == STATUS_OK)
		st = need_from(from, why);
	if (st == STATUS_OK && file == NULL) {
		problem_set(why, "name the file to write");
		st = STATUS_SYNTAX;
	}
	if (st == STATUS_OK)
		st = backup_open(from, BACKUP_LOOK, &p, why);
	if (st == STATUS_OK)
		st = backup_find(p, at, &m, why);
	if (st == STATUS_OK)
		st = backup_pack(p, &m, file, &hooks, why);
	backup_show_end(&show);
	if (st == STATUS_OK && !in->is_json)
		printf("backup %s packed\n", m.name);
	backup_manifest_clear(&m);
	backup_close(&p);
	return st;
}

/* The check came to its end, whatever it found. */
static void
tell_checked(const struct backup_show *show, const char *from, size_t backups)
{
	json_t *row;

	if (!show->is_json) {
		if (show->findings == 0)
			printf("the backups are whole\n");
		return;
	}
	row = json_object();
	print_set(row, "checked", slice_from_cstr(from));
	json_object_set_new(row, "backups", json_integer((json_int_t)backups));
	json_object_set_new(row, "findings", json_integer((json_int_t)show->findings));
	print_json(row);
	json_decref(row);
}

static enum status
backup_check_run(const struct invocation *in, struct problem *why)
{
	const char *from = NULL;
	const struct argument arguments[] = { { .name = "--from", .text = &from } };
	struct backup_show show;
	struct backup_hooks hooks = backup_show_begin(in, &show);
	struct backup_names names = { 0 };
	struct backup_place *p = NULL;
	enum status st = arguments_read(in, arguments, ARRAY_LEN(arguments), why);

	if (st == STATUS_OK)
		st = need_from(from, why);
	if (st == STATUS_OK)
		st = backup_open(from, BACKUP_LOOK, &p, why);
	if (st == STATUS_OK)
		st = backup_names(p, &names, why);
	if (st == STATUS_OK)
		st = backup_check(p, &hooks, why);
	backup_show_end(&show);
	if (st == STATUS_OK || show.findings > 0)
		tell_checked(&show, from, names.count);
	backup_names_clear(&names);
	backup_close(&p);
	return st;
}

static void
tell_pruned(const struct invocation *in, const struct backup_pruned *r)
{
	json_t *row;

	if (!in->is_json) {
		printf("%u kept, %u removed, %llu bytes freed\n", r->kept, r->removed,
		    (unsigned long long)r->freed_bytes);
		return;
	}
	row = json_object();
	json_object_set_new(row, "kept", json_integer(r->kept));
	json_object_set_new(row, "removed", json_integer(r->removed));
	json_object_set_new(row, "freed_bytes", json_integer((json_int_t)r->freed_bytes));
	print_json(row);
	json_decref(row);
}

static enum status
backup_prune_run(const struct invocation *in, struct problem *why)
{
	const char *from = NULL;
	struct backup_keep keep = { 0, 0, 0 };
	const struct argument arguments[] = { { .name = "--from", .text = &from },
		{ .name = "--keep-daily", .number = &keep.daily },
		{ .name = "--keep-weekly", .number = &keep.weekly },
		{ .name = "--keep-monthly", .number = &keep.monthly } };
	struct backup_pruned result;
	struct backup_place *p = NULL;
	enum status st = arguments_read(in, arguments, ARRAY_LEN(arguments), why);

	if (st == STATUS_OK)
		st = need_from(from, why);
	if (st == STATUS_OK && keep.daily + keep.weekly + keep.monthly == 0) {
		problem_set(why, "say what to keep: --keep-daily 7 --keep-weekly 5 --keep-monthly 12");
		st = STATUS_SYNTAX;
	}
	/* To look first: a directory that is none is not made one. */
	if (st == STATUS_OK)
		st = backup_open(from, BACKUP_LOOK, &p, why);
	backup_close(&p);
	if (st == STATUS_OK)
		st = backup_open(from, BACKUP_CHANGE, &p, why);
	if (st == STATUS_OK)
		st = backup_prune(p, &keep, &result, why);
	if (st == STATUS_OK)
		tell_pruned(in, &result);
	backup_close(&p);
	return st;
}

const struct command backup_commands[] = {
	{ "backup", "list", "--from DIRECTORY", "the backups that are there", backup_list },
	{ "backup", "pack", "FILE --from DIRECTORY [--at BACKUP]",
	    "one backup as one file, which restore reads, too", backup_pack_run },
	{ "backup", "check", "--from DIRECTORY", "compare every byte there with its hash",
	    backup_check_run },
	{ "backup", "prune",
	    "--from DIRECTORY [--keep-daily N] [--keep-weekly N] [--keep-monthly N]",
	    "keep the newest backup of so many days, weeks and months, and the newest of all",
	    backup_prune_run },
	{ "backup", "", "--to DIRECTORY [--prove]",
	    "add a backup of this instance, served or not; --prove restores it aside and verifies it",
	    backup_run },
	{ 0 },
};
