#include "imapd/thread.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"

#define MEMORY_MAX (128 * 1024 * 1024)
#define NONE UINT32_MAX

/* The list */

struct thread_list
thread_list_init(void)
{
	return (struct thread_list){ .memory = buf_init(MEMORY_MAX) };
}

void
thread_list_clear(struct thread_list *l)
{
	mem_free(l->messages);
	buf_clear(&l->memory);
	*l = thread_list_init();
}

enum status
thread_text_put(struct thread_list *l, struct slice s, struct thread_text *out)
{
	*out = (struct thread_text){ (uint32_t)l->memory.len, (uint32_t)s.len };
	return buf_append(&l->memory, s);
}

void
thread_list_add(struct thread_list *l, const struct thread_message *m)
{
	if (l->count == l->cap) {
		l->cap = l->cap == 0 ? 64 : l->cap * 2;
		l->messages = mem_resize(l->messages, l->cap, sizeof(*l->messages));
	}
	l->messages[l->count++] = *m;
}

static struct slice
text_of(const struct thread_list *l, struct thread_text t)
{
	return slice_sub(buf_slice(&l->memory), t.at, t.len);
}

/* SORT */

struct sort {
	const struct thread_list *list;
	const struct sort_order *order;
};

static int
compare_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int
compare_key(const struct thread_list *l, enum sort_key key, const struct thread_message *a,
    const struct thread_message *b)
{
	switch (key) {
	case SORT_ARRIVAL:
		return compare_i64(a->arrival, b->arrival);
	case SORT_DATE:
		return compare_i64(a->date, b->date);
	case SORT_SIZE:
		return compare_i64(a->size_bytes, b->size_bytes);
	case SORT_CC:
		return slice_compare(text_of(l, a->cc), text_of(l, b->cc));
	case SORT_FROM:
		return slice_compare(text_of(l, a->from), text_of(l, b->from));
	case SORT_SUBJECT:
		return slice_compare(text_of(l, a->subject), text_of(l, b->subject));
	case SORT_TO:
		return slice_compare(text_of(l, a->to), text_of(l, b->to));
	case SORT_KEY_COUNT:
		break;
	}
	return 0;
}

static int
by_order(const void *x, const void *y, void *ctx)
{
	const struct thread_message *a = x, *b = y;
	const struct sort *s = ctx;

	for (unsigned i = 0; i < s->order->count; i++) {
		int n = compare_key(s->list, s->order->keys[i], a, b);

		if (n != 0)
			return s->order->is_reverse[i] ? -n : n;
	}
	return compare_i64(a->number, b->number);
}

void
thread_sort(struct thread_list *l, const struct sort_order *order)
{
	struct sort s = { l, order };

	if (l->count > 1)
		qsort_r(l->messages, l->count, sizeof(*l->messages), by_order, &s);
}

/* The forest.  Nodes 0 .. list->count - 1 are the messages, those behind them have none. */

struct node {
	uint32_t parent;	/* NONE: a root */
	uint32_t children;	/* how many */
	uint32_t child, next;	/* lists, the latest first */
	int64_t date;
	uint32_t number;	/* of the first message below, for an order of equals */
	bool is_gone;		/* an id without a message that is not needed */
};

struct forest {
	const struct thread_list *list;
	struct node *nodes;
	uint32_t count, cap;
	struct table *ids;	/* key -> node + 1 */
};

static uint32_t
node_new(struct forest *f)
{
	if (f->count == f->cap) {
		f->cap *= 2;
		f->nodes = mem_resize(f->nodes, f->cap, sizeof(*f->nodes));
	}
	f->nodes[f->count] = (struct node){ .parent = NONE, .child = NONE, .next = NONE };
	return f->count++;
}

static bool
is_message(const struct forest *f, uint32_t n)
{
	return n < f->list->count;
}

static void
forest_init(struct forest *f, const struct thread_list *l)
{
	*f = (struct forest){ .list = l, .cap = l->count + 16, .ids = table_new() };
	f->nodes = mem_array(struct node, f->cap);
	for (uint32_t i = 0; i < l->count; i++) {
		struct node *n = &f->nodes[node_new(f)];

		n->date = l->messages[i].date;
		n->number = l->messages[i].number;
	}
}

