#include "tools/restore_into.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/table.h"
#include "net/ipc.h"
#include "policy/bootstrap.h"
#include "store/flags.h"
#include "store/keyword.h"
#include "store/mailbox.h"
#include "store/message.h"
#include "store/protocol.h"
#include "store/put_back.h"
#include "store/store.h"
#include "store/text.h"
#include "store/upgrade.h"
#include "tools/backup_show.h"
#include "tools/request.h"
#include "tools/store_call.h"

#define POLICY_DEADLINE_MS 30000
#define STEP (1024 * 1024)
#define FRAME_ROOM (IPC_FRAME_MAX - 4096)
#define TOP_MAX 64

struct into {
	const struct invocation *in;
	const struct restore_into *what;
	struct backup_show show;
	struct backup_hooks hooks;
	struct backup_place *place;
	struct backup_manifest manifest;
	char scratch[4096], unpacked[4096];

	uint32_t account, source;	/* in the instance, in the backup */
	char login[256];
	char top[TOP_MAX];		/* "Restored 2026-11-24 14.30" */
	struct store *from;
	struct txn *txn;		/* of the backup's index */

	/* The folder at hand. */
	const struct mailbox_row *box;
	struct buf target;		/* its name in the instance */
	struct table *have;		/* SHA-256 -> struct held: what lies there already */
	bool is_noted;			/* the audit knows of this folder */
	struct problem *why;
	enum status st;

	uint64_t put, passed, seen;
};

struct held {
	uint64_t count;
};

static void
on_account(void *ctx, const json_t *object)
{
	struct into *r = ctx;
	const char *login = json_string_value(json_object_get(object, "login"));

	r->account = (uint32_t)json_integer_value(json_object_get(object, "id"));
	snprintf(r->login, sizeof(r->login), "%s", login != NULL ? login : "");
}

/* The account as policyd knows it; enters the instance. */
static enum status
find_account(struct into *r, struct problem *why)
{
	json_t *request = json_pack("{s:s,s:s,s:s}", "noun", "user", "verb", "show", "login",
	    r->what->account);
	enum status st;

	if (request == NULL) {
		problem_set(why, "the login is not UTF-8");
		return STATUS_SYNTAX;
	}
	st = admin_call(r->in, request, POLICY_DEADLINE_MS, on_account, r, why);
	if (st == STATUS_OK && r->account == 0) {
		problem_set(why, "there is no account %s", r->what->account);
		st = STATUS_ABSENT;
	}
	return st;
}

/* The account as it was called when the backup was made. */
static enum status
find_source(struct into *r, struct problem *why)
{
	char path[4200];
	enum status st;

	snprintf(path, sizeof(path), "%s/policy", r->scratch);
	st = bootstrap_account(path, slice_from_cstr(r->login), &r->source, why);
	if (st == STATUS_ABSENT)
		problem_set(why, "the backup %s knows no account %s", r->manifest.name, r->login);
	return st;
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
		st = store_open(path, ENV_READ, &r->from, why);
	if (st == STATUS_OK)
		st = txn_begin_read(store_env(r->from), &r->txn, why);
	return st;
}

/* One more, or one less, of what lies in the target folder. */
static bool
have_change(struct into *r, const uint8_t sha256[SHA256_LEN], int by)
{
	struct slice key = slice_make(sha256, SHA256_LEN);
	struct held *h = table_get(r->have, key);

	if (by < 0) {
		if (h == NULL || h->count == 0)
			return false;
		h->count--;
		return true;
	}
	if (h == NULL) {
		h = mem_new(struct held);
		(void)table_put(r->have, key, h);
	}
	h->count++;
	return true;
}

struct looking {
	struct into *r;
	struct txn *txn;
};

static bool
on_present(void *ctx, const struct message_row *row)
{
	struct looking *l = ctx;
	struct text_row text;

	if (text_get(l->txn, row->text, &text, NULL) == STATUS_OK)
		(void)have_change(l->r, text.sha256, 1);
	return true;
}

