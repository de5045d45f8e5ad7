#include "tools/restore_into.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ascii.h"
#include "policy/bootstrap.h"
#include "store/digest.h"
#include "store/flags.h"
#include "store/keyword.h"
#include "store/mailbox_name.h"
#include "store/summary.h"
#include "store/trash.h"
#include "store/upgrade.h"
#include "tools/backup_show.h"
#include "tools/instance.h"
#include "tools/request.h"
#include "tools/restore_put.h"

#define POLICY_DEADLINE_MS 30000
#define TOP_MAX 128
#define TOP_LOGIN_MAX 64	/* bytes of a login in it */

struct into {
	const struct invocation *in;
	const struct restore_into *what;
	struct backup_show show;
	struct backup_hooks hooks;
	struct backup_place *place;
	struct backup_manifest manifest;
	char scratch[4096], unpacked[4096];

	uint32_t source;		/* the account in the backup */
	char source_login[256];
	char login[256];		/* who gets it */
	char top[TOP_MAX];		/* "Restored 2026-11-24 14.30", "... li@acme.test", "... deleted" */
	struct restore_way way;
	struct restore_put *put;
	struct txn *txn;		/* of the backup's index */
	struct slice message_id;	/* of --message, without <>; empty: it is a mid */
	struct mailbox_name folder;	/* of --folder */

	bool is_trash;			/* where we are looking */
	const struct mailbox_row *box;	/* not in the trash */
	struct buf digest;
	struct summary summary;
	json_t *found;			/* rows of --message and --list */
	struct problem *why;
	enum status st;

	uint64_t restored, passed, total, in_trash, damaged;
	uint64_t beside;		/* of restored and passed: restore_put_is_beside() */
};

static void
on_account(void *ctx, const json_t *object)
{
	struct into *r = ctx;
	const char *login = json_string_value(json_object_get(object, "login"));

	r->way.account = (uint32_t)json_integer_value(json_object_get(object, "id"));
	snprintf(r->login, sizeof(r->login), "%s", login != NULL ? login : "");
}

/* The account as policyd knows it; enters the instance. */
static enum status
find_target(struct into *r, struct problem *why)
{
	const char *wanted = r->what->into != NULL ? r->what->into : r->what->account;
	json_t *request = json_pack("{s:s,s:s,s:s}", "noun", "user", "verb", "show", "login", wanted);
	struct problem said = { "" };
	enum status st;

	if (request == NULL) {
		problem_set(why, "the login is not UTF-8");
		return STATUS_SYNTAX;
	}
	st = admin_call(r->in, request, POLICY_DEADLINE_MS, on_account, r, &said);
	if (st == STATUS_ABSENT && r->what->into == NULL && instance_is_served())
		problem_set(why, "there is no account %s now: say who gets the messages, --into LOGIN",
		    wanted);
	else if (st != STATUS_OK)
		*why = said;
	return st;
}

static void
on_person(void *ctx, uint32_t account, struct slice login)
{
	struct into *r = ctx;
	struct slice wanted = slice_from_cstr(r->what->account), name = login, rest = login;

	if (slice_find_byte(wanted, '@') == wanted.len)
		name = slice_take_until(&rest, '@');
	if (r->source != 0 || !slice_equal_nocase(name, wanted))
		return;
	r->source = account;
	snprintf(r->source_login, sizeof(r->source_login), "%.*s", SLICE_ARG(login));
}

/* The account as it was called when the backup was made. */
static enum status
find_source(struct into *r, struct problem *why)
{
	char path[4200];
	enum status st;

	snprintf(path, sizeof(path), "%s/policy", r->scratch);
	st = bootstrap_people(path, on_person, r, why);
	if (st != STATUS_OK || r->source != 0)
		return st;
	problem_set(why, "the backup %s knows no account %s", r->manifest.name, r->what->account);
	return STATUS_ABSENT;
}

static enum status
open_backup(struct into *r, struct problem *why)
{
	struct upgrade_hooks silent = { NULL, NULL };
	char path[4200];
	uint32_t version;
	enum status st = backup_find(r->place, r->what->at, &r->manifest, why);

	if (st == STATUS_OK)
		st = scratch_make("../backup/restore", r->scratch, why);
	if (st == STATUS_OK)
		st = backup_lay_out(r->place, &r->manifest, r->scratch, BACKUP_LINK, &r->hooks, why);
	if (st == STATUS_OK)
		st = find_source(r, why);
	snprintf(path, sizeof(path), "%s/store", r->scratch);
	if (st == STATUS_OK)
		st = store_upgrade(path, &silent, &version, why);
	if (st == STATUS_OK)
		st = store_open(path, ENV_READ, &r->way.from, why);
	if (st == STATUS_OK)
		st = txn_begin_read(store_env(r->way.from), &r->txn, why);
	return st;
}