static void
forest_clear(struct forest *f)
{
	mem_free(f->nodes);
	table_free(&f->ids, NULL);
}

static void
set_parent(struct forest *f, uint32_t child, uint32_t parent)
{
	uint32_t old = f->nodes[child].parent;

	if (old != NONE)
		f->nodes[old].children--;
	f->nodes[child].parent = parent;
	if (parent != NONE)
		f->nodes[parent].children++;
}

/* Would a circle come of it?  Far up we do not look: then it counts as one. */
static bool
makes_circle(const struct forest *f, uint32_t child, uint32_t parent)
{
	if (child == parent)
		return true;
	if (f->nodes[child].children == 0)
		return false;
	for (unsigned steps = 0; parent != NONE; parent = f->nodes[parent].parent)
		if (parent == child || ++steps > THREAD_CLIMB_MAX)
			return true;
	return false;
}

static struct slice
id_key(const uint64_t *id)
{
	return slice_make((const char *)id, sizeof(*id));
}

/* The node of an id; NONE when there are too many. */
static uint32_t
node_of_id(struct forest *f, uint64_t id)
{
	uintptr_t at = (uintptr_t)table_get(f->ids, id_key(&id));

	if (at != 0)
		return (uint32_t)(at - 1);
	if (f->count >= THREAD_NODES_MAX + f->list->count)
		return NONE;
	at = node_new(f);
	(void)table_put(f->ids, id_key(&id), (void *)(at + 1));
	return (uint32_t)at;
}

/* Every message has its node before the references are looked at; of two with one id the first. */
static void
enter_ids(struct forest *f)
{
	for (uint32_t i = 0; i < f->list->count; i++) {
		uint64_t id = f->list->messages[i].id;

		if (id != 0 && table_get(f->ids, id_key(&id)) == NULL)
			(void)table_put(f->ids, id_key(&id), (void *)(uintptr_t)(i + 1));
	}
}

/* RFC 5256, REFERENCES (1): a message hangs below its last reference, and each below the one before. */
static void
link_message(struct forest *f, uint32_t message)
{
	struct slice refs = text_of(f->list, f->list->messages[message].references);
	uint32_t before = NONE;

	for (; refs.len >= sizeof(uint64_t); refs = slice_skip(refs, sizeof(uint64_t))) {
		uint64_t id;
		uint32_t n;

		memcpy(&id, refs.ptr, sizeof(id));
		n = node_of_id(f, id);
		if (n == NONE || n == message)
			continue;
		if (before != NONE && f->nodes[n].parent == NONE && !makes_circle(f, n, before))
			set_parent(f, n, before);
		before = n;
	}
	/* Its own word counts more than that of others. */
	if (before != NONE && !makes_circle(f, message, before))
		set_parent(f, message, before);
}

/*
 * The nearest message above, or the highest node when there is none.  Nodes without
 * a message that were passed point there afterwards, so that no way is gone twice.
 */
static uint32_t
climb(struct forest *f, uint32_t n)
{
	uint32_t top = n, next;

	while (!is_message(f, top) && f->nodes[top].parent != NONE)
		top = f->nodes[top].parent;
	for (; n != top; n = next) {
		next = f->nodes[n].parent;
		f->nodes[n].parent = top;
	}
	return top;
}

/* (2) and (3): ids without a message vanish, but a root that holds several together. */
static void
prune(struct forest *f)
{
	uint32_t *above = mem_array(uint32_t, f->list->count);

	for (uint32_t i = 0; i < f->list->count; i++)
		above[i] = f->nodes[i].parent == NONE ? NONE : climb(f, f->nodes[i].parent);
	for (uint32_t i = 0; i < f->count; i++) {
		f->nodes[i].children = 0;
		f->nodes[i].is_gone = !is_message(f, i);
		f->nodes[i].parent = NONE;
	}
	for (uint32_t i = 0; i < f->list->count; i++)
		set_parent(f, i, above[i]);
	for (uint32_t i = 0; i < f->list->count; i++) {
		uint32_t top = f->nodes[i].parent;

		if (top == NONE || is_message(f, top))
			continue;
		if (f->nodes[top].children == 1)
			set_parent(f, i, NONE);
		else
			f->nodes[top].is_gone = false;
	}
	mem_free(above);
}

