#include "mime/part.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "mime/encoding.h"
#include "mime/header.h"
#include "mime/param.h"

#define BOUNDARY_MAX 1000	/* bytes; a longer one opens nothing */
#define NO_DELIMITER (-1)

/* A part whose end has not been seen. */
struct open_part {
	uint32_t index;
	uint32_t lines_at;		/* line number of its body's first byte */
	uint32_t children;
	bool is_digest;			/* RFC 2046 s.5.1.5: parts without a type are messages */
	bool is_closed;			/* "--boundary--" was seen */
	uint32_t boundary_hash;
	char *boundary;			/* NULL: no multipart */
	size_t boundary_len;
};

struct scanner {
	struct slice text;
	struct part_tree *tree;
	uint32_t capacity;
	uint32_t line;			/* number of line ends before at */
	size_t at;			/* always the start of a line */
	int depth;			/* of the innermost open part */
	unsigned boundaries;		/* open parts that still wait for a delimiter */
	bool is_header;			/* at stands in the header of the innermost part */
	struct open_part open[PART_DEPTH_MAX + 1];
};

static struct part *
part_new(struct scanner *s, uint32_t parent, uint32_t number, size_t at)
{
	struct part_tree *t = s->tree;
	struct part *p;

	if (t->count == s->capacity) {
		s->capacity = s->capacity == 0 ? 8 : s->capacity * 2;
		t->parts = mem_resize(t->parts, s->capacity, sizeof(*t->parts));
	}
	p = &t->parts[t->count++];
	*p = (struct part){ .parent = parent, .number = number, .header_at = (uint32_t)at,
		.body_at = (uint32_t)at };
	return p;
}

/* Make a part that begins at s->at the innermost open one. */
static void
part_begin(struct scanner *s, uint32_t parent, uint32_t number)
{
	uint32_t index = s->tree->count;
	struct part *p = part_new(s, parent, number, s->at);

	s->depth++;
	s->is_header = true;
	p->depth = (uint16_t)s->depth;
	s->open[s->depth] = (struct open_part){ .index = index, .lines_at = s->line };
}

/* The innermost part ends at end, where line ends_line begins or is cut. */
static void
part_end(struct scanner *s, size_t end, uint32_t line)
{
	struct open_part *o = &s->open[s->depth];
	struct part *p = &s->tree->parts[o->index];

	p->body_len = end > p->body_at ? (uint32_t)(end - p->body_at) : 0;
	p->body_lines = p->body_len > 0 ? line - o->lines_at : 0;
	if (p->kind == PART_MULTIPART && o->children == 0)
		p->kind = PART_LEAF;
	if (o->boundary != NULL && !o->is_closed)
		s->boundaries--;
	mem_free(o->boundary);
	s->depth--;
}

/*
 * Two delimiters with nothing between them, or one at the very end of the text,
 * enclose no part: the one that was begun is taken back.
 */
static void
drop_empty(struct scanner *s)
{
	struct open_part *o = &s->open[s->depth];

	if (s->depth == 0 || o->index != s->tree->count - 1 ||
	    s->tree->parts[o->index].header_at != s->at || s->tree->parts[o->index].number == 0)
		return;
	s->tree->count--;
	s->depth--;
	s->open[s->depth].children--;
}

/* Length of the line at s->at, line end included. */
static size_t
line_len(const struct scanner *s)
{
	const char *p = s->text.ptr + s->at;
	const char *end = memchr(p, '\n', s->text.len - s->at);

	return end == NULL ? s->text.len - s->at : (size_t)(end - p) + 1;
}

static void
pass_line(struct scanner *s, size_t len)
{
	s->at += len;
	if (len > 0 && s->text.ptr[s->at - 1] == '\n')
		s->line++;
}

/* RFC 2046 s.5.1.1: blanks may stand between a boundary and its line end. */
static struct slice
trim_end(struct slice line)
{
	while (line.len > 0 && (line.ptr[line.len - 1] == ' ' || line.ptr[line.len - 1] == '\t' ||
	    line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == '\n'))
		line.len--;
	return line;
}

/* FNV-1a: spares a hundred comparisons for each line that only looks like a delimiter. */
static uint32_t
hash_of(struct slice s)
{
	uint32_t h = 2166136261U;
	size_t i;

	for (i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.ptr[i]) * 16777619U;
	return h;
}

