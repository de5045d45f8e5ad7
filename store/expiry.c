#include "store/account.h"
#include "store/text.h"
#include "store/trash_order.h"

#define DAY_S UINT64_C(86400)

/* Rows of one account that were removed before that moment, the oldest first. */
struct expired {
	struct txn *txn;
	uint64_t before_s;
	uint32_t max;
	struct trash_order order;
};

static bool
take_expired(void *ctx, const struct trash_row *row)
{
	struct expired *e = ctx;
	struct text_row text;

	if (row->removed_at >= e->before_s)
		return false;	/* and so are those behind it */
	/* One that is damaged stays, for mailadm repair, and the others go. */
	if (text_get(e->txn, row->message.text, &text, NULL) != STATUS_OK)
		return true;
	e->order.ids[e->order.count++] = trash_id_of(row);
	return e->order.count < e->max;
}

static void
find_expired(struct txn *t, uint32_t account, uint64_t now_s, struct expired *e)
{
	uint64_t kept_s;
	struct account_row a;

	e->order.count = 0;
	if (account_get(t, account, &a, NULL) != STATUS_OK || a.trash_days == 0)
		return;
	kept_s = a.trash_days * DAY_S;
	e->before_s = kept_s < now_s ? now_s - kept_s : 0;
	/* Where a row is damaged, those before it go; mailadm verify names it. */
	(void)!trash_each(t, account, take_expired, e, NULL);
}

struct job *
job_of_expired(struct store *s, struct txn *t, uint64_t now_s, uint32_t max)
{
	struct expired e = { .txn = t, .max = max, .order.kind = TRASH_EXPIRE };
	uint64_t keys[TRASH_ORDER_MAX];
	uint32_t account = 0;

	while (e.order.count == 0 && trash_next_account(t, account, &account, NULL) == STATUS_OK) {
		find_expired(t, account, now_s, &e);
		if (account == UINT32_MAX)
			break;
		account++;
	}
	if (e.order.count == 0)
		return NULL;
	trash_keys(s, t, &e.order, keys);
	return job_of_trash(&e.order, keys);
}
