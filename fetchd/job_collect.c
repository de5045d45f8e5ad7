/* Message after message: from the server into a memfd, to policyd, into the store. */
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "fetchd/job_internal.h"

static struct listed *
current(struct job *j)
{
	return &j->listing.entries[j->wanted[j->wanted_at]];
}

static void
next_message(struct job *j)
{
	j->wanted_at++;
	job_progress(j);
	job_collect(j);
}

static void
log_stored(struct job *j, const struct listed *e, enum status st)
{
	struct log_line l;

	log_begin(&l, LOG_INFO, "fetch.message.stored", j->sid);
	log_slice(&l, "fetch", j->account->fetch.name);
	log_slice(&l, "uidl", listing_uidl(&j->listing, e));
	log_cstr(&l, "mid", j->mid);
	log_u64(&l, "bytes", j->intake.size_bytes);
	log_cstr(&l, "mended", j->intake.was_mended ? "yes" : "no");
	log_cstr(&l, "again", st == STATUS_EXISTS ? "yes" : "no");
	log_end(&l);
}

/* There is no room for it: for an hour it is not fetched for nothing. */
static void
remember_full(struct job *j, const struct listed *e)
{
	uint64_t *until = mem_new(uint64_t);

	*until = clock_now_s() + FETCH_FULL_AGAIN_S;
	if (table_count(j->memory.full) < FETCH_SKIPPED_MAX)
		until = table_put(j->memory.full, listing_uidl(&j->listing, e), until);
	mem_free(until);
}

/* No use to fetch it now: why. */
static enum status
check_wanted(const struct job *j, const struct listed *e, struct problem *why)
{
	const uint64_t *until = table_get(j->memory.full, listing_uidl(&j->listing, e));

	if (e->size_bytes > j->host->settings->message_max) {
		problem_set(why, "it has %llu bytes, [fetch] message_max is %llu",
		    (unsigned long long)e->size_bytes,
		    (unsigned long long)j->host->settings->message_max);
		return STATUS_LIMIT;
	}
	if (until != NULL && *until > clock_now_s() && !j->memory.is_asked) {
		problem_set(why, "the mailbox it is for was full a short while ago");
		return STATUS_FULL;
	}
	return STATUS_OK;
}

static void
on_submitted(void *ctx, enum status st, const struct problem *why)
{
	struct job *j = ctx;
	struct listed *e = current(j);

	j->policy_call = 0;
	close(j->text);
	j->text = -1;
	if (st == STATUS_OK || st == STATUS_EXISTS) {
		log_stored(j, e, st);
		e->stored_at = clock_now_s();
		mem_free(table_remove(j->memory.full, listing_uidl(&j->listing, e)));
		if (st == STATUS_OK) {
			j->report.stored++;
			j->report.bytes += j->intake.size_bytes;
		} else {
			j->report.known++;
		}
		next_message(j);
		return;
	}
	job_miss(j, e, st, why);
	if (st == STATUS_FULL)
		remember_full(j, e);
	if (st == STATUS_BUSY) {	/* the disk is full, or policyd away: so for the others */
		j->report.status = STATUS_BUSY;
		job_enter(j, JOB_REMOVING);
		return;
	}
	next_message(j);
}

static void
submit(struct job *j, const struct listed *e)
{
	const struct policy_fetched f = {
		.fetch = j->account->fetch.id,
		.uidl = listing_uidl(&j->listing, e),
		.mid = slice_from_cstr(j->mid),
		.received_at = j->received_at,
		.size_bytes = (uint32_t)j->intake.size_bytes,
		.prefix_len = j->intake.prefix_len,
		.listed_bytes = e->size_bytes,
	};

	j->policy_call = policy_fetch_submit(j->host->policy, &f, j->text, on_submitted, j);
}

static enum status
retr_piece(void *ctx, struct slice piece, struct problem *why)
{
	struct job *j = ctx;

	return intake_feed(&j->intake, piece, why);
}

/* The connection is gone: the next run tries this message last. */
static void
remember_breaker(struct job *j, const struct listed *e)
{
	if (table_count(j->memory.skipped) < FETCH_SKIPPED_MAX)
		(void)table_put(j->memory.skipped, listing_uidl(&j->listing, e), j->memory.skipped);
}

static void
on_retr(void *ctx, enum status st, const struct pop3_reply *reply, const struct problem *why)
{
	struct job *j = ctx;
	struct listed *e = current(j);
	struct problem text = { 0 };

	if (st == STATUS_DENIED) {
		problem_set(&text, "the server says: %.*s", SLICE_ARG(reply->text));
		job_miss(j, e, st, &text);
		next_message(j);
		return;
	}
	if (st == STATUS_OK)
		st = intake_end(&j->intake, &j->text, &text);
	if (st != STATUS_OK) {
		remember_breaker(j, e);
		job_miss(j, e, st, text.text[0] != '\0' ? &text : why);
		text = j->why;
		job_fail(j, st, &text);
		return;
	}
	submit(j, e);
}

static enum status
begin_text(struct job *j, struct problem *why)
{
	struct intake_origin from = {
		.host = j->account->fetch.host,
		.user = j->account->fetch.user,
		.hostname = j->host->hostname,
		.is_secure = pop3_client_is_secure(j->client),
	};

	id_sid(j->mid);
	j->received_at = clock_now_s();
	from.mid = slice_from_cstr(j->mid);
	from.received_at = j->received_at;
	return intake_begin(&j->intake, &from, j->host->settings->message_max, why);
}

static void
retrieve(struct job *j, const struct listed *e)
{
	struct pop3_ask ask = {
		.answer = POP3_ANSWER_TEXT,
		.deadline_s = FETCH_RETR_S,
		.max = j->host->settings->message_max,
		.part = retr_piece,
		.done = on_retr,
	};
	struct buf line = buf_init(64);

	ask.deadline_s += (uint32_t)(e->size_bytes / FETCH_RETR_BYTES_S);
	buf_printf(&line, "RETR %u", e->number);
	ask.command = buf_slice(&line);
	pop3_client_ask(j->client, &ask);
	buf_clear(&line);
}

void
job_collect(struct job *j)
{
	struct problem why = { 0 };
	enum status st;

	while (j->wanted_at < j->wanted_count &&
	    (st = check_wanted(j, current(j), &why)) != STATUS_OK) {
		job_miss(j, current(j), st, &why);
		why = (struct problem){ 0 };
		j->wanted_at++;
	}
	if (j->wanted_at == j->wanted_count) {
		job_enter(j, JOB_REMOVING);
		return;
	}
	st = begin_text(j, &why);
	if (st != STATUS_OK)
		job_fail(j, st, &why);
	else
		retrieve(j, current(j));
}
