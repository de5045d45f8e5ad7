#include "mime/param.h"

#include "base/ascii.h"
#include "mime/charset.h"
#include "mime/lex.h"

#define INDEX_NONE (-1)
#define INDEX_MAX 9999
#define TRIES_MAX 200	/* segments looked at, those without name or value too */

/* One "name*index*=value" as it stands in the field. */
struct segment {
	struct slice name;	/* bare */
	struct slice value;	/* without the quotes around it */
	int index;
	bool is_extended;	/* percent signs; the first one has the charset too */
	bool is_quoted;
	bool is_done;
};

struct segment_list {
	size_t count;
	bool is_double;
	bool has_no_comment;	/* no comment in the rest of the field ends */
	bool has_continuations;
	struct segment rows[PARAM_MAX];
};

/* Skip blanks, semicolons and comments. */
static struct slice
skip_between(struct slice s, struct segment_list *list)
{
	while (s.len > 0) {
		size_t n = lex_blank_len(s);

		if (n == 0 && s.ptr[0] == ';')
			n = 1;
		if (n == 0 && s.ptr[0] == '(' && !list->has_no_comment) {
			n = lex_comment_len(s, list->is_double);
			list->has_no_comment = n == 0;
		}
		if (n == 0)
			break;
		s = slice_skip(s, n);
	}
	return s;
}

/* Take the run of s before a blank, a semicolon, or one of two more bytes. */
static struct slice
take_token(struct slice *s, char stop, char stop_too)
{
	struct slice token;
	size_t n = 0;

	while (n < s->len && !ascii_is_space(s->ptr[n]) && s->ptr[n] != ';' &&
	    s->ptr[n] != stop && s->ptr[n] != stop_too)
		n++;
	token = slice_sub(*s, 0, n);
	*s = slice_skip(*s, n);
	return token;
}

/*
 * An unquoted value.  The grammar wants a token; the wild writes blanks into
 * it, forgets the semicolon, or puts a comment behind it.
 */
static struct slice
take_loose_value(struct slice *s)
{
	struct slice piece = slice_sub(*s, 0, slice_find_byte(*s, ';'));
	size_t blank = 0;
	struct slice behind;
	size_t comment;

	while (blank < piece.len && !ascii_is_space(piece.ptr[blank]))
		blank++;
	behind = slice_skip(piece, blank);
	comment = slice_find_byte(behind, '(');
	if (slice_find_byte(behind, '=') < behind.len)
		piece.len = blank;
	else if (comment < behind.len)
		piece.len = blank + comment;
	*s = slice_skip(*s, piece.len);
	return slice_trim(piece);
}

static void
take_value(struct slice *s, bool is_double, struct segment *seg)
{
	size_t n = 0;

	seg->is_quoted = s->len > 0 && s->ptr[0] == '"';
	if (!seg->is_quoted) {
		seg->value = take_loose_value(s);
		return;
	}
	n = lex_quoted_len(*s, is_double);
	if (n > 0) {
		seg->value = slice_sub(*s, 1, n - 2);
	} else {
		seg->value = slice_skip(*s, 1);	/* never closed: all that is left */
		n = s->len;
	}
	*s = slice_skip(*s, n);
}

/* Split "name*3*" (RFC 2231 s.3, s.4.1). */
static void
split_name(struct slice name, struct segment *seg)
{
	size_t star = slice_find_byte(name, '*');
	struct slice tail = slice_skip(name, star + 1);
	uint32_t index;

	seg->name = name;
	seg->index = INDEX_NONE;
	seg->is_extended = false;
	if (star == name.len || star == 0)
		return;
	if (tail.len == 0) {
		seg->is_extended = true;
	} else {
		bool has_star = tail.ptr[tail.len - 1] == '*';

		if (has_star)
			tail.len--;
		if (parse_u32(tail, 0, INDEX_MAX, &index) != STATUS_OK)
			return;
		seg->index = (int)index;
		seg->is_extended = has_star;
	}
	seg->name = slice_sub(name, 0, star);
}

static void
read_segments(struct slice s, struct segment_list *list)
{
	unsigned tries;

	list->count = 0;
	list->has_continuations = false;
	for (tries = 0; tries < TRIES_MAX; tries++) {
		struct segment *seg = &list->rows[list->count];
		struct slice name;

		s = skip_between(s, list);
		if (s.len == 0 || list->count == PARAM_MAX)
			return;
		name = take_token(&s, '=', '=');
		s = slice_skip(s, lex_blank_len(s));
		if (s.len == 0 || s.ptr[0] != '=')
			continue;
		s = slice_skip(s, 1);
		s = slice_skip(s, lex_blank_len(s));
		take_value(&s, list->is_double, seg);
		if (name.len == 0)
			continue;
		split_name(name, seg);
		seg->is_done = false;
		if (seg->index != INDEX_NONE || seg->is_extended)
			list->has_continuations = true;
		list->count++;
	}
}

