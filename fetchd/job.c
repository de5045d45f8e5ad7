#include "fetchd/job.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "fetchd/job_internal.h"
#include "net/dial.h"
#include "net/loop.h"
#include "net/tls.h"

#define PROGRESS_MS 2000

static const struct {
	const char *name;
	unsigned next;		/* set of IN(step) we may go to, besides JOB_OVER */
	void (*run)(struct job *j);
} steps[JOB_STEP_COUNT] = {
	[JOB_DIAL] = { "dial", IN(JOB_GREETING), job_dial },
	[JOB_GREETING] = { "greeting", IN(JOB_CAPA), job_greeting },
	[JOB_CAPA] = { "capa", IN(JOB_STLS) | IN(JOB_SECRET), job_capa },
	[JOB_STLS] = { "stls", IN(JOB_CAPA), job_stls },
	[JOB_SECRET] = { "secret", IN(JOB_LOGIN), job_secret },
	[JOB_LOGIN] = { "login", IN(JOB_UIDL), job_login },
	[JOB_UIDL] = { "uidl", IN(JOB_LIST), job_uidl },
	[JOB_LIST] = { "list", IN(JOB_KNOWN), job_list },
	[JOB_KNOWN] = { "known", IN(JOB_COLLECT), job_known },
	[JOB_COLLECT] = { "collect", IN(JOB_REMOVING), job_collect },
	[JOB_REMOVING] = { "removing", IN(JOB_REMOVE), job_removing },
	[JOB_REMOVE] = { "remove", IN(JOB_QUIT), job_remove },
	[JOB_QUIT] = { "quit", IN(JOB_REMOVED), job_quit },
	[JOB_REMOVED] = { "removed", IN(JOB_KEEP), job_removed },
	[JOB_KEEP] = { "keep", 0, job_keep },
	[JOB_OVER] = { "over", 0, job_over },
};

static void
run_step(void *ctx)
{
	struct job *j = ctx;

	j->step = j->next;
	log_event(LOG_DEBUG, "fetch.step.entered", j->sid, "step", steps[j->step].name);
	steps[j->step].run(j);
}

/* The step begins when the loop turns, so that no callback is left with a job that is gone. */
void
job_enter(struct job *j, enum job_step next)
{
	ASSERT((steps[j->step].next | IN(JOB_OVER)) & IN(next));
	j->next = next;
	timer_set(j->later, 0);
}

struct job *
job_start(const struct job_host *host, struct account *a, const struct job_memory *memory,
    void (*ended)(void *ctx, uint32_t fetch, enum status st), void *ctx)
{
	struct job *j = mem_new(struct job);

	j->host = host;
	j->account = a;
	j->memory = *memory;
	j->ended = ended;
	j->ctx = ctx;
	j->text = -1;
	j->secret = buf_init(4096);
	j->listing = listing_init(FETCH_LISTED_MAX);
	j->intake = intake_init();
	j->report.fetch = a->fetch.id;
	id_sid(j->sid);
	j->later = timer_new(host->loop, run_step, j);
	j->next = JOB_DIAL;
	timer_set(j->later, 0);
	return j;
}

static void
drop_connection(struct job *j)
{
	if (j->dial != NULL)
		dial_cancel(&j->dial);
	pop3_client_free(&j->client);
	tls_context_free(&j->tls);
	buf_wipe(&j->secret);
}

void
job_free(struct job **jp)
{
	struct job *j = *jp;

	if (j == NULL)
		return;
	*jp = NULL;
	drop_connection(j);
	if (j->policy_call != 0)
		policy_cancel(j->host->policy, j->policy_call);
	timer_free(&j->later);
	listing_clear(&j->listing);
	mem_free(j->wanted);
	intake_clear(&j->intake);
	if (j->text >= 0)
		close(j->text);
	account_free(&j->account);
	mem_free(j);
}

void
job_fail(struct job *j, enum status st, const struct problem *why)
{
	/* A fault of this machine or of the line: later it may do. */
	j->report.status = (uint8_t)(st == STATUS_IO ? STATUS_BUSY : st);
	j->why = (struct problem){ 0 };
	problem_set(&j->why, "%s", why == NULL || why->text[0] == '\0' ? status_name(st)
	    : why->text);
	job_enter(j, JOB_OVER);
}

void
job_fail_text(struct job *j, enum status st, const char *text)
{
	struct problem why = { 0 };

	problem_set(&why, "%s", text);
	job_fail(j, st, &why);
}

void
job_miss(struct job *j, const struct listed *e, enum status st, const struct problem *why)
{
	struct log_line l;

	j->report.failed++;
	j->why = (struct problem){ 0 };
	problem_set(&j->why, "message %u stays outside: %s", e->number,
	    why == NULL || why->text[0] == '\0' ? status_name(st) : why->text);
	log_begin(&l, LOG_WARN, "fetch.message.missed", j->sid);
	log_slice(&l, "fetch", j->account->fetch.name);
	log_slice(&l, "uidl", listing_uidl(&j->listing, e));
	log_u64(&l, "bytes", e->size_bytes);
	log_status(&l, st, why);
	log_end(&l);
}

static void
send_report(struct job *j, bool is_final)
{
	j->report.is_final = is_final;
	j->report.text = slice_from_cstr(j->why.text);
	policy_fetch_report(j->host->policy, &j->report);
	j->reported_ms = clock_monotonic_ms();
}

void
job_progress(struct job *j)
{
	if (clock_monotonic_ms() - j->reported_ms >= PROGRESS_MS)
		send_report(j, false);
}

void
job_over(struct job *j)
{
	struct log_line l;
	const struct policy_fetch_report *r = &j->report;

	drop_connection(j);
	send_report(j, true);
	log_begin(&l, r->status == STATUS_OK ? LOG_INFO : LOG_WARN, "fetch.run.ended", j->sid);
	log_slice(&l, "fetch", j->account->fetch.name);
	log_u64(&l, "listed", r->listed);
	log_u64(&l, "stored", r->stored);
	log_u64(&l, "known", r->known);
	log_u64(&l, "removed", r->removed);
	log_u64(&l, "failed", r->failed);
	log_u64(&l, "bytes", r->bytes);
	log_status(&l, (enum status)r->status, &j->why);
	log_end(&l);
	j->ended(j->ctx, r->fetch, (enum status)r->status);
}

void
job_ask(struct job *j, struct slice command,
    void (*done)(void *ctx, enum status st, const struct pop3_reply *reply,
    const struct problem *why))
{
	const struct pop3_ask ask = {
		.command = command,
		.answer = POP3_ANSWER_LINE,
		.deadline_s = FETCH_COMMAND_S,
		.done = done,
	};

	pop3_client_ask(j->client, &ask);
}

bool
job_check(struct job *j, const char *what, enum status st, const struct pop3_reply *reply,
    const struct problem *why)
{
	struct problem text = { 0 };

	if (st == STATUS_OK)
		return true;
	if (st == STATUS_DENIED && reply != NULL) {
		problem_set(&text, "%s: the server says: %.*s", what, SLICE_ARG(reply->text));
		if (slice_starts_nocase(reply->code, SLICE("SYS/TEMP")) ||
		    slice_starts_nocase(reply->code, SLICE("IN-USE")) ||
		    slice_starts_nocase(reply->code, SLICE("LOGIN-DELAY")))
			st = STATUS_BUSY;
	} else {
		problem_set(&text, "%s: %s", what, why->text);
	}
	job_fail(j, st, &text);
	return false;
}
