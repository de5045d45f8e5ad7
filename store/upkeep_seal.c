/* The upkeep that seals the journal: seal.h. */
#include "base/clock.h"
#include "base/log.h"
#include "store/seal.h"
#include "store/stored.h"
#include "store/upkeep.h"

#define DAY_S 86400u

static struct job *
seal_next(struct stored *s)
{
	uint64_t now_s = clock_now_s(), keep_s = (uint64_t)s->settings->journal_days * DAY_S;
	struct problem why = { "" };
	struct job *j = NULL;
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->store), &t, &why);

	if (st == STATUS_OK)
		st = job_of_seal(t, now_s > keep_s ? now_s - keep_s : 0, &j, &why);
	txn_abort(&t);
	if (st != STATUS_OK)
		log_event(LOG_ERROR, "store.journal.not_sealed", NULL, "why", why.text);
	return j;
}

static void
seal_done(struct stored *s, const struct job *j)
{
	struct log_line l;

	(void)s;
	if (j->status != STATUS_OK)
		return;
	log_begin(&l, LOG_INFO, "store.journal.sealed", NULL);
	log_u64(&l, "from", j->texts[0].id);
	log_u64(&l, "rows", seal_rows(j));
	log_u64(&l, "bytes", j->text_bytes);
	log_end(&l);
}

const struct upkeep_kind upkeep_seal = {
	.name = "seal",
	.next = seal_next,
	.done = seal_done,
};
