#include "store/job.h"
#include "store/journal.h"
#include "store/mailbox_name.h"
#include "store/subscription.h"

static bool
count_one(void *ctx, struct slice name)
{
	uint32_t *n = ctx;

	(void)name;
	return ++*n < MAILBOX_COUNT_MAX;
}

static enum status
subscribe_journal(struct job *j, struct change *c, uint8_t op, struct slice name,
    struct problem *why)
{
	struct journal_row line = { .op = op, .account = j->grant.account, .after = name };

	return journal_put(c, &line, NULL, why);
}

/* STORE_SUBSCRIBE: RFC 3501 s.6.3.6 lets names be subscribed that do not exist. */
enum status
subscribe_run(struct job *j, struct change *c, struct problem *why)
{
	uint32_t account = j->grant.account, count = 0;
	struct mailbox_name n;
	struct slice name;
	bool has = false;
	enum status st;

	st = mailbox_name_make(j->work.name, &n, why);
	if (st != STATUS_OK)
		return st;
	name = mailbox_name_slice(&n);
	st = subscription_has(c->txn, account, name, &has, why);
	if (st != STATUS_OK || has)
		return st;
	st = subscription_each(c->txn, account, count_one, &count, why);
	if (st == STATUS_OK && count == MAILBOX_COUNT_MAX) {
		problem_set(why, "at most %d subscriptions", MAILBOX_COUNT_MAX);
		st = STATUS_LIMIT;
	}
	if (st == STATUS_OK)
		st = subscription_put(c->txn, account, name, why);
	if (st == STATUS_OK)
		st = subscribe_journal(j, c, JOURNAL_SUBSCRIBED, name, why);
	return st;
}

/* STORE_UNSUBSCRIBE: a name that was not subscribed is no error. */
enum status
unsubscribe_run(struct job *j, struct change *c, struct problem *why)
{
	struct mailbox_name n;
	struct slice name;
	enum status st;

	st = mailbox_name_make(j->work.name, &n, why);
	if (st != STATUS_OK)
		return st;
	name = mailbox_name_slice(&n);
	st = subscription_delete(c->txn, j->grant.account, name, why);
	if (st == STATUS_ABSENT)
		return STATUS_OK;
	if (st == STATUS_OK)
		st = subscribe_journal(j, c, JOURNAL_UNSUBSCRIBED, name, why);
	return st;
}