/* What the target folder has: an earlier restore of the same backup may have come this far. */
static enum status
look_at_target(struct into *r, struct problem *why)
{
	struct looking l = { .r = r };
	struct mailbox_row row;
	struct store *s = NULL;
	enum status st = store_open("../store", ENV_READ, &s, why);

	if (st == STATUS_OK)
		st = txn_begin_read(store_env(s), &l.txn, why);
	if (st == STATUS_OK) {
		st = mailbox_find(l.txn, r->account, buf_slice(&r->target), &row, NULL);
		if (st == STATUS_OK)
			st = message_each(l.txn, row.id, 1, UINT32_MAX, on_present, &l, why);
		else if (st == STATUS_ABSENT)
			st = STATUS_OK;
	}
	txn_abort(&l.txn);
	store_close(&s);
	return st;
}

/* The text as stored takes it. */
static enum status
text_memfd(struct into *r, const struct text_row *text, int *out, struct problem *why)
{
	char *step = mem_zeroed(1, STEP);
	int fd = -1;
	enum status st = memfd_new(&fd, why);

	for (uint32_t at = 0; st == STATUS_OK && at < text->size_bytes;) {
		uint32_t n = text->size_bytes - at < STEP ? text->size_bytes - at : STEP;

		st = text_read(r->from, text, at, n, step, why);
		if (st == STATUS_OK && write(fd, step, n) != (ssize_t)n) {
			problem_set_errno(why, errno, "no memory for a message");
			st = STATUS_BUSY;
		}
		at += n;
	}
	if (st == STATUS_OK)
		st = memfd_seal(fd, why);
	mem_free(step);
	if (st == STATUS_OK)
		*out = fd;
	else if (fd >= 0)
		close(fd);
	return st;
}

static void
note_put(const struct into *r, struct buf *out)
{
	buf_printf(out, "backup=%s\nfrom=%.*s\nto=%.*s", r->manifest.name,
	    SLICE_ARG(r->box->name), SLICE_ARG(buf_slice(&r->target)));
	if (r->what->message != NULL)
		buf_printf(out, "\nmid=%s", r->what->message);
}

static enum status
send_one(struct into *r, const struct message_row *row, const struct text_row *text,
    struct put_back *p, struct problem *why)
{
	struct buf keywords = buf_init(KEYWORD_COUNT_MAX * (KEYWORD_LEN_MAX + 1));
	struct buf digest = buf_init(FRAME_ROOM), payload = buf_init(FRAME_ROOM);
	struct buf note = buf_init(1024);
	struct flags_entry flags;
	int fd = -1;
	enum status st = flags_get(r->txn, r->box->id, row->uid, &flags, why);

	if (st == STATUS_OK)
		st = keyword_print(r->txn, r->box->id, flags.flags, &keywords, why);
	if (st == STATUS_OK)
		st = text_digest(r->from, text, &digest, why);
	if (st == STATUS_OK)
		st = text_memfd(r, text, &fd, why);
	if (st != STATUS_OK)
		goto out;
	if (!r->is_noted)
		note_put(r, &note);
	p->flags = flags.flags & FLAG_SYSTEM;
	p->keywords = buf_slice(&keywords);
	p->digest = buf_slice(&digest);
	p->subject = slice_from_cstr(r->login);
	p->note = buf_slice(&note);
	st = put_back_put(p, &payload);
	if (st == STATUS_OK)
		st = store_send(r->in, STORE_PUT_BACK, buf_slice(&payload), fd, why);
	r->is_noted |= st == STATUS_OK;
out:
	if (fd >= 0)
		close(fd);
	buf_clear(&keywords);
	buf_clear(&digest);
	buf_clear(&payload);
	buf_clear(&note);
	return st;
}

static enum status
put_one(struct into *r, const struct message_row *row, struct problem *why)
{
	struct put_back p = { .account = r->account, .folder = buf_slice(&r->target),
		.internal_at = row->internal_at, .internal_zone = row->internal_zone };
	struct text_row text;
	enum status st = text_get(r->txn, row->text, &text, why);

	if (st != STATUS_OK)
		return st;
	if (r->what->message != NULL &&
	    !slice_equal(text.mid, slice_from_cstr(r->what->message)))
		return STATUS_OK;
	r->seen++;
	if (have_change(r, text.sha256, -1)) {
		r->passed++;
		return STATUS_OK;
	}
	p.mid = text.mid;
	p.size_bytes = text.size_bytes;
	p.received_at = text.received_at;
	memcpy(p.sha256, text.sha256, SHA256_LEN);
	st = send_one(r, row, &text, &p, why);
	if (st == STATUS_OK)
		r->put++;
	return st;
}

