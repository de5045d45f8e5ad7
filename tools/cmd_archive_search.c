/*
 * mailadm archive search and show: which messages there were, and one of them.
 */
#include <stdio.h>

#include "base/mem.h"
#include "store/audit.h"
#include "store/digest.h"
#include "store/key.h"
#include "store/mailbox.h"
#include "store/message.h"
#include "store/trash.h"
#include "tools/archive.h"
#include "tools/audit_look.h"
#include "tools/print.h"

#define LIMIT_DEFAULT 100
#define HEADER_MAX (256u * 1024)
#define AUDIT_SLICE 2000
#define AUDIT_EARLY_S 3600	/* audit of a message is not older than it by more */

static const struct column columns[] = {
	{ "entry", "ENTRY", 7 }, { "received", "RECEIVED", 20 }, { "direction", "DIRECTION", 9 },
	{ "from", "FROM", 30 }, { "to", "TO", 30 }, { "subject", "SUBJECT", 0 },
};

static void
set_number(json_t *object, const char *field, uint64_t n)
{
	json_object_set_new(object, field, json_integer((json_int_t)n));
}

/* Who is not named in the header stands in the envelope. */
static void
set_either(json_t *object, const char *field, const struct buf *header,
    const struct buf *envelope)
{
	struct buf one_line = buf_init(HEADER_MAX);

	buf_append(&one_line, buf_slice(header->len > 0 ? header : envelope));
	for (size_t i = 0; i < one_line.len; i++)
		if (one_line.ptr[i] == '\n')
			one_line.ptr[i] = ' ';
	print_set(object, field, buf_slice(&one_line));
	buf_clear(&one_line);
}

static json_t *
row_object(const struct archive_view *v)
{
	json_t *object = json_object();

	set_number(object, "entry", v->row.entry);
	print_set_time(object, "received", v->row.received_at);
	json_object_set_new(object, "direction",
	    json_string(archive_direction_name(v->row.direction)));
	print_set(object, "mid", buf_slice(&v->mid));
	set_number(object, "size", v->text.size_bytes);
	set_either(object, "from", &v->summary.from, &v->sender);
	set_either(object, "to", &v->summary.to, &v->recipients);
	print_set(object, "subject", buf_slice(&v->summary.subject));
	return object;
}

static enum status
print_one(const struct invocation *in, struct archive_view *v, uint64_t entry, bool *is_headed,
    struct problem *why)
{
	struct txn *t;
	json_t *object;
	enum status st = txn_begin_read(store_env(v->store), &t, why);

	if (st != STATUS_OK)
		return st;
	st = archive_view_read(v, t, entry, why);
	txn_abort(&t);
	if (st != STATUS_OK)
		return st;
	object = row_object(v);
	if (in->is_json) {
		print_json(object);
	} else {
		if (!*is_headed)
			print_headings(columns, ARRAY_LEN(columns));
		*is_headed = true;
		print_row(columns, ARRAY_LEN(columns), object);
	}
	json_decref(object);
	return STATUS_OK;
}

enum status
archive_cmd_search(const struct invocation *in, struct problem *why)
{
	struct archive_wish w;
	struct archive_view v;
	struct archive_list list = { 0 };
	bool is_headed = false;
	enum status st = archive_wish_read(in, 0, &w, why);

	if (st != STATUS_OK)
		return st;
	if (w.limit == 0)
		w.limit = LIMIT_DEFAULT;
	st = archive_view_open(in, &v, why);
	if (st == STATUS_OK)
		st = archive_find(&v, &w, &list, why);
	for (size_t i = 0; st == STATUS_OK && i < list.count; i++)
		st = print_one(in, &v, list.entries[i], &is_headed, why);
	if (st == STATUS_OK && list.count == LIMIT_DEFAULT && !in->is_json)
		fprintf(stderr, "the newest %d: more with --limit\n", LIMIT_DEFAULT);
	archive_list_clear(&list);
	archive_view_close(&v);
	return st;
}

/* Where copies are, as rows "zhang@acme.test: INBOX, UID 7". */
struct copies {
	struct archive_view *view;
	json_t *array;
	uint64_t text;
	uint32_t account;
	struct buf mailbox;
};

