/*
 * mailadm trash list, show: removed messages that can still be brought back.
 */
#include <stdio.h>

#include "base/mem.h"
#include "store/account.h"
#include "store/digest.h"
#include "store/flags.h"
#include "store/journal.h"
#include "store/sealed.h"
#include "tools/audit_look.h"
#include "tools/print.h"
#include "tools/trash_select.h"

#define LIMIT_DEFAULT 100
#define STEP (64u * 1024)	/* a text is printed in such pieces */
#define DAY_S UINT64_C(86400)

static const struct column columns[] = {
	{ "id", "ID", 12 }, { "removed", "REMOVED", 20 }, { "account", "ACCOUNT", 20 },
	{ "mailbox", "MAILBOX", 14 }, { "from", "FROM", 30 }, { "subject", "SUBJECT", 0 },
};

/* Who removed it: a person, or an administrator who removed the person. */
static void
set_person(json_t *object, const char *field, const struct people *people, uint32_t account)
{
	struct buf login = buf_init(512);

	if (account == 0)
		buf_append(&login, SLICE("admin"));
	else
		people_login(people, account, &login);
	print_set(object, field, buf_slice(&login));
	buf_clear(&login);
}

static json_t *
row_object(struct trash_view *v, const struct trash_row *row, const struct text_row *text)
{
	struct trash_id trash_id = trash_id_of(row);
	json_t *object = json_object();
	struct buf id = buf_init(64);

	trash_id_print(&trash_id, &id);
	print_set(object, "id", buf_slice(&id));
	buf_clear(&id);
	print_set_time(object, "removed", row->removed_at);
	set_person(object, "account", v->people, row->account);
	print_set(object, "mailbox", row->mailbox);
	set_person(object, "removed_by", v->people, row->actor);
	print_set(object, "removed_from", row->sid);
	json_object_set_new(object, "size", json_integer(row->message.size_bytes));
	print_set(object, "mid", text->mid);
	trash_view_read(v, text);
	print_set(object, "from", buf_slice(&v->summary.from));
	print_set(object, "subject", buf_slice(&v->summary.subject));
	return object;
}

/* Both rows of a removed message, in a transaction that stays the caller's. */
static enum status
rows_get(struct txn *t, const struct trash_id *id, struct trash_row *row, struct text_row *text,
    struct problem *why)
{
	enum status st = trash_get(t, id, row, why);

	return st == STATUS_OK ? text_get(t, row->message.text, text, why) : st;
}

static enum status
list_one(const struct invocation *in, struct trash_view *v, const struct trash_id *id,
    bool *is_headed, struct problem *why)
{
	struct trash_row row;
	struct text_row text;
	struct txn *t;
	json_t *object;
	enum status st = txn_begin_read(store_env(v->store), &t, why);

	if (st != STATUS_OK)
		return st;
	st = rows_get(t, id, &row, &text, why);
	if (st == STATUS_OK) {
		object = row_object(v, &row, &text);
		if (in->is_json) {
			print_json(object);
		} else {
			if (!*is_headed)
				print_headings(columns, ARRAY_LEN(columns));
			*is_headed = true;
			print_row(columns, ARRAY_LEN(columns), object);
		}
		json_decref(object);
	}
	txn_abort(&t);
	return st == STATUS_ABSENT ? STATUS_OK : st;	/* it went away meanwhile */
}

static enum status
trash_list(const struct invocation *in, struct problem *why)
{
	struct trash_args args;
	struct trash_view v;
	struct trash_list list = { 0 };
	bool is_headed = false;
	enum status st = trash_args_read(in, 0, &args, why);

	if (st != STATUS_OK)
		return st;
	if (args.limit == 0)
		args.limit = LIMIT_DEFAULT;
	st = trash_view_open(in, &v, why);
	if (st == STATUS_OK)
		st = trash_select(&v, &args, &list, why);
	for (size_t i = 0; st == STATUS_OK && i < list.count; i++)
		st = list_one(in, &v, &list.ids[i], &is_headed, why);
	if (st == STATUS_OK && list.count == LIMIT_DEFAULT && !in->is_json)
		fprintf(stderr, "the newest %d: more with --limit\n", LIMIT_DEFAULT);
	trash_list_clear(&list);
	trash_view_close(&v);
	return st;
}

