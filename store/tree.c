#include "store/tree.h"

#include "store/journal.h"
#include "store/key.h"
#include "store/mailbox_name.h"
#include "store/store.h"

#define UID_VALIDITY_CLOCK_MAX UINT32_C(0xf0000000)	/* in 2097 */

/*
 * From the clock, but greater than any given before: a name made again is another mailbox.  A clock
 * that is far ahead leaves room for those that come when it is right again.
 */
static uint32_t
uid_validity_next(struct change *c)
{
	uint32_t now = c->now_s > UID_VALIDITY_CLOCK_MAX ? UID_VALIDITY_CLOCK_MAX : (uint32_t)c->now_s;
	uint32_t last = c->counters->uid_validity;

	c->counters->uid_validity = now > last ? now : last + 1;
	return c->counters->uid_validity;
}

static enum status
tree_check_free(struct txn *t, const struct account_row *a, struct slice name, uint8_t role,
    struct problem *why)
{
	struct slice value;
	struct key k;
	enum status st;

	st = txn_get(t, TABLE_MAILBOX_NAME, key_of_u32_name(&k, a->id, name), &value, why);
	if (st == STATUS_OK) {
		problem_set(why, "there is a mailbox of this name");
		return STATUS_EXISTS;
	}
	if (st != STATUS_ABSENT)
		return st;
	if (role != MAILBOX_PLAIN && a->roles[role] != 0) {
		problem_set(why, "there is a mailbox for this special use");
		return STATUS_EXISTS;
	}
	if (a->mailboxes >= MAILBOX_COUNT_MAX) {
		problem_set(why, "an account has at most %d mailboxes", MAILBOX_COUNT_MAX);
		return STATUS_LIMIT;
	}
	return STATUS_OK;
}

enum status
tree_make(struct change *c, struct account_row *a, struct slice name, uint8_t role,
    uint32_t *mailbox, struct problem *why)
{
	struct mailbox_row row = {
		.account = a->id,
		.name = name,
		.role = role,
		.uid_next = 1,
		.recent_from = 1,
		.modseq = c->number,
		.made_at = c->now_s,
	};
	struct journal_row line = { .op = JOURNAL_MAILBOX_MADE, .account = a->id, .after = name };
	enum status st;

	st = tree_check_free(c->txn, a, name, role, why);
	if (st != STATUS_OK)
		return st;
	row.id = ++c->counters->mailbox;
	row.uid_validity = uid_validity_next(c);
	st = mailbox_put(c->txn, &row, why);
	if (st == STATUS_OK)
		st = mailbox_name_put(c->txn, a->id, name, row.id, why);
	line.mailbox = row.id;
	if (st == STATUS_OK)
		st = journal_put(c, &line, NULL, why);
	if (st != STATUS_OK)
		return st;
	a->mailboxes++;
	if (role != MAILBOX_PLAIN)
		a->roles[role] = row.id;
	if (role == MAILBOX_INBOX)
		a->inbox = row.id;
	*mailbox = row.id;
	return STATUS_OK;
}

enum status
tree_make_parents(struct change *c, struct account_row *a, struct slice name, struct problem *why)
{
	uint32_t mailbox;
	enum status st;

	for (size_t at = 0; at < name.len; at++) {
		if (name.ptr[at] != '/')
			continue;
		st = tree_make(c, a, slice_sub(name, 0, at), MAILBOX_PLAIN, &mailbox, NULL);
		if (st != STATUS_OK && st != STATUS_EXISTS) {
			problem_set(why, "the mailbox above it cannot be made");
			return st;
		}
	}
	return STATUS_OK;
}

enum status
tree_make_path(struct change *c, struct account_row *a, struct slice name, uint8_t role,
    uint32_t *mailbox, struct problem *why)
{
	enum status st;

	st = tree_check_free(c->txn, a, name, role, why);
	if (st == STATUS_OK)
		st = tree_make_parents(c, a, name, why);
	if (st == STATUS_OK)
		st = tree_make(c, a, name, role, mailbox, why);
	return st;
}

enum status
tree_is_leaf(struct txn *t, uint32_t account, struct slice name, struct problem *why)
{
	struct slice key, value;
	struct cursor *c;
	struct key k;
	enum status st;

	key_of_u32_name(&k, account, name);
	key_u8(&k, '/');
	st = cursor_open(t, TABLE_MAILBOX_NAME, &c, why);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_slice(&k), &key, &value, why);
	cursor_close(&c);
	if (st == STATUS_ABSENT)
		return STATUS_OK;
	if (st != STATUS_OK)
		return st;
	if (key_read_u32(key, 0) != account || !mailbox_name_is_below(slice_skip(key, 4), name))
		return STATUS_OK;
	problem_set(why, "there are mailboxes below it");
	return STATUS_EXISTS;
}
