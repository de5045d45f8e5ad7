#include "store/former.h"
#include "store/stored.h"
#include "store/upkeep.h"

static struct job *
leave_next_job(const struct stored *s)
{
	struct problem why = { "" };
	struct job *j = NULL;
	struct txn *t;

	if (txn_begin_read(store_env(s->store), &t, &why) == STATUS_OK) {
		j = job_of_leaving(t);
		txn_abort(&t);
	}
	return j;
}

static struct job *
leave_next(struct stored *s)
{
	return leave_next_job(s);
}

bool
upkeep_leave_waits(const struct stored *s)
{
	struct job *j = leave_next_job(s);
	bool waits = j != NULL;

	job_free(&j);
	return waits;
}

const struct upkeep_kind upkeep_leave = {
	.name = "leave",
	.next = leave_next,
};