/* Is it the message that was asked for?  r->digest and r->summary are read where they are needed. */
static bool
is_wanted(struct into *r, const struct text_row *text)
{
	const char *message = r->what->message;
	struct digest d = { 0 };
	bool is_read;

	if (message != NULL && r->message_id.len == 0 &&
	    !slice_equal(text->mid, slice_from_cstr(message)))
		return false;
	if (message == NULL && !r->what->is_list)
		return true;
	buf_reset(&r->digest);
	is_read = text_digest(r->way.from, text, &r->digest, NULL) == STATUS_OK &&
	    digest_decode(buf_slice(&r->digest), &d) == STATUS_OK;
	if (r->message_id.len > 0 && (!is_read || !slice_equal(d.message_id, r->message_id)))
		return false;
	if (!is_read || summary_read(d.envelope, &r->summary) != STATUS_OK)
		summary_clear(&r->summary);
	return true;
}

static void
found_add(struct into *r, const struct restore_item *item, const char *state)
{
	struct buf name = buf_init(2 * MAILBOX_NAME_MAX);
	json_t *row = json_object();

	print_set(row, "mid", item->text->mid);
	print_set(row, "folder", item->folder);
	json_object_set_new(row, "in_trash", json_boolean(r->is_trash));
	print_set_time(row, "received", (uint64_t)item->row->internal_at);
	json_object_set_new(row, "size", json_integer(item->row->size_bytes));
	print_set(row, "from", buf_slice(&r->summary.from));
	print_set(row, "subject", buf_slice(&r->summary.subject));
	if (state != NULL) {
		restore_put_folder(&r->way, item->folder, &name);
		print_set(row, "now_in", buf_slice(&name));
		print_set(row, "state", slice_from_cstr(state));
	}
	json_array_append_new(r->found, row);
	buf_clear(&name);
}

static enum status
take_wanted(struct into *r, const struct restore_item *item, struct problem *why)
{
	bool was_there;
	enum status st = STATUS_OK;

	if (r->what->is_list) {
		r->restored++;
		found_add(r, item, NULL);
		return STATUS_OK;
	}
	st = restore_put(r->put, item, &was_there, why);
	if (st != STATUS_OK)
		return st;
	r->beside += restore_put_is_beside(item->folder) ? 1 : 0;
	if (was_there)
		r->passed++;
	else
		r->restored++;
	if (r->what->message != NULL)
		found_add(r, item, was_there ? "there already" : "restored");
	return STATUS_OK;
}

/* One that cannot be read is named, and costs nobody the others. */
static void
pass_damaged(struct into *r, const struct restore_item *item)
{
	struct buf what = buf_init(2 * MAILBOX_NAME_MAX);

	buf_printf(&what, "%.*s, UID %u", SLICE_ARG(item->folder), item->row->uid);
	r->hooks.found(r->hooks.ctx, buf_slice(&what), slice_from_cstr(r->why->text));
	buf_clear(&what);
	*r->why = (struct problem){ "" };
	r->damaged++;
	r->st = STATUS_OK;
}

static bool
take_next(struct into *r, struct restore_item *item)
{
	struct text_row text;

	r->st = text_get(r->txn, item->row->text, &text, r->why);
	item->text = &text;
	if (r->st == STATUS_OK && is_wanted(r, &text))
		r->st = take_wanted(r, item, r->why);
	if (r->st == STATUS_CORRUPT)
		pass_damaged(r, item);
	if (r->hooks.progress != NULL)
		r->hooks.progress(r->hooks.ctx, SLICE("messages"), r->restored + r->passed, r->total);
	return r->st == STATUS_OK;
}

static bool
on_message(void *ctx, const struct message_row *row)
{
	struct into *r = ctx;
	struct buf keywords = buf_init(KEYWORD_COUNT_MAX * (KEYWORD_LEN_MAX + 1));
	struct restore_item item = { .folder = r->box->name, .row = row };
	struct flags_entry flags;
	bool goes_on = false;

	r->st = flags_get(r->txn, r->box->id, row->uid, &flags, r->why);
	if (r->st == STATUS_OK)
		r->st = keyword_print(r->txn, r->box->id, flags.flags, &keywords, r->why);
	if (r->st == STATUS_OK) {
		item.flags = flags.flags;
		item.keywords = buf_slice(&keywords);
		goes_on = take_next(r, &item);
	}
	buf_clear(&keywords);
	return goes_on;
}

