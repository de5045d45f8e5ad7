#include "wire/smtp_path.h"

#include <string.h>

#include "base/ascii.h"

/* atext of RFC 5322 s.3.2.3 without letters and digits, and the dot. */
static bool
is_atom_byte(char c)
{
	return ascii_is_alnum(c) || ascii_is_8bit(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

/* Underscores are no host name's, but Windows' names have them. */
static bool
is_domain_byte(char c)
{
	return ascii_is_alnum(c) || ascii_is_8bit(c) || c == '-' || c == '_';
}

static size_t
span(struct slice s, bool (*is_in)(char c))
{
	size_t n = 0;

	while (n < s.len && is_in(s.ptr[n]))
		n++;
	return n;
}

/* Length of the quoted string that s begins with, 0 when it is none. */
static size_t
quoted_span(struct slice s)
{
	size_t n = 1;

	while (n < s.len && s.ptr[n] != '"') {
		if (s.ptr[n] == '\\')
			n++;
		if (n >= s.len || ascii_is_control(s.ptr[n]))
			return 0;
		n++;
	}
	return n < s.len ? n + 1 : 0;
}

/* Labels with a dot between them; 0 when one is empty. */
static size_t
name_span(struct slice s)
{
	size_t n = 0;

	for (;;) {
		size_t label = span(slice_skip(s, n), is_domain_byte);

		if (label == 0)
			return 0;
		n += label;
		if (n == s.len || s.ptr[n] != '.')
			return n;
		n++;
	}
}

static size_t
literal_span(struct slice s)
{
	size_t n = 1;

	while (n < s.len && s.ptr[n] > ' ' && s.ptr[n] < 127 && s.ptr[n] != '[' &&
	    s.ptr[n] != ']' && s.ptr[n] != '\\' && s.ptr[n] != '<' && s.ptr[n] != '>')
		n++;
	return n > 1 && n < s.len && s.ptr[n] == ']' ? n + 1 : 0;
}

static size_t
domain_span(struct slice s)
{
	if (s.len > 0 && s.ptr[0] == '[')
		return literal_span(s);
	return name_span(s);
}

static void
skip_blanks(struct slice *s)
{
	while (s->len > 0 && (s->ptr[0] == ' ' || s->ptr[0] == '\t'))
		*s = slice_skip(*s, 1);
}

/* "@a,@b:" means nothing any more (RFC 5321 appendix C) and is passed over. */
static enum status
take_route(struct slice *s)
{
	struct slice in = *s;

	while (in.len > 0 && in.ptr[0] == '@') {
		size_t n = domain_span(slice_skip(in, 1));

		if (n == 0)
			return STATUS_SYNTAX;
		in = slice_skip(in, 1 + n);
		if (in.len == 0 || (in.ptr[0] != ',' && in.ptr[0] != ':'))
			return STATUS_SYNTAX;
		if (in.ptr[0] == ':') {
			*s = slice_skip(in, 1);
			return STATUS_OK;
		}
		in = slice_skip(in, 1);
	}
	return in.ptr == s->ptr ? STATUS_OK : STATUS_SYNTAX;
}

static enum status
take_mailbox(struct slice *s, struct smtp_path *p)
{
	struct slice in = *s;
	size_t n;

	n = in.len > 0 && in.ptr[0] == '"' ? quoted_span(in) : span(in, is_atom_byte);
	if (n == 0)
		return STATUS_SYNTAX;
	p->local = slice_sub(in, 0, n);
	in = slice_skip(in, n);
	if (in.len > 0 && in.ptr[0] == '@') {
		n = domain_span(slice_skip(in, 1));
		if (n == 0)
			return STATUS_SYNTAX;
		p->domain = slice_sub(in, 1, n);
		in = slice_skip(in, 1 + n);
	}
	*s = in;
	return STATUS_OK;
}

static enum status
take_bracketed(struct slice *in, enum smtp_path_mode mode, struct smtp_path *p)
{
	enum status st;

	*in = slice_skip(*in, 1);
	if (mode == SMTP_PATH_LIBERAL)
		skip_blanks(in);
	if (in->len > 0 && in->ptr[0] == '>') {
		p->is_null = true;
	} else {
		st = take_route(in);
		if (st == STATUS_OK)
			st = take_mailbox(in, p);
		if (st != STATUS_OK)
			return st;
	}
	if (mode == SMTP_PATH_LIBERAL)
		skip_blanks(in);
	if (in->len == 0 || in->ptr[0] != '>')
		return STATUS_SYNTAX;
	*in = slice_skip(*in, 1);
	return STATUS_OK;
}

static bool
has_8bit(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_8bit(s.ptr[i]))
			return true;
	return false;
}

enum status
smtp_path_take(struct slice *rest, enum smtp_path_mode mode, struct smtp_path *out)
{
	struct slice in = *rest;
	struct smtp_path p = { 0 };
	enum status st;

	if (mode == SMTP_PATH_LIBERAL)
		skip_blanks(&in);
	if (in.len > 0 && in.ptr[0] == '<')
		st = take_bracketed(&in, mode, &p);
	else
		st = mode == SMTP_PATH_LIBERAL ? take_mailbox(&in, &p) : STATUS_SYNTAX;
	if (st != STATUS_OK)
		return st;
	if (in.len > 0 && in.ptr[0] != ' ')
		return STATUS_SYNTAX;
	if (p.local.len > SMTP_LOCAL_MAX || p.domain.len > SMTP_DOMAIN_MAX ||
	    rest->len - in.len > SMTP_PATH_MAX)
		return STATUS_LIMIT;
	p.is_8bit = has_8bit(p.local) || has_8bit(p.domain);
	if (p.is_8bit && (!utf8_is_valid(p.local) || !utf8_is_valid(p.domain)))
		return STATUS_SYNTAX;
	*rest = in;
	*out = p;
	return STATUS_OK;
}

/* dot-string of RFC 5321 s.4.1.2: no dot at an end, no two together. */
static bool
is_dot_string(struct slice s)
{
	if (s.len == 0 || s.ptr[0] == '.' || s.ptr[s.len - 1] == '.')
		return false;
	return span(s, is_atom_byte) == s.len && slice_find(s, SLICE("..")) == s.len;
}

static void
put_unquoted(struct slice inner, struct buf *out)
{
	for (size_t i = 0; i < inner.len; i++) {
		if (inner.ptr[i] == '\\')
			i++;
		buf_append_byte(out, inner.ptr[i]);
	}
}

static void
put_local(struct slice local, struct buf *out)
{
	struct buf plain = buf_init(SMTP_LOCAL_MAX);

	if (local.len == 0 || local.ptr[0] != '"') {
		buf_append(out, local);
		return;
	}
	put_unquoted(slice_sub(local, 1, local.len - 2), &plain);
	if (is_dot_string(buf_slice(&plain))) {
		buf_append(out, buf_slice(&plain));
	} else {
		buf_append_byte(out, '"');
		for (size_t i = 0; i < plain.len; i++) {
			if (plain.ptr[i] == '"' || plain.ptr[i] == '\\')
				buf_append_byte(out, '\\');
			buf_append_byte(out, plain.ptr[i]);
		}
		buf_append_byte(out, '"');
	}
	buf_clear(&plain);
}

void
smtp_path_text(const struct smtp_path *p, struct buf *out)
{
	put_local(p->local, out);
	if (p->domain.len == 0)
		return;
	buf_append_byte(out, '@');
	for (size_t i = 0; i < p->domain.len; i++)
		buf_append_byte(out, ascii_lower(p->domain.ptr[i]));
}

static bool
is_keyword_byte(char c)
{
	return ascii_is_alnum(c) || c == '-';
}

static bool
is_value_byte(char c)
{
	return !ascii_is_control(c) && c != ' ';
}

enum status
smtp_parameter_take(struct slice *rest, struct smtp_parameter *out)
{
	struct slice in = *rest;
	struct smtp_parameter p = { 0 };
	size_t n;

	skip_blanks(&in);
	if (in.len == 0)
		return STATUS_ABSENT;
	n = span(in, is_keyword_byte);
	if (n == 0 || in.ptr[0] == '-')
		return STATUS_SYNTAX;
	p.name = slice_sub(in, 0, n);
	in = slice_skip(in, n);
	if (in.len > 0 && in.ptr[0] == '=') {
		p.has_value = true;
		n = span(slice_skip(in, 1), is_value_byte);
		p.value = slice_sub(in, 1, n);
		in = slice_skip(in, 1 + n);
	}
	if (in.len > 0 && in.ptr[0] != ' ' && in.ptr[0] != '\t')
		return STATUS_SYNTAX;
	*rest = in;
	*out = p;
	return STATUS_OK;
}
