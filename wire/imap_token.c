#include "wire/imap_token.h"

#include "base/ascii.h"

enum { CLASS_ATOM = 1, CLASS_ASTRING = 2, CLASS_PATTERN = 4, CLASS_TAG = 8 };

/* Which words a byte may stand in; RFC 3501 s.9 atom-specials and kin. */
static unsigned
class_of(char c)
{
	if (ascii_is_control(c) || c == ' ')
		return 0;
	if (ascii_is_8bit(c))
		return CLASS_ASTRING | CLASS_PATTERN;
	switch (c) {
	case '(':
	case ')':
	case '{':
	case '"':
	case '\\':
		return 0;
	case '%':
	case '*':
		return CLASS_PATTERN;
	case ']':
		return CLASS_ASTRING | CLASS_PATTERN | CLASS_TAG;
	case '+':
		return CLASS_ATOM | CLASS_ASTRING | CLASS_PATTERN;
	default:
		return CLASS_ATOM | CLASS_ASTRING | CLASS_PATTERN | CLASS_TAG;
	}
}

struct imap_reader
imap_reader_init(struct slice text, struct buf *memory)
{
	return (struct imap_reader){ .rest = text, .memory = memory, .reserve = text.len };
}

bool
imap_at_end(const struct imap_reader *r)
{
	for (size_t i = 0; i < r->rest.len; i++)
		if (r->rest.ptr[i] != ' ')
			return false;
	return true;
}

bool
imap_take_byte(struct imap_reader *r, char c)
{
	if (r->rest.len == 0 || r->rest.ptr[0] != c)
		return false;
	r->rest = slice_skip(r->rest, 1);
	return true;
}

bool
imap_take_space(struct imap_reader *r)
{
	if (!imap_take_byte(r, ' '))
		return false;
	while (imap_take_byte(r, ' '))
		;
	return true;
}

static enum status
take_class(struct imap_reader *r, unsigned class, struct slice *out)
{
	size_t n = 0;

	while (n < r->rest.len && (class_of(r->rest.ptr[n]) & class))
		n++;
	if (n == 0)
		return STATUS_SYNTAX;
	*out = slice_sub(r->rest, 0, n);
	r->rest = slice_skip(r->rest, n);
	return STATUS_OK;
}

enum status
imap_take_tag(struct imap_reader *r, struct slice *out)
{
	return take_class(r, CLASS_TAG, out);
}

enum status
imap_take_atom(struct imap_reader *r, struct slice *out)
{
	return take_class(r, CLASS_ATOM, out);
}

enum status
imap_take_flag(struct imap_reader *r, struct slice *out)
{
	struct imap_reader try = *r;
	struct slice name;

	if (!imap_take_byte(&try, '\\'))
		return imap_take_atom(r, out);
	if (!imap_take_byte(&try, '*') && imap_take_atom(&try, &name) != STATUS_OK)
		return STATUS_SYNTAX;
	*out = slice_sub(r->rest, 0, r->rest.len - try.rest.len);
	r->rest = try.rest;
	return STATUS_OK;
}

/* raw: what stood between the quotes, with at least one quoted pair. */
static enum status
undo_pairs(struct imap_reader *r, struct slice raw, struct slice *out)
{
	size_t from = r->memory->len;

	/* All that will ever be undone is shorter than the command: reserve it once. */
	if (from == 0 && buf_reserve(r->memory, r->reserve) != STATUS_OK)
		return STATUS_LIMIT;
	for (size_t i = 0; i < raw.len; i++) {
		if (raw.ptr[i] == '\\')
			i++;
		buf_append_byte(r->memory, raw.ptr[i]);
	}
	if (buf_status(r->memory) != STATUS_OK)
		return STATUS_LIMIT;
	*out = slice_make(r->memory->ptr + from, r->memory->len - from);
	return STATUS_OK;
}

static enum status
take_quoted(struct imap_reader *r, struct slice *out)
{
	struct slice s = r->rest, raw;
	bool has_pairs = false;
	enum status st = STATUS_OK;

	for (size_t i = 1; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '"') {
			raw = slice_sub(s, 1, i - 1);
			if (has_pairs)
				st = undo_pairs(r, raw, &raw);
			if (st != STATUS_OK)
				return st;
			*out = raw;
			r->rest = slice_skip(s, i + 1);
			return STATUS_OK;
		}
		if (c == '\0' || c == '\r' || c == '\n')
			return STATUS_SYNTAX;
		if (c == '\\') {
			i++;
			has_pairs = true;
			if (i == s.len || (s.ptr[i] != '"' && s.ptr[i] != '\\'))
				return STATUS_SYNTAX;
		}
	}
	return STATUS_SYNTAX;
}

