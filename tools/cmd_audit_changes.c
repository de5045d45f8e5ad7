/*
 * mailadm audit changes: the journal of mailboxes, for people: who changed what,
 * when, in which session.  Reads only; the instance may be served or not.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/table.h"
#include "store/flags.h"
#include "store/journal.h"
#include "store/journal_back.h"
#include "store/key.h"
#include "store/mailbox.h"
#include "store/store.h"
#include "store/uidset.h"
#include "tools/arguments.h"
#include "tools/audit.h"
#include "tools/instance.h"
#include "tools/people.h"
#include "tools/print.h"
#include "tools/times.h"

#define LIMIT_DEFAULT 50
#define DETAIL_MAX (64 * 1024)

static const char *const kinds[JOURNAL_OP_COUNT] = {
	[JOURNAL_ADDED] = "added",
	[JOURNAL_FLAGGED] = "flagged",
	[JOURNAL_EXPUNGED] = "expunged",
	[JOURNAL_MAILBOX_MADE] = "made",
	[JOURNAL_MAILBOX_RENAMED] = "renamed",
	[JOURNAL_MAILBOX_REMOVED] = "removed",
	[JOURNAL_SUBSCRIBED] = "subscribed",
	[JOURNAL_UNSUBSCRIBED] = "unsubscribed",
};

static const struct {
	uint64_t bit;
	const char *name;
} system_flags[] = {
	{ FLAG_SEEN, "\\Seen" }, { FLAG_ANSWERED, "\\Answered" }, { FLAG_FLAGGED, "\\Flagged" },
	{ FLAG_DELETED, "\\Deleted" }, { FLAG_DRAFT, "\\Draft" },
};

static const struct column columns[] = {
	{ "change", "CHANGE", 8 }, { "at", "TIME", 20 }, { "kind", "KIND", 12 },
	{ "actor", "WHO", 20 }, { "account", "ACCOUNT", 20 }, { "mailbox", "MAILBOX", 16 },
	{ "from", "FROM", 28 }, { "detail", "WHAT", 0 },
};

struct filter {
	const char *account, *actor, *mailbox, *kind, *since, *until;
	uint32_t account_id, actor_id;
	uint64_t since_s, until_s;
	uint32_t limit;
};

struct changes {
	const struct invocation *in;
	struct filter filter;
	struct store *store;
	struct people *people;
	/* Mailbox id u32 -> what it was called before changes that were met already. */
	struct table *names;
	uint32_t count;
};

static void
name_note(struct changes *c, uint32_t mailbox, struct slice name)
{
	uint8_t key[4];

	store_u32be(key, mailbox);
	mem_free(table_put(c->names, slice_make(key, sizeof(key)), mem_dup(name)));
}

/* What the row's mailbox was called when the change was made; of rows before it, from here on. */
static struct slice
name_then(struct changes *c, struct txn *t, const struct journal_row *row)
{
	uint8_t key[4];
	struct mailbox_row box;
	const char *known;

	if (row->op == JOURNAL_MAILBOX_RENAMED || row->op == JOURNAL_MAILBOX_REMOVED)
		name_note(c, row->mailbox, row->before);
	if (row->op == JOURNAL_SUBSCRIBED || row->op == JOURNAL_UNSUBSCRIBED)
		return row->after.len > 0 ? row->after : row->before;
	if (row->op == JOURNAL_MAILBOX_MADE)
		return row->after;
	store_u32be(key, row->mailbox);
	known = table_get(c->names, slice_make(key, sizeof(key)));
	if (known != NULL)
		return slice_from_cstr(known);
	return mailbox_get(t, row->mailbox, &box, NULL) == STATUS_OK ? box.name : SLICE("");
}

static uint64_t
flag_bits(struct slice field)
{
	return field.len == 8 ? load_u64le((const uint8_t *)field.ptr) : 0;
}

/* " +\Seen +work"; a keyword whose name is gone by its number. */
static void
put_flags(struct buf *out, uint64_t bits, char sign, const struct slice *keywords)
{
	for (size_t i = 0; i < ARRAY_LEN(system_flags); i++)
		if (bits & system_flags[i].bit)
			buf_printf(out, " %c%s", sign, system_flags[i].name);
	for (unsigned i = 0; i < KEYWORD_COUNT_MAX; i++) {
		if (!(bits & UINT64_C(1) << (i + FLAG_KEYWORD_SHIFT)))
			continue;
		if (keywords[i].len > 0)
			buf_printf(out, " %c%.*s", sign, SLICE_ARG(keywords[i]));
		else
			buf_printf(out, " %ckeyword-%u", sign, i + 1);
	}
}

static void
put_uids(struct buf *out, const struct journal_row *row)
{
	struct reader in = reader_of(row->uids);
	struct uidset uids;

	uidset_read(&in, &uids);
	if (uids.count > 0)
		uidset_print(&uids, out);
	uidset_clear(&uids);
}

static void
put_detail(struct buf *out, struct txn *t, const struct journal_row *row)
{
	struct slice keywords[KEYWORD_COUNT_MAX] = { { 0 } };

	if (row->op == JOURNAL_MAILBOX_RENAMED) {
		buf_printf(out, "to %.*s", SLICE_ARG(row->after));
		return;
	}
	put_uids(out, row);
	if (row->op != JOURNAL_FLAGGED)
		return;
	if (keyword_list(t, row->mailbox, keywords, NULL) != STATUS_OK)
		memset(keywords, 0, sizeof(keywords));
	put_flags(out, flag_bits(row->after), '+', keywords);
	put_flags(out, flag_bits(row->before), '-', keywords);
}

