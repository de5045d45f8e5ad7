#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "store/key.h"
#include "store/mailbox.h"
#include "store/message.h"
#include "store/plan.h"
#include "store/trash.h"
#include "tools/archive.h"
#include "tools/arguments.h"
#include "tools/times.h"

#define SLICE_ENTRIES 500	/* that one read transaction looks at */
#define DIRECTION_ANY 255
#define EARLY_S 86400		/* entries may be out of the order of their times by so much */

enum status
archive_wish_read(const struct invocation *in, unsigned takes, struct archive_wish *out,
    struct problem *why)
{
	struct archive_wish w = { .entries = in->argv };
	bool has_target = (takes & ARCHIVE_TAKES_TARGET) != 0;
	const struct argument arguments[] = {
		{ .name = "--from", .text = &w.from },
		{ .name = "--to", .text = has_target ? &w.target : &w.to },
		{ .name = "--recipient", .text = &w.to },
		{ .name = "--person", .text = &w.person },
		{ .name = "--subject", .text = &w.subject },
		{ .name = "--direction", .text = &w.direction },
		{ .name = "--since", .text = &w.since },
		{ .name = "--until", .text = &w.until },
		{ .name = "--limit", .number = &w.limit },
		{ .name = has_target ? "--format" : "--raw", .text = has_target ? &w.format : NULL,
		    .flag = has_target ? NULL : &w.is_raw },
	};
	/* The last row is not for everybody. */
	size_t count = ARRAY_LEN(arguments) - (takes == 0);
	struct invocation rest = *in;
	enum status st;

	for (; rest.argc > 0 && rest.argv[0][0] != '-'; rest.argc--, rest.argv++)
		w.entry_count++;
	st = arguments_read(&rest, arguments, count, why);
	if (st == STATUS_OK && w.entry_count > 0 &&
	    (w.from || w.to || w.person || w.subject || w.direction || w.since || w.until)) {
		problem_set(why,
		    "name entries by their numbers, or choose them by options, not both");
		return STATUS_SYNTAX;
	}
	*out = w;
	return st;
}

/* What the options mean. */
struct filter {
	struct archive_view *view;
	const struct archive_wish *wish;
	uint8_t direction;
	uint64_t since_s, until_s;
	uint64_t *texts;	/* in order: those that lie in the person's mailboxes and trash */
	size_t text_count, text_cap;
	struct buf login;
};

static enum status
direction_read(const char *text, uint8_t *out, struct problem *why)
{
	static const uint8_t all[] = { PLAN_IN, PLAN_OUT, PLAN_INTERNAL };

	*out = DIRECTION_ANY;
	if (text == NULL)
		return STATUS_OK;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(text, archive_direction_name(all[i])) == 0)
			*out = all[i];
	if (*out != DIRECTION_ANY)
		return STATUS_OK;
	problem_set(why, "--direction is in, out or internal, not \"%s\"", text);
	return STATUS_SYNTAX;
}

static int
order_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
text_add(struct filter *f, uint64_t text)
{
	if (f->text_count == f->text_cap) {
		f->text_cap = f->text_cap == 0 ? 1024 : 2 * f->text_cap;
		f->texts = mem_resize(f->texts, f->text_cap, sizeof(f->texts[0]));
	}
	f->texts[f->text_count++] = text;
}

static bool
on_message(void *ctx, const struct message_row *row)
{
	text_add(ctx, row->text);
	return true;
}

static bool
on_trash(void *ctx, const struct trash_row *row)
{
	text_add(ctx, row->message.text);
	return true;
}

struct boxes {
	uint32_t *ids;
	size_t count;
};

static bool
on_mailbox(void *ctx, const struct mailbox_row *row)
{
	struct boxes *b = ctx;

	b->ids = mem_resize(b->ids, b->count + 1, sizeof(b->ids[0]));
	b->ids[b->count++] = row->id;
	return true;
}

/* Texts of the person: a transaction for each mailbox. */
static enum status
person_read(struct filter *f, struct problem *why)
{
	struct env *e = store_env(f->view->store);
	struct boxes boxes = { 0 };
	struct txn *t;
	uint32_t account;
	enum status st;

	st = people_find(f->view->people, slice_from_cstr(f->wish->person), &account, why);
	if (st != STATUS_OK)
		return st;
	people_login(f->view->people, account, &f->login);
	st = txn_begin_read(e, &t, why);
	if (st != STATUS_OK)
		return st;
	st = mailbox_each(t, account, on_mailbox, &boxes, why);
	if (st == STATUS_OK)
		st = trash_each(t, account, on_trash, f, why);
	txn_abort(&t);
	for (size_t i = 0; st == STATUS_OK && i < boxes.count; i++) {
		st = txn_begin_read(e, &t, why);
		if (st != STATUS_OK)
			break;
		st = message_each(t, boxes.ids[i], 1, UINT32_MAX, on_message, f, why);
		txn_abort(&t);
	}
	mem_free(boxes.ids);
	if (f->text_count > 1)
		qsort(f->texts, f->text_count, sizeof(f->texts[0]), order_u64);
	return st;
}

/* One of the lines is this. */
static bool
has_line(struct slice lines, struct slice line)
{
	while (lines.len > 0)
		if (slice_equal_nocase(slice_take_until(&lines, '\n'), line))
			return true;
	return false;
}

static bool
is_persons(const struct filter *f)
{
	const struct archive_view *v = f->view;
	struct slice login = buf_slice(&f->login);

	return slice_equal_nocase(buf_slice(&v->sender), login) ||
	    has_line(buf_slice(&v->recipients), login) ||
	    (f->text_count > 0 && bsearch(&v->row.text, f->texts, f->text_count,
		sizeof(f->texts[0]), order_u64) != NULL);
}

