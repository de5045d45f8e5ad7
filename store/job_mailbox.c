#include "store/account.h"
#include "store/job.h"
#include "store/journal.h"
#include "store/keyword.h"
#include "store/mailbox_name.h"
#include "store/tree.h"

/* STORE_MAILBOX_MAKE: with all parents that are missing (RFC 3501 s.6.3.3). */
enum status
mailbox_make_run(struct job *j, struct change *c, struct problem *why)
{
	uint32_t account = j->grant.account;
	struct mailbox_name n;
	struct account_row a;
	enum status st;

	st = mailbox_name_make(j->work.name, &n, why);
	if (st == STATUS_OK)
		st = account_need(c, account, &a, why);
	if (st == STATUS_OK)
		st = tree_make_path(c, &a, mailbox_name_slice(&n), j->work.role, &j->result.mailbox,
		    why);
	if (st == STATUS_OK)
		st = account_put(c->txn, &a, why);
	return st;
}

enum status
mailbox_drop(struct change *c, const struct folder *f, struct problem *why)
{
	struct journal_row line = {
		.op = JOURNAL_MAILBOX_REMOVED,
		.account = f->row.account,
		.mailbox = f->row.id,
		.before = f->row.name,
	};
	struct account_row a;
	enum status st;

	st = keyword_delete_all(c->txn, f->row.id, why);
	if (st == STATUS_OK)
		st = mailbox_name_delete(c->txn, f->row.account, f->row.name, why);
	if (st == STATUS_OK)
		st = mailbox_delete(c->txn, f->row.id, why);
	if (st == STATUS_OK)
		st = account_get(c->txn, f->row.account, &a, why);
	if (st != STATUS_OK)
		return st;
	a.mailboxes--;
	st = account_put(c->txn, &a, why);
	if (st == STATUS_OK)
		st = journal_put(c, &line, NULL, why);
	return st;
}

/* STORE_MAILBOX_REMOVE: messages go to the trash area. */
enum status
mailbox_remove_run(struct job *j, struct change *c, struct problem *why)
{
	struct uid_range everything = { 1, UINT32_MAX };
	struct uidset all = { &everything, 1, 1 };
	uint32_t account = j->grant.account;
	struct mailbox_row row;
	struct folder f;
	enum status st;

	st = mailbox_find(c->txn, account, j->work.name, &row, why);
	if (st == STATUS_OK && row.role != MAILBOX_PLAIN) {
		problem_set(why, "a mailbox with a special use cannot be removed");
		st = STATUS_DENIED;
	}
	if (st == STATUS_OK)
		st = folder_open(c, account, row.id, &f, why);
	if (st == STATUS_OK)
		st = tree_is_leaf(c->txn, account, f.row.name, why);
	if (st == STATUS_OK)
		st = expunge_slice(j, c, &f, &all, 0, why);
	if (st == STATUS_OK)
		st = mailbox_drop(c, &f, why);
	if (st == STATUS_OK)
		j->result.mailbox = f.row.id;
	return st;
}