static void
set_person(json_t *object, const char *field, const struct changes *c, uint32_t account,
    const char *nobody)
{
	struct buf login = buf_init(512);

	if (account == 0)
		buf_append(&login, slice_from_cstr(nobody));
	else
		people_login(c->people, account, &login);
	print_set(object, field, buf_slice(&login));
	buf_clear(&login);
}

static json_t *
row_object(const struct changes *c, struct txn *t, const struct journal_row *row,
    struct slice name)
{
	struct buf text = buf_init(DETAIL_MAX);
	json_t *object = json_object();

	json_object_set_new(object, "change", json_integer((json_int_t)row->change));
	clock_format_rfc3339(row->at_s, &text);
	print_set(object, "at", buf_slice(&text));
	json_object_set_new(object, "kind", json_string(kinds[row->op]));
	/* A change without an account is a delivery, or what an administrator did. */
	set_person(object, "actor", c, row->actor,
	    row->op == JOURNAL_ADDED && !journal_is_by(row, SLICE("admin")) ? "delivery" : "admin");
	set_person(object, "account", c, row->account, "");
	print_set(object, "mailbox", name);
	buf_reset(&text);
	put_detail(&text, t, row);
	print_set(object, "detail", buf_slice(&text));
	print_set(object, "from", row->sid);
	buf_clear(&text);
	return object;
}

static bool
is_wanted(const struct filter *f, const struct journal_row *row, struct slice name)
{
	return (f->account == NULL || row->account == f->account_id) &&
	    (f->actor == NULL || row->actor == f->actor_id) &&
	    (f->kind == NULL || strcmp(kinds[row->op], f->kind) == 0) &&
	    (f->mailbox == NULL || slice_equal(name, slice_from_cstr(f->mailbox)) ||
	    (row->op == JOURNAL_MAILBOX_RENAMED &&
	    slice_equal(row->after, slice_from_cstr(f->mailbox))));
}

static bool
on_row(void *ctx, struct txn *t, const struct journal_row *row)
{
	struct changes *c = ctx;
	struct slice name = name_then(c, t, row);
	json_t *object;

	if (!is_wanted(&c->filter, row, name))
		return true;
	if (c->count == c->filter.limit) {
		if (!c->in->is_json)
			fprintf(stderr, "the newest %u: more with --limit\n", c->count);
		return false;
	}
	object = row_object(c, t, row, name);
	if (c->in->is_json) {
		print_json(object);
	} else {
		if (c->count == 0)
			print_headings(columns, ARRAY_LEN(columns));
		print_row(columns, ARRAY_LEN(columns), object);
	}
	c->count++;
	json_decref(object);
	return true;
}

static enum status
kind_check(const char *kind, struct problem *why)
{
	for (size_t i = 1; kind != NULL && i < JOURNAL_OP_COUNT; i++)
		if (strcmp(kinds[i], kind) == 0)
			return STATUS_OK;
	if (kind == NULL)
		return STATUS_OK;
	problem_set(why, "--kind is one of added, flagged, expunged, made, renamed, removed, "
	    "subscribed, unsubscribed");
	return STATUS_SYNTAX;
}

static enum status
filter_read(const struct invocation *in, struct filter *f, struct problem *why)
{
	const struct argument list[] = {
		{ .name = "--account", .text = &f->account },
		{ .name = "--actor", .text = &f->actor },
		{ .name = "--mailbox", .text = &f->mailbox },
		{ .name = "--kind", .text = &f->kind },
		{ .name = "--since", .text = &f->since },
		{ .name = "--until", .text = &f->until },
		{ .name = "--limit", .number = &f->limit },
	};
	enum status st;

	*f = (struct filter){ .limit = LIMIT_DEFAULT, .until_s = UINT64_MAX };
	st = arguments_read(in, list, ARRAY_LEN(list), why);
	if (st == STATUS_OK)
		st = kind_check(f->kind, why);
	if (st == STATUS_OK && f->since != NULL)
		st = time_arg("--since", f->since, &f->since_s, why);
	if (st == STATUS_OK && f->until != NULL)
		st = time_arg("--until", f->until, &f->until_s, why);
	return st;
}

static enum status
changes_open(struct changes *c, struct problem *why)
{
	struct filter *f = &c->filter;
	enum status st = instance_enter(c->in->dir, why);

	if (st == STATUS_OK)
		st = store_open("../store", ENV_READ, &c->store, why);
	if (st == STATUS_OK)
		st = people_load(c->in, c->store, &c->people, why);
	if (st == STATUS_OK && f->account != NULL)
		st = people_find(c->people, slice_from_cstr(f->account), &f->account_id, why);
	if (st == STATUS_OK && f->actor != NULL)
		st = people_find(c->people, slice_from_cstr(f->actor), &f->actor_id, why);
	return st;
}

enum status
audit_cmd_changes(const struct invocation *in, struct problem *why)
{
	struct changes c = { .in = in, .names = table_new() };
	enum status st = filter_read(in, &c.filter, why);

	if (st == STATUS_OK)
		st = changes_open(&c, why);
	if (st == STATUS_OK)
		st = journal_back_each(c.store, c.filter.since_s, c.filter.until_s, on_row, &c,
		    why);
	table_free(&c.names, mem_free);
	people_free(&c.people);
	store_close(&c.store);
	return st;
}
