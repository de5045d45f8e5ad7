#include "fetchd/listing.h"

#include <stdlib.h>

#include "base/mem.h"
#include "wire/pop3_reply.h"

struct listing
listing_init(uint32_t count_max)
{
	struct listing l = { .count_max = count_max };

	l.uidls = buf_init((size_t)count_max * POP3_UIDL_MAX);
	return l;
}

void
listing_clear(struct listing *l)
{
	buf_clear(&l->uidls);
	mem_free(l->entries);
	l->entries = NULL;
	l->count = l->cap = 0;
}

enum status
listing_add(struct listing *l, struct slice line, struct problem *why)
{
	struct slice uidl;
	uint32_t number;
	enum status st = pop3_uidl_parse(line, &number, &uidl);

	if (st != STATUS_OK) {
		problem_set(why, "the server's UIDL line is malformed: \"%.*s\"",
		    SLICE_ARG(slice_sub(line, 0, 100)));
		return st;
	}
	if (l->count == l->count_max) {
		problem_set(why, "the mailbox holds more than %u messages", l->count_max);
		return STATUS_LIMIT;
	}
	if (l->count == l->cap) {
		l->cap = l->cap == 0 ? 64 : l->cap * 2;
		l->entries = mem_resize(l->entries, l->cap, sizeof(*l->entries));
	}
	l->entries[l->count++] = (struct listed){
		.number = number,
		.uidl_at = (uint32_t)l->uidls.len,
		.uidl_len = (uint8_t)uidl.len,
	};
	return buf_append(&l->uidls, uidl);
}

struct slice
listing_uidl(const struct listing *l, const struct listed *e)
{
	return slice_sub(buf_slice(&l->uidls), e->uidl_at, e->uidl_len);
}

static int
by_number(const void *a, const void *b)
{
	const struct listed *x = a;
	const struct listed *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int
by_uidl(const void *a, const void *b, void *ctx)
{
	const struct listing *l = ctx;
	const struct listed *x = &l->entries[*(const uint32_t *)a];
	const struct listed *y = &l->entries[*(const uint32_t *)b];
	int order = slice_compare(listing_uidl(l, x), listing_uidl(l, y));

	return order != 0 ? order : by_number(x, y);
}

static uint32_t *
indices(uint32_t count)
{
	uint32_t *all = mem_array(uint32_t, count);

	for (uint32_t i = 0; i < count; i++)
		all[i] = i;
	return all;
}

/*
 * Of messages with one id the first is taken for it.  It stays outside, too: once
 * it were gone, the next one would be taken for it, and removed though nobody has it.
 */
static uint32_t
mark_twins(struct listing *l)
{
	uint32_t *order;
	uint32_t twins = 0;

	if (l->count < 2)
		return 0;
	order = indices(l->count);
	qsort_r(order, l->count, sizeof(*order), by_uidl, l);
	for (uint32_t i = 1; i < l->count; i++) {
		struct listed *e = &l->entries[order[i]], *before = &l->entries[order[i - 1]];

		if (slice_equal(listing_uidl(l, e), listing_uidl(l, before))) {
			e->is_twin = e->is_shared = before->is_shared = true;
			twins++;
		}
	}
	mem_free(order);
	return twins;
}

enum status
listing_complete(struct listing *l, uint32_t *twins, struct problem *why)
{
	if (l->count > 1)
		qsort(l->entries, l->count, sizeof(*l->entries), by_number);
	for (uint32_t i = 1; i < l->count; i++) {
		if (l->entries[i].number == l->entries[i - 1].number) {
			problem_set(why, "the server lists message %u twice",
			    l->entries[i].number);
			return STATUS_SYNTAX;
		}
	}
	*twins = mark_twins(l);
	return STATUS_OK;
}

enum status
listing_size(struct listing *l, struct slice line, struct problem *why)
{
	struct listed key = { 0 };
	struct listed *e;
	uint64_t size;
	enum status st = pop3_scan_parse(line, &key.number, &size);

	if (st != STATUS_OK) {
		problem_set(why, "the server's LIST line is malformed: \"%.*s\"",
		    SLICE_ARG(slice_sub(line, 0, 100)));
		return st;
	}
	if (l->count == 0)
		return STATUS_OK;
	e = bsearch(&key, l->entries, l->count, sizeof(*l->entries), by_number);
	if (e != NULL)
		e->size_bytes = size;
	return STATUS_OK;
}

static int
by_size(const void *a, const void *b, void *ctx)
{
	const struct listing *l = ctx;
	const struct listed *x = &l->entries[*(const uint32_t *)a];
	const struct listed *y = &l->entries[*(const uint32_t *)b];

	if (x->is_last != y->is_last)
		return x->is_last ? 1 : -1;
	if (x->size_bytes != y->size_bytes)
		return x->size_bytes < y->size_bytes ? -1 : 1;
	return by_number(x, y);
}

uint32_t *
listing_wanted(const struct listing *l, uint32_t *count)
{
	uint32_t *wanted = l->count == 0 ? NULL : mem_array(uint32_t, l->count);
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		if (l->entries[i].stored_at == 0 && !l->entries[i].is_twin)
			wanted[n++] = i;
	}
	if (n > 1)
		qsort_r(wanted, n, sizeof(*wanted), by_size, (void *)(uintptr_t)l);
	*count = n;
	return wanted;
}