static json_t *
flags_array(uint64_t flags, struct slice keywords)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} names[] = {
		{ FLAG_SEEN, "\\Seen" }, { FLAG_ANSWERED, "\\Answered" },
		{ FLAG_FLAGGED, "\\Flagged" }, { FLAG_DELETED, "\\Deleted" },
		{ FLAG_DRAFT, "\\Draft" },
	};
	json_t *array = json_array();

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (flags & names[i].flag)
			json_array_append_new(array, json_string(names[i].name));
	while (keywords.len > 0) {
		struct slice word = slice_take_word(&keywords);

		json_array_append_new(array, json_stringn(word.len > 0 ? word.ptr : "", word.len));
	}
	return array;
}

/* What of the journal tells of the change that removed it. */
struct change_lines {
	const struct trash_row *row;
	const char *how;	/* NULL: the journal does not reach back so far */
};

static bool
change_line(void *ctx, const struct journal_row *line)
{
	struct change_lines *c = ctx;

	if (line->change != c->row->change)
		return false;
	if (line->account == c->row->account && line->op == JOURNAL_MAILBOX_REMOVED)
		c->how = "the mailbox was removed";
	else if (line->account == c->row->account && line->op == JOURNAL_EXPUNGED && c->how == NULL)
		c->how = "expunged";
	return true;
}

static void
set_how(json_t *object, struct store *store, struct txn *t, const struct trash_row *row)
{
	struct change_lines c = { .row = row };

	if (sealed_journal_each(store, t, row->change - 1, change_line, &c, NULL) != STATUS_OK)
		c.how = NULL;
	if (row->actor == 0)
		c.how = "the account was removed";
	if (c.how != NULL)
		json_object_set_new(object, "how", json_string(c.how));
}

static void
set_kept_until(json_t *object, struct txn *t, const struct trash_row *row)
{
	struct account_row a;

	if (account_get(t, row->account, &a, NULL) != STATUS_OK)
		return;
	if (a.trash_days == 0)
		print_set(object, "kept_until", SLICE("purged by hand"));
	else
		print_set_time(object, "kept_until", row->removed_at + a.trash_days * DAY_S);
}

static json_t *
show_object(struct trash_view *v, struct txn *t, const struct trash_row *row,
    const struct text_row *text)
{
	json_t *object = row_object(v, row, text);

	print_set(object, "to", buf_slice(&v->summary.to));
	print_set(object, "cc", buf_slice(&v->summary.cc));
	json_object_set_new(object, "uid", json_integer(row->message.uid));
	json_object_set_new(object, "flags", flags_array(row->flags, row->keywords));
	print_set_time(object, "received", (uint64_t)row->message.internal_at);
	json_object_set_new(object, "change", json_integer((json_int_t)row->change));
	set_how(object, v->store, t, row);
	set_kept_until(object, t, row);
	return object;
}

/* The header as it was sent; its end is in the digest. */
static enum status
set_header(json_t *object, struct trash_view *v, const struct text_row *text,
    struct problem *why)
{
	uint32_t len = text->size_bytes < STEP ? text->size_bytes : STEP;
	struct digest d;
	char *bytes;
	enum status st;

	if (v->digest.len > 0 && digest_decode(buf_slice(&v->digest), &d) == STATUS_OK &&
	    d.header_len < len)
		len = d.header_len;
	bytes = mem_zeroed(1, len + 1);
	st = text_read(v->store, text, 0, len, bytes, why);
	if (st == STATUS_OK)
		print_set(object, "header", slice_trim(slice_make(bytes, len)));
	mem_free(bytes);
	return st;
}