static void
copy_add(struct copies *c, const char *where, uint32_t uid)
{
	struct buf line = buf_init(4096);

	people_login(c->view->people, c->account, &line);
	buf_printf(&line, ": %s%.*s, UID %u", where, SLICE_ARG(buf_slice(&c->mailbox)), uid);
	json_array_append_new(c->array, json_stringn(line.ptr, line.len));
	buf_clear(&line);
}

static bool
on_message(void *ctx, const struct message_row *row)
{
	struct copies *c = ctx;

	if (row->text == c->text)
		copy_add(c, "", row->uid);
	return true;
}

static bool
on_trash(void *ctx, const struct trash_row *row)
{
	struct copies *c = ctx;

	if (row->message.text != c->text)
		return true;
	buf_reset(&c->mailbox);
	buf_append(&c->mailbox, row->mailbox);
	copy_add(c, "removed from ", row->message.uid);
	return true;
}

/* The next mailbox, or account, behind *last, and what of the text is there. */
static enum status
copies_step(struct copies *c, enum store_table table, uint32_t *last, struct problem *why)
{
	struct slice key, value;
	struct mailbox_row box;
	struct cursor *cursor;
	struct txn *t;
	struct key k;
	enum status st = txn_begin_read(store_env(c->view->store), &t, why);

	if (st != STATUS_OK)
		return st;
	st = cursor_open(t, table, &cursor, why);
	if (st == STATUS_OK) {
		st = cursor_seek(cursor, key_of_u32(&k, *last + 1), &key, &value, why);
		if (st == STATUS_OK)
			*last = key_read_u32(key, 0);
		cursor_close(&cursor);
	}
	if (st == STATUS_OK && table == TABLE_MAILBOX) {
		st = mailbox_get(t, *last, &box, why);
		c->account = box.account;
		buf_reset(&c->mailbox);
		buf_append(&c->mailbox, box.name);
		if (st == STATUS_OK)
			st = message_each(t, *last, 1, UINT32_MAX, on_message, c, why);
	} else if (st == STATUS_OK) {
		c->account = *last;
		st = trash_each(t, *last, on_trash, c, why);
	}
	txn_abort(&t);
	return st;
}

static enum status
add_copies(json_t *object, struct archive_view *v, struct problem *why)
{
	static const enum store_table tables[] = { TABLE_MAILBOX, TABLE_ACCOUNT };
	struct copies c = { .view = v, .array = json_array(), .text = v->row.text,
		.mailbox = buf_init(4096) };
	enum status st = STATUS_OK;

	for (size_t i = 0; i < ARRAY_LEN(tables) && st == STATUS_OK; i++) {
		uint32_t last = 0;

		while (st == STATUS_OK && last < UINT32_MAX)
			st = copies_step(&c, tables[i], &last, why);
		st = st == STATUS_ABSENT ? STATUS_OK : st;
	}
	buf_clear(&c.mailbox);
	json_object_set_new(object, "copies", c.array);
	return st;
}

struct audit_lines {
	json_t *array;
	uint64_t since_s;
	bool is_through;
};

static bool
on_audit(void *ctx, const struct audit_row *row)
{
	struct audit_lines *a = ctx;
	json_t *line = json_object();

	if (row->at_s < a->since_s) {
		a->is_through = true;
		json_decref(line);
		return false;
	}
	print_set_time(line, "at", row->at_s);
	print_set(line, "kind", row->kind);
	print_set(line, "actor", row->actor);
	print_set(line, "detail", row->detail);
	json_array_append_new(a->array, line);
	return true;
}

