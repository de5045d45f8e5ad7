/*
 * mailadm audit: what was decided about each message and changed by
 * administrators, and why.
 */
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/clock.h"
#include "store/audit.h"
#include "store/protocol.h"
#include "tools/audit.h"
#include "tools/command.h"
#include "tools/instance.h"
#include "tools/print.h"
#include "tools/store_call.h"
#include "tools/times.h"

#define LIMIT_DEFAULT 50

static const struct column columns[] = {
	{ "change", "CHANGE", 8 }, { "at", "TIME", 20 }, { "kind", "KIND", 16 },
	{ "actor", "ACTOR", 24 }, { "subject", "SUBJECT", 0 },
};

struct listing {
	const struct invocation *in;
	bool has_details;
	unsigned rows;
};

static json_t *
row_object(const struct audit_row *row)
{
	json_t *object = json_object();
	struct buf at = buf_init(64);

	clock_format_rfc3339(row->at_s, &at);
	json_object_set_new(object, "change", json_integer((json_int_t)row->change));
	print_set(object, "at", buf_slice(&at));
	print_set(object, "kind", row->kind);
	print_set(object, "actor", row->actor);
	print_set(object, "subject", row->subject);
	print_set(object, "detail", row->detail);
	buf_clear(&at);
	return object;
}

static void
show(struct listing *list, const struct audit_row *row)
{
	json_t *object = row_object(row);

	if (list->in->is_json) {
		print_json(object);
	} else if (list->has_details) {
		if (list->rows > 0)
			putchar('\n');
		print_details(object);
	} else {
		if (list->rows == 0)
			print_headings(columns, ARRAY_LEN(columns));
		print_row(columns, ARRAY_LEN(columns), object);
	}
	list->rows++;
	json_decref(object);
}

static void
on_row(void *ctx, struct slice payload)
{
	struct audit_row row;

	if (audit_row_read(payload, &row) == STATUS_OK)
		show(ctx, &row);
}

static enum status
read_filter(const struct invocation *in, struct audit_filter *f, struct problem *why)
{
	*f = (struct audit_filter){ .limit = LIMIT_DEFAULT };
	for (int i = 0; i + 1 < in->argc; i += 2) {
		const char *name = in->argv[i], *value = in->argv[i + 1];
		struct slice text = slice_from_cstr(value);
		enum status st = STATUS_OK;

		if (strcmp(name, "--from") == 0)
			st = time_arg(name, value, &f->from_s, why);
		else if (strcmp(name, "--to") == 0)
			st = time_arg(name, value, &f->to_s, why);
		else if (strcmp(name, "--kind") == 0)
			f->kind = text;
		else if (strcmp(name, "--actor") == 0)
			f->actor = text;
		else if (strcmp(name, "--subject") == 0)
			f->subject = text;
		else if (strcmp(name, "--limit") == 0)
			st = parse_u32(text, 1, UINT32_MAX, &f->limit);
		else
			st = STATUS_SYNTAX;
		if (st != STATUS_OK) {
			if (why->text[0] == '\0')
				problem_set(why, "%s %s is not understood", name, value);
			return STATUS_SYNTAX;
		}
	}
	if (in->argc % 2 != 0) {
		problem_set(why, "%s needs a value", in->argv[in->argc - 1]);
		return STATUS_SYNTAX;
	}
	return STATUS_OK;
}

static enum status
ask(struct listing *list, const struct audit_filter *f, struct problem *why)
{
	struct buf payload = buf_init(8192);
	enum status st = instance_enter(list->in->dir, why);

	audit_filter_put(f, &payload);
	if (st == STATUS_OK)
		st = store_call(list->in, STORE_AUDIT_LIST, buf_slice(&payload), on_row, list, why);
	buf_clear(&payload);
	return st;
}

static enum status
audit_list(const struct invocation *in, struct problem *why)
{
	struct listing list = { .in = in };
	struct audit_filter f;
	enum status st = read_filter(in, &f, why);

	return st == STATUS_OK ? ask(&list, &f, why) : st;
}

static enum status
audit_show(const struct invocation *in, struct problem *why)
{
	struct listing list = { .in = in, .has_details = true };
	struct audit_filter f = { .limit = 1000 };
	enum status st;

	if (in->argc != 1) {
		problem_set(why, "name one message or thing, as audit list prints it");
		return STATUS_SYNTAX;
	}
	f.subject = slice_from_cstr(in->argv[0]);
	st = ask(&list, &f, why);
	if (st == STATUS_OK && list.rows == 0) {
		problem_set(why, "nothing is known of \"%s\"", in->argv[0]);
		return STATUS_ABSENT;
	}
	return st;
}

const struct command audit_commands[] = {
	{ "audit", "list",
	    "[--from TIME] [--to TIME] [--kind KIND] [--actor WHO] [--subject WHAT] [--limit N]",
	    "decisions and changes, newest first", audit_list },
	{ "audit", "show", "SUBJECT", "everything about one message or thing, with reasons",
	    audit_show },
	{ "audit", "changes",
	    "[--account LOGIN] [--actor LOGIN] [--mailbox NAME] [--kind KIND] [--since TIME] "
	    "[--until TIME] [--limit N]",
	    "who changed what in mailboxes, newest first", audit_cmd_changes },
	{ 0 },
};
