#include "store/keep.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/table.h"
#include "store/fetched.h"
#include "store/key.h"
#include "store/plan_client.h"

struct list {
	uint32_t fetch;
	uint64_t name;
	uint64_t since;		/* when it began */
	uint64_t heard_at;
	uint32_t pieces;
	struct table *keys;	/* of the records that stay */
};

struct keep {
	uint32_t count;
	struct list *lists[KEEP_LISTS_MAX];
};

void
keep_piece_put(const struct keep_piece *p, struct buf *out)
{
	put_u32le(out, p->fetch);
	put_u64le(out, p->list);
	put_u32le(out, p->index);
	put_u8(out, p->is_last);
	buf_append(out, p->uidls);
}

enum status
keep_piece_read(struct slice payload, struct keep_piece *p)
{
	struct reader in = reader_of(payload);
	struct keep_piece r = { 0 };
	uint32_t count;
	uint8_t is_last;

	r.fetch = read_u32le(&in);
	r.list = read_u64le(&in);
	r.index = read_u32le(&in);
	is_last = read_u8(&in);
	r.is_last = is_last == 1;
	r.uidls = in.rest;
	count = read_u32le(&in);
	if (is_last > 1 || count > FETCHED_UIDLS_MAX || count > in.rest.len / 4)
		return STATUS_CORRUPT;
	for (uint32_t i = 0; i < count; i++)
		read_slice(&in);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*p = r;
	return STATUS_OK;
}

struct keep *
keep_new(void)
{
	return mem_new(struct keep);
}

static void
list_drop(struct keep *k, uint32_t i)
{
	struct list *l = k->lists[i];

	k->lists[i] = k->lists[--k->count];
	table_free(&l->keys, NULL);
	mem_free(l);
}

void
keep_free(struct keep **kp)
{
	struct keep *k = *kp;

	if (k == NULL)
		return;
	*kp = NULL;
	while (k->count > 0)
		list_drop(k, 0);
	mem_free(k);
}

/* Begin a list: it takes the place of an older one of the same mailbox, or of the quietest. */
static uint32_t
list_begin(struct keep *k, const struct keep_piece *p, uint64_t now_s)
{
	struct list *l = mem_new(struct list);
	uint32_t quietest = 0;

	for (uint32_t i = 0; i < k->count; i++) {
		if (k->lists[i]->fetch == p->fetch) {
			list_drop(k, i);
			break;
		}
	}
	for (uint32_t i = 1; i < k->count; i++)
		if (k->lists[i]->heard_at < k->lists[quietest]->heard_at)
			quietest = i;
	if (k->count == KEEP_LISTS_MAX)
		list_drop(k, quietest);
	l->fetch = p->fetch;
	l->name = p->list;
	l->since = now_s;
	l->keys = table_new();
	k->lists[k->count] = l;
	return k->count++;
}

/* Index of the list that the piece goes on with, or count. */
static uint32_t
list_find(const struct keep *k, const struct keep_piece *p)
{
	uint32_t i;

	for (i = 0; i < k->count; i++)
		if (k->lists[i]->fetch == p->fetch && k->lists[i]->name == p->list &&
		    k->lists[i]->pieces == p->index)
			break;
	return i;
}

static enum status
list_add(struct list *l, struct slice uidls)
{
	struct reader in = reader_of(uidls);
	uint32_t count = read_u32le(&in);
	struct key key;

	for (uint32_t i = 0; i < count; i++) {
		if (fetched_key(l->fetch, read_slice(&in), &key) != STATUS_OK)
			continue;	/* no such record can be */
		if (table_count(l->keys) == KEEP_NAMES_MAX)
			return STATUS_LIMIT;
		table_put(l->keys, key_slice(&key), l);
	}
	return STATUS_OK;
}

struct forgetting {
	const struct list *list;
	struct buf *keys;
};

static bool
forget_others(void *ctx, struct slice key, uint64_t stored_at)
{
	struct forgetting *f = ctx;

	if (stored_at < f->list->since && table_get(f->list->keys, key) == NULL)
		put_slice(f->keys, key);
	return buf_status(f->keys) == STATUS_OK;
}

enum status
keep_hear(struct keep *k, const struct keep_piece *p, struct txn *t, uint64_t now_s,
    struct buf *keys, uint64_t *since, struct problem *why)
{
	struct forgetting f = { .keys = keys };
	struct list *l;
	uint32_t i;
	enum status st;

	i = p->index == 0 ? list_begin(k, p, now_s) : list_find(k, p);
	if (i == k->count) {
		problem_set(why, "the list of what is outside did not begin here");
		return STATUS_STALE;
	}
	l = k->lists[i];
	l->pieces++;
	l->heard_at = now_s;
	st = list_add(l, p->uidls);
	if (st != STATUS_OK) {
		problem_set(why, "at most %d messages in one list", KEEP_NAMES_MAX);
		list_drop(k, i);
		return st;
	}
	if (!p->is_last)
		return STATUS_OK;
	f.list = l;
	*since = l->since;
	st = fetched_each(t, p->fetch, SLICE(""), forget_others, &f, why);
	list_drop(k, i);
	return st == STATUS_OK ? buf_status(keys) : st;
}
