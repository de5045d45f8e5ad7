#include "fetchd/fetcher.h"

#include <limits.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "fetchd/account.h"
#include "fetchd/job.h"
#include "fetchd/schedule.h"
#include "fetchd/settings.h"
#include "net/loop.h"
#include "policy/client.h"
#include "policy/protocol.h"

#define LIST_AGAIN_MS 2000		/* policyd did not answer */
#define LIST_EVERY_MS (300 * 1000)	/* a notice may have been lost with its connection */
#define TICK_MAX_MS 60000

/* A mailbox of policyd's list. */
struct source {
	struct account *account;
	struct job *job;		/* NULL: none runs */
	struct job_memory memory;
	bool is_listed;			/* in the list just read */
};

struct fetcher {
	struct job_host host;
	struct buf hostname;
	struct buf instance;
	struct schedule *schedule;
	struct source **sources;
	uint32_t count;
	struct timer *tick;
	struct timer *list;
	uint32_t list_call;
	uint32_t run_wanted;		/* id to run once the list is there; 0: none */
};

static uint64_t
now_s(void)
{
	return clock_monotonic_ms() / 1000;
}

static struct source *
find(const struct fetcher *f, uint32_t id)
{
	for (uint32_t i = 0; i < f->count; i++) {
		if (f->sources[i]->account->fetch.id == id)
			return f->sources[i];
	}
	return NULL;
}

static void
set_tick(struct fetcher *f)
{
	uint64_t next = schedule_next(f->schedule);
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t ms = TICK_MAX_MS;

	if (next == SCHEDULE_NEVER)
		ms = TICK_MAX_MS;
	else if (next * 1000 <= now_ms)
		ms = 0;
	else if (next * 1000 - now_ms < TICK_MAX_MS)
		ms = next * 1000 - now_ms;
	timer_set(f->tick, ms);
}

static void
on_ended(void *ctx, uint32_t fetch, enum status st)
{
	struct fetcher *f = ctx;
	struct source *s = find(f, fetch);

	schedule_done(f->schedule, fetch, st == STATUS_OK, now_s(), id_random_u64());
	if (s != NULL)
		job_free(&s->job);
	set_tick(f);
}

static void
on_tick(void *ctx)
{
	struct fetcher *f = ctx;
	uint32_t id;

	while (schedule_take(f->schedule, now_s(), &id)) {
		struct source *s = find(f, id);

		ASSERT(s != NULL && s->job == NULL);
		s->job = job_start(&f->host, account_new(&s->account->fetch), &s->memory,
		    on_ended, f);
		s->memory.is_asked = false;
	}
	set_tick(f);
}

/* "mailadm fetch run": who waits for it hears of the running job, or of the one begun now. */
static void
run_now(struct fetcher *f, uint32_t id)
{
	struct policy_fetch_report refusal = {
		.fetch = id,
		.is_final = true,
		.status = STATUS_ABSENT,
		.text = SLICE("this mailbox is not collected: it is disabled, or removed"),
	};

	if (!schedule_hurry(f->schedule, id, now_s())) {
		policy_fetch_report(f->host.policy, &refusal);
		return;
	}
	find(f, id)->memory.is_asked = true;
	set_tick(f);
}

static void
free_source(struct fetcher *f, struct source *s)
{
	schedule_remove(f->schedule, s->account->fetch.id);
	job_free(&s->job);
	account_free(&s->account);
	table_free(&s->memory.skipped, NULL);
	table_free(&s->memory.full, mem_free);
	mem_free(s);
}

static void
take_source(struct fetcher *f, const struct policy_fetch *p)
{
	struct source *s = find(f, p->id);

	if (s == NULL) {
		s = mem_new(struct source);
		s->memory.skipped = table_new();
		s->memory.full = table_new();
		f->sources = mem_resize(f->sources, f->count + 1, sizeof(struct source *));
		f->sources[f->count++] = s;
	}
	account_free(&s->account);
	s->account = account_new(p);
	s->is_listed = true;
	schedule_set(f->schedule, p->id, p->every_s, now_s(), id_random_u64());
}

/* A job that runs goes on with what it began with, unless its mailbox is gone. */
static void
take_list(struct fetcher *f, const struct policy_fetch *list, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < f->count; i++)
		f->sources[i]->is_listed = false;
	for (uint32_t i = 0; i < count; i++) {
		if (list[i].is_enabled)
			take_source(f, &list[i]);
	}
	for (uint32_t i = 0; i < f->count; i++) {
		if (f->sources[i]->is_listed)
			f->sources[kept++] = f->sources[i];
		else
			free_source(f, f->sources[i]);
	}
	f->count = kept;
}

static void
on_list(void *ctx, enum status st, const struct policy_fetch *list, uint32_t count)
{
	struct fetcher *f = ctx;
	uint32_t wanted = f->run_wanted;

	f->list_call = 0;
	if (st != STATUS_OK) {
		timer_set(f->list, LIST_AGAIN_MS);
		return;
	}
	f->run_wanted = 0;
	take_list(f, list, count);
	timer_set(f->list, LIST_EVERY_MS);
	if (wanted != 0)
		run_now(f, wanted);
	set_tick(f);
}

static void
read_list(void *ctx)
{
	struct fetcher *f = ctx;

	if (f->list_call != 0)
		policy_cancel(f->host.policy, f->list_call);
	f->list_call = policy_fetch_list(f->host.policy, on_list, f);
}

/* A run may be wanted of a mailbox just made: the list first. */
static void
on_notice(void *ctx, uint16_t type, uint32_t fetch)
{
	struct fetcher *f = ctx;

	if (type == POLICY_FETCH_RUN && find(f, fetch) != NULL) {
		run_now(f, fetch);
		return;
	}
	if (type == POLICY_FETCH_RUN)
		f->run_wanted = fetch;
	read_list(f);
}

struct fetcher *
fetcher_new(struct loop *l, const struct fetch_settings *settings, struct slice hostname,
    struct slice instance)
{
	struct fetcher *f = mem_new(struct fetcher);

	f->hostname = buf_init(256);
	buf_append(&f->hostname, hostname);
	f->host.loop = l;
	f->host.settings = settings;
	f->host.hostname = buf_slice(&f->hostname);
	f->instance = buf_init(PATH_MAX);
	buf_append(&f->instance, instance);
	f->host.instance = buf_slice(&f->instance);
	f->schedule = schedule_new(settings->concurrent);
	f->tick = timer_new(l, on_tick, f);
	f->list = timer_new(l, read_list, f);
	f->host.policy = policy_client_new(l, "policy.sock", on_notice, f);
	read_list(f);
	return f;
}

void
fetcher_free(struct fetcher **fp)
{
	struct fetcher *f = *fp;

	if (f == NULL)
		return;
	*fp = NULL;
	for (uint32_t i = 0; i < f->count; i++)
		free_source(f, f->sources[i]);
	mem_free(f->sources);
	timer_free(&f->tick);
	timer_free(&f->list);
	policy_client_free(&f->host.policy);
	schedule_free(&f->schedule);
	buf_clear(&f->hostname);
	buf_clear(&f->instance);
	mem_free(f);
}
