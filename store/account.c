#include "store/account.h"

#include "base/bytes.h"
#include "store/change.h"
#include "store/former.h"
#include "store/key.h"
#include "store/store.h"
#include "store/subscription.h"
#include "store/tree.h"

/*
 * Account.  key: u32be account
 *   u8 version 2, u64 bytes, u64 messages, u32 mailboxes, u8 n, u32 x n: mailbox id by role, from
 *   MAILBOX_INBOX on
 *   u64 quota_bytes, u32 trash_days     since version 2; version 1 decodes as 0
 */
#define ACCOUNT_VERSION 2

/* What a new account has, subscribed.  Outlook finds these by their names. */
static const struct {
	const char *name;
	uint8_t role;
} folders[] = {
	{ "INBOX", MAILBOX_INBOX },
	{ "Drafts", MAILBOX_DRAFTS },
	{ "Sent Items", MAILBOX_SENT },
	{ "Deleted Items", MAILBOX_TRASH },
	{ "Junk E-mail", MAILBOX_JUNK },
};

static bool
account_decode(struct slice value, struct account_row *r)
{
	struct reader in = reader_of(value);
	uint8_t version = read_u8(&in);
	unsigned n;

	r->bytes = read_u64le(&in);
	r->messages = read_u64le(&in);
	r->mailboxes = read_u32le(&in);
	n = read_u8(&in);
	if (n >= MAILBOX_ROLE_COUNT)
		reader_fail(&in);
	for (unsigned i = 1; reader_ok(&in) && i <= n; i++)
		r->roles[i] = read_u32le(&in);
	r->inbox = r->roles[MAILBOX_INBOX];
	if (version >= 2) {
		r->quota_bytes = read_u64le(&in);
		r->trash_days = read_u32le(&in);
	}
	return reader_at_end(&in) && version >= 1 && version <= ACCOUNT_VERSION;
}

enum status
account_get(struct txn *t, uint32_t account, struct account_row *out, struct problem *why)
{
	struct account_row r = { .id = account };
	struct slice value;
	struct key k;
	enum status st;

	st = txn_get(t, TABLE_ACCOUNT, key_of_u32(&k, account), &value, why);
	if (st != STATUS_OK)
		return st;
	if (!account_decode(value, &r)) {
		problem_set(why, "account %u cannot be read", account);
		return STATUS_CORRUPT;
	}
	*out = r;
	return STATUS_OK;
}

enum status
account_put(struct txn *t, const struct account_row *row, struct problem *why)
{
	struct buf b = buf_init(128);
	struct key k;
	enum status st;

	put_u8(&b, ACCOUNT_VERSION);
	put_u64le(&b, row->bytes);
	put_u64le(&b, row->messages);
	put_u32le(&b, row->mailboxes);
	put_u8(&b, MAILBOX_ROLE_COUNT - 1);
	for (unsigned i = 1; i < MAILBOX_ROLE_COUNT; i++)
		put_u32le(&b, row->roles[i]);
	put_u64le(&b, row->quota_bytes);
	put_u32le(&b, row->trash_days);
	st = txn_put(t, TABLE_ACCOUNT, key_of_u32(&k, row->id), buf_slice(&b), why);
	buf_clear(&b);
	return st;
}

/* DENIED: it has no folders because it was removed. */
static enum status
check_present(struct change *c, uint32_t account, struct problem *why)
{
	struct former_row former;
	enum status st = former_get(c->txn, account, &former, why);

	if (st == STATUS_OK)
		problem_set(why, "account %u was removed", account);
	return st == STATUS_ABSENT ? STATUS_OK : st == STATUS_OK ? STATUS_DENIED : st;
}

enum status
account_need(struct change *c, uint32_t account, struct account_row *out, struct problem *why)
{
	struct account_row a = { .id = account };
	struct slice name;
	uint32_t mailbox;
	enum status st;

	st = account_get(c->txn, account, &a, why);
	if (st == STATUS_OK && a.inbox != 0) {
		*out = a;
		return STATUS_OK;
	}
	if (st == STATUS_OK)
		st = check_present(c, account, why);
	else if (st == STATUS_ABSENT)
		st = STATUS_OK;
	for (size_t i = 0; st == STATUS_OK && i < ARRAY_LEN(folders); i++) {
		name = slice_from_cstr(folders[i].name);
		st = tree_make(c, &a, name, folders[i].role, &mailbox, why);
		if (st == STATUS_OK)
			st = subscription_put(c->txn, account, name, why);
	}
	if (st == STATUS_OK)
		st = account_put(c->txn, &a, why);
	if (st == STATUS_OK)
		*out = a;
	return st;
}