static bool
on_removed(void *ctx, const struct trash_row *row)
{
	struct into *r = ctx;
	struct restore_item item = { .folder = row->mailbox, .row = &row->message,
		.flags = row->flags & ~(uint64_t)FLAG_DELETED, .keywords = row->keywords };

	if (r->what->folder != NULL && !slice_equal(row->mailbox, mailbox_name_slice(&r->folder)))
		return true;
	return take_next(r, &item);
}

static enum status
take_folder(struct into *r, const struct mailbox_row *box)
{
	enum status st;

	r->box = box;
	st = message_each(r->txn, box->id, 1, UINT32_MAX, on_message, r, r->why);
	return st == STATUS_OK ? r->st : st;
}

static bool
on_mailbox(void *ctx, const struct mailbox_row *row)
{
	struct into *r = ctx;

	r->st = take_folder(r, row);
	return r->st == STATUS_OK;
}

static bool
count_mailbox(void *ctx, const struct mailbox_row *row)
{
	struct into *r = ctx;

	r->total += row->messages;
	return true;
}

static bool
count_removed(void *ctx, const struct trash_row *row)
{
	struct into *r = ctx;

	(void)row;
	r->in_trash++;
	return true;
}

static enum status
take_folders(struct into *r, struct problem *why)
{
	struct mailbox_row row;
	enum status st;

	if (r->what->folder == NULL) {
		st = mailbox_each(r->txn, r->source, on_mailbox, r, why);
		return st == STATUS_OK ? r->st : st;
	}
	st = mailbox_find(r->txn, r->source, mailbox_name_slice(&r->folder), &row, NULL);
	if (st == STATUS_OK)
		return take_folder(r, &row);
	problem_set(why, "%s had no folder %s in the backup %s", r->what->account, r->what->folder,
	    r->manifest.name);
	return st;
}

static enum status
take_trash(struct into *r, struct problem *why)
{
	char *end = r->top + strlen(r->top);
	enum status st;

	snprintf(end, TOP_MAX - (size_t)(end - r->top), " deleted");
	r->is_trash = true;
	r->total = r->in_trash;
	st = trash_each(r->txn, r->source, on_removed, r, why);
	return st == STATUS_OK ? r->st : st;
}

/* What was somebody else's stays apart from what was one's own. */
static void
name_top(struct into *r)
{
	struct slice whose = slice_from_cstr(r->source_login);
	time_t at = (time_t)r->manifest.taken_at;
	struct tm tm = { 0 };
	size_t len;

	(void)localtime_r(&at, &tm);
	len = strftime(r->top, sizeof(r->top), "Restored %Y-%m-%d %H.%M", &tm);
	whose = slice_sub(whose, 0, utf8_cut(whose, TOP_LOGIN_MAX));
	if (strcmp(r->login, r->source_login) != 0)
		snprintf(r->top + len, sizeof(r->top) - len, " %.*s", SLICE_ARG(whose));
}

static enum status
take_all(struct into *r, struct problem *why)
{
	enum status st;

	name_top(r);
	r->why = why;
	r->way.in = r->in;
	r->way.backup = r->manifest.name;
	r->way.login = r->login;
	r->way.top = r->top;
	r->way.message = r->what->message;
	r->put = restore_put_new(&r->way);
	st = mailbox_each(r->txn, r->source, count_mailbox, r, why);
	if (st == STATUS_OK && trash_each(r->txn, r->source, count_removed, r, NULL) != STATUS_OK)
		r->in_trash = 0;	/* said only where the trash is asked for */
	if (st == STATUS_OK && !r->what->is_trash)
		st = take_folders(r, why);
	if (st == STATUS_OK && (r->what->is_trash ||
	    (r->what->message != NULL && r->restored + r->passed == 0)))
		st = take_trash(r, why);
	return st;
}

static void
tell_found(const struct into *r)
{
	static const struct column columns[] = {
		{ "mid", "MID", 14 }, { "received", "RECEIVED", 20 }, { "folder", "FOLDER", 20 },
		{ "from", "FROM", 30 }, { "subject", "SUBJECT", 0 },
	};
	json_t *row;
	size_t i;

	if (!r->in->is_json && json_array_size(r->found) > 0)
		print_headings(columns, ARRAY_LEN(columns));
	json_array_foreach(r->found, i, row) {
		if (r->in->is_json)
			print_json(row);
		else
			print_row(columns, ARRAY_LEN(columns), row);
	}
}

static void
tell_json(const struct into *r)
{
	json_t *row = json_object();

	print_set(row, "folder", slice_from_cstr(r->top));
	json_object_set_new(row, "restored", json_integer((json_int_t)r->restored));
	json_object_set_new(row, "there_already", json_integer((json_int_t)r->passed));
	json_object_set_new(row, "beside", json_integer((json_int_t)r->beside));
	if (r->what->message != NULL)
		json_object_set(row, "messages", r->found);
	else if (!r->is_trash)
		json_object_set_new(row, "in_trash", json_integer((json_int_t)r->in_trash));
	print_json(row);
	json_decref(row);
}

