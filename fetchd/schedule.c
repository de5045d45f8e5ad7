#include "fetchd/schedule.h"

#include "base/mem.h"

struct entry {
	uint32_t id;
	uint32_t every_s;
	uint32_t failures;	/* in a row */
	uint64_t due_at;
	bool is_running;
	bool is_hurried;	/* begins even when too many run */
};

struct schedule {
	uint32_t concurrent;
	uint32_t running;
	struct entry *entries;
	uint32_t count;
};

struct schedule *
schedule_new(uint32_t concurrent)
{
	struct schedule *s = mem_new(struct schedule);

	s->concurrent = concurrent;
	return s;
}

void
schedule_free(struct schedule **s)
{
	if (*s != NULL)
		mem_free((*s)->entries);
	mem_free(*s);
	*s = NULL;
}

static struct entry *
find(const struct schedule *s, uint32_t id)
{
	for (uint32_t i = 0; i < s->count; i++) {
		if (s->entries[i].id == id)
			return &s->entries[i];
	}
	return NULL;
}

/* Between nine tenths and eleven tenths of delay_s. */
static uint64_t
jittered(uint64_t delay_s, uint64_t random)
{
	uint64_t tenth = delay_s / 10;

	return delay_s - tenth + (tenth == 0 ? 0 : random % (2 * tenth + 1));
}

void
schedule_set(struct schedule *s, uint32_t id, uint32_t every_s, uint64_t now_s, uint64_t random)
{
	struct entry *e = find(s, id);

	if (every_s == 0)
		every_s = 1;
	if (e == NULL) {
		s->entries = mem_resize(s->entries, s->count + 1, sizeof(*s->entries));
		e = &s->entries[s->count++];
		*e = (struct entry){ .id = id, .every_s = every_s };
		e->due_at = now_s + every_s / 10 + random % (every_s - every_s / 10);
	} else if (e->every_s != every_s) {
		e->every_s = every_s;
		e->failures = 0;
		e->due_at = now_s + jittered(every_s, random);
	}
}

void
schedule_remove(struct schedule *s, uint32_t id)
{
	struct entry *e = find(s, id);

	if (e == NULL)
		return;
	if (e->is_running)
		s->running--;
	*e = s->entries[--s->count];
}

bool
schedule_hurry(struct schedule *s, uint32_t id, uint64_t now_s)
{
	struct entry *e = find(s, id);

	if (e == NULL)
		return false;
	if (!e->is_running) {
		e->due_at = now_s;
		e->is_hurried = true;
	}
	return true;
}

/* The one that is due first, the hurried before all; NULL when nothing may begin. */
static struct entry *
first(const struct schedule *s)
{
	struct entry *best = NULL;

	for (uint32_t i = 0; i < s->count; i++) {
		struct entry *e = &s->entries[i];

		if (e->is_running || (s->running >= s->concurrent && !e->is_hurried))
			continue;
		if (best == NULL || e->is_hurried > best->is_hurried ||
		    (e->is_hurried == best->is_hurried && e->due_at < best->due_at))
			best = e;
	}
	return best;
}

bool
schedule_take(struct schedule *s, uint64_t now_s, uint32_t *id)
{
	struct entry *e = first(s);

	if (e == NULL || e->due_at > now_s)
		return false;
	e->is_running = true;
	e->is_hurried = false;
	s->running++;
	*id = e->id;
	return true;
}

static uint64_t
delay_after(const struct entry *e)
{
	uint64_t delay = e->every_s;

	for (uint32_t i = 1; i < e->failures && delay < SCHEDULE_BACKOFF_MAX_S; i++)
		delay *= 2;
	if (delay > SCHEDULE_BACKOFF_MAX_S && delay > e->every_s)
		delay = e->every_s > SCHEDULE_BACKOFF_MAX_S ? e->every_s
		    : SCHEDULE_BACKOFF_MAX_S;
	return delay;
}

void
schedule_done(struct schedule *s, uint32_t id, bool is_ok, uint64_t now_s, uint64_t random)
{
	struct entry *e = find(s, id);

	if (e == NULL || !e->is_running)
		return;
	e->is_running = false;
	s->running--;
	e->failures = is_ok ? 0 : e->failures + 1;
	e->due_at = now_s + jittered(delay_after(e), random);
}

uint64_t
schedule_next(const struct schedule *s)
{
	const struct entry *e = first(s);

	return e == NULL ? SCHEDULE_NEVER : e->due_at;
}
