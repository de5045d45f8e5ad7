#include "mime/address.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "mime/charset.h"
#include "mime/lex.h"
#include "mime/word.h"

enum state {
	STATE_DOUBLE = 1,	/* the value is in a double-byte charset */
	STATE_NO_QUOTE = 2,	/* the rest has no closing quote: '"' is a character */
	STATE_NO_COMMENT = 4,	/* the rest has no closing parenthesis */
};

/* One element of a list, before it is known what it is. */
struct item {
	struct slice text;	/* up to the byte that ended it, without it */
	struct slice comment;
	size_t last_at;		/* of the last '@' outside quotes; text.len: none */
	char end;		/* ',' ';' ':' '<', or NUL at the end of the value */
};

struct address_reader
address_reader_init(struct slice value, unsigned max)
{
	struct address_reader r = { .rest = value, .left = max };

	if (lex_is_double(value))
		r.state = STATE_DOUBLE;
	return r;
}

/* Bytes that mean nothing by themselves; the others of atext are passed one by one. */
static size_t
plain_len(struct slice s)
{
	size_t n = 0;

	while (n < s.len && (ascii_is_alnum(s.ptr[n]) || s.ptr[n] == '-' || s.ptr[n] == '_'))
		n++;
	return n;
}

/*
 * Length of the token at the start of s (not empty): a comment, quoted string,
 * domain literal, encoded word, a run of plain bytes, or one character.
 */
static size_t
token_len(struct slice s, unsigned *state)
{
	bool is_double = (*state & STATE_DOUBLE) != 0;
	size_t n = plain_len(s);

	if (n > 0)
		return n;
	switch (s.ptr[0]) {
	case '"':
		if (!(*state & STATE_NO_QUOTE) && (n = lex_quoted_len(s, is_double)) == 0)
			*state |= STATE_NO_QUOTE;
		break;
	case '(':
		if (!(*state & STATE_NO_COMMENT) && (n = lex_comment_len(s, is_double)) == 0)
			*state |= STATE_NO_COMMENT;
		break;
	case '[':
		n = slice_find_byte(slice_sub(s, 0, 256), ']') + 1;
		if (n > s.len || n > 256 || slice_find_byte(slice_sub(s, 0, n), ',') < n)
			n = 0;
		break;
	case '=':
		n = lex_encoded_word_len(s);
		break;
	default:
		n = lex_char_len(s, is_double);
		break;
	}
	return n > 0 ? n : 1;
}

static bool
ends_item(char c, bool in_group)
{
	return c == ',' || c == ';' || c == '<' || (c == ':' && !in_group);
}

/* Take the text before the next separator off r->rest, and that separator. */
static struct item
take_item(struct address_reader *r)
{
	struct item it = { .text = r->rest, .comment = slice_sub(r->rest, 0, 0) };
	size_t at = 0;

	it.last_at = SIZE_MAX;
	while (at < r->rest.len) {
		struct slice s = slice_skip(r->rest, at);
		size_t n = token_len(s, &r->state);

		if (n == 1 && ends_item(s.ptr[0], r->in_group)) {
			it.end = s.ptr[0];
			break;
		}
		if (n == 1 && s.ptr[0] == '@')
			it.last_at = at;
		if (n > 1 && s.ptr[0] == '(')
			it.comment = slice_sub(s, 1, n - 2);
		at += n;
	}
	it.text.len = at;
	if (it.last_at > at)
		it.last_at = at;
	r->rest = slice_skip(r->rest, at + 1);
	return it;
}

/* Blanks and comments off the front. */
static struct slice
skip_cfws(struct slice s, bool is_double)
{
	for (;;) {
		size_t n = lex_blank_len(s);

		if (n == 0 && s.len > 0 && s.ptr[0] == '(')
			n = lex_comment_len(s, is_double);
		if (n == 0)
			return s;
		s = slice_skip(s, n);
	}
}