/* Exit 1, though the others came. */
static enum status
tell_damaged(const struct into *r, struct problem *why)
{
	if (r->damaged == 0)
		return STATUS_OK;
	problem_set(why, "%llu messages cannot be read in the backup %s: see above; another one may "
	    "have them whole", (unsigned long long)r->damaged, r->manifest.name);
	return STATUS_CORRUPT;
}

static enum status
tell_nothing(const struct into *r, struct problem *why)
{
	const char *login = r->what->account, *backup = r->manifest.name;

	if (r->what->message != NULL)
		problem_set(why, "%s had no message %s in the backup %s, nor in the trash: mailadm "
		    "backup list shows others, --at takes one", login, r->what->message, backup);
	else
		problem_set(why, "%s had no message %s in the backup %s", login,
		    r->is_trash ? "in the trash" : "there", backup);
	return STATUS_ABSENT;
}

static enum status
tell(const struct into *r, struct problem *why)
{
	if (r->restored + r->passed == 0)
		return r->damaged > 0 ? tell_damaged(r, why) : tell_nothing(r, why);
	if (r->what->is_list || (r->what->message != NULL && !r->in->is_json))
		tell_found(r);
	if (r->what->is_list)
		return tell_damaged(r, why);
	if (r->in->is_json) {
		tell_json(r);
		return tell_damaged(r, why);
	}
	printf("%llu messages are in \"%s\" of %s now, %llu were there already\n",
	    (unsigned long long)r->restored, r->top, r->login, (unsigned long long)r->passed);
	if (r->beside > 0)
		printf("%llu of these had been restored before: they are beside it, in the folders of "
		    "that restore.\n", (unsigned long long)r->beside);
	if (r->what->message != NULL && r->is_trash)
		printf("They lay in no folder then, but in the trash.\n");
	else if (r->what->message == NULL && !r->is_trash && r->in_trash > 0)
		printf("%llu more lay in the trash then: --trash brings those.\n",
		    (unsigned long long)r->in_trash);
	return tell_damaged(r, why);
}

static void
into_clear(struct into *r)
{
	restore_put_free(&r->put);
	txn_abort(&r->txn);
	store_close(&r->way.from);
	backup_manifest_clear(&r->manifest);
	backup_close(&r->place);
	buf_clear(&r->digest);
	summary_clear(&r->summary);
	json_decref(r->found);
	if (r->scratch[0] != '\0')
		scratch_remove(r->scratch);
	if (r->unpacked[0] != '\0')
		scratch_remove(r->unpacked);
}

/* "<a@b>", "a@b": a Message-ID; what has neither bracket nor '@' is a mid. */
static void
read_message(struct into *r)
{
	struct slice id = slice_trim(slice_from_cstr(r->what->message));

	if (id.len > 0 && id.ptr[0] == '<')
		id = slice_skip(id, 1);
	else if (slice_find_byte(id, '@') == id.len)
		return;
	if (id.len > 0 && id.ptr[id.len - 1] == '>')
		id.len--;
	id = slice_trim(id);
	r->message_id = slice_sub(id, 0, id.len < MESSAGE_ID_MAX ? id.len : MESSAGE_ID_MAX);
}

enum status
restore_into(const struct invocation *in, const struct restore_into *what, struct problem *why)
{
	struct into r = { .in = in, .what = what, .digest = buf_init(DIGEST_RECORD_MAX) };
	char *path = realpath(what->from, NULL);	/* before the instance is entered */
	enum status st = STATUS_OK;

	if (path == NULL) {
		problem_set_errno(why, errno, "%s", what->from);
		return STATUS_ABSENT;
	}
	r.hooks = backup_show_begin(in, &r.show);
	r.found = json_array();
	summary_init(&r.summary);
	if (what->message != NULL)
		read_message(&r);
	if (what->folder != NULL)
		st = mailbox_name_make(slice_from_cstr(what->folder), &r.folder, why);
	if (st == STATUS_OK)
		st = what->is_list ? instance_enter(in->dir, why) : find_target(&r, why);
	if (st == STATUS_OK)
		st = backup_show_open(path, "../backup/unpacked", &r.hooks, &r.place, r.unpacked, why);
	if (st == STATUS_OK)
		st = open_backup(&r, why);
	if (st == STATUS_OK)
		st = take_all(&r, why);
	backup_show_end(&r.show);
	if (st == STATUS_OK)
		st = tell(&r, why);
	into_clear(&r);
	free(path);
	return st;
}
