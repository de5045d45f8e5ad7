#include <string.h>

#include "base/ascii.h"
#include "base/idn.h"
#include "mime/address.h"
#include "mime/charset.h"
#include "mime/compose.h"
#include "mime/encoding.h"
#include "mime/lex.h"
#include "mime/param.h"
#include "mime/word.h"
#include "policy/rewrite_internal.h"

enum {
	FIELD_NAME_MAX = 200,
	ADDRESSES_MAX = 10000,	/* in one field */
	SHOWN_MAX = 65536,	/* addresses are looked for in no longer text */
	SHOWN_GROWTH = 100,	/* times it may grow: "a@b," becomes an address of 320 bytes */
	FOLD_AT = 78,
	PARAM_PLAIN_MAX = 300,	/* a longer value of a parameter is cut in pieces */
	BOUNDARY_LEN_MAX = 400,	/* RFC 2046 s.5.1.1: 70; each byte may need a backslash */
	PARAM_PIECE = 40,	/* characters of one piece, before they become %XX */
};

/* Each row's name ends in '*' where it stands for all that begin so. */
static const struct { const char *name; enum field_role role; } roles[] = {
	{ "From", ROLE_FROM },
	{ "To", ROLE_RECIPIENTS },
	{ "Cc", ROLE_RECIPIENTS },
	{ "Sender", ROLE_ADDRESSES },
	{ "Reply-To", ROLE_ADDRESSES },
	{ "Resent-From", ROLE_ADDRESSES },
	{ "Resent-Sender", ROLE_ADDRESSES },
	{ "Resent-To", ROLE_ADDRESSES },
	{ "Resent-Cc", ROLE_ADDRESSES },
	{ "Resent-Reply-To", ROLE_ADDRESSES },
	{ "Mail-Reply-To", ROLE_ADDRESSES },
	{ "Mail-Followup-To", ROLE_ADDRESSES },
	{ "Disposition-Notification-To", ROLE_ADDRESSES },
	{ "Return-Receipt-To", ROLE_ADDRESSES },
	{ "X-Confirm-Reading-To", ROLE_ADDRESSES },
	{ "Errors-To", ROLE_ADDRESSES },
	{ "Date", ROLE_DATE },
	{ "Message-ID", ROLE_MESSAGE_ID },
	{ "In-Reply-To", ROLE_IDS },
	{ "References", ROLE_IDS },
	{ "Resent-Message-ID", ROLE_IDS },
	{ "Original-Message-ID", ROLE_IDS },
	{ "Received", ROLE_TRACE },
	{ "MIME-Version", ROLE_MIME_VERSION },
	{ "Content-Type", ROLE_TYPE },
	{ "Content-Transfer-Encoding", ROLE_ENCODING },
	{ "Content-Disposition", ROLE_MIME },
	{ "Bcc", ROLE_DROP },
	{ "Resent-Bcc", ROLE_DROP },
	{ "Fcc", ROLE_DROP },
	{ "Return-Path", ROLE_DROP },
	{ "Delivered-To", ROLE_DROP },
	{ "X-Original-To", ROLE_DROP },
	{ "Envelope-To", ROLE_DROP },
	{ "X-Envelope-*", ROLE_DROP },
	{ "Apparently-*", ROLE_DROP },
	{ "X-Apparently-*", ROLE_DROP },
	{ "X-Originating-*", ROLE_DROP },
	{ "X-Sender*", ROLE_DROP },
	{ "X-Source*", ROLE_DROP },
	{ "X-Client-*", ROLE_DROP },
	{ "X-Remote-*", ROLE_DROP },
	{ "X-Real-*", ROLE_DROP },
	{ "X-Forwarded-*", ROLE_DROP },
	{ "X-Received*", ROLE_DROP },
	{ "X-Auth*", ROLE_DROP },
	{ "X-PHP-*", ROLE_DROP },
	{ "X-Get-Message-Sender-Via", ROLE_DROP },
	{ "X-Microsoft-Original-Message-ID", ROLE_DROP },
	{ "X-MS-Exchange-*", ROLE_DROP },
	{ "X-Mozilla-*", ROLE_DROP },
	{ "X-Identity-Key", ROLE_DROP },
	{ "X-Account-Key", ROLE_DROP },
	{ "X-UID", ROLE_DROP },
	{ "X-UIDL", ROLE_DROP },
	{ "X-Status", ROLE_DROP },
	{ "X-Tradepost-*", ROLE_DROP },
	{ "Status", ROLE_DROP },
	{ "Content-Length", ROLE_DROP },
	{ "Lines", ROLE_DROP },
	{ "Received-SPF", ROLE_DROP },
	{ "Authentication-Results", ROLE_DROP },
	/* Of a text that is not this one any more. */
	{ "DKIM-Signature", ROLE_DROP },
	{ "DomainKey-Signature", ROLE_DROP },
	{ "ARC-*", ROLE_DROP },
};