static bool
on_message(void *ctx, const struct message_row *row)
{
	struct into *r = ctx;

	r->st = put_one(r, row, r->why);
	if (r->hooks.progress != NULL)
		r->hooks.progress(r->hooks.ctx, SLICE("messages"), r->put + r->passed,
		    r->manifest.rows[BACKUP_MESSAGES]);
	return r->st == STATUS_OK;
}

static enum status
put_folder(struct into *r, const struct mailbox_row *box, struct problem *why)
{
	enum status st;

	r->box = box;
	r->is_noted = false;
	buf_reset(&r->target);
	buf_printf(&r->target, "%s/%.*s", r->top, SLICE_ARG(box->name));
	r->have = table_new();
	st = look_at_target(r, why);
	if (st == STATUS_OK)
		st = message_each(r->txn, box->id, 1, UINT32_MAX, on_message, r, why);
	table_free(&r->have, mem_free);
	return st == STATUS_OK ? r->st : st;
}

static bool
on_mailbox(void *ctx, const struct mailbox_row *row)
{
	struct into *r = ctx;

	if (r->what->folder == NULL ||
	    slice_equal(row->name, slice_from_cstr(r->what->folder)))
		r->st = put_folder(r, row, r->why);
	return r->st == STATUS_OK;
}

static enum status
put_all(struct into *r, struct problem *why)
{
	struct mailbox_row row;
	time_t at = (time_t)r->manifest.taken_at;
	struct tm tm = { 0 };
	enum status st;

	(void)localtime_r(&at, &tm);
	strftime(r->top, sizeof(r->top), "Restored %Y-%m-%d %H.%M", &tm);
	r->why = why;
	if (r->what->folder != NULL) {	/* INBOX in any case */
		st = mailbox_find(r->txn, r->source, slice_from_cstr(r->what->folder), &row, why);
		if (st == STATUS_OK)
			return put_folder(r, &row, why);
		problem_set(why, "%s had no folder %s in the backup %s", r->login, r->what->folder,
		    r->manifest.name);
		return st;
	}
	st = mailbox_each(r->txn, r->source, on_mailbox, r, why);
	return st == STATUS_OK ? r->st : st;
}

static enum status
tell(struct into *r, struct problem *why)
{
	json_t *row;

	if (r->seen == 0) {
		problem_set(why, "%s has no such message in the backup %s", r->login,
		    r->manifest.name);
		return STATUS_ABSENT;
	}
	if (!r->in->is_json) {
		printf("%llu messages are in \"%s\" now, %llu were there already\n",
		    (unsigned long long)r->put, r->top, (unsigned long long)r->passed);
		return STATUS_OK;
	}
	row = json_object();
	print_set(row, "folder", slice_from_cstr(r->top));
	json_object_set_new(row, "restored", json_integer((json_int_t)r->put));
	json_object_set_new(row, "there_already", json_integer((json_int_t)r->passed));
	print_json(row);
	json_decref(row);
	return STATUS_OK;
}

static void
into_clear(struct into *r)
{
	txn_abort(&r->txn);
	store_close(&r->from);
	backup_manifest_clear(&r->manifest);
	backup_close(&r->place);
	buf_clear(&r->target);
	if (r->scratch[0] != '\0')
		scratch_remove(r->scratch);
	if (r->unpacked[0] != '\0')
		scratch_remove(r->unpacked);
}

enum status
restore_into(const struct invocation *in, const struct restore_into *what, struct problem *why)
{
	struct into r = { .in = in, .what = what, .target = buf_init(2 * MAILBOX_NAME_MAX) };
	char *path = realpath(what->from, NULL);	/* before the instance is entered */
	enum status st = STATUS_OK;

	r.hooks = backup_show_begin(in, &r.show);
	if (path == NULL) {
		problem_set_errno(why, errno, "%s", what->from);
		st = STATUS_ABSENT;
	}
	if (st == STATUS_OK)
		st = find_account(&r, why);
	if (st == STATUS_OK)
		st = backup_show_open(path, "../backup/unpacked", &r.hooks, &r.place, r.unpacked, why);
	if (st == STATUS_OK)
		st = open_backup(&r, why);
	if (st == STATUS_OK)
		st = put_all(&r, why);
	backup_show_end(&r.show);
	if (st == STATUS_OK)
		st = tell(&r, why);
	into_clear(&r);
	free(path);
	return st;
}
