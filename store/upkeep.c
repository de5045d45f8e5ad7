#include "store/upkeep.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "store/stored.h"

#define FIRST_MS 60000
#define PAUSE_MIN_MS 5
#define FULL_PAUSE_MS 50	/* when too much mail waits to be written */

/* In the order of a round. */
static const struct upkeep_kind *const kinds[] = {
	&upkeep_leave,
	&upkeep_purge,
	&upkeep_seal,
	&upkeep_history,
	&upkeep_compact,
	NULL,
};

struct upkeep {
	struct stored *stored;
	struct timer *timer;
	size_t at;		/* the kind at hand */
	bool is_busy;		/* a slice of it is with the committer */
	bool is_woken;		/* another round is wanted when this one is through */
	uint64_t begun_ms;
	unsigned holds;
	bool is_put_off;	/* something would have been removed but for them */
};

static void
round_end(struct upkeep *u)
{
	u->at = 0;
	timer_set(u->timer, u->is_woken ? 0 : (uint64_t)u->stored->settings->upkeep_s * 1000);
	u->is_woken = false;
}

static void
round_step(void *ctx)
{
	struct upkeep *u = ctx;
	const struct upkeep_kind *kind;
	struct problem why = { "" };
	struct job *j = NULL;

	for (; (kind = kinds[u->at]) != NULL; u->at++) {
		if (kind->is_removing && u->holds > 0)
			u->is_put_off = true;
		else
			j = kind->next(u->stored);
		if (j != NULL)
			break;
	}
	if (j == NULL) {
		round_end(u);
		return;
	}
	j->type = STORE_UPKEEP;
	u->is_busy = true;
	u->begun_ms = clock_monotonic_ms();
	if (stored_submit(u->stored, &j, &why) != STATUS_OK) {
		u->is_busy = false;	/* mail goes first */
		timer_set(u->timer, FULL_PAUSE_MS);
	}
}

void
upkeep_answer(struct stored *s, const struct job *j)
{
	struct upkeep *u = s->upkeep;
	const struct upkeep_kind *kind = kinds[u->at];
	uint64_t took = clock_monotonic_ms() - u->begun_ms;
	struct log_line l;

	u->is_busy = false;
	if (kind->done != NULL)
		kind->done(s, j);
	if (j->status != STATUS_OK) {
		log_begin(&l, LOG_WARN, "store.upkeep.failed", NULL);
		log_slice(&l, "kind", slice_from_cstr(kind->name));
		log_status(&l, j->status, &j->why);
		log_end(&l);
		u->at++;	/* not again before the next round */
	}
	timer_set(u->timer, took > PAUSE_MIN_MS ? took : PAUSE_MIN_MS);
}

struct upkeep *
upkeep_new(struct stored *s)
{
	struct upkeep *u = mem_new(struct upkeep);
	uint64_t every_ms = (uint64_t)s->settings->upkeep_s * 1000;

	u->stored = s;
	u->timer = timer_new(s->loop, round_step, u);
	timer_set(u->timer, every_ms < FIRST_MS ? every_ms : FIRST_MS);
	return u;
}

void
upkeep_free(struct upkeep **up)
{
	struct upkeep *u = *up;

	if (u == NULL)
		return;
	*up = NULL;
	timer_free(&u->timer);
	mem_free(u);
}

void
upkeep_wake(struct upkeep *u)
{
	if (u->is_busy || u->at > 0)
		u->is_woken = true;
	else
		timer_set(u->timer, 0);
}

void
upkeep_hold(struct upkeep *u)
{
	u->holds++;
}

void
upkeep_release(struct upkeep *u)
{
	ASSERT(u->holds > 0);
	if (--u->holds > 0 || !u->is_put_off)
		return;
	u->is_put_off = false;
	upkeep_wake(u);
}

bool
upkeep_is_held(const struct upkeep *u)
{
	return u->holds > 0;
}

bool
upkeep_is_removing(const struct upkeep *u)
{
	return u->is_busy && kinds[u->at]->is_removing;
}

void
upkeep_state(const struct upkeep *u, struct upkeep_state *out)
{
	const struct upkeep_kind *kind = kinds[u->at];

	out->kind = kind != NULL && (u->is_busy || u->at > 0) ? kind->name : NULL;
	out->holds = u->holds;
}
