#include "store/uidset.h"

#include <string.h>

#include "base/mem.h"

struct uidset
uidset_init(void)
{
	return (struct uidset){ NULL, 0, 0 };
}

void
uidset_clear(struct uidset *s)
{
	mem_free(s->ranges);
	*s = uidset_init();
}

uint32_t
uidset_find(const struct uidset *s, uint32_t n)
{
	uint32_t low = 0, high = s->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (s->ranges[mid].last < n)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void
uidset_grow(struct uidset *s)
{
	if (s->count < s->cap)
		return;
	s->cap = s->cap == 0 ? 4 : s->cap * 2;
	s->ranges = mem_resize(s->ranges, s->cap, sizeof(*s->ranges));
}

enum status
uidset_add(struct uidset *s, uint32_t first, uint32_t last)
{
	struct uid_range *r;
	uint32_t at, end;

	if (s->count > 0 && s->ranges[s->count - 1].last < first)
		at = s->count - (s->ranges[s->count - 1].last + 1 == first ? 1 : 0);
	else
		at = uidset_find(s, first == 0 ? 0 : first - 1);
	/* Ranges [at, end) touch the new one and melt into it. */
	for (end = at; end < s->count; end++) {
		r = &s->ranges[end];
		if (last != UINT32_MAX && r->first > last + 1)
			break;
	}
	if (end == at) {
		if (s->count == UIDSET_RANGES_MAX)
			return STATUS_LIMIT;
		uidset_grow(s);
		memmove(&s->ranges[at + 1], &s->ranges[at],
		    (s->count - at) * sizeof(*s->ranges));
		s->ranges[at] = (struct uid_range){ first, last };
		s->count++;
		return STATUS_OK;
	}
	r = &s->ranges[at];
	if (first < r->first)
		r->first = first;
	r->last = s->ranges[end - 1].last > last ? s->ranges[end - 1].last : last;
	memmove(&s->ranges[at + 1], &s->ranges[end], (s->count - end) * sizeof(*s->ranges));
	s->count -= end - at - 1;
	return STATUS_OK;
}

void
uidset_widen(struct uidset *s, uint32_t n, uint32_t max)
{
	ASSERT(max > 0 && max <= UIDSET_RANGES_MAX);
	ASSERT(s->count == 0 || s->ranges[s->count - 1].last <= n);
	if (s->count >= max || uidset_add(s, n, n) != STATUS_OK)
		s->ranges[s->count - 1].last = n;
}

bool
uidset_has(const struct uidset *s, uint32_t n)
{
	uint32_t i = uidset_find(s, n);

	return i < s->count && s->ranges[i].first <= n;
}

uint64_t
uidset_size(const struct uidset *s)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < s->count; i++)
		n += (uint64_t)s->ranges[i].last - s->ranges[i].first + 1;
	return n;
}

void
uidset_print(const struct uidset *s, struct buf *out)
{
	for (uint32_t i = 0; i < s->count; i++) {
		if (i > 0)
			buf_append_byte(out, ',');
		buf_append_u64(out, s->ranges[i].first);
		if (s->ranges[i].last == s->ranges[i].first)
			continue;
		buf_append_byte(out, ':');
		buf_append_u64(out, s->ranges[i].last);
	}
}

void
uidset_put(const struct uidset *s, struct buf *out)
{
	put_u32le(out, s->count);
	for (uint32_t i = 0; i < s->count; i++) {
		put_u32le(out, s->ranges[i].first);
		put_u32le(out, s->ranges[i].last);
	}
}

void
uidset_read(struct reader *in, struct uidset *s)
{
	uint32_t count = read_u32le(in);

	*s = uidset_init();
	if (count > UIDSET_RANGES_MAX || count > in->rest.len / 8) {
		reader_fail(in);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t first = read_u32le(in), last = read_u32le(in);
		bool is_apart = i == 0 || (s->ranges[i - 1].last < UINT32_MAX - 1 &&
		    first > s->ranges[i - 1].last + 1);

		if (first > last || !is_apart) {
			reader_fail(in);
			return;
		}
		uidset_grow(s);
		s->ranges[s->count++] = (struct uid_range){ first, last };
	}
}
