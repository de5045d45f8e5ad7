#include "policy/limits.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "policy/envelope.h"
#include "policy/logins.h"
#include "policy/protocol.h"
#include "store/plan_client.h"

enum { RETRY_MS = 5000, PATIENCE_MS = 5000 };

struct limits {
	struct policyd *policyd;
	uint32_t call;		/* 0: nothing is being told */
	bool is_stale;		/* something changed since */
	struct timer *retry;
	struct question *questions;
};

struct question {
	struct question *prev, *next;
	struct limits *limits;
	uint32_t call;
	struct timer *patience;
	limits_use *done;	/* NULL: a recipient waits, at this peer */
	void *ctx;
	uint64_t ipc_peer;
	uint32_t request;
};

uint64_t
limits_quota(const struct policyd *p, const struct account_record *a)
{
	return a->quota_bytes != QUOTA_DEFAULT ? a->quota_bytes : p->settings->quota;
}

uint32_t
limits_trash_days(const struct policyd *p, const struct account_record *a)
{
	return a->trash_days != TRASH_DAYS_DEFAULT ? a->trash_days : p->settings->trash_days;
}

/* ---- what stored is told ---- */

static void
retry(void *ctx)
{
	limits_kick(ctx);
}

static void
told(void *ctx, enum status st, const struct problem *why)
{
	struct limits *l = ctx;
	struct log_line line;

	l->call = 0;
	if (st == STATUS_OK) {
		if (l->is_stale)
			limits_kick(l);
		return;
	}
	log_begin(&line, st == STATUS_BUSY ? LOG_INFO : LOG_ERROR, "policy.limits.delayed", NULL);
	log_status(&line, st, why);
	log_end(&line);
	timer_set(l->retry, RETRY_MS);
}

void
limits_kick(struct limits *l)
{
	const struct policyd *p = l->policyd;
	size_t count = directory_account_count(p->directory);
	struct account_limits *rows;

	l->is_stale = true;
	if (l->call != 0)
		return;
	timer_stop(l->retry);
	l->is_stale = false;
	rows = mem_array(struct account_limits, count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct account_record *a = directory_account_at(p->directory, i);

		rows[i].account = a->id;
		rows[i].quota_bytes = limits_quota(p, a);
		rows[i].trash_days = limits_trash_days(p, a);
	}
	l->call = plan_limits(p->store, rows, (uint32_t)count, told, l);
	mem_free(rows);
}

/* A store that was away may be another one: restored, or behind. */
static void
connected(void *ctx)
{
	struct limits *l = ctx;

	logins_tell_all(l->policyd);
	limits_kick(l);
}

/* ---- what stored is asked ---- */

static void
question_free(struct question *q)
{
	if (q->prev != NULL)
		q->prev->next = q->next;
	else
		q->limits->questions = q->next;
	if (q->next != NULL)
		q->next->prev = q->prev;
	if (q->call != 0)
		plan_cancel(q->limits->policyd->store, q->call);
	timer_free(&q->patience);
	mem_free(q);
}

/* Where stored does not answer, the message will not be taken either: let it say so. */
static void
room_told(const struct question *q, const struct account_use *use, uint32_t count)
{
	struct buf out = buf_init(IPC_FRAME_MAX);
	struct policy_reply reply;
	bool is_full = count > 0;

	for (uint32_t i = 0; i < count; i++)
		is_full &= use[i].quota_bytes != 0 && use[i].bytes >= use[i].quota_bytes;
	reply = envelope_reply(is_full ? REPLY_MAILBOX_FULL : REPLY_RECIPIENT_OK);
	policy_answer_put(&out, STATUS_OK, NULL);
	policy_reply_put(&out, &reply);
	(void)ipc_send_to(q->limits->policyd->service, q->ipc_peer, POLICY_RECIPIENT, q->request,
	    buf_slice(&out), -1);
	buf_clear(&out);
}

static void
use_told(void *ctx, enum status st, const struct account_use *use, uint32_t count)
{
	struct question *q = ctx;

	(void)st;
	q->call = 0;
	if (q->done != NULL)
		q->done(q->ctx, use, count);
	else
		room_told(q, use, count);
	question_free(q);
}

static void
too_late(void *ctx)
{
	struct question *q = ctx;

	plan_cancel(q->limits->policyd->store, q->call);
	use_told(q, STATUS_BUSY, NULL, 0);
}

static struct question *
ask(struct limits *l, const uint32_t *accounts, uint32_t count)
{
	struct question *q = mem_new(struct question);

	q->limits = l;
	q->next = l->questions;
	if (q->next != NULL)
		q->next->prev = q;
	l->questions = q;
	q->patience = timer_new(l->policyd->loop, too_late, q);
	timer_set(q->patience, PATIENCE_MS);
	q->call = plan_use(l->policyd->store, accounts, count, use_told, q);
	return q;
}

void
limits_ask_use(struct limits *l, const uint32_t *accounts, uint32_t count, limits_use *done,
    void *ctx)
{
	struct question *q = ask(l, accounts, count);

	q->done = done;
	q->ctx = ctx;
}

bool
limits_ask_room(struct limits *l, const struct identity *whom, uint64_t ipc_peer,
    uint32_t request)
{
	const struct policyd *p = l->policyd;
	uint32_t accounts[ALIAS_ACCOUNTS_MAX], count = 0, id;
	const struct account_record *a;
	struct question *q;

	if (whom->kind != IDENTITY_PEOPLE)
		return false;
	while (count < ARRAY_LEN(accounts) && (id = identity_account(whom, count)) != 0) {
		a = directory_account(p->directory, id);
		if (a == NULL || limits_quota(p, a) == 0)
			return false;
		accounts[count++] = id;
	}
	if (count == 0)
		return false;
	q = ask(l, accounts, count);
	q->ipc_peer = ipc_peer;
	q->request = request;
	return true;
}

/* ---- life ---- */

struct limits *
limits_new(struct policyd *p)
{
	struct limits *l = mem_new(struct limits);

	l->policyd = p;
	l->retry = timer_new(p->loop, retry, l);
	plan_client_on_connected(p->store, connected, l);
	return l;
}

void
limits_free(struct limits **lp)
{
	struct limits *l = *lp;

	if (l == NULL)
		return;
	*lp = NULL;
	plan_client_on_connected(l->policyd->store, NULL, NULL);
	if (l->call != 0)
		plan_cancel(l->policyd->store, l->call);
	while (l->questions != NULL)
		question_free(l->questions);
	timer_free(&l->retry);
	mem_free(l);
}