static bool
is_wanted(const struct filter *f)
{
	const struct archive_wish *w = f->wish;
	const struct archive_view *v = f->view;
	struct slice from = slice_from_cstr(w->from), to = slice_from_cstr(w->to);

	if (w->from != NULL && !summary_holds(&v->sender, from) &&
	    !summary_holds(&v->summary.from, from))
		return false;
	if (w->to != NULL && !summary_holds(&v->recipients, to) &&
	    !summary_holds(&v->summary.to, to) && !summary_holds(&v->summary.cc, to))
		return false;
	if (w->subject != NULL &&
	    !summary_holds(&v->summary.subject, slice_from_cstr(w->subject)))
		return false;
	return w->person == NULL || is_persons(f);
}

static void
list_add(struct archive_list *l, uint64_t entry)
{
	if ((l->count & (l->count - 1)) == 0)	/* room doubles at each power of two */
		l->entries = mem_resize(l->entries, l->count > 0 ? 2 * l->count : 1,
		    sizeof(l->entries[0]));
	l->entries[l->count++] = entry;
}

/* An entry that is not damaged; false: those before it are too old. */
static bool
look_at(const struct filter *f, struct txn *t, uint64_t entry, struct archive_list *out)
{
	struct archive_row row;

	if (archive_get(t, entry, &row, NULL) != STATUS_OK)
		return true;
	if (row.received_at + EARLY_S < f->since_s)
		return false;
	if (row.received_at < f->since_s || (f->until_s != 0 && row.received_at > f->until_s) ||
	    (f->direction != DIRECTION_ANY && row.direction != f->direction))
		return true;
	if (archive_view_read(f->view, t, entry, NULL) == STATUS_OK && is_wanted(f))
		list_add(out, entry);
	return true;
}

/* Some entries before *before.  ABSENT: there are no more that could be wanted. */
static enum status
find_slice(const struct filter *f, struct txn *t, uint64_t *before, struct archive_list *out,
    struct problem *why)
{
	struct slice key = SLICE(""), value;
	struct cursor *c;
	struct key k;
	enum status st = cursor_open(t, TABLE_ARCHIVE, &c, why);

	if (st != STATUS_OK)
		return st;
	for (unsigned n = 0; n < SLICE_ENTRIES; n++) {
		st = cursor_before(c, key_of_u64(&k, *before), &key, &value, NULL);
		if (st == STATUS_OK || st == STATUS_CORRUPT) {
			uint64_t entry = key_read_u64(key, 0);

			st = entry < *before ? STATUS_OK : STATUS_ABSENT;
			*before = entry;
		}
		if (st == STATUS_OK && !look_at(f, t, *before, out))
			st = STATUS_ABSENT;
		if (st == STATUS_OK && f->wish->limit != 0 && out->count == f->wish->limit)
			st = STATUS_ABSENT;
		if (st != STATUS_OK)
			break;
		key = SLICE("");
	}
	cursor_close(&c);
	return st;
}

static enum status
find_chosen(const struct filter *f, struct archive_list *out, struct problem *why)
{
	bool is_shown = isatty(STDERR_FILENO);
	uint64_t before = UINT64_MAX;
	struct txn *t;
	enum status st = STATUS_OK;

	while (st == STATUS_OK) {
		st = txn_begin_read(store_env(f->view->store), &t, why);
		if (st != STATUS_OK)
			break;
		st = find_slice(f, t, &before, out, why);
		txn_abort(&t);
		if (is_shown)
			fprintf(stderr, "\r\033[Kat entry %llu, %zu found",
			    (unsigned long long)before, out->count);
	}
	if (is_shown)
		fputs("\r\033[K", stderr);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

static enum status
find_named(struct archive_view *v, const struct archive_wish *w, struct archive_list *out,
    struct problem *why)
{
	struct txn *t;
	uint64_t entry;
	enum status st = STATUS_OK;

	for (int i = 0; st == STATUS_OK && i < w->entry_count; i++) {
		if (parse_u64(slice_from_cstr(w->entries[i]), 1, UINT64_MAX, &entry) !=
		    STATUS_OK) {
			problem_set(why, "\"%s\" is no entry: mailadm archive search prints "
			    "their numbers", w->entries[i]);
			return STATUS_SYNTAX;
		}
		st = txn_begin_read(store_env(v->store), &t, why);
		if (st != STATUS_OK)
			break;
		st = archive_view_read(v, t, entry, why);
		txn_abort(&t);
		if (st == STATUS_OK)
			list_add(out, entry);
	}
	return st;
}

enum status
archive_find(struct archive_view *v, const struct archive_wish *w, struct archive_list *out,
    struct problem *why)
{
	struct filter f = { .view = v, .wish = w, .login = buf_init(1024) };
	enum status st;

	*out = (struct archive_list){ 0 };
	if (w->entry_count > 0)
		return find_named(v, w, out, why);
	st = direction_read(w->direction, &f.direction, why);
	if (st == STATUS_OK && w->since != NULL)
		st = time_arg("--since", w->since, &f.since_s, why);
	if (st == STATUS_OK && w->until != NULL)
		st = time_arg("--until", w->until, &f.until_s, why);
	if (st == STATUS_OK && w->person != NULL)
		st = person_read(&f, why);
	if (st == STATUS_OK)
		st = find_chosen(&f, out, why);
	mem_free(f.texts);
	buf_clear(&f.login);
	return st;
}

void
archive_list_clear(struct archive_list *l)
{
	mem_free(l->entries);
	*l = (struct archive_list){ 0 };
}
