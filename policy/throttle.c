#include "policy/throttle.h"

#include <pthread.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/table.h"

enum {
	WORKED_S = 7 * 86400,	/* how long a pair that worked is known */
	KEY_LEN_MAX = 255,
	RECORD_LEN = 14,
};

enum kind { KIND_ADDRESS, KIND_LOGIN, KIND_PAIR };

struct entry {
	uint32_t failures;
	uint64_t since_s;	/* when the window began */
	bool has_worked;	/* of a pair */
	bool is_changed;	/* since throttle_changes() gave it */
};

struct throttle {
	pthread_mutex_t lock;
	struct table *entries;
	uint64_t swept_s;
};

struct throttle *
throttle_new(void)
{
	struct throttle *t = mem_new(struct throttle);

	(void)pthread_mutex_init(&t->lock, NULL);
	t->entries = table_new();
	return t;
}

void
throttle_free(struct throttle **throttle)
{
	struct throttle *t = *throttle;

	if (t == NULL)
		return;
	*throttle = NULL;
	table_free(&t->entries, mem_free);
	(void)pthread_mutex_destroy(&t->lock);
	mem_free(t);
}

struct sweep {
	struct table *entries;
	uint64_t now_s;
};

static bool
drop_old(void *ctx, struct slice key, void *value)
{
	const struct sweep *s = ctx;
	const struct entry *e = value;

	if (s->now_s - e->since_s > (e->has_worked ? WORKED_S : THROTTLE_WINDOW_S))
		mem_free(table_remove(s->entries, key));
	return true;
}

static void
sweep(struct throttle *t, uint64_t now_s)
{
	struct sweep s = { t->entries, now_s };

	if (now_s - t->swept_s < 60)
		return;
	t->swept_s = now_s;
	table_each(t->entries, drop_old, &s);
}

/* The entry of a kind, with its window current; make: NULL only when there are too many. */
static struct entry *
entry_of(struct throttle *t, enum kind kind, struct slice address, struct slice login,
    uint64_t now_s, bool make)
{
	struct buf key = buf_init(2048);
	struct entry *e;

	buf_append_byte(&key, (char)kind);
	if (kind != KIND_LOGIN)
		buf_append(&key, address);
	buf_append_byte(&key, '\0');
	if (kind != KIND_ADDRESS)
		buf_append(&key, login);
	e = table_get(t->entries, buf_slice(&key));
	if (e == NULL && make) {
		sweep(t, now_s);
		if (table_count(t->entries) < THROTTLE_ENTRIES_MAX) {
			e = mem_new(struct entry);
			e->since_s = now_s;
			(void)table_put(t->entries, buf_slice(&key), e);
		}
	}
	if (e != NULL && now_s - e->since_s > THROTTLE_WINDOW_S) {
		e->failures = 0;
		e->since_s = now_s;
	}
	buf_clear(&key);
	return e;
}

bool
throttle_is_over(struct throttle *t, struct slice address, struct slice login, uint64_t now_s)
{
	const struct entry *of_address, *pair;
	bool over;

	(void)pthread_mutex_lock(&t->lock);
	of_address = entry_of(t, KIND_ADDRESS, address, login, now_s, false);
	pair = entry_of(t, KIND_PAIR, address, login, now_s, false);
	over = of_address != NULL && of_address->failures >= THROTTLE_FAILURES_MAX;
	if (pair != NULL && pair->has_worked)
		over = pair->failures >= THROTTLE_FAILURES_MAX;
	(void)pthread_mutex_unlock(&t->lock);
	return over;
}

static uint32_t
count_failure(struct entry *e)
{
	if (e == NULL)
		return THROTTLE_DELAY_MAX_S;
	e->failures++;
	e->is_changed = true;
	return e->failures > 3 ? THROTTLE_DELAY_MAX_S : 1u << (e->failures - 1);
}

uint32_t
throttle_failed(struct throttle *t, struct slice address, struct slice login, uint64_t now_s)
{
	uint32_t delay_s, other_s;
	struct entry *pair;

	(void)pthread_mutex_lock(&t->lock);
	delay_s = count_failure(entry_of(t, KIND_ADDRESS, address, login, now_s, true));
	if (login.len > 0) {
		other_s = count_failure(entry_of(t, KIND_LOGIN, address, login, now_s, true));
		if (other_s > delay_s)
			delay_s = other_s;
		pair = entry_of(t, KIND_PAIR, address, login, now_s, false);
		if (pair != NULL)
			(void)count_failure(pair);
	}
	(void)pthread_mutex_unlock(&t->lock);
	return delay_s;
}

void
throttle_succeeded(struct throttle *t, struct slice address, struct slice login, uint64_t now_s)
{
	struct entry *pair, *of_login;

	(void)pthread_mutex_lock(&t->lock);
	pair = entry_of(t, KIND_PAIR, address, login, now_s, true);
	if (pair != NULL) {
		pair->is_changed = !pair->has_worked || pair->failures > 0;
		pair->has_worked = true;
		pair->failures = 0;
	}
	of_login = entry_of(t, KIND_LOGIN, address, login, now_s, false);
	if (of_login != NULL) {
		of_login->failures = 0;
		of_login->is_changed = true;
	}
	(void)pthread_mutex_unlock(&t->lock);
}

struct changes {
	size_t left;
	void (*each)(void *ctx, struct slice key, struct slice record);
	void *ctx;
};

/*
 * Limit record.  key: u8 kind, address, NUL, login
 *   u8     version     1
 *   u32    failures
 *   u64    since_s
 *   u8     has_worked
 */
static bool
give_changed(void *ctx, struct slice key, void *value)
{
	struct changes *c = ctx;
	struct entry *e = value;
	struct buf record = buf_init(RECORD_LEN);

	if (!e->is_changed || key.len > KEY_LEN_MAX)
		return true;
	e->is_changed = false;
	put_u8(&record, 1);
	put_u32le(&record, e->failures);
	put_u64le(&record, e->since_s);
	put_u8(&record, e->has_worked);
	c->each(c->ctx, key, buf_slice(&record));
	buf_clear(&record);
	return --c->left > 0;
}

void
throttle_changes(struct throttle *t, size_t max,
    void (*each)(void *ctx, struct slice key, struct slice record), void *ctx)
{
	struct changes c = { max, each, ctx };

	(void)pthread_mutex_lock(&t->lock);
	table_each(t->entries, give_changed, &c);
	(void)pthread_mutex_unlock(&t->lock);
}

enum status
throttle_restore(struct throttle *t, struct slice key, struct slice record, uint64_t now_s)
{
	struct reader in = reader_of(record);
	struct entry read = { 0 }, *e;
	uint8_t version = read_u8(&in);

	read.failures = read_u32le(&in);
	read.since_s = read_u64le(&in);
	read.has_worked = read_u8(&in) != 0;
	if (!reader_at_end(&in) || version != 1 || key.len == 0)
		return STATUS_CORRUPT;
	/* A clock that went back must not make it count for ever. */
	if (read.since_s > now_s ||
	    now_s - read.since_s > (read.has_worked ? WORKED_S : THROTTLE_WINDOW_S))
		return STATUS_STALE;
	(void)pthread_mutex_lock(&t->lock);
	e = mem_new(struct entry);
	*e = read;
	mem_free(table_put(t->entries, key, e));
	(void)pthread_mutex_unlock(&t->lock);
	return STATUS_OK;
}