static enum status
take_literal(struct imap_reader *r, struct slice *out)
{
	size_t eol = slice_find_byte(r->rest, '\n');
	struct imap_literal lit;
	struct slice line, text;

	if (eol == r->rest.len || eol == 0 || r->rest.ptr[eol - 1] != '\r')
		return STATUS_SYNTAX;
	line = slice_sub(r->rest, 0, eol - 1);
	/* The '{' we stand on is the one at the line's end, or this is no literal. */
	if (slice_find_last_byte(line, '{') != 0 || !imap_literal_announced(line, &lit))
		return STATUS_SYNTAX;
	text = slice_skip(r->rest, eol + 1);
	if (lit.size_bytes > text.len)
		return STATUS_SYNTAX;
	text.len = (size_t)lit.size_bytes;
	if (slice_find_byte(text, '\0') != text.len)
		return STATUS_SYNTAX;
	*out = text;
	r->rest = slice_skip(r->rest, eol + 1 + text.len);
	return STATUS_OK;
}

enum status
imap_take_string(struct imap_reader *r, struct slice *out)
{
	if (r->rest.len == 0)
		return STATUS_SYNTAX;
	if (r->rest.ptr[0] == '"')
		return take_quoted(r, out);
	if (r->rest.ptr[0] == '{')
		return take_literal(r, out);
	return STATUS_SYNTAX;
}

static enum status
take_string_or(struct imap_reader *r, unsigned class, struct slice *out)
{
	if (r->rest.len != 0 && (r->rest.ptr[0] == '"' || r->rest.ptr[0] == '{'))
		return imap_take_string(r, out);
	return take_class(r, class, out);
}

enum status
imap_take_astring(struct imap_reader *r, struct slice *out)
{
	return take_string_or(r, CLASS_ASTRING, out);
}

enum status
imap_take_pattern(struct imap_reader *r, struct slice *out)
{
	return take_string_or(r, CLASS_PATTERN, out);
}

enum status
imap_take_nstring(struct imap_reader *r, struct slice *out)
{
	struct imap_reader try = *r;
	struct slice word;

	if (imap_take_atom(&try, &word) != STATUS_OK)
		return imap_take_string(r, out);
	if (!slice_equal_nocase(word, SLICE("NIL")))
		return STATUS_SYNTAX;
	*out = slice_make(NULL, 0);
	r->rest = try.rest;
	return STATUS_OK;
}

static size_t
digits(struct slice s)
{
	size_t n = 0;

	while (n < s.len && ascii_is_digit(s.ptr[n]))
		n++;
	return n;
}

enum status
imap_take_number(struct imap_reader *r, uint32_t *out)
{
	size_t n = digits(r->rest);
	enum status st = parse_u32(slice_sub(r->rest, 0, n), 0, UINT32_MAX, out);

	if (st == STATUS_OK)
		r->rest = slice_skip(r->rest, n);
	return st;
}

enum status
imap_take_set(struct imap_reader *r, struct slice *out)
{
	size_t n = 0;

	if (r->rest.len != 0 && r->rest.ptr[0] == '$')
		n = 1;
	while (n < r->rest.len && (ascii_is_digit(r->rest.ptr[n]) || r->rest.ptr[n] == ':' ||
	    r->rest.ptr[n] == ',' || r->rest.ptr[n] == '*'))
		n++;
	if (n == 0)
		return STATUS_SYNTAX;
	*out = slice_sub(r->rest, 0, n);
	r->rest = slice_skip(r->rest, n);
	return STATUS_OK;
}

static enum status
set_number(struct slice *set, uint32_t *out)
{
	size_t n;
	enum status st;

	if (set->len != 0 && set->ptr[0] == '*') {
		*out = IMAP_SET_STAR;
		*set = slice_skip(*set, 1);
		return STATUS_OK;
	}
	n = digits(*set);
	st = parse_u32(slice_sub(*set, 0, n), 1, UINT32_MAX, out);
	if (st != STATUS_OK)
		return STATUS_SYNTAX;
	*set = slice_skip(*set, n);
	return STATUS_OK;
}

enum status
imap_set_next(struct slice *set, uint32_t *first, uint32_t *last)
{
	struct slice rest = *set;
	uint32_t a, b;

	if (rest.len == 0)
		return STATUS_ABSENT;
	if (set_number(&rest, &a) != STATUS_OK)
		return STATUS_SYNTAX;
	b = a;
	if (rest.len != 0 && rest.ptr[0] == ':') {
		rest = slice_skip(rest, 1);
		if (set_number(&rest, &b) != STATUS_OK)
			return STATUS_SYNTAX;
	}
	if (rest.len != 0) {
		/* A comma must be followed by another range. */
		if (rest.ptr[0] != ',' || rest.len == 1)
			return STATUS_SYNTAX;
		rest = slice_skip(rest, 1);
	}
	*set = rest;
	*first = a;
	*last = b;
	return STATUS_OK;
}

bool
imap_literal_announced(struct slice line, struct imap_literal *out)
{
	size_t open, n;
	struct slice inner;

	if (line.len < 3 || line.ptr[line.len - 1] != '}')
		return false;
	open = slice_find_last_byte(line, '{');
	if (open == line.len)
		return false;
	inner = slice_sub(line, open + 1, line.len - open - 2);
	n = digits(inner);
	if (n == 0 || (n != inner.len && !(n + 1 == inner.len && inner.ptr[n] == '+')))
		return false;
	out->is_sync = n == inner.len;
	if (parse_u64(slice_sub(inner, 0, n), 0, UINT64_MAX, &out->size_bytes) != STATUS_OK)
		out->size_bytes = UINT64_MAX;
	return true;
}