static enum status
print_raw(struct trash_view *v, const struct text_row *text, struct problem *why)
{
	char *bytes = mem_zeroed(1, STEP);
	enum status st = STATUS_OK;

	for (uint32_t at = 0; st == STATUS_OK && at < text->size_bytes; at += STEP) {
		uint32_t len = text->size_bytes - at < STEP ? text->size_bytes - at : STEP;

		st = text_read(v->store, text, at, len, bytes, why);
		if (st == STATUS_OK)
			fwrite(bytes, 1, len, stdout);
	}
	mem_free(bytes);
	return st;
}

/* Whose message an administrator is going to look at. */
static enum status
look_audit(const struct invocation *in, struct trash_view *v, const struct trash_id *id,
    struct problem *why)
{
	struct buf mid = buf_init(MID_LEN_MAX), detail = buf_init(1024);
	struct trash_row row;
	struct text_row text;
	struct txn *t;
	enum status st = txn_begin_read(store_env(v->store), &t, why);

	if (st != STATUS_OK)
		return st;
	st = rows_get(t, id, &row, &text, why);
	if (st == STATUS_OK) {
		buf_append(&mid, text.mid);
		buf_append(&detail, SLICE("id="));
		trash_id_print(id, &detail);
		buf_printf(&detail, " mailbox=%.*s\n", SLICE_ARG(row.mailbox));
	}
	txn_abort(&t);
	if (st == STATUS_OK)
		st = audit_look(in, "trash.shown", buf_slice(&mid), buf_slice(&detail), why);
	buf_clear(&mid);
	buf_clear(&detail);
	return st;
}

static enum status
show_one(const struct invocation *in, const struct trash_args *args, struct trash_view *v,
    const struct trash_id *id, struct problem *why)
{
	struct trash_row row;
	struct text_row text;
	struct txn *t;
	json_t *object;
	enum status st = txn_begin_read(store_env(v->store), &t, why);

	if (st != STATUS_OK)
		return st;
	st = rows_get(t, id, &row, &text, why);
	if (st == STATUS_OK && args->is_raw) {
		st = print_raw(v, &text, why);
	} else if (st == STATUS_OK) {
		object = show_object(v, t, &row, &text);
		st = set_header(object, v, &text, why);
		if (in->is_json)
			print_json(object);
		else
			print_details(object);
		json_decref(object);
	}
	txn_abort(&t);
	return st;
}

static enum status
trash_show(const struct invocation *in, struct problem *why)
{
	struct trash_args args;
	struct trash_view v;
	struct trash_list list = { 0 };
	enum status st = trash_args_read(in, TRASH_TAKES_RAW, &args, why);

	if (st == STATUS_OK && (args.id_count != 1 || args.is_filtered)) {
		problem_set(why, "name one message: mailadm trash list prints their ids");
		st = STATUS_SYNTAX;
	}
	if (st != STATUS_OK)
		return st;
	st = trash_view_open(in, &v, why);
	if (st == STATUS_OK)
		st = trash_select(&v, &args, &list, why);
	if (st == STATUS_OK)
		st = look_audit(in, &v, &list.ids[0], why);
	if (st == STATUS_OK)
		st = show_one(in, &args, &v, &list.ids[0], why);
	trash_list_clear(&list);
	trash_view_close(&v);
	return st;
}

#define CHOICE                                                                                    \
	"[--from ADDRESS] [--subject TEXT] [--since TIME] [--until TIME] [--mailbox NAME] "       \
	"[--mid MID] [--limit N]"

const struct command trash_commands[] = {
	{ "trash", "list", "[--account LOGIN] " CHOICE,
	    "removed messages that can be brought back, newest first", trash_list },
	{ "trash", "show", "ID [--raw]",
	    "one of them: its header, who removed it, when and from where; or the message itself",
	    trash_show },
	{ "trash", "restore", "(ID... | --account LOGIN " CHOICE " --yes) [--to MAILBOX] [--into LOGIN]",
	    "bring back, to where it was or to another mailbox; into another account, too",
	    cmd_trash_restore },
	{ "trash", "purge", "(ID... | [--account LOGIN] " CHOICE ") --yes", "remove for good",
	    cmd_trash_purge },
	{ 0 },
};
