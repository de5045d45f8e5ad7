#include <string.h>

#include "base/mem.h"
#include "store/account.h"
#include "store/former.h"
#include "store/job.h"
#include "store/journal.h"
#include "store/subscription.h"

#define WEIGHT_BASE 8
#define LEAVE_SLICE 500		/* messages a transaction: docs/performance.md */
#define LEAVE_SUBSCRIPTIONS 100

/*
 * An account is removed: one transaction says so, and takes its special folders
 * from it, so that no delivery finds it any more; then slice after slice its
 * messages go to its trash area and its mailboxes away.  What of it is done is
 * what is no longer there, so a crash costs nothing.
 */

struct leaving {
	uint32_t account;
	struct slice login;	/* of the payload */
};

static enum status
account_remove_run(struct job *j, struct change *c, struct problem *why)
{
	const struct leaving *l = j->own;
	struct account_row a = { .id = l->account };
	struct former_row row = { l->account, c->now_s, l->login };
	struct former_row before;
	enum status st;

	st = former_get(c->txn, l->account, &before, why);
	if (st != STATUS_ABSENT)
		return st;
	st = account_get(c->txn, l->account, &a, why);
	if (st != STATUS_OK && st != STATUS_ABSENT)
		return st;
	a.inbox = 0;
	memset(a.roles, 0, sizeof(a.roles));
	st = former_put(c->txn, &row, why);
	return st == STATUS_OK ? account_put(c->txn, &a, why) : st;
}

enum status
job_of_account_remove(struct slice payload, struct job **out, struct problem *why)
{
	struct job *j = job_new(STORE_ACCOUNT_REMOVE, payload);
	struct reader in = reader_of(buf_slice(&j->payload));
	struct leaving *l = mem_new(struct leaving);

	j->own = l;
	j->own_free = mem_free;
	l->account = read_u32le(&in);
	l->login = read_slice(&in);
	if (!reader_at_end(&in) || l->account == 0 || l->login.len > FORMER_LOGIN_MAX) {
		problem_set(why, "the request cannot be read");
		job_free(&j);
		return STATUS_CORRUPT;
	}
	j->run = account_remove_run;
	j->sid = SLICE("user-remove");
	j->weight = WEIGHT_BASE;
	*out = j;
	return STATUS_OK;
}

static bool
first_mailbox(void *ctx, const struct mailbox_row *row)
{
	uint32_t *mailbox = ctx;

	*mailbox = row->id;
	return false;
}

/* Names an account has subscribed to, some at a time. */
struct names {
	uint32_t count;
	struct buf all;		/* put_slice() each */
};

static bool
collect_name(void *ctx, struct slice name)
{
	struct names *n = ctx;

	put_slice(&n->all, name);
	return ++n->count < LEAVE_SUBSCRIPTIONS;
}

static enum status
leave_subscriptions(struct change *c, uint32_t account, struct problem *why)
{
	struct names n = { .all = buf_init(LEAVE_SUBSCRIPTIONS * (MAILBOX_NAME_MAX + 4)) };
	struct reader in;
	enum status st = subscription_each(c->txn, account, collect_name, &n, why);

	in = reader_of(buf_slice(&n.all));
	for (uint32_t i = 0; st == STATUS_OK && i < n.count; i++)
		st = subscription_delete(c->txn, account, read_slice(&in), why);
	buf_clear(&n.all);
	return st;
}

/* No mailbox has a name any more. */
static enum status
leave_rest(struct change *c, uint32_t account, struct problem *why)
{
	struct account_row a = { 0 };
	enum status st = account_get(c->txn, account, &a, why);

	if (st == STATUS_OK && a.mailboxes > 0) {
		problem_set(why, "account %u has %u mailboxes that are not there", account,
		    a.mailboxes);
		st = STATUS_CORRUPT;
	}
	return st == STATUS_OK || st == STATUS_ABSENT ? leave_subscriptions(c, account, why) : st;
}

/* Some messages of its first mailbox; or that mailbox; or, at the end, what it subscribed to. */
static enum status
leave_run(struct job *j, struct change *c, struct problem *why)
{
	struct uid_range everything = { 1, UINT32_MAX };
	struct uidset all = { &everything, 1, 1 };
	const struct leaving *l = j->own;
	uint32_t mailbox = 0;
	struct folder f;
	enum status st;

	st = mailbox_each(c->txn, l->account, first_mailbox, &mailbox, why);
	if (st != STATUS_OK)
		return st;
	if (mailbox == 0)
		return leave_rest(c, l->account, why);
	st = folder_open(c, l->account, mailbox, &f, why);
	if (st == STATUS_OK)
		st = expunge_slice(j, c, &f, &all, 0, why);
	if (st == STATUS_PENDING)
		return STATUS_OK;	/* the rest in a later slice, so that others come between */
	return st == STATUS_OK ? mailbox_drop(c, &f, why) : st;
}

struct search {
	struct txn *txn;
	uint32_t account;	/* 0: none found */
};

static bool
any_name(void *ctx, struct slice name)
{
	bool *is_there = ctx;

	(void)name;
	*is_there = true;
	return false;
}

static bool
has_something(void *ctx, const struct former_row *row)
{
	struct search *s = ctx;
	struct account_row a;
	bool is_there = false;

	if (account_get(s->txn, row->account, &a, NULL) == STATUS_OK)
		is_there = a.mailboxes > 0;
	if (!is_there && subscription_each(s->txn, row->account, any_name, &is_there, NULL) != STATUS_OK)
		return true;	/* mailadm verify names it */
	if (is_there)
		s->account = row->account;
	return !is_there;
}

struct job *
job_of_leaving(struct txn *t)
{
	struct search s = { .txn = t };
	struct leaving *l;
	struct job *j;

	if (former_each(t, has_something, &s, NULL) != STATUS_OK || s.account == 0)
		return NULL;
	j = job_new(STORE_ACCOUNT_REMOVE, SLICE(""));
	l = mem_new(struct leaving);
	l->account = s.account;
	j->own = l;
	j->own_free = mem_free;
	j->run = leave_run;
	j->slice = LEAVE_SLICE;
	j->sid = SLICE("user-remove");
	j->weight = WEIGHT_BASE + LEAVE_SLICE / 4;
	return j;
}
