#include "imapd/sequence.h"

#include <stdlib.h>

#include "base/mem.h"
#include "wire/imap_token.h"

void
sequence_init(struct sequence *s)
{
	*s = (struct sequence){ 0 };
}

void
sequence_clear(struct sequence *s)
{
	mem_free(s->ranges);
	uidset_clear(&s->saved);
	sequence_init(s);
}

static void
range_push(struct sequence *s, uint32_t first, uint32_t last)
{
	if (s->count == s->cap) {
		s->cap = s->cap == 0 ? 4 : s->cap * 2;
		s->ranges = mem_resize(s->ranges, s->cap, sizeof(*s->ranges));
	}
	s->ranges[s->count++] = (struct sequence_range){ first, last, s->total };
	s->total += last - first + 1;
}

uint32_t
sequence_last(const struct sequence *s)
{
	return s->count == 0 ? 0 : s->ranges[s->count - 1].last;
}

void
sequence_append(struct sequence *s, uint32_t first, uint32_t last)
{
	uint32_t top = sequence_last(s);

	if (first <= top)
		first = top + 1;
	if (first == 0 || first > last)
		return;
	if (s->count != 0 && top + 1 == first) {
		s->ranges[s->count - 1].last = last;
		s->total += last - first + 1;
		return;
	}
	range_push(s, first, last);
}

void
sequence_remove(struct sequence *s, const struct uidset *gone)
{
	struct sequence left;
	uint32_t g = 0;

	if (gone->count == 0 || s->count == 0)
		return;
	sequence_init(&left);
	for (uint32_t i = 0; i < s->count; i++) {
		uint64_t first = s->ranges[i].first, last = s->ranges[i].last;

		while (g < gone->count && gone->ranges[g].last < first)
			g++;
		while (first <= last && g < gone->count && gone->ranges[g].first <= last) {
			if (gone->ranges[g].first > first)
				range_push(&left, (uint32_t)first, gone->ranges[g].first - 1);
			first = (uint64_t)gone->ranges[g].last + 1;
			if (first <= last)
				g++;
		}
		if (first <= last)
			range_push(&left, (uint32_t)first, (uint32_t)last);
	}
	left.saved = s->saved;
	s->saved = uidset_init();
	sequence_clear(s);
	*s = left;
}

uint32_t
sequence_uid(const struct sequence *s, uint32_t number)
{
	uint32_t low = 0, high = s->count;

	ASSERT(number >= 1 && number <= s->total);
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (s->ranges[mid].before < number)
			low = mid;
		else
			high = mid;
	}
	return s->ranges[low].first + (number - s->ranges[low].before - 1);
}

