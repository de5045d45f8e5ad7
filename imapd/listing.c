#include "imapd/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "imapd/command.h"
#include "imapd/list_options.h"
#include "imapd/names.h"

static enum status
join(struct slice reference, struct slice pattern, struct buf *out)
{
	enum status st = STATUS_OK;

	/* A pattern that begins at the root takes no reference. */
	if (!slice_starts(pattern, SLICE("/")))
		st = name_decode_pattern(reference, out);
	else
		pattern = slice_skip(pattern, 1);
	if (st == STATUS_OK)
		st = name_decode_pattern(pattern, out);
	return st;
}

static bool
has_wildcards(struct slice s)
{
	return slice_find_byte(s, '*') != s.len || slice_find_byte(s, '%') != s.len;
}

void
list_query_make(struct slice reference, struct slice pattern, struct list_query *out)
{
	struct slice joined;

	out->pattern = buf_init(4 * NAME_WIRE_MAX);
	out->is_separator_query = pattern.len == 0;
	if (join(reference, pattern, &out->pattern) != STATUS_OK) {
		/* No name is like that: an empty answer, never NO (clients drop their cache). */
		buf_reset(&out->pattern);
		buf_append_byte(&out->pattern, '/');
	}
	joined = buf_slice(&out->pattern);
	out->is_direct = !has_wildcards(joined);
	if (out->is_direct && joined.len > 1 && joined.ptr[joined.len - 1] == '/')
		buf_truncate(&out->pattern, joined.len - 1);
}

enum status
list_query_parse(struct imap_reader *args, struct list_query *out)
{
	struct slice reference, pattern;

	if (!imap_take_space(args) || imap_take_astring(args, &reference) != STATUS_OK ||
	    !imap_take_space(args) || imap_take_pattern(args, &pattern) != STATUS_OK ||
	    !imap_at_end(args))
		return STATUS_SYNTAX;
	list_query_make(reference, pattern, out);
	return STATUS_OK;
}

void
list_query_clear(struct list_query *q)
{
	buf_clear(&q->pattern);
}

void
list_names_add(struct list_names *l, struct slice name, uint8_t role, bool is_real)
{
	if (l->count == l->cap) {
		l->cap = l->cap == 0 ? 16 : l->cap * 2;
		l->names = mem_resize(l->names, l->cap, sizeof(*l->names));
	}
	l->names[l->count++] = (struct list_name){
		.name = mem_dup(name),
		.len = name.len,
		.role = role,
		.is_real = is_real,
	};
}

static struct slice
name_of(const struct list_name *n)
{
	return slice_make(n->name, n->len);
}

static int
by_name(const void *a, const void *b)
{
	const struct list_name *x = a, *y = b;
	int order = slice_compare(name_of(x), name_of(y));

	/* Of two that are the same the real one comes first and stays, then the subscribed one. */
	if (order == 0)
		order = (int)y->is_real - (int)x->is_real;
	return order != 0 ? order : (int)y->is_subscribed - (int)x->is_subscribed;
}

void
list_names_sort(struct list_names *l)
{
	uint32_t kept = 0;

	if (l->count == 0)
		return;
	qsort(l->names, l->count, sizeof(*l->names), by_name);
	for (uint32_t i = 1; i < l->count; i++) {
		if (slice_equal(name_of(&l->names[kept]), name_of(&l->names[i])))
			mem_free(l->names[i].name);
		else
			l->names[++kept] = l->names[i];
	}
	l->count = kept + 1;
}

