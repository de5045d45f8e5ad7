#include "base/clock.h"
#include "store/stored.h"
#include "store/trash_order.h"
#include "store/upkeep.h"

static struct job *
purge_next(struct stored *s)
{
	struct problem why = { "" };
	struct job *j = NULL;
	struct txn *t;

	if (txn_begin_read(store_env(s->store), &t, &why) == STATUS_OK) {
		j = job_of_expired(s->store, t, clock_now_s(), TRASH_SLICE);
		txn_abort(&t);
	}
	return j;
}

const struct upkeep_kind upkeep_purge = {
	.name = "purge",
	.is_removing = true,
	.next = purge_next,
};
