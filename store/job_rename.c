#include <string.h>

#include "base/mem.h"
#include "store/account.h"
#include "store/job.h"
#include "store/journal.h"
#include "store/mailbox_name.h"
#include "store/subscription.h"
#include "store/tree.h"

/* A mailbox and those below it, with the names they will have. */
struct renaming {
	struct slice from, to;
	struct moved {
		uint32_t id;
		struct mailbox_name before, after;
	} *rows;
	uint32_t count, cap;
	enum status st;
};

static bool
renaming_row(void *ctx, const struct mailbox_row *row)
{
	struct renaming *r = ctx;
	struct slice rest;
	struct moved *m;

	if (!slice_equal(row->name, r->from) && !mailbox_name_is_below(row->name, r->from))
		return true;
	rest = slice_skip(row->name, r->from.len);
	if (r->to.len + rest.len > MAILBOX_NAME_MAX) {
		r->st = STATUS_LIMIT;
		return false;
	}
	if (r->count == r->cap) {
		r->cap = r->cap == 0 ? 8 : r->cap * 2;
		r->rows = mem_resize(r->rows, r->cap, sizeof(*r->rows));
	}
	m = &r->rows[r->count++];
	m->id = row->id;
	m->before.len = (uint16_t)row->name.len;
	memcpy(m->before.text, row->name.ptr, row->name.len);
	m->after.len = (uint16_t)(r->to.len + rest.len);
	memcpy(m->after.text, r->to.ptr, r->to.len);
	if (rest.len > 0)
		memcpy(m->after.text + r->to.len, rest.ptr, rest.len);
	r->st = mailbox_name_check(mailbox_name_slice(&m->after), NULL);
	return r->st == STATUS_OK;
}

static enum status
rename_subscription(struct change *c, uint32_t account, struct slice before, struct slice after,
    struct problem *why)
{
	enum status st;

	st = subscription_delete(c->txn, account, before, why);
	if (st == STATUS_ABSENT)
		return STATUS_OK;
	if (st == STATUS_OK)
		st = subscription_put(c->txn, account, after, why);
	return st;
}

static enum status
rename_one(struct change *c, uint32_t account, const struct moved *m, struct problem *why)
{
	struct slice before = mailbox_name_slice(&m->before), after = mailbox_name_slice(&m->after);
	struct journal_row line = {
		.op = JOURNAL_MAILBOX_RENAMED,
		.account = account,
		.mailbox = m->id,
		.before = before,
		.after = after,
	};
	struct folder f;
	enum status st;

	st = folder_open(c, account, m->id, &f, why);
	if (st != STATUS_OK)
		return st;
	f.row.name = after;
	st = mailbox_put(c->txn, &f.row, why);
	if (st == STATUS_OK)
		st = mailbox_name_delete(c->txn, account, before, why);
	if (st == STATUS_OK)
		st = mailbox_name_put(c->txn, account, after, m->id, why);
	if (st == STATUS_OK)
		st = rename_subscription(c, account, before, after, why);
	if (st == STATUS_OK)
		st = journal_put(c, &line, NULL, why);
	return st;
}

static enum status
rename_tree(struct change *c, struct account_row *a, struct slice from, struct slice to,
    struct problem *why)
{
	struct renaming r = { .from = from, .to = to };
	enum status st;

	st = mailbox_each(c->txn, a->id, renaming_row, &r, why);
	if (st == STATUS_OK && r.st != STATUS_OK) {
		problem_set(why, "a mailbox below it would have too long a name");
		st = STATUS_LIMIT;
	}
	if (st == STATUS_OK)
		st = tree_make_parents(c, a, to, why);
	for (uint32_t i = 0; st == STATUS_OK && i < r.count; i++)
		st = rename_one(c, a->id, &r.rows[i], why);
	mem_free(r.rows);
	return st;
}

/* RFC 3501 s.6.3.5: renaming INBOX moves its messages; it stays, and so do those below it. */
static enum status
rename_inbox(struct job *j, struct change *c, struct account_row *a, struct slice to,
    struct problem *why)
{
	struct uid_range everything = { 1, UINT32_MAX };
	struct uidset all = { &everything, 1, 1 };
	struct folder inbox, target;
	enum status st = STATUS_OK, saved;

	if (!j->is_started) {
		st = tree_make_path(c, a, to, MAILBOX_PLAIN, &j->result.mailbox, why);
		if (st == STATUS_OK)
			st = account_put(c->txn, a, why);
	}
	if (st == STATUS_OK)
		st = folder_open(c, a->id, a->inbox, &inbox, why);
	if (st == STATUS_OK)
		st = folder_open(c, a->id, j->result.mailbox, &target, why);
	if (st == STATUS_OK)
		st = copy_slice(j, c, &inbox, &target, &all, COPY_MOVE, why);
	if (st != STATUS_OK && st != STATUS_PENDING)
		return st;
	saved = folder_save(c, &target, why);
	if (saved == STATUS_OK)
		saved = folder_save(c, &inbox, why);
	return saved == STATUS_OK ? st : saved;
}

static enum status
rename_check(struct change *c, uint32_t account, const struct mailbox_row *from, struct slice old,
    struct slice new, struct problem *why)
{
	struct mailbox_row row;
	enum status st;

	if (from->role != MAILBOX_PLAIN && from->role != MAILBOX_INBOX) {
		problem_set(why, "a mailbox with a special use cannot be renamed");
		return STATUS_DENIED;
	}
	if (from->role != MAILBOX_INBOX && mailbox_name_is_below(new, old)) {
		problem_set(why, "a mailbox cannot move below itself");
		return STATUS_DENIED;
	}
	st = mailbox_find(c->txn, account, new, &row, NULL);
	if (st == STATUS_OK) {
		problem_set(why, "there is a mailbox of this name");
		return STATUS_EXISTS;
	}
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

/* STORE_MAILBOX_RENAME: with all below it; who was subscribed stays so under the new name. */
enum status
mailbox_rename_run(struct job *j, struct change *c, struct problem *why)
{
	uint32_t account = j->grant.account;
	struct mailbox_name from, to;
	struct mailbox_row row;
	struct account_row a;
	bool is_inbox = false;
	enum status st;

	st = mailbox_name_make(j->work.new_name, &to, why);
	if (st == STATUS_OK)
		st = mailbox_find(c->txn, account, j->work.name, &row, why);
	if (st == STATUS_OK)
		st = mailbox_name_make(j->work.name, &from, why);
	if (st == STATUS_OK)
		st = account_get(c->txn, account, &a, why);
	if (st == STATUS_OK && !j->is_started)
		st = rename_check(c, account, &row, mailbox_name_slice(&from),
		    mailbox_name_slice(&to), why);
	if (st != STATUS_OK)
		return st;
	is_inbox = row.role == MAILBOX_INBOX;
	if (is_inbox)
		return rename_inbox(j, c, &a, mailbox_name_slice(&to), why);
	j->result.mailbox = row.id;
	st = rename_tree(c, &a, mailbox_name_slice(&from), mailbox_name_slice(&to), why);
	if (st == STATUS_OK)
		st = account_put(c->txn, &a, why);
	return st;
}