struct place {
	uint32_t node;
	int64_t date;
	uint32_t number;
};

static int
by_date(const void *x, const void *y)
{
	const struct place *a = x, *b = y;
	int n = compare_i64(a->date, b->date);

	return n != 0 ? n : compare_i64(a->number, b->number);
}

/* Nodes without a message are as old as the oldest below them. */
static void
date_roots(struct forest *f)
{
	for (uint32_t i = f->list->count; i < f->count; i++)
		f->nodes[i].number = 0;
	for (uint32_t i = 0; i < f->list->count; i++) {
		uint32_t top = f->nodes[i].parent;
		struct node *t;

		if (top == NONE || is_message(f, top))
			continue;
		t = &f->nodes[top];
		if (t->number == 0 || f->nodes[i].date < t->date) {
			t->date = f->nodes[i].date;
			t->number = f->nodes[i].number;
		}
	}
}

/* Nodes that are there, the oldest first; free with mem_free(). */
static struct place *
place_all(struct forest *f, uint32_t *count)
{
	struct place *places = mem_array(struct place, f->count);

	*count = 0;
	date_roots(f);
	for (uint32_t i = 0; i < f->count; i++)
		if (!f->nodes[i].is_gone)
			places[(*count)++] = (struct place){ i, f->nodes[i].date,
				f->nodes[i].number };
	qsort(places, *count, sizeof(*places), by_date);
	return places;
}

/* (5): roots with one subject come together. */

/* The message that gives a root its subject. */
static uint32_t
speaker(const struct forest *f, const uint32_t *first, uint32_t root)
{
	return is_message(f, root) ? root : first[root];
}

static struct slice
subject_of(const struct forest *f, uint32_t message)
{
	return text_of(f->list, f->list->messages[message].subject);
}

static void
choose_root(struct forest *f, struct table *subjects, const uint32_t *first, uint32_t root)
{
	uint32_t speaks = speaker(f, first, root), other;
	struct slice subject = subject_of(f, speaks);
	uintptr_t at = (uintptr_t)table_get(subjects, subject);

	if (subject.len == 0)
		return;
	if (at != 0) {
		other = (uint32_t)(at - 1);
		if (!is_message(f, other) || (is_message(f, root) &&
		    !(f->list->messages[other].is_reply && !f->list->messages[root].is_reply)))
			return;
	}
	(void)table_put(subjects, subject, (void *)((uintptr_t)root + 1));
}

static void
merge_root(struct forest *f, struct table *subjects, const uint32_t *first, uint32_t root)
{
	uint32_t speaks = speaker(f, first, root), other, both;
	struct slice subject = subject_of(f, speaks);
	uintptr_t at = (uintptr_t)table_get(subjects, subject);

	if (subject.len == 0 || at == 0 || at - 1 == root)
		return;
	other = (uint32_t)(at - 1);
	if (!is_message(f, root)) {
		/* Two that only hold others together become one: merge_children() moves them. */
		f->nodes[root].parent = other;
		f->nodes[root].is_gone = true;
	} else if (!is_message(f, other) ||
	    (f->list->messages[root].is_reply && !f->list->messages[other].is_reply)) {
		set_parent(f, root, other);
	} else {
		both = node_new(f);
		set_parent(f, root, both);
		set_parent(f, other, both);
		(void)table_put(subjects, subject, (void *)((uintptr_t)both + 1));
	}
}

/* The children of roots that were merged into others follow them. */
static void
merge_children(struct forest *f)
{
	for (uint32_t i = 0; i < f->list->count; i++) {
		uint32_t top = f->nodes[i].parent;

		if (top != NONE && f->nodes[top].is_gone)
			set_parent(f, i, f->nodes[top].parent);
	}
}