static void
append_percent_decoded(struct slice s, struct buf *out)
{
	size_t i = 0;

	while (i < s.len) {
		int high = i + 2 < s.len && s.ptr[i] == '%' ? ascii_hex_value(s.ptr[i + 1]) : -1;
		int low = high >= 0 ? ascii_hex_value(s.ptr[i + 2]) : -1;

		(void)buf_append_byte(out, low >= 0 ? (char)(high * 16 + low) : s.ptr[i]);
		i += low >= 0 ? 3 : 1;
	}
}

/* Append one segment's bytes; the charset'language' in front of a first extended one goes. */
static void
append_segment(const struct segment *seg, bool is_double, struct slice *charset, struct buf *out)
{
	struct slice value = seg->value;

	if (seg->is_extended && seg->index <= 0) {
		size_t first = slice_find_byte(value, '\'');
		size_t second = slice_find_byte(slice_skip(value, first + 1), '\'');

		if (first < value.len && first + 1 + second < value.len) {
			*charset = slice_sub(value, 0, first);
			value = slice_skip(value, first + second + 2);
		}
	}
	if (seg->is_extended)
		append_percent_decoded(value, out);
	else if (seg->is_quoted)
		lex_unescape(value, is_double, out);
	else
		(void)buf_append(out, value);
}

/* The segment of that name with the smallest index not below min; NULL when there is none. */
static struct segment *
next_segment(struct segment_list *list, struct slice name, int min)
{
	struct segment *best = NULL;
	size_t i;

	for (i = 0; i < list->count; i++) {
		struct segment *seg = &list->rows[i];

		if (seg->is_done || seg->index < min || (best != NULL && seg->index >= best->index))
			continue;
		if ((seg->index != INDEX_NONE || seg->is_extended) &&
		    slice_equal_nocase(seg->name, name))
			best = seg;
	}
	return best;
}

/* Put the segments of one name together, in order, and convert them. */
static void
join_segments(struct segment_list *list, struct slice name, struct buf *out)
{
	struct buf bytes = buf_init(PARAM_VALUE_MAX);
	struct slice charset = { NULL, 0 };
	struct segment *seg;
	bool is_extended = false;
	int min = INDEX_NONE;

	while ((seg = next_segment(list, name, min)) != NULL) {
		min = seg->index;
		seg->is_done = true;
		is_extended |= seg->is_extended;
		append_segment(seg, list->is_double, &charset, &bytes);
	}
	if (is_extended && lex_has_8bit(buf_slice(&bytes)))
		(void)charset_to_utf8(charset, buf_slice(&bytes), out);
	else
		(void)buf_append(out, buf_slice(&bytes));
	buf_clear(&bytes);
}

/* Every plain segment of that name gives way to the extended form of it. */
static void
drop_plain(struct segment_list *list, struct slice name)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (!list->rows[i].is_done && slice_equal_nocase(list->rows[i].name, name))
			list->rows[i].is_done = true;
}

/* Append the value of rows[i] and whatever belongs to it. */
static void
compose_value(struct segment_list *list, size_t i, struct buf *out)
{
	struct segment *seg = &list->rows[i];

	if (list->has_continuations && next_segment(list, seg->name, INDEX_NONE) != NULL) {
		join_segments(list, seg->name, out);
		drop_plain(list, seg->name);
		return;
	}
	seg->is_done = true;
	if (seg->is_quoted)
		lex_unescape(slice_sub(seg->value, 0, PARAM_VALUE_MAX), list->is_double, out);
	else
		(void)buf_append(out, slice_sub(seg->value, 0, PARAM_VALUE_MAX));
}

static void
compose_params(struct segment_list *list, struct param_list *out)
{
	size_t starts[PARAM_MAX + 1];
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (list->rows[i].is_done)
			continue;
		starts[out->count] = out->memory.len;
		out->params[out->count].name = list->rows[i].name;
		compose_value(list, i, &out->memory);
		out->count++;
		starts[out->count] = out->memory.len;
	}
	for (i = 0; i < out->count; i++)
		out->params[i].value =
		    slice_sub(buf_slice(&out->memory), starts[i], starts[i + 1] - starts[i]);
}

void
param_list_parse(struct slice value, struct param_list *out)
{
	struct segment_list list;

	list.is_double = lex_is_double(value);
	list.has_no_comment = false;
	out->count = 0;
	out->memory = buf_init((size_t)PARAM_MAX * PARAM_VALUE_MAX);
	value = skip_between(value, &list);
	out->type = take_token(&value, '/', '(');
	out->subtype = slice_sub(value, 0, 0);
	value = slice_skip(value, lex_blank_len(value));
	if (value.len > 0 && value.ptr[0] == '/') {
		value = slice_skip(value, 1);
		value = slice_skip(value, lex_blank_len(value));
		out->subtype = take_token(&value, '/', '(');
	}
	read_segments(value, &list);
	compose_params(&list, out);
}

void
param_list_clear(struct param_list *p)
{
	buf_clear(&p->memory);
	p->count = 0;
}

struct slice
param_list_get(const struct param_list *p, struct slice name)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		if (slice_equal_nocase(p->params[i].name, name))
			return p->params[i].value;
	return (struct slice){ NULL, 0 };
}