enum field_role
field_role(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		struct slice row = slice_from_cstr(roles[i].name);

		if (row.ptr[row.len - 1] == '*' ?
		    slice_starts_nocase(name, slice_sub(row, 0, row.len - 1)) :
		    slice_equal_nocase(name, row))
			return roles[i].role;
	}
	return ROLE_NONE;
}

static bool
has_line_end(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '\r' || s.ptr[i] == '\n' || s.ptr[i] == '\0')
			return true;
	return false;
}

/* "=?charset?B?text?=": would who decodes it find a line end? */
static bool
word_hides_line_end(struct slice word)
{
	struct slice rest = slice_sub(word, 2, word.len - 4), charset, encoding;
	struct buf bytes = buf_init(1024), utf8 = buf_init(8192);
	bool hides;

	charset = slice_take_until(&rest, '?');
	charset = slice_sub(charset, 0, slice_find_byte(charset, '*'));
	encoding = slice_take_until(&rest, '?');
	(void)encoding_decode(slice_equal_nocase(encoding, SLICE("B")) ? ENCODING_BASE64 :
	    ENCODING_QP, rest, &bytes);
	/* In UTF-7 it is letters that mean a line end. */
	(void)charset_to_utf8(charset, buf_slice(&bytes), &utf8);
	hides = has_line_end(buf_slice(&bytes)) || has_line_end(buf_slice(&utf8));
	buf_clear(&bytes);
	buf_clear(&utf8);
	return hides;
}

static bool
hides_line_end(struct slice value)
{
	while (value.len > 0) {
		size_t len;

		value = slice_skip(value, slice_find(value, SLICE("=?")));
		len = value.len > 0 ? lex_encoded_word_len(value) : 0;
		if (len > 0 && word_hides_line_end(slice_sub(value, 0, len)))
			return true;
		value = slice_skip(value, len > 0 ? len : 2);
	}
	return false;
}

/* ASCII lines that are not too long and end in CRLF, each but the first behind a blank. */
static bool
has_good_lines(struct slice raw)
{
	size_t line = 0;

	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.ptr[i];
		bool is_end = c == '\r' && i + 1 < raw.len && raw.ptr[i + 1] == '\n';

		if (is_end) {
			i++;
			line = 0;
			continue;
		}
		if (ascii_is_8bit(c) || (ascii_is_control(c) && c != '\t') ||
		    ++line > REWRITE_LINE_MAX)
			return false;
	}
	return line == 0;
}

bool
field_is_clean(const struct header_field *f)
{
	return has_good_lines(f->raw) && !hides_line_end(f->value);
}

/* RFC 5322 s.3.6.8, and short enough for a line. */
bool
field_has_name(const struct header_field *f)
{
	struct slice name = f->name;

	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || ascii_is_8bit(name.ptr[i]) || name.ptr[i] == 127)
			return false;
	return name.len > 0 && name.len <= FIELD_NAME_MAX;
}

/* The value as UTF-8: decoded before quotes and '@' are looked for, GBK has them as second bytes. */
static struct buf
utf8_value(struct rewriting *r, struct slice value)
{
	struct buf utf8 = buf_init(value.len * 4 + 16);

	if (utf8_is_valid(value))
		(void)buf_append(&utf8, value);
	else
		(void)charset_to_utf8(charset_guess(value, buf_slice(&r->charset)), value, &utf8);
	return utf8;
}

