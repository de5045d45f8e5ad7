/* What may go outside goes, and the connection ends in good order. */
#include "base/clock.h"
#include "fetchd/job_internal.h"

#define DAY_S 86400

/* Stored here, on disk, and for as long as the administrator wants it kept there. */
static bool
may_go(const struct job *j, const struct listed *e, uint64_t now_s)
{
	int32_t days = j->account->fetch.keep_days;

	if (days < 0 || e->stored_at == 0 || e->is_shared)
		return false;
	return e->stored_at + (uint64_t)days * DAY_S <= now_s;
}

static void
on_dele(void *ctx, enum status st, const struct pop3_reply *reply, const struct problem *why)
{
	struct job *j = ctx;

	if (st != STATUS_DENIED && !job_check(j, "DELE", st, reply, why))
		return;
	j->report.removed += st == STATUS_OK;
	j->remove_at++;
	job_progress(j);
	job_remove(j);
}

void
job_remove(struct job *j)
{
	const struct listing *l = &j->listing;
	uint64_t now_s = clock_now_s();
	struct buf line = buf_init(64);

	while (j->remove_at < l->count && !may_go(j, &l->entries[j->remove_at], now_s))
		j->remove_at++;
	if (j->remove_at == l->count) {
		job_enter(j, JOB_QUIT);
		return;
	}
	buf_printf(&line, "DELE %u", l->entries[j->remove_at].number);
	job_ask(j, buf_slice(&line), on_dele);
	buf_clear(&line);
}

/* RFC 1939 s.6: only now the server removes what DELE named. */
static void
on_quit(void *ctx, enum status st, const struct pop3_reply *reply, const struct problem *why)
{
	struct job *j = ctx;

	if (st != STATUS_OK && j->report.removed > 0) {
		j->report.removed = 0;	/* perhaps they are; the next run sees */
		(void)job_check(j, "QUIT", st, reply, why);
		return;
	}
	j->asked = 0;
	if (j->report.status == STATUS_OK)
		job_enter(j, JOB_KEEP);
	else
		job_enter(j, JOB_OVER);
}

void
job_quit(struct job *j)
{
	job_ask(j, SLICE("QUIT"), on_quit);
}