/* Index of the first range whose last UID is >= uid, or count. */
static uint32_t
range_find(const struct sequence *s, uint32_t uid)
{
	uint32_t low = 0, high = s->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (s->ranges[mid].last < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint32_t
number_in(const struct sequence *s, uint32_t at, uint32_t uid)
{
	if (at == s->count || uid < s->ranges[at].first)
		return 0;
	return s->ranges[at].before + (uid - s->ranges[at].first) + 1;
}

uint32_t
sequence_number(const struct sequence *s, uint32_t uid)
{
	return number_in(s, range_find(s, uid), uid);
}

enum status
sequence_within(const struct sequence *s, uint32_t first, uint32_t last, struct uidset *out)
{
	enum status st = STATUS_OK;

	for (uint32_t i = range_find(s, first); st == STATUS_OK && i < s->count; i++) {
		const struct sequence_range *r = &s->ranges[i];

		if (r->first > last)
			break;
		st = uidset_add(out, r->first > first ? r->first : first,
		    r->last < last ? r->last : last);
	}
	return st;
}

bool
sequence_gaps(const struct sequence *s, uint32_t first, uint32_t last,
    bool (*each)(void *ctx, uint32_t first, uint32_t last), void *ctx)
{
	uint64_t from = first;

	for (uint32_t i = range_find(s, first); from <= last && i < s->count; i++) {
		const struct sequence_range *r = &s->ranges[i];

		if (r->first > last)
			break;
		if (r->first > from && !each(ctx, (uint32_t)from, r->first - 1))
			return false;
		from = (uint64_t)r->last + 1;
	}
	return from > last || each(ctx, (uint32_t)from, last);
}

/* What a search has saved and is still there. */
static enum status
select_saved(const struct sequence *s, struct uidset *out)
{
	enum status st = STATUS_OK;

	for (uint32_t i = 0; st == STATUS_OK && i < s->saved.count; i++)
		st = sequence_within(s, s->saved.ranges[i].first, s->saved.ranges[i].last, out);
	return st;
}

static int
by_first(const void *a, const void *b)
{
	const struct uid_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Replace '*', put the ends in order, turn numbers into UIDs.  False: names nothing. */
static bool
range_settle(const struct sequence *s, enum sequence_kind kind, uint32_t first, uint32_t last,
    struct uid_range *out)
{
	uint32_t star = kind == SEQUENCE_NUMBERS ? s->total : sequence_last(s);

	if (s->total == 0)
		return false;
	if (first == IMAP_SET_STAR)
		first = star;
	if (last == IMAP_SET_STAR)
		last = star;
	out->first = first <= last ? first : last;
	out->last = first <= last ? last : first;
	if (kind == SEQUENCE_UIDS)
		return true;
	if (out->first > s->total)
		return false;
	out->first = sequence_uid(s, out->first);
	out->last = sequence_uid(s, out->last < s->total ? out->last : s->total);
	return true;
}

/* As many ranges as the set has, given; NULL with *st set. */
static struct uid_range *
ranges_new(struct slice set, enum status *st)
{
	size_t most = 1;

	for (size_t i = 0; i < set.len; i++)
		most += set.ptr[i] == ',';
	*st = set.len == 0 ? STATUS_SYNTAX : most > UIDSET_RANGES_MAX ? STATUS_LIMIT : STATUS_OK;
	return *st == STATUS_OK ? mem_array(struct uid_range, most) : NULL;
}

enum status
sequence_read_set(struct slice set, uint32_t star, struct uidset *out)
{
	struct uid_range *ranges;
	uint32_t first, last, count = 0;
	enum status st;

	ranges = ranges_new(set, &st);
	while (st == STATUS_OK && (st = imap_set_next(&set, &first, &last)) == STATUS_OK) {
		if (first == IMAP_SET_STAR)
			first = star;
		if (last == IMAP_SET_STAR)
			last = star;
		if (first == 0 || last == 0)
			st = STATUS_SYNTAX;
		ranges[count++] = (struct uid_range){ first < last ? first : last,
			first < last ? last : first };
	}
	if (st == STATUS_ABSENT)
		st = STATUS_OK;
	if (st == STATUS_OK && count > 1)
		qsort(ranges, count, sizeof(*ranges), by_first);
	for (uint32_t i = 0; st == STATUS_OK && i < count; i++)
		st = uidset_add(out, ranges[i].first, ranges[i].last);
	mem_free(ranges);
	return st;
}

enum status
sequence_select(const struct sequence *s, struct slice set, enum sequence_kind kind,
    struct uidset *out)
{
	struct uid_range *ranges;
	uint32_t first, last, count = 0;
	uint64_t done = 0;
	enum status st;

	if (slice_equal(set, SLICE("$")))
		return select_saved(s, out);
	ranges = ranges_new(set, &st);
	while (st == STATUS_OK && (st = imap_set_next(&set, &first, &last)) == STATUS_OK)
		count += range_settle(s, kind, first, last, &ranges[count]);
	if (st == STATUS_ABSENT)
		st = STATUS_OK;
	if (st == STATUS_OK && count > 1)
		qsort(ranges, count, sizeof(*ranges), by_first);
	for (uint32_t i = 0; st == STATUS_OK && i < count; i++) {
		/* done: the last UID dealt with; sets overlap. */
		if (ranges[i].last <= done)
			continue;
		if (ranges[i].first <= done)
			ranges[i].first = (uint32_t)done + 1;
		st = sequence_within(s, ranges[i].first, ranges[i].last, out);
		done = ranges[i].last;
	}
	mem_free(ranges);
	return st;
}

struct sequence_walk
sequence_walk_init(const struct sequence *s)
{
	return (struct sequence_walk){ .sequence = s };
}

uint32_t
sequence_walk_to(struct sequence_walk *w, uint32_t uid)
{
	const struct sequence *s = w->sequence;

	/* The next range or two are the usual answer; a far one is searched. */
	for (unsigned step = 0; step < 4 && w->at < s->count; step++) {
		if (s->ranges[w->at].last >= uid)
			return number_in(s, w->at, uid);
		w->at++;
	}
	w->at = range_find(s, uid);
	return number_in(s, w->at, uid);
}
