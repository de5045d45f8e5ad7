#include "imapd/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "imapd/command.h"
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

enum status
list_query_parse(struct imap_session *s, struct imap_reader *args, struct list_query *out)
{
	struct slice reference, pattern, joined;
	enum status st;

	if (!imap_take_space(args) || imap_take_astring(args, &reference) != STATUS_OK ||
	    !imap_take_space(args) || imap_take_pattern(args, &pattern) != STATUS_OK ||
	    !imap_at_end(args))
		return STATUS_SYNTAX;
	out->pattern = buf_init(4 * NAME_WIRE_MAX);
	out->is_separator_query = pattern.len == 0;
	st = join(reference, pattern, &out->pattern);
	if (st != STATUS_OK) {
		/* No name is like that: an empty answer, never NO (clients drop their cache). */
		buf_reset(&out->pattern);
		buf_append_byte(&out->pattern, '/');
	}
	(void)s;
	joined = buf_slice(&out->pattern);
	out->is_direct = !has_wildcards(joined);
	if (out->is_direct && joined.len > 1 && joined.ptr[joined.len - 1] == '/')
		buf_truncate(&out->pattern, joined.len - 1);
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

	/* Of two that are the same the real one comes first and stays. */
	return order != 0 ? order : (int)y->is_real - (int)x->is_real;
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
	bool is_xlist = strcmp(command, "XLIST") == 0;

	buf_append(out, SLICE("* "));
	buf_append(out, slice_from_cstr(command));
	buf_append(out, SLICE(" ("));
	if (!n->is_real)
		buf_append(out, SLICE("\\Noselect "));
	buf_append(out, n->has_children ? SLICE("\\HasChildren") : SLICE("\\HasNoChildren"));
	if (is_xlist && n->role == MAILBOX_INBOX)
		buf_append(out, SLICE(" \\Inbox"));
	buf_append(out, slice_from_cstr(role_attribute((enum mailbox_role)n->role)));
	buf_append(out, SLICE(") \"/\" "));
	name_write(out, shown_as);
	buf_append(out, SLICE("\r\n"));
}
