#include "store/commit_stats.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

#define KEPT 4096

struct commit {
	uint64_t at_ms, took_us, jobs, snapshot;
};

struct commit_stats {
	pthread_mutex_t lock;		/* guards what follows */
	uint64_t count;			/* since the start */
	struct commit last[KEPT];	/* a ring; the next goes to count % KEPT */
};

struct commit_stats *
commit_stats_new(void)
{
	struct commit_stats *s = mem_new(struct commit_stats);

	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void
commit_stats_free(struct commit_stats **sp)
{
	struct commit_stats *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	pthread_mutex_destroy(&s->lock);
	mem_free(s);
}

void
commit_stats_add(struct commit_stats *s, uint64_t at_ms, uint64_t took_us, uint64_t jobs,
    uint64_t snapshot)
{
	pthread_mutex_lock(&s->lock);
	s->last[s->count++ % KEPT] = (struct commit){ at_ms, took_us, jobs, snapshot };
	pthread_mutex_unlock(&s->lock);
}

static int
number_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void
commit_stats_read(struct commit_stats *s, uint64_t now_ms, struct commit_summary *out)
{
	uint64_t *took = mem_array(uint64_t, KEPT), n = 0;

	*out = (struct commit_summary){ 0 };
	pthread_mutex_lock(&s->lock);
	for (uint64_t i = 0; i < KEPT && i < s->count; i++) {
		const struct commit *c = &s->last[i];

		if (now_ms - c->at_ms > COMMIT_STATS_WINDOW_S * 1000)
			continue;
		took[n++] = c->took_us;
		out->jobs += c->jobs;
		if (c->jobs > out->batch_max)
			out->batch_max = c->jobs;
	}
	pthread_mutex_unlock(&s->lock);
	if (n > 0) {
		qsort(took, n, sizeof(took[0]), number_order);
		out->p50_us = took[(n - 1) / 2];
		out->p99_us = took[(n - 1) * 99 / 100];
		out->max_us = took[n - 1];
	}
	out->commits = n;
	mem_free(took);
}

bool
commit_stats_age(struct commit_stats *s, uint64_t snapshot, uint64_t now_ms, uint64_t *age_s)
{
	uint64_t since_ms = now_ms;
	bool is_older = false;

	/* From the newest back: the first commit behind a snapshot made it an old one. */
	pthread_mutex_lock(&s->lock);
	for (uint64_t i = s->count; i > 0 && !is_older; i--) {
		const struct commit *c = &s->last[(i - 1) % KEPT];

		if (i + KEPT <= s->count || c->snapshot <= snapshot)
			break;
		since_ms = c->at_ms;
		is_older = i == 1 || i + KEPT == s->count + 1;
	}
	pthread_mutex_unlock(&s->lock);
	*age_s = (now_ms - since_ms) / 1000;
	return !is_older;
}