/* Depth of the innermost open multipart with that boundary; NO_DELIMITER when there is none. */
static int
find_boundary(const struct scanner *s, struct slice boundary)
{
	uint32_t hash = hash_of(boundary);
	int i;

	for (i = s->depth; i >= 0; i--) {
		const struct open_part *o = &s->open[i];

		if (o->boundary_hash == hash && o->boundary != NULL && !o->is_closed &&
		    slice_equal(boundary, slice_make(o->boundary, o->boundary_len)))
			return i;
	}
	return NO_DELIMITER;
}

/*
 * Depth of the open multipart that line delimits, the innermost first;
 * NO_DELIMITER when it is none.  *is_last: with "--" behind it.
 */
static int
delimiter_of(const struct scanner *s, struct slice line, bool *is_last)
{
	int plain, last = NO_DELIMITER;

	if (s->boundaries == 0 || line.len < 3 || line.ptr[0] != '-' || line.ptr[1] != '-')
		return NO_DELIMITER;
	line = trim_end(slice_skip(line, 2));
	if (line.len == 0 || line.len > BOUNDARY_MAX + 2)
		return NO_DELIMITER;
	plain = find_boundary(s, line);
	if (slice_ends(line, SLICE("--")))
		last = find_boundary(s, slice_sub(line, 0, line.len - 2));
	*is_last = last > plain;
	return *is_last ? last : plain;
}

/* Close everything inside the multipart at depth to; a delimiter owns the line end before it. */
static void
close_inside(struct scanner *s, int to)
{
	size_t end = s->at;
	uint32_t line = s->line;

	if (end > 0 && s->text.ptr[end - 1] == '\n') {
		end--;
		line--;
	}
	if (end > 0 && s->text.ptr[end - 1] == '\r')
		end--;
	while (s->depth > to)
		part_end(s, end, line);
}

/*
 * At a delimiter line: close, and begin the next part or the epilogue.  When
 * there are enough parts, what follows is text of the last one.
 */
static bool
take_delimiter(struct scanner *s, size_t len)
{
	bool is_last = false;
	int depth = delimiter_of(s, slice_sub(s->text, s->at, len), &is_last);
	struct open_part *o;

	if (depth == NO_DELIMITER || (!is_last && s->tree->count >= PART_COUNT_MAX))
		return false;
	drop_empty(s);
	close_inside(s, depth);
	pass_line(s, len);
	s->is_header = false;
	o = &s->open[depth];
	if (is_last) {
		o->is_closed = true;
		s->boundaries--;
		return true;
	}
	o->children++;
	part_begin(s, o->index, o->children);
	return true;
}

/* Lines up to the empty one; false when a delimiter cut the header short. */
static bool
scan_header(struct scanner *s)
{
	struct part *p = &s->tree->parts[s->open[s->depth].index];

	while (s->at < s->text.len) {
		size_t len = line_len(s);
		bool is_empty = s->text.ptr[s->at] == '\n' ||
		    (len == 2 && s->text.ptr[s->at] == '\r' && s->text.ptr[s->at + 1] == '\n');

		if (take_delimiter(s, len))
			return false;
		pass_line(s, len);
		p->header_len = (uint32_t)s->at - p->header_at;
		p->body_at = (uint32_t)s->at;
		if (is_empty)
			break;
	}
	s->open[s->depth].lines_at = s->line;
	s->is_header = false;
	return true;
}

static void
open_multipart(struct scanner *s, struct part *p, const struct param_list *type)
{
	struct open_part *o = &s->open[s->depth];
	struct slice boundary = trim_end(param_list_get(type, SLICE("boundary")));

	if (boundary.len == 0 || boundary.len > BOUNDARY_MAX || s->depth >= PART_DEPTH_MAX)
		return;
	p->kind = PART_MULTIPART;
	o->boundary = mem_dup(boundary);
	o->boundary_len = boundary.len;
	o->boundary_hash = hash_of(boundary);
	o->is_digest = slice_equal_nocase(type->subtype, SLICE("digest"));
	s->boundaries++;
}

/* RFC 2046 s.5.2.1: an encoded message is not opened. */
static bool
is_message(const struct scanner *s, const struct part *p, const struct param_list *type)
{
	if (p->encoding != ENCODING_IDENTITY || s->depth >= PART_DEPTH_MAX ||
	    s->tree->count >= PART_COUNT_MAX)
		return false;
	if (type->type.len == 0)
		return p->number > 0 && s->depth > 0 && s->open[s->depth - 1].is_digest;
	return slice_equal_nocase(type->type, SLICE("message")) &&
	    (slice_equal_nocase(type->subtype, SLICE("rfc822")) ||
	    slice_equal_nocase(type->subtype, SLICE("global")));
}