static void
merge_subjects(struct forest *f)
{
	struct table *subjects = table_new();
	uint32_t count, all = f->count;
	struct place *places = place_all(f, &count);
	uint32_t *first = mem_array(uint32_t, all);

	for (uint32_t i = count; i-- > 0;)
		if (f->nodes[places[i].node].parent != NONE)
			first[f->nodes[places[i].node].parent] = places[i].node;
	for (uint32_t i = 0; i < count; i++)
		if (f->nodes[places[i].node].parent == NONE)
			choose_root(f, subjects, first, places[i].node);
	for (uint32_t i = 0; i < count; i++)
		if (f->nodes[places[i].node].parent == NONE)
			merge_root(f, subjects, first, places[i].node);
	merge_children(f);
	mem_free(first);
	mem_free(places);
	table_free(&subjects, NULL);
}

/* (6) and the answer */

struct step {
	uint32_t node;
	enum { STEP_THREAD, STEP_MEMBER, STEP_END } what;
};

static void
push_children(struct forest *f, uint32_t n, struct step *stack, uint32_t *depth)
{
	bool is_chain = is_message(f, n) && f->nodes[n].child != NONE &&
	    f->nodes[f->nodes[n].child].next == NONE;

	for (uint32_t c = f->nodes[n].child; c != NONE; c = f->nodes[c].next)
		stack[(*depth)++] = (struct step){ c, is_chain ? STEP_MEMBER : STEP_THREAD };
}

static void
print_thread(struct forest *f, uint32_t root, struct step *stack, struct buf *out)
{
	bool after_number = false;
	uint32_t depth = 0;

	stack[depth++] = (struct step){ root, STEP_THREAD };
	while (depth > 0) {
		struct step step = stack[--depth];

		if (step.what == STEP_END) {
			buf_append_byte(out, ')');
			after_number = false;
			continue;
		}
		if (after_number)
			buf_append_byte(out, ' ');
		after_number = false;
		if (step.what == STEP_THREAD) {
			buf_append_byte(out, '(');
			stack[depth++] = (struct step){ step.node, STEP_END };
		}
		if (is_message(f, step.node)) {
			buf_append_u64(out, f->list->messages[step.node].number);
			after_number = true;
		}
		push_children(f, step.node, stack, &depth);
	}
}

static void
print_forest(struct forest *f, struct buf *out)
{
	uint32_t count;
	struct place *places = place_all(f, &count);
	struct step *stack = mem_array(struct step, 2 * (size_t)count + 2);

	/* Prepending makes each list run from the latest to the oldest, as a stack wants it. */
	for (uint32_t i = 0; i < count; i++) {
		uint32_t n = places[i].node, parent = f->nodes[n].parent;

		if (parent == NONE)
			continue;
		f->nodes[n].next = f->nodes[parent].child;
		f->nodes[parent].child = n;
	}
	if (count > 0)
		buf_append_byte(out, ' ');
	for (uint32_t i = 0; i < count; i++)
		if (f->nodes[places[i].node].parent == NONE)
			print_thread(f, places[i].node, stack, out);
	mem_free(stack);
	mem_free(places);
}

void
thread_by_references(const struct thread_list *l, struct buf *out)
{
	struct forest f;

	forest_init(&f, l);
	enter_ids(&f);
	for (uint32_t i = 0; i < l->count; i++)
		link_message(&f, i);
	prune(&f);
	merge_subjects(&f);
	print_forest(&f, out);
	forest_clear(&f);
}

/* The oldest message of a subject, and all others of it below. */
void
thread_by_subject(const struct thread_list *l, struct buf *out)
{
	struct table *subjects = table_new();
	struct place *places;
	struct forest f;
	uint32_t count;

	forest_init(&f, l);
	places = place_all(&f, &count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t n = places[i].node;
		uintptr_t first = (uintptr_t)table_get(subjects, subject_of(&f, n));

		if (first != 0)
			set_parent(&f, n, (uint32_t)(first - 1));
		else
			(void)table_put(subjects, subject_of(&f, n), (void *)((uintptr_t)n + 1));
	}
	mem_free(places);
	table_free(&subjects, NULL);
	print_forest(&f, out);
	forest_clear(&f);
}
