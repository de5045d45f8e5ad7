#include "policy/outbox.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "policy/directory.h"
#include "policy/plan.h"
#include "store/plan_client.h"

enum { RETRY_MIN_MS = 1000, RETRY_MAX_MS = 60000 };

struct outbox {
	struct policyd *policyd;
	uint32_t call;		/* 0: nothing is being sent */
	uint64_t number;	/* what is being sent */
	uint64_t removal_told;	/* stored knows of the removed account of that number */
	struct timer *retry;
	unsigned retry_ms;
};

static void
retry(void *ctx)
{
	outbox_kick(ctx);
}

struct outbox *
outbox_new(struct policyd *p)
{
	struct outbox *o = mem_new(struct outbox);

	o->policyd = p;
	o->retry = timer_new(p->loop, retry, o);
	o->retry_ms = RETRY_MIN_MS;
	return o;
}

void
outbox_free(struct outbox **outbox)
{
	struct outbox *o = *outbox;

	if (o == NULL)
		return;
	*outbox = NULL;
	if (o->call != 0)
		plan_cancel(o->policyd->store, o->call);
	timer_free(&o->retry);
	mem_free(o);
}

static void
send_later(struct outbox *o, enum status st, const struct problem *why)
{
	struct log_line l;

	log_begin(&l, st == STATUS_BUSY ? LOG_INFO : LOG_ERROR, "policy.audit.delayed", NULL);
	log_u64(&l, "number", o->number);
	log_status(&l, st, why);
	log_end(&l);
	timer_set(o->retry, o->retry_ms);
	o->retry_ms = o->retry_ms * 2 < RETRY_MAX_MS ? o->retry_ms * 2 : RETRY_MAX_MS;
}

static void
removed(void *ctx, enum status st, uint64_t change, const struct problem *why)
{
	struct outbox *o = ctx;

	(void)change;
	o->call = 0;
	if (st == STATUS_OK) {
		o->removal_told = o->number;
		outbox_kick(o);
	} else {
		send_later(o, st, why);
	}
}

static void
sent(void *ctx, enum status st, uint64_t change, const struct problem *why)
{
	struct outbox *o = ctx;
	struct problem problem = { 0 };

	(void)change;
	o->call = 0;
	if (st == STATUS_OK)
		st = directory_pending_done(o->policyd->directory, o->number, &problem);
	if (st == STATUS_OK) {
		o->retry_ms = RETRY_MIN_MS;
		outbox_kick(o);
		return;
	}
	send_later(o, st, why != NULL ? why : &problem);
}

void
outbox_kick(struct outbox *o)
{
	struct pending_audit_record audit;
	struct plan plan;

	if (o->call != 0 || !directory_pending(o->policyd->directory, 0, &o->number, &audit))
		return;
	timer_stop(o->retry);
	if (audit.removed_account != 0 && o->removal_told != o->number) {
		o->call = plan_account_remove(o->policyd->store, audit.removed_account,
		    audit.subject, removed, o);
		return;
	}
	plan_for_audit(&audit, &plan);
	o->call = plan_execute(o->policyd->store, &plan, -1, sent, o);
	plan_clear(&plan);
}