/* What the audit says of the message, newest first. */
static enum status
add_audit(json_t *object, struct archive_view *v, struct problem *why)
{
	struct audit_lines a = { .array = json_array() };
	struct audit_filter f = { .limit = UINT32_MAX, .subject = buf_slice(&v->mid) };
	struct audit_place place = { 0 };
	struct txn *t;
	enum status st = STATUS_OK;

	if (v->row.received_at > AUDIT_EARLY_S)
		f.from_s = v->row.received_at - AUDIT_EARLY_S;
	while (st == STATUS_OK && !a.is_through) {
		st = txn_begin_read(store_env(v->store), &t, why);
		if (st != STATUS_OK)
			break;
		st = audit_slice(t, &f, &place, AUDIT_SLICE, on_audit, &a, why);
		txn_abort(&t);
	}
	json_object_set_new(object, "audit", a.array);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

static enum status
add_header(json_t *object, struct archive_view *v, struct problem *why)
{
	uint32_t len = v->text.size_bytes < HEADER_MAX ? v->text.size_bytes : HEADER_MAX;
	struct digest d;
	char *bytes;
	enum status st;

	if (v->digest.len > 0 && digest_decode(buf_slice(&v->digest), &d) == STATUS_OK &&
	    d.header_len < len)
		len = d.header_len;
	bytes = mem_zeroed(1, len + 1);
	st = text_read(v->store, &v->text, 0, len, bytes, why);
	if (st == STATUS_OK)
		print_set(object, "header", slice_trim(slice_make(bytes, len)));
	mem_free(bytes);
	return st;
}

static json_t *
lines_array(struct slice lines)
{
	json_t *array = json_array();

	while (lines.len > 0) {
		struct slice line = slice_take_until(&lines, '\n');
		json_t *holder = json_object();

		print_set(holder, "x", line);
		json_array_append(array, json_object_get(holder, "x"));
		json_decref(holder);
	}
	return array;
}

static void
print_shown(const json_t *object)
{
	json_t *audit = json_object_get(object, "audit"), *row;
	size_t i;

	json_incref(audit);
	json_object_del((json_t *)(uintptr_t)object, "audit");
	print_details(object);
	json_array_foreach(audit, i, row)
	{
		putchar('\n');
		print_details(row);
	}
	json_decref(audit);
}

static enum status
show(const struct invocation *in, struct archive_view *v, struct problem *why)
{
	struct buf hash = buf_init(2 * SHA256_LEN);
	json_t *object = row_object(v);
	enum status st;

	buf_append_hex(&hash, slice_make(v->row.hash, sizeof(v->row.hash)));
	print_set(object, "cc", buf_slice(&v->summary.cc));
	print_set(object, "envelope_from", buf_slice(&v->sender));
	json_object_set_new(object, "envelope_to", lines_array(buf_slice(&v->recipients)));
	print_set(object, "hash", buf_slice(&hash));
	buf_clear(&hash);
	if (v->text.id == 0) {
		print_set(object, "text", SLICE("lost, as a repair says"));
		st = STATUS_OK;
	} else {
		st = add_copies(object, v, why);
		if (st == STATUS_OK)
			st = add_header(object, v, why);
	}
	if (st == STATUS_OK)
		st = add_audit(object, v, why);
	if (st == STATUS_OK && in->is_json)
		print_json(object);
	else if (st == STATUS_OK)
		print_shown(object);
	json_decref(object);
	return st;
}

static enum status
show_raw(struct archive_view *v, struct problem *why)
{
	enum status st;
	char *bytes;

	if (v->text.id == 0) {
		problem_set(why, "its text was lost, as a repair says");
		return STATUS_ABSENT;
	}
	bytes = mem_zeroed(1, (size_t)v->text.size_bytes + 1);
	st = text_read(v->store, &v->text, 0, v->text.size_bytes, bytes, why);
	if (st == STATUS_OK)
		fwrite(bytes, 1, v->text.size_bytes, stdout);
	mem_free(bytes);
	return st;
}

enum status
archive_cmd_show(const struct invocation *in, struct problem *why)
{
	struct archive_wish w;
	struct archive_view v;
	struct archive_list list = { 0 };
	struct buf detail = buf_init(64);
	enum status st = archive_wish_read(in, ARCHIVE_TAKES_RAW, &w, why);

	if (st == STATUS_OK && w.entry_count != 1) {
		problem_set(why, "name one entry: mailadm archive search prints their numbers");
		st = STATUS_SYNTAX;
	}
	if (st != STATUS_OK)
		return st;
	st = archive_view_open(in, &v, why);
	if (st == STATUS_OK)
		st = archive_find(&v, &w, &list, why);
	if (st == STATUS_OK) {
		buf_printf(&detail, "archive entry %llu", (unsigned long long)list.entries[0]);
		st = audit_look(in, "archive.shown", buf_slice(&v.mid), buf_slice(&detail), why);
	}
	if (st == STATUS_OK)
		st = w.is_raw ? show_raw(&v, why) : show(in, &v, why);
	buf_clear(&detail);
	archive_list_clear(&list);
	archive_view_close(&v);
	return st;
}