static void
put_text(struct rewriting *r, const struct header_field *f)
{
	struct buf utf8 = buf_init(f->value.len * 8 + 64);

	(void)word_decode(f->value, buf_slice(&r->charset), &utf8);
	compose_field_text(r->out, f->name, buf_slice(&utf8));
	buf_clear(&utf8);
}

void
field_put(struct rewriting *r, const struct header_field *f, enum field_form form)
{
	if (form == FORM_DROPPED || !field_has_name(f))
		return;
	if (field_is_clean(f)) {
		(void)buf_append(r->out, f->raw);
		return;
	}
	switch (form) {
	case FORM_TEXT:
		put_text(r, f);
		break;
	case FORM_ADDRESSES:
		field_put_addresses(r, f);
		break;
	case FORM_MIME:
		field_put_params(r, f, (struct slice){ 0 });
		break;
	case FORM_PLAIN:
		compose_field(r->out, f->name, f->value);
		break;
	case FORM_DROPPED:
		break;
	}
}

/* ---- addresses ---- */

static const struct rewrite_address *
find_address(const struct rewriting *r, struct slice address)
{
	for (uint32_t i = 0; i < r->order->address_count; i++)
		if (slice_equal_nocase(r->order->addresses[i].inside, address))
			return &r->order->addresses[i];
	return NULL;
}

/* A character of an address as people write it in a text. */
static bool
is_address_char(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '+';
}

/* The address that has its '@' at at; empty: none. */
static struct slice
address_at(struct slice text, size_t at)
{
	size_t from = at, to = at + 1;

	while (from > 0 && is_address_char(text.ptr[from - 1]))
		from--;
	while (to < text.len && is_address_char(text.ptr[to]))
		to++;
	while (to > at + 1 && text.ptr[to - 1] == '.')
		to--;	/* of the sentence */
	return slice_sub(text, from, to - from);
}

/* Append text, with each address of the order as the outside knows it; true: there was one. */
static bool
put_shown(const struct rewriting *r, struct slice text, struct buf *out)
{
	size_t done = 0, at = 0;

	while (at < text.len && text.len <= SHOWN_MAX) {
		const struct rewrite_address *instead;
		struct slice address;

		at += slice_find_byte(slice_skip(text, at), '@');
		if (at == text.len)
			break;
		address = address_at(text, at);
		instead = find_address(r, address);
		at++;
		if (instead == NULL)
			continue;
		(void)buf_append(out, slice_sub(text, done,
		    (size_t)(address.ptr - text.ptr) - done));
		(void)buf_append(out, instead->address);
		done = at = (size_t)(address.ptr - text.ptr) + address.len;
	}
	(void)buf_append(out, slice_skip(text, done));
	return done > 0;
}

void
field_put_shown(struct rewriting *r, const struct header_field *f)
{
	struct buf raw = buf_init(f->raw.len + SHOWN_MAX * SHOWN_GROWTH);
	struct header_field shown;
	struct slice rest;

	/* What the author wrote for people to read stays. */
	if (!slice_equal_nocase(f->name, SLICE("Subject")) && put_shown(r, f->raw, &raw)) {
		rest = buf_slice(&raw);
		if (header_next(&rest, &shown))
			field_put(r, &shown, FORM_TEXT);
	} else {
		field_put(r, f, FORM_TEXT);
	}
	buf_clear(&raw);
}

/* A list being written. */
struct list {
	struct buf *out;
	size_t column;
	bool needs_comma;
};

static void
list_put(struct list *l, struct slice item)
{
	size_t first = slice_find(item, SLICE("\r\n"));
	size_t last = slice_find_last_byte(item, '\n');

	if (l->needs_comma)
		(void)buf_append_byte(l->out, ',');
	if (l->column + 2 + first > FOLD_AT) {
		(void)buf_append(l->out, SLICE("\r\n"));
		l->column = 0;
	}
	(void)buf_append_byte(l->out, ' ');
	(void)buf_append(l->out, item);
	l->column = last < item.len ? item.len - last : l->column + 2 + item.len;
	l->needs_comma = true;
}