/* Index of the first name >= name. */
static uint32_t
lower_bound(const struct list_names *l, struct slice name)
{
	uint32_t low = 0, high = l->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (slice_compare(name_of(&l->names[mid]), name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct list_name *
list_names_find(const struct list_names *l, struct slice name)
{
	uint32_t at = lower_bound(l, name);

	if (at == l->count || !slice_equal(name_of(&l->names[at]), name))
		return NULL;
	return &l->names[at];
}

static void
note_children(struct list_names *l)
{
	struct buf prefix = buf_init(MAILBOX_NAME_MAX + 1);

	for (uint32_t i = 0; i < l->count; i++) {
		uint32_t at;

		buf_reset(&prefix);
		buf_append(&prefix, name_of(&l->names[i]));
		buf_append_byte(&prefix, '/');
		at = lower_bound(l, buf_slice(&prefix));
		l->names[i].has_children = at < l->count &&
		    slice_starts(name_of(&l->names[at]), buf_slice(&prefix));
	}
	buf_clear(&prefix);
}

static bool
add_row(void *ctx, const struct mailbox_row *row)
{
	list_names_add(ctx, row->name, row->role, true);
	return true;
}

enum status
list_names_read(struct imap_session *s, struct txn *t, struct list_names *out,
    struct problem *why)
{
	enum status st;

	*out = (struct list_names){ 0 };
	st = mailbox_each(t, s->account, add_row, out, why);
	if (st != STATUS_OK) {
		list_names_clear(out);
		return st;
	}
	list_names_sort(out);
	note_children(out);
	return STATUS_OK;
}

/* The parent of a name; empty at the first level. */
static struct slice
parent_of(struct slice name)
{
	size_t at = slice_find_last_byte(name, '/');

	return slice_sub(name, 0, at == name.len ? 0 : at);
}

static struct list_name *
find(struct list_names *l, struct slice name)
{
	const struct list_name *n = list_names_find(l, name);

	return n == NULL ? NULL : &l->names[n - l->names];
}

struct subscribed {
	struct list_names *all;
	struct list_names more;
	unsigned select;
};

static bool
note_subscribed(void *ctx, struct slice name)
{
	struct subscribed *c = ctx;
	struct list_name *n = find(c->all, name);

	if (n != NULL) {
		n->is_subscribed = true;
		return true;
	}
	if (!(c->select & LIST_SUBSCRIBED))
		return true;
	list_names_add(&c->more, name, MAILBOX_PLAIN, false);
	c->more.names[c->more.count - 1].is_subscribed = true;
	if (c->select & LIST_RECURSIVE_MATCH)
		for (name = parent_of(name); name.len != 0; name = parent_of(name))
			list_names_add(&c->more, name, MAILBOX_PLAIN, false);
	return true;
}

enum status
list_names_subscribed(struct imap_session *s, struct txn *t, unsigned select,
    struct list_names *l, struct problem *why)
{
	struct subscribed c = { .all = l, .select = select };
	enum status st = subscription_each(t, s->account, note_subscribed, &c, why);

	for (uint32_t i = 0; st == STATUS_OK && i < c.more.count; i++) {
		const struct list_name *n = &c.more.names[i];

		list_names_add(l, name_of(n), n->role, false);
		l->names[l->count - 1].is_subscribed = n->is_subscribed;
	}
	list_names_clear(&c.more);
	list_names_sort(l);
	return st;
}

void
list_names_choose(struct list_names *l, unsigned select)
{
	const char *info = !(select & LIST_SUBSCRIBED) ? "\"SPECIAL-USE\"" :
	    select & LIST_SPECIAL_USE ? "\"SUBSCRIBED\" \"SPECIAL-USE\"" : "\"SUBSCRIBED\"";

	for (uint32_t i = 0; i < l->count; i++) {
		struct list_name *n = &l->names[i];

		n->is_chosen = true;
		if (select & LIST_SUBSCRIBED && !n->is_subscribed)
			n->is_chosen = false;
		if (select & LIST_SPECIAL_USE &&
		    role_attribute((enum mailbox_role)n->role)[0] == '\0')
			n->is_chosen = false;
	}
	for (uint32_t i = 0; select & LIST_RECURSIVE_MATCH && i < l->count; i++) {
		struct slice name = parent_of(name_of(&l->names[i]));

		for (; l->names[i].is_chosen && name.len != 0; name = parent_of(name)) {
			struct list_name *n = find(l, name);

			if (n != NULL)
				n->child_info = info;
		}
	}
}

void
list_names_clear(struct list_names *l)
{
	for (uint32_t i = 0; i < l->count; i++)
		mem_free(l->names[i].name);
	mem_free(l->names);
	*l = (struct list_names){ 0 };
}

void
list_write(struct buf *out, const char *command, const struct list_name *n,
    struct slice shown_as)
{
	bool is_list = strcmp(command, "LIST") == 0, is_xlist = strcmp(command, "XLIST") == 0;

	buf_append(out, SLICE("* "));
	buf_append(out, slice_from_cstr(command));
	buf_append(out, SLICE(" ("));
	if (!n->is_real)
		buf_append(out, is_list ? SLICE("\\NonExistent ") : SLICE("\\Noselect "));
	buf_append(out, n->has_children ? SLICE("\\HasChildren") : SLICE("\\HasNoChildren"));
	if (is_xlist && n->role == MAILBOX_INBOX)
		buf_append(out, SLICE(" \\Inbox"));
	buf_append(out, slice_from_cstr(role_attribute((enum mailbox_role)n->role)));
	if (n->is_subscribed)
		buf_append(out, SLICE(" \\Subscribed"));
	buf_append(out, SLICE(") \"/\" "));
	name_write(out, shown_as);
	if (n->child_info != NULL)
		buf_printf(out, " (\"CHILDINFO\" (%s))", n->child_info);
	buf_append(out, SLICE("\r\n"));
}