/* Blanks and comments off the end; comments only as take_item() saw them, from the front. */
static struct slice
trim_cfws(struct slice s, unsigned state)
{
	size_t end = 0;
	size_t at = 0;

	s = skip_cfws(s, (state & STATE_DOUBLE) != 0);
	while (at < s.len) {
		struct slice rest = slice_skip(s, at);
		size_t n = token_len(rest, &state);

		at += n;
		if (!ascii_is_space(rest.ptr[0]) && !(n > 1 && rest.ptr[0] == '('))
			end = at;
	}
	s.len = end;
	return s;
}

/*
 * Where the local part begins that ends at s's end: behind the last blank that
 * has no dot beside it.  What stands before it is taken for a name.
 */
static size_t
local_start(struct slice s, unsigned state)
{
	size_t start = 0;
	size_t at = 0;
	char before = '.';

	while (at < s.len) {
		struct slice rest = slice_skip(s, at);
		size_t blank = lex_blank_len(rest);

		if (blank > 0) {
			at += blank;
			if (at < s.len && s.ptr[at] != '.' && before != '.')
				start = at;
			continue;
		}
		at += token_len(rest, &state);
		before = s.ptr[at - 1];
	}
	return start;
}

/* The domain that s begins with; what stands behind a blank without a dot is none of it. */
static struct slice
domain_of(struct slice s, unsigned state)
{
	size_t at = 0;

	s = trim_cfws(s, state);
	while (at < s.len) {
		size_t blank = lex_blank_len(slice_skip(s, at));

		if (blank > 0 && at > 0 && s.ptr[at - 1] != '.' && s.ptr[at + blank] != '.' &&
		    s.ptr[at + blank] != '(')
			break;
		if (s.ptr[at] == '>')
			break;	/* of a '<' that nobody wrote */
		at += blank > 0 ? blank : token_len(slice_skip(s, at), &state);
	}
	s.len = at;
	return s;
}

static void
split_at(struct slice text, size_t at, unsigned state, struct address *a)
{
	if (at >= text.len) {
		a->local = trim_cfws(text, state);
		a->domain = slice_sub(text, 0, 0);
		return;
	}
	a->local = trim_cfws(slice_sub(text, 0, at), state);
	a->domain = domain_of(slice_skip(text, at + 1), state);
}

/* "local@domain" or, failing that, words; nothing stood in angle brackets. */
static void
read_bare(const struct item *it, unsigned state, struct address *a)
{
	size_t start;

	split_at(it->text, it->last_at, state, a);
	a->comment = it->comment;
	if (it->last_at >= it->text.len)
		return;
	start = local_start(a->local, state);
	if (start > 0) {
		a->name = trim_cfws(slice_sub(a->local, 0, start), state);
		a->local = slice_skip(a->local, start);
	}
}

/*
 * Length of what stands behind '<': up to '>', or, where that is missing, to
 * the next comma or the end.  *at is the last '@', *colon the end of a route.
 */
static size_t
angle_len(struct slice s, unsigned *state, size_t *at, size_t *colon)
{
	bool is_route = s.len > 0 && s.ptr[lex_blank_len(s) < s.len ? lex_blank_len(s) : 0] == '@';
	size_t i = 0;

	*at = *colon = SIZE_MAX;
	while (i < s.len) {
		size_t n = token_len(slice_skip(s, i), state);

		if (n == 1 && (s.ptr[i] == '>' || (s.ptr[i] == ',' && !is_route)))
			break;
		if (n == 1 && s.ptr[i] == '@')
			*at = i;
		if (n == 1 && s.ptr[i] == ':' && is_route) {
			*colon = i;
			*at = SIZE_MAX;
			is_route = false;
		}
		i += n;
	}
	return i;
}

