/* What is outside, and what of it we have. */
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "fetchd/job_internal.h"

static enum status
uidl_line(void *ctx, struct slice line, struct problem *why)
{
	struct job *j = ctx;

	return listing_add(&j->listing, line, why);
}

/* Ids that broke a connection before come last, so that they keep no other message waiting. */
static void
mark_skipped(struct job *j)
{
	if (table_count(j->memory.skipped) == 0)
		return;
	for (uint32_t i = 0; i < j->listing.count; i++) {
		struct listed *e = &j->listing.entries[i];

		e->is_last = table_get(j->memory.skipped, listing_uidl(&j->listing, e)) != NULL;
	}
}

static void
on_uidl(void *ctx, enum status st, const struct pop3_reply *reply, const struct problem *why)
{
	struct job *j = ctx;
	struct problem text = { 0 };
	struct log_line l;
	uint32_t twins;

	if (st == STATUS_DENIED) {
		job_fail_text(j, STATUS_DENIED, "the server has no UIDL: without it nobody knows "
		    "which messages were collected before");
		return;
	}
	if (!job_check(j, "UIDL", st, reply, why))
		return;
	st = listing_complete(&j->listing, &twins, &text);
	if (st != STATUS_OK) {
		job_fail(j, st, &text);
		return;
	}
	j->report.listed = j->listing.count;
	if (twins > 0) {
		log_begin(&l, LOG_WARN, "fetch.uidl.repeated", j->sid);
		log_slice(&l, "fetch", j->account->fetch.name);
		log_u64(&l, "messages", twins);
		log_end(&l);
	}
	mark_skipped(j);
	job_enter(j, JOB_LIST);
}

void
job_uidl(struct job *j)
{
	const struct pop3_ask ask = {
		.command = SLICE("UIDL"),
		.answer = POP3_ANSWER_LINES,
		.deadline_s = FETCH_LISTING_S,
		.max = FETCH_LISTED_MAX,
		.part = uidl_line,
		.done = on_uidl,
	};

	pop3_client_ask(j->client, &ask);
}

static enum status
size_line(void *ctx, struct slice line, struct problem *why)
{
	struct job *j = ctx;

	return listing_size(&j->listing, line, why);
}

static void
on_list(void *ctx, enum status st, const struct pop3_reply *reply, const struct problem *why)
{
	struct job *j = ctx;

	if (job_check(j, "LIST", st, reply, why))
		job_enter(j, JOB_KNOWN);
}

void
job_list(struct job *j)
{
	const struct pop3_ask ask = {
		.command = SLICE("LIST"),
		.answer = POP3_ANSWER_LINES,
		.deadline_s = FETCH_LISTING_S,
		.max = FETCH_LISTED_MAX,
		.part = size_line,
		.done = on_list,
	};

	pop3_client_ask(j->client, &ask);
}

/* The next ids policyd is to hear of, and their sizes; gives both, mem_free(). */
static struct slice *
next_uidls(struct job *j, uint64_t **sizes, uint32_t *count)
{
	uint32_t left = j->listing.count - j->asked;
	uint32_t n = left < POLICY_UIDLS_MAX ? left : POLICY_UIDLS_MAX;
	struct slice *uidls = mem_array(struct slice, n == 0 ? 1 : n);

	*sizes = mem_array(uint64_t, n == 0 ? 1 : n);
	for (uint32_t i = 0; i < n; i++) {
		const struct listed *e = &j->listing.entries[j->asked + i];

		uidls[i] = listing_uidl(&j->listing, e);
		(*sizes)[i] = e->size_bytes;
	}
	*count = n;
	return uidls;
}

/*
 * Some servers answer +OK and remove nothing.  What they list still is left alone: it may be another
 * message that has its id and, by chance, its size.
 */
static void
warn_of_returned(struct job *j)
{
	struct log_line l;

	if (j->returned == 0 || j->account->fetch.keep_days < 0)
		return;
	problem_set(&j->why, "the server lists %u messages that it said it had removed: allow mail "
	    "programs to delete at the provider and delete these there, or use --keep-for-ever",
	    j->returned);
	log_begin(&l, LOG_WARN, "fetch.removal.ignored", j->sid);
	log_slice(&l, "fetch", j->account->fetch.name);
	log_u64(&l, "messages", j->returned);
	log_end(&l);
}

static void
on_known(void *ctx, enum status st, const struct fetch_known *known, uint32_t count)
{
	struct job *j = ctx;

	j->policy_call = 0;
	if (st == STATUS_OK && (count == 0 || count > j->listing.count - j->asked))
		st = STATUS_CORRUPT;
	if (st != STATUS_OK) {
		job_fail_text(j, st, "policyd cannot say what was collected before");
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct listed *e = &j->listing.entries[j->asked + i];

		e->stored_at = known[i].stored_at;
		e->is_returned = known[i].is_removed;
		j->returned += e->is_returned;
		j->report.known += e->stored_at != 0 || e->is_twin;
	}
	j->asked += count;
	job_known(j);
}

void
job_known(struct job *j)
{
	struct slice *uidls;
	uint64_t *sizes;
	uint32_t n;

	if (j->asked == j->listing.count) {
		warn_of_returned(j);
		j->wanted = listing_wanted(&j->listing, &j->wanted_count);
		job_enter(j, JOB_COLLECT);
		return;
	}
	uidls = next_uidls(j, &sizes, &n);
	j->policy_call = policy_fetch_known(j->host->policy, j->account->fetch.id, uidls, sizes, n,
	    on_known, j);
	mem_free(uidls);
	mem_free(sizes);
}

static void
on_kept(void *ctx, enum status st, const struct fetch_known *known, uint32_t count)
{
	struct job *j = ctx;

	(void)known;
	(void)count;
	j->policy_call = 0;
	if (st != STATUS_OK)
		job_fail_text(j, st, "policyd cannot note what is still outside");
	else
		job_keep(j);
}

/*
 * All that was listed in this run is kept in mind, what we removed too: a server
 * may forget to.  An empty mailbox changes nothing: if it was a whim of the
 * server, everything would come a second time.
 */
void
job_keep(struct job *j)
{
	struct slice *uidls;
	uint64_t *sizes;
	uint32_t n;

	if (j->asked == j->listing.count) {
		job_enter(j, JOB_OVER);
		return;
	}
	uidls = next_uidls(j, &sizes, &n);
	j->asked += n;
	j->policy_call = policy_fetch_keep(j->host->policy, j->account->fetch.id, uidls, n,
	    j->asked == j->listing.count, on_kept, j);
	mem_free(uidls);
	mem_free(sizes);
}