/* The item for a mailbox; *is_changed: it is not who stands there. */
static void
put_mailbox(struct rewriting *r, const struct address *a, struct buf *item, bool *is_changed)
{
	struct buf said = buf_init(4096), name = buf_init(64 * 1024);
	struct buf address = buf_init(4096), wire = buf_init(8192);
	const struct rewrite_address *instead;

	address_name(a, SLICE("utf-8"), &said);
	/* Programs that know no name put the address there. */
	*is_changed |= put_shown(r, buf_slice(&said), &name);
	address_text(a, &address);
	instead = a->domain.len > 0 ? find_address(r, buf_slice(&address)) : NULL;
	if (instead != NULL) {
		*is_changed = true;
		compose_mailbox(item, instead->name.len > 0 ? instead->name : buf_slice(&name),
		    instead->address);
	} else {
		/* A domain that is not ASCII has a form that every reader takes. */
		idn_address(buf_slice(&address), &wire);
		compose_mailbox(item, buf_slice(&name), buf_slice(&wire));
	}
	buf_clear(&said);
	buf_clear(&name);
	buf_clear(&address);
	buf_clear(&wire);
}

static void
put_group(struct list *l, const struct address *a)
{
	struct buf name = buf_init(4096), item = buf_init(8192);

	address_name(a, SLICE("utf-8"), &name);
	compose_mailbox(&item, buf_slice(&name), SLICE(""));
	/* "name <>" without its empty address */
	if (slice_ends(buf_slice(&item), SLICE(" <>")))
		buf_truncate(&item, item.len - 3);
	(void)buf_append_byte(&item, ':');
	list_put(l, buf_slice(&item));
	l->needs_comma = false;
	buf_clear(&name);
	buf_clear(&item);
}

/* The value again; *is_changed: an address was replaced. */
static void
put_list(struct rewriting *r, struct slice utf8, struct list *l, bool *is_changed)
{
	struct address_reader list = address_reader_init(utf8, ADDRESSES_MAX);
	struct buf item = buf_init(8192);
	struct address a;

	while (address_next(&list, &a)) {
		switch (a.kind) {
		case ADDRESS_GROUP_BEGIN:
			put_group(l, &a);
			break;
		case ADDRESS_GROUP_END:
			(void)buf_append_byte(l->out, ';');
			l->column++;
			l->needs_comma = true;
			break;
		case ADDRESS_MAILBOX:
			buf_reset(&item);
			put_mailbox(r, &a, &item, is_changed);
			if (item.len > 0)
				list_put(l, buf_slice(&item));
			break;
		}
	}
	buf_clear(&item);
}

void
field_put_addresses(struct rewriting *r, const struct header_field *f)
{
	struct buf utf8, written = buf_init(f->value.len * 8 + 1024 * 1024);
	struct list l = { .out = &written, .column = f->name.len + 1 };
	bool is_changed = false;

	if (!field_has_name(f))
		return;
	utf8 = utf8_value(r, f->value);
	put_list(r, buf_slice(&utf8), &l, &is_changed);
	if (!is_changed && field_is_clean(f)) {
		(void)buf_append(r->out, f->raw);
	} else if (written.len > 0) {
		buf_printf(r->out, "%.*s:", SLICE_ARG(f->name));
		(void)buf_append(r->out, buf_slice(&written));
		(void)buf_append(r->out, SLICE("\r\n"));
	}
	buf_clear(&written);
	buf_clear(&utf8);
}

void
field_first_name(struct rewriting *r, struct slice value, struct buf *out)
{
	struct buf utf8 = utf8_value(r, value), said = buf_init(4096);
	struct address_reader list = address_reader_init(buf_slice(&utf8), 1);
	struct address a;

	if (address_next(&list, &a) && a.kind == ADDRESS_MAILBOX)
		address_name(&a, SLICE("utf-8"), &said);
	(void)put_shown(r, buf_slice(&said), out);
	buf_clear(&said);
	buf_clear(&utf8);
}

/* ---- parameters ---- */

static bool
is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.ptr[i]) &&
		    (s.ptr[i] == '\0' || strchr("!#$&+-.^_`{|}~", s.ptr[i]) == NULL))
			return false;
	return s.len > 0;
}