static void
read_angle(struct address_reader *r, const struct item *it, struct address *a)
{
	struct slice inside = r->rest;
	size_t at, colon;

	a->name = trim_cfws(it->text, r->state);
	a->comment = it->comment;
	inside.len = angle_len(r->rest, &r->state, &at, &colon);
	r->rest = slice_skip(r->rest, inside.len);
	if (r->rest.len > 0 && r->rest.ptr[0] == '>')
		r->rest = slice_skip(r->rest, 1);
	if (colon < inside.len) {
		a->route = slice_trim(slice_sub(inside, 0, colon));
		inside = slice_skip(inside, colon + 1);
		at = at == SIZE_MAX ? inside.len : at - colon - 1;
	}
	split_at(inside, at, r->state, a);
}

/* Pass over what stands between '>' and the next separator, keeping its comment. */
static void
skip_tail(struct address_reader *r, struct address *a)
{
	size_t at = 0;

	while (at < r->rest.len) {
		struct slice s = slice_skip(r->rest, at);
		size_t n = token_len(s, &r->state);

		if (n == 1 && (s.ptr[0] == ',' || s.ptr[0] == ';'))
			break;
		if (n == 1 && s.ptr[0] == '<')
			break;	/* "<a@b> <c@d>": another address begins */
		if (n > 1 && s.ptr[0] == '(')
			a->comment = slice_sub(s, 1, n - 2);
		at += n;
	}
	r->rest = slice_skip(r->rest, at);
}

static bool
is_nothing(const struct address *a)
{
	return a->local.len == 0 && a->domain.len == 0 && a->name.len == 0 && a->comment.len == 0;
}

/* What one item is; false when it is nothing at all. */
static bool
read_item(struct address_reader *r, struct address *a)
{
	struct item it = take_item(r);

	*a = (struct address){ .kind = ADDRESS_MAILBOX };
	if (it.end == ':') {
		a->kind = ADDRESS_GROUP_BEGIN;
		a->name = trim_cfws(it.text, r->state);
		r->in_group = true;
		r->left--;
		return true;
	}
	if (it.end == '<') {
		read_angle(r, &it, a);
		skip_tail(r, a);
	} else {
		read_bare(&it, r->state, a);
		if (it.end == ';')	/* seen again when the group is closed */
			r->rest = slice_make(r->rest.ptr - 1, r->rest.len + 1);
	}
	if (is_nothing(a) || r->left == 0)
		return false;
	r->left--;
	return true;
}

bool
address_next(struct address_reader *r, struct address *a)
{
	while (r->rest.len > 0) {
		char c = r->rest.ptr[0];

		if (c == ',' || ascii_is_space(c) || c == ';') {
			r->rest = slice_skip(r->rest, 1);
			if (c == ';' && r->in_group)
				break;
			continue;
		}
		if (r->left == 0 && !r->in_group)
			return false;
		if (read_item(r, a))
			return true;
	}
	if (!r->in_group)
		return false;
	r->in_group = false;
	*a = (struct address){ .kind = ADDRESS_GROUP_END };
	return true;
}

/*
 * A phrase as one line: quotes and quoted pairs undone, comments gone, runs of
 * blanks outside quotes made one.
 */
static void
unquote_phrase(struct slice s, bool is_double, struct buf *out)
{
	unsigned state = is_double ? STATE_DOUBLE : 0;
	bool is_blank = false;

	while (s.len > 0) {
		size_t n = lex_blank_len(s);

		if (n == 0)
			n = token_len(s, &state);
		if (ascii_is_space(s.ptr[0]) || (n > 1 && s.ptr[0] == '(')) {
			is_blank = true;
			s = slice_skip(s, n);
			continue;
		}
		if (is_blank && out->len > 0)
			(void)buf_append_byte(out, ' ');
		is_blank = false;
		if (n > 1 && s.ptr[0] == '"')
			lex_unescape(slice_sub(s, 1, n - 2), is_double, out);
		else
			lex_unescape(slice_sub(s, 0, n), is_double, out);
		s = slice_skip(s, n);
	}
}

