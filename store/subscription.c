#include "store/subscription.h"

#include "store/key.h"
#include "store/mailbox_name.h"
#include "store/store.h"

/*
 * Subscription.  key: u32be account, name
 *   u8 version 1
 */
#define SUBSCRIPTION_VERSION 1

enum status
subscription_has(struct txn *t, uint32_t account, struct slice name, bool *has,
    struct problem *why)
{
	struct mailbox_name n;
	struct slice value;
	struct key k;
	enum status st;

	if (mailbox_name_make(name, &n, NULL) != STATUS_OK) {
		*has = false;
		return STATUS_OK;
	}
	key_of_u32_name(&k, account, mailbox_name_slice(&n));
	st = txn_get(t, TABLE_SUBSCRIPTION, key_slice(&k), &value, why);
	if (st != STATUS_OK && st != STATUS_ABSENT)
		return st;
	*has = st == STATUS_OK;
	return STATUS_OK;
}

enum status
subscription_each(struct txn *t, uint32_t account, bool (*each)(void *ctx, struct slice name),
    void *ctx, struct problem *why)
{
	struct slice key, value;
	struct cursor *c;
	struct key k;
	enum status st;

	st = cursor_open(t, TABLE_SUBSCRIPTION, &c, why);
	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, key_of_u32(&k, account), &key, &value, why);
	while (st == STATUS_OK && key_read_u32(key, 0) == account) {
		if (!each(ctx, slice_skip(key, 4)))
			break;
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

enum status
subscription_put(struct txn *t, uint32_t account, struct slice name, struct problem *why)
{
	static const char version = SUBSCRIPTION_VERSION;
	struct key k;

	return txn_put(t, TABLE_SUBSCRIPTION, key_of_u32_name(&k, account, name),
	    slice_make(&version, 1), why);
}

enum status
subscription_delete(struct txn *t, uint32_t account, struct slice name, struct problem *why)
{
	struct key k;

	return txn_delete(t, TABLE_SUBSCRIPTION, key_of_u32_name(&k, account, name), why);
}