/* RFC 2045 s.5.1: on one line, in quotes where it has to be. */
static void
put_plain_param(struct rewriting *r, struct slice name, struct slice value)
{
	buf_printf(r->out, ";\r\n\t%.*s=", SLICE_ARG(name));
	if (is_token(value)) {
		(void)buf_append(r->out, value);
		return;
	}
	(void)buf_append_byte(r->out, '"');
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (c == '"' || c == '\\')
			(void)buf_append_byte(r->out, '\\');
		if (ascii_is_control(c))
			c = ' ';
		(void)buf_append_byte(r->out, ascii_is_8bit(c) ? '?' : c);
	}
	(void)buf_append_byte(r->out, '"');
}

/* RFC 2231 s.3 and s.4, in pieces. */
static void
put_encoded_param(struct rewriting *r, struct slice name, struct slice utf8)
{
	for (unsigned piece = 0; utf8.len > 0; piece++) {
		struct slice part = slice_sub(utf8, 0, utf8_cut(utf8, PARAM_PIECE));

		if (part.len == 0)
			part = slice_sub(utf8, 0, PARAM_PIECE);
		buf_printf(r->out, ";\r\n\t%.*s", SLICE_ARG(name));
		if (piece > 0 || part.len < utf8.len)
			buf_printf(r->out, "*%u", piece);
		(void)buf_append(r->out, SLICE("*="));
		if (piece == 0)
			buf_printf(r->out, "utf-8''");
		for (size_t i = 0; i < part.len; i++) {
			unsigned char c = (unsigned char)part.ptr[i];

			if (ascii_is_alnum((char)c) || c == '.' || c == '-' || c == '_')
				(void)buf_append_byte(r->out, (char)c);
			else
				buf_printf(r->out, "%%%02X", c < ' ' || c == 127 ? ' ' : c);
		}
		utf8 = slice_skip(utf8, part.len);
	}
}

static void
put_param(struct rewriting *r, const struct param *p)
{
	struct buf utf8;

	if (!is_token(p->name) || p->name.len > FIELD_NAME_MAX)
		return;
	/* A boundary is no text: the same bytes stand in the body, and are put so there. */
	if (slice_equal_nocase(p->name, SLICE("boundary"))) {
		if (p->value.len <= BOUNDARY_LEN_MAX)
			put_plain_param(r, p->name, p->value);
		return;
	}
	if (!lex_has_8bit(p->value) && p->value.len <= PARAM_PLAIN_MAX) {
		put_plain_param(r, p->name, p->value);
		return;
	}
	utf8 = utf8_value(r, p->value);
	put_encoded_param(r, p->name, buf_slice(&utf8));
	buf_clear(&utf8);
}

/* One that is none becomes what was made of it: RFC 2046 s.4 and s.5.1.3. */
static struct slice
subtype_of(const struct param_list *params)
{
	if (is_token(params->subtype))
		return params->subtype;
	if (slice_equal_nocase(params->type, SLICE("multipart")))
		return SLICE("mixed");
	return slice_equal_nocase(params->type, SLICE("text")) ? SLICE("plain") :
	    SLICE("x-unknown");
}

void
field_put_params(struct rewriting *r, const struct header_field *f, struct slice charset)
{
	struct param_list params;

	param_list_parse(f->value, &params);
	if (!is_token(params.type) || params.type.len > FIELD_NAME_MAX ||
	    params.subtype.len > FIELD_NAME_MAX) {
		/* Without it a part of a digest would be a message. */
		if (field_role(f->name) == ROLE_TYPE)
			compose_field(r->out, f->name, SLICE("text/plain"));
		param_list_clear(&params);
		return;
	}
	buf_printf(r->out, "%.*s: %.*s", SLICE_ARG(f->name), SLICE_ARG(params.type));
	if (params.subtype.len > 0)
		buf_printf(r->out, "/%.*s", SLICE_ARG(subtype_of(&params)));
	for (size_t i = 0; i < params.count; i++)
		if (charset.len == 0 || !slice_equal_nocase(params.params[i].name,
		    SLICE("charset")))
			put_param(r, &params.params[i]);
	if (charset.len > 0)
		put_plain_param(r, SLICE("charset"), charset);
	(void)buf_append(r->out, SLICE("\r\n"));
	param_list_clear(&params);
}