void
address_phrase(const struct address *a, struct slice body_charset, struct buf *out)
{
	struct slice raw = a->name.len > 0 ? a->name : a->comment;
	struct buf utf8 = buf_init(raw.len * 4 + 16);

	if (lex_has_8bit(raw)) {	/* second bytes may look like quotes: decode first */
		(void)charset_to_utf8(charset_guess(raw, body_charset), raw, &utf8);
		raw = buf_slice(&utf8);
	}
	if (a->name.len > 0)
		unquote_phrase(raw, false, out);
	else
		lex_unescape(slice_trim(raw), false, out);
	buf_clear(&utf8);
}

void
address_name(const struct address *a, struct slice body_charset, struct buf *out)
{
	size_t raw_len = a->name.len > 0 ? a->name.len : a->comment.len;
	struct buf phrase = buf_init(raw_len * 4 + 16);
	struct buf name = buf_init(raw_len * 8 + 64);

	address_phrase(a, body_charset, &phrase);
	(void)word_decode(buf_slice(&phrase), body_charset, &name);
	(void)buf_append(out, slice_trim(buf_slice(&name)));
	buf_clear(&phrase);
	buf_clear(&name);
}

/* RFC 5322 s.3.2.3 atext and dots, 8-bit too (RFC 6532). */
static bool
is_dot_atom(struct slice s)
{
	const struct slice specials = SLICE("()<>[]:;@\\,\" ");
	size_t i;

	if (s.len == 0 || s.ptr[0] == '.' || s.ptr[s.len - 1] == '.')
		return false;
	for (i = 0; i < s.len; i++)
		if (ascii_is_control(s.ptr[i]) ||
		    slice_find_byte(specials, s.ptr[i]) < specials.len)
			return false;
	return true;
}

/* Append s without comments, blanks and controls outside quotes. */
static void
append_without_cfws(struct slice s, struct buf *out)
{
	unsigned state = 0;

	while (s.len > 0) {
		size_t n = token_len(s, &state);

		if (n > 1 && s.ptr[0] != '(')
			(void)buf_append(out, slice_sub(s, 0, n));
		else if (n == 1 && s.ptr[0] != ' ' && !ascii_is_control(s.ptr[0]))
			(void)buf_append_byte(out, s.ptr[0]);
		s = slice_skip(s, n);
	}
}

void
address_local(const struct address *a, struct buf *out)
{
	struct slice s = slice_trim(a->local);

	if (s.len >= 2 && s.ptr[0] == '"' && lex_quoted_len(s, false) == s.len)
		lex_unescape(slice_sub(s, 1, s.len - 2), false, out);
	else if (a->domain.len == 0)
		unquote_phrase(s, lex_is_double(s), out);
	else
		append_without_cfws(s, out);
}

void
address_domain(const struct address *a, struct buf *out)
{
	append_without_cfws(a->domain, out);
}

void
address_text(const struct address *a, struct buf *out)
{
	struct buf local = buf_init(a->local.len + 1);
	struct slice s;
	size_t i;

	address_local(a, &local);
	s = buf_slice(&local);
	if (is_dot_atom(s) || a->local.len == 0) {
		(void)buf_append(out, s);
	} else {
		(void)buf_append_byte(out, '"');
		for (i = 0; i < s.len; i++) {
			if (s.ptr[i] == '"' || s.ptr[i] == '\\')
				(void)buf_append_byte(out, '\\');
			if (!ascii_is_control(s.ptr[i]))
				(void)buf_append_byte(out, s.ptr[i]);
		}
		(void)buf_append_byte(out, '"');
	}
	buf_clear(&local);
	if (a->domain.len == 0)
		return;
	(void)buf_append_byte(out, '@');
	i = out->len;
	address_domain(a, out);
	for (; i < out->len; i++)
		out->ptr[i] = ascii_lower(out->ptr[i]);
}