/* The header is complete: find out what the part is, and open it. */
static void
open_body(struct scanner *s)
{
	uint32_t index = s->open[s->depth].index;
	struct part *p = &s->tree->parts[index];
	struct slice rest = slice_sub(s->text, p->header_at, p->header_len);
	struct slice type_value = { NULL, 0 };
	struct header_field f;
	struct param_list type;
	bool has_encoding = false;

	while (header_next(&rest, &f)) {
		if (f.name.len < 12 || (f.name.ptr[0] | 0x20) != 'c')
			continue;
		if (type_value.ptr == NULL && slice_equal_nocase(f.name, SLICE("content-type"))) {
			type_value = f.value;
		} else if (!has_encoding &&
		    slice_equal_nocase(f.name, SLICE("content-transfer-encoding"))) {
			p->encoding = (uint8_t)encoding_of(f.value);
			has_encoding = true;
		}
	}
	param_list_parse(type_value, &type);
	if (slice_equal_nocase(type.type, SLICE("multipart")) && type.subtype.len > 0) {
		open_multipart(s, p, &type);
	} else if (is_message(s, p, &type)) {
		p->kind = PART_MESSAGE;
		part_begin(s, index, 0);
	}
	param_list_clear(&type);
}

/* Run through body lines until a delimiter or the end of the text. */
static void
scan_body(struct scanner *s)
{
	while (s->at < s->text.len) {
		size_t len = line_len(s);

		if (s->text.ptr[s->at] == '-' && take_delimiter(s, len))
			return;
		pass_line(s, len);
	}
}

void
part_scan(struct slice text, struct part_tree *out)
{
	struct scanner s = { .text = text, .tree = out, .depth = -1 };

	ASSERT(text.len <= INT32_MAX);
	*out = (struct part_tree){ NULL, 0 };
	part_begin(&s, 0, 0);
	while (s.at < text.len) {
		if (!s.is_header)
			scan_body(&s);
		else if (scan_header(&s))
			open_body(&s);
	}
	drop_empty(&s);
	while (s.depth >= 0)
		part_end(&s, text.len, s.line);
}

void
part_tree_clear(struct part_tree *t)
{
	mem_free(t->parts);
	*t = (struct part_tree){ NULL, 0 };
}

/* The child of that number; t->count when there is none. */
static uint32_t
child_of(const struct part_tree *t, uint32_t parent, uint32_t number)
{
	uint32_t i;

	for (i = parent + 1; i < t->count; i++)
		if (t->parts[i].parent == parent && t->parts[i].number == number)
			return i;
	return t->count;
}

enum status
part_by_path(const struct part_tree *t, const uint32_t *path, size_t depth, uint32_t *out)
{
	uint32_t at = 0;
	bool is_content = true;	/* at is a message's content, not a part that a number named */
	size_t i;

	if (t->count == 0)
		return STATUS_ABSENT;
	for (i = 0; i < depth; i++) {
		if (!is_content && t->parts[at].kind == PART_MESSAGE) {
			at = child_of(t, at, 0);
			is_content = true;
		}
		if (at < t->count && t->parts[at].kind == PART_MULTIPART)
			at = child_of(t, at, path[i]);
		else if (!is_content || path[i] != 1)
			return STATUS_ABSENT;
		if (at >= t->count)
			return STATUS_ABSENT;
		is_content = false;
	}
	*out = at;
	return STATUS_OK;
}

void
part_charset(struct slice text, const struct part_tree *t, struct buf *out)
{
	uint32_t i;

	for (i = 0; i < t->count; i++) {
		const struct part *p = &t->parts[i];
		struct slice header = slice_sub(text, p->header_at, p->header_len);
		struct header_field f;
		struct param_list type;
		bool is_text;

		if (p->kind != PART_LEAF || !header_find(header, SLICE("content-type"), &f))
			continue;
		param_list_parse(f.value, &type);
		is_text = slice_equal_nocase(type.type, SLICE("text"));
		if (is_text)
			(void)buf_append(out, param_list_get(&type, SLICE("charset")));
		param_list_clear(&type);
		if (is_text)
			return;
	}
}
