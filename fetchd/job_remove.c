/* What may go outside goes, and the connection ends in good order. */
#include "base/clock.h"
#include "base/mem.h"
#include "fetchd/job_internal.h"

#define DAY_S 86400

/* Stored here, on disk, and for as long as the administrator wants it kept there. */
static bool
may_go(const struct job *j, const struct listed *e, uint64_t now_s)
{
	int32_t days = j->account->fetch.keep_days;

	if (days < 0 || e->stored_at == 0 || e->is_shared || e->is_returned)
		return false;
	return e->stored_at + (uint64_t)days * DAY_S <= now_s;
}

/* The next ids that go, from j->asked on, and their sizes; gives both, mem_free(). */
static struct slice *
next_going(struct job *j, uint64_t **sizes, uint32_t *count)
{
	uint32_t left = j->listing.count - j->asked;
	uint32_t max = left < POLICY_UIDLS_MAX ? left : POLICY_UIDLS_MAX;
	struct slice *uidls = mem_array(struct slice, max + 1);
	uint32_t n = 0;

	*sizes = mem_array(uint64_t, max + 1);
	for (; j->asked < j->listing.count && n < max; j->asked++) {
		const struct listed *e = &j->listing.entries[j->asked];

		if (!e->is_going)
			continue;
		uidls[n] = listing_uidl(&j->listing, e);
		(*sizes)[n++] = e->size_bytes;
	}
	*count = n;
	return uidls;
}

static void mark_going(struct job *j);

static void
on_marked(void *ctx, enum status st, const struct fetch_known *known, uint32_t count)
{
	struct job *j = ctx;

	(void)known;
	(void)count;
	j->policy_call = 0;
	if (st == STATUS_OK)
		mark_going(j);
	else if (j->report.status == STATUS_OK)
		job_fail_text(j, st, "policyd cannot note what is removed outside");
	else
		job_enter(j, JOB_OVER);	/* why is said already: the disk is full, say */
}

static void
mark_going(struct job *j)
{
	bool is_before = j->step == JOB_REMOVING;
	uint64_t *sizes;
	uint32_t n;
	struct slice *uidls = next_going(j, &sizes, &n);

	if (n > 0) {
		j->policy_call = (is_before ? policy_fetch_removing : policy_fetch_removed)(
		    j->host->policy, j->account->fetch.id, uidls, sizes, n, on_marked, j);
	} else if (is_before) {
		job_enter(j, JOB_REMOVE);
	} else {
		j->asked = 0;
		job_enter(j, j->report.status == STATUS_OK ? JOB_KEEP : JOB_OVER);
	}
	mem_free(uidls);
	mem_free(sizes);
}

/*
 * Before the first DELE, for an answer may be lost, or we may: a server may then give an id of these
 * to the next message, which their size tells apart.
 */
void
job_removing(struct job *j)
{
	uint64_t now_s = clock_now_s();

	for (uint32_t i = 0; i < j->listing.count; i++)
		j->listing.entries[i].is_going = may_go(j, &j->listing.entries[i], now_s);
	j->asked = 0;
	mark_going(j);
}

/* Both DELE and QUIT were answered by +OK: what is listed from now on is not touched again. */
void
job_removed(struct job *j)
{
	j->asked = 0;
	mark_going(j);
}

static void
on_dele(void *ctx, enum status st, const struct pop3_reply *reply, const struct problem *why)
{
	struct job *j = ctx;

	if (st != STATUS_DENIED && !job_check(j, "DELE", st, reply, why))
		return;
	if (st == STATUS_OK)
		j->report.removed++;
	else
		j->listing.entries[j->remove_at].is_going = false;
	j->remove_at++;
	job_progress(j);
	job_remove(j);
}

void
job_remove(struct job *j)
{
	const struct listing *l = &j->listing;
	struct buf line = buf_init(64);

	while (j->remove_at < l->count && !l->entries[j->remove_at].is_going)
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
	job_enter(j, JOB_REMOVED);
}

void
job_quit(struct job *j)
{
	job_ask(j, SLICE("QUIT"), on_quit);
}
