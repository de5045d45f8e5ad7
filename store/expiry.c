#include "base/log.h"
#include "store/account.h"
#include "store/history.h"
#include "store/text.h"
#include "store/trash_order.h"

#define DAY_S UINT64_C(86400)
#define LEAP_DAYS 7	/* more than stored was away, perhaps; or the clock is wrong */

/* Rows of one account that were removed before that moment, the oldest first. */
struct expired {
	struct txn *txn;
	uint64_t now_s, before_s;
	uint32_t max;
	struct trash_order order;
};

static bool
take_expired(void *ctx, const struct trash_row *row)
{
	struct expired *e = ctx;
	struct text_row text;

	/* Those behind one that is too young are, too; but for one that a wrong clock put in the future. */
	if (row->removed_at >= e->before_s)
		return row->removed_at > e->now_s;
	/* One that is damaged stays, for mailadm repair, and the others go. */
	if (text_get(e->txn, row->message.text, &text, NULL) != STATUS_OK)
		return true;
	e->order.ids[e->order.count++] = trash_id_of(row);
	return e->order.count < e->max;
}

static void
find_expired(struct txn *t, uint32_t account, struct expired *e)
{
	uint64_t kept_s;
	struct account_row a;

	e->order.count = 0;
	if (account_get(t, account, &a, NULL) != STATUS_OK || a.trash_days == 0)
		return;
	kept_s = a.trash_days * DAY_S;
	e->before_s = kept_s < e->now_s ? e->now_s - kept_s : 0;
	/* Where a row is damaged, those before it go; mailadm verify names it. */
	(void)!trash_each(t, account, take_expired, e, NULL);
}

/*
 * What goes now is gone: a clock that is suddenly far ahead of all that the store knows has to be
 * right for a day first.
 */
static bool
clock_has_leapt(struct txn *t, uint64_t now_s)
{
	uint32_t day = (uint32_t)(now_s / DAY_S);
	struct history_row last;

	if (history_before(t, day, &last, NULL) != STATUS_OK || day - last.day <= LEAP_DAYS)
		return false;
	log_event(LOG_WARN, "store.purge.put_off", NULL, "why",
	    "the clock has leapt, or stored was away for long: trash expires from tomorrow on");
	return true;
}

struct job *
job_of_expired(struct store *s, struct txn *t, uint64_t now_s, uint32_t max)
{
	struct expired e = { .txn = t, .now_s = now_s, .max = max, .order.kind = TRASH_EXPIRE };
	uint64_t keys[TRASH_ORDER_MAX];
	uint32_t account = 0;

	while (e.order.count == 0 && trash_next_account(t, account, &account, NULL) == STATUS_OK) {
		find_expired(t, account, &e);
		if (account == UINT32_MAX)
			break;
		account++;
	}
	if (e.order.count == 0 || clock_has_leapt(t, now_s))
		return NULL;
	trash_keys(s, t, &e.order, keys);
	return job_of_trash(&e.order, keys);
}
