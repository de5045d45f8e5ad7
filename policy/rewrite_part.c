#include "base/ascii.h"
#include "base/mem.h"
#include "mime/charset.h"
#include "mime/compose.h"
#include "mime/encoding.h"
#include "mime/lex.h"
#include "mime/param.h"
#include "policy/inside.h"
#include "policy/rewrite_internal.h"

/* What a body is made of. */
struct body_look {
	size_t eight_bit;	/* bytes above 127 */
	bool is_binary;		/* NUL */
	bool is_bad;		/* it cannot leave as it stands */
};

static struct body_look
look(struct slice body)
{
	struct body_look l = { 0 };
	size_t line = 0;

	for (size_t i = 0; i < body.len; i++) {
		char c = body.ptr[i];

		if (c == '\r' && i + 1 < body.len && body.ptr[i + 1] == '\n') {
			i++;
			line = 0;
			continue;
		}
		l.eight_bit += ascii_is_8bit(c);
		l.is_binary |= c == '\0';
		l.is_bad |= ascii_is_8bit(c) || c == '\0' || c == '\r' || c == '\n' ||
		    ++line > REWRITE_LINE_MAX;
	}
	return l;
}

static struct slice
body_of(const struct rewriting *r, const struct part *p)
{
	return slice_sub(r->text, p->body_at, p->body_len);
}

/* Its field of that name; the first one counts. */
static bool
part_field(const struct rewriting *r, const struct part *p, struct slice name,
    struct header_field *f)
{
	return header_find(slice_sub(r->text, p->header_at, p->header_len), name, f);
}

/* Text that says no charset gets the one that its bytes are in. */
static void
choose_charset(const struct rewriting *r, const struct part *p, struct part_change *c)
{
	struct param_list params;
	struct header_field f;
	bool is_text = true, has_charset = false;

	if (part_field(r, p, SLICE("Content-Type"), &f)) {
		param_list_parse(f.value, &params);
		is_text = slice_equal_nocase(params.type, SLICE("text")) ||
		    params.type.len == 0;
		has_charset = param_list_get(&params, SLICE("charset")).len > 0;
		param_list_clear(&params);
	}
	if (is_text && !has_charset)
		c->charset = charset_guess(body_of(r, p), (struct slice){ 0 });
}

/* Its Content-Type begins so. */
static bool
is_type(const struct rewriting *r, const struct part *p, struct slice type)
{
	struct header_field f;

	return part_field(r, p, SLICE("Content-Type"), &f) &&
	    slice_starts_nocase(slice_trim(f.value), type);
}

static bool
is_text_part(const struct rewriting *r, const struct part *p)
{
	struct header_field f;

	return !part_field(r, p, SLICE("Content-Type"), &f) || is_type(r, p, SLICE("text"));
}

struct part_change
part_change(const struct rewriting *r, uint32_t index)
{
	const struct part *p = &r->tree.parts[index];
	struct part_change c = { .is_7bit = true };
	struct body_look l;

	if (p->kind != PART_LEAF)
		return c;
	l = look(body_of(r, p));
	if (!l.is_bad)
		return c;
	c.is_recoded = true;
	if (p->encoding != ENCODING_IDENTITY) {
		/* Line ends of a text may change their form, bytes of a file may not. */
		c.encoding = is_text_part(r, p) ? p->encoding : ENCODING_BASE64;
		return c;
	}
	/* Quoted-printable can be read by eye; where most of it would be "=XX" it cannot. */
	c.encoding = l.is_binary || l.eight_bit > p->body_len / 4 || !is_text_part(r, p) ?
	    ENCODING_BASE64 : ENCODING_QP;
	if (l.eight_bit > 0)
		choose_charset(r, p, &c);
	return c;
}

static struct slice
encoding_name(uint8_t encoding)
{
	return encoding == ENCODING_BASE64 ? SLICE("base64") : SLICE("quoted-printable");
}

void
part_field_put(struct rewriting *r, const struct header_field *f, enum field_role role,
    const struct part_change *change)
{
	struct slice value = slice_trim(f->value);

	if (role == ROLE_ENCODING) {
		/* One that is to change stands at the end instead. */
		if (change->is_recoded)
			return;
		if (change->is_7bit && (slice_equal_nocase(value, SLICE("8bit")) ||
		    slice_equal_nocase(value, SLICE("binary"))))
			compose_field(r->out, f->name, SLICE("7bit"));
		else
			field_put(r, f, FORM_PLAIN);
		return;
	}
	if (role == ROLE_TYPE && change->charset.len > 0)
		field_put_params(r, f, change->charset);
	else
		field_put(r, f, FORM_MIME);
}

void
part_fields_end(struct rewriting *r, const struct part_change *change, bool has_type,
    bool has_version)
{
	if (!change->is_recoded)
		return;
	if (!has_version)
		compose_field(r->out, SLICE("MIME-Version"), SLICE("1.0"));
	if (!has_type && change->charset.len > 0)
		buf_printf(r->out, "Content-Type: text/plain; charset=%.*s\r\n",
		    SLICE_ARG(change->charset));
	compose_field(r->out, SLICE("Content-Transfer-Encoding"), encoding_name(change->encoding));
}

static enum field_form
form_of(enum field_role role)
{
	switch (role) {
	case ROLE_FROM:
	case ROLE_ADDRESSES:
	case ROLE_RECIPIENTS:
		return FORM_ADDRESSES;
	case ROLE_TYPE:
	case ROLE_MIME:
		return FORM_MIME;
	case ROLE_DATE:
	case ROLE_MESSAGE_ID:
	case ROLE_IDS:
	case ROLE_TRACE:
	case ROLE_MIME_VERSION:
	case ROLE_ENCODING:
		return FORM_PLAIN;
	case ROLE_NONE:
	case ROLE_DROP:
		break;
	}
	return FORM_TEXT;
}

/* What belongs to no part, and can be encoded nowhere: what cannot stay becomes '?'. */
static void
put_plain(struct rewriting *r, struct slice s)
{
	size_t line = 0;

	if (!look(s).is_bad) {
		(void)buf_append(r->out, s);
		return;
	}
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '\r' && i + 1 < s.len && s.ptr[i + 1] == '\n')
			continue;
		if (c == '\n' || line == REWRITE_LINE_MAX) {
			(void)buf_append(r->out, SLICE("\r\n"));
			line = 0;
			if (c == '\n')
				continue;
		}
		/* A bare CR must not end a line that was none: "--boundary" may stand before it. */
		(void)buf_append_byte(r->out, ascii_is_8bit(c) || c == '\0' || c == '\r' ? '?' : c);
		line++;
	}
}

static bool
is_inside(const struct rewriting *r, struct slice host)
{
	return inside_is_internal(host) || rewrite_is_host_of_ours(r->order, host);
}

/* The word behind "by" (RFC 5321 s.4.4). */
static struct slice
received_by(struct slice value)
{
	struct slice before = { 0 }, word;

	while (value.len > 0) {
		size_t len = 0;

		value = slice_skip(value, lex_blank_len(value));
		while (len < value.len && !ascii_is_space(value.ptr[len]) && value.ptr[len] != ';')
			len++;
		word = slice_sub(value, 0, len);
		if (slice_equal_nocase(before, SLICE("by")))
			return word;
		before = word;
		value = slice_skip(value, len > 0 ? len : 1);
	}
	return value;
}

/* What our hosts wrote into a message that is passed on: ways and addresses inside. */
static bool
is_our_trace(const struct rewriting *r, const struct header_field *f)
{
	static const char *const names[] = { "Return-Path", "Delivered-To", "X-Original-To",
		"Envelope-To" };
	struct slice value = f->value, host;

	if (field_role(f->name) == ROLE_TRACE) {
		host = received_by(value);
		return host.len > 0 && is_inside(r, host);
	}
	host = slice_trim(slice_skip(value, slice_find_last_byte(value, '@') + 1));
	host = slice_sub(host, 0, slice_find_byte(host, '>'));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_equal_nocase(f->name, slice_from_cstr(names[i])))
			return host.len > 0 && is_inside(r, host);
	return false;
}

/* The header of a part, or of a message inside: only what cannot stay is changed. */
static void
put_header(struct rewriting *r, const struct part *p, const struct part_change *change,
    bool is_signed)
{
	struct slice header = slice_sub(r->text, p->header_at, p->header_len);
	bool is_message = p->number == 0, has_type = false, has_version = !is_message;
	bool hides_trace = is_message && !is_signed;
	size_t before = r->out->len;
	struct header_field f;

	while (header_next(&header, &f)) {
		enum field_role role = field_role(f.name);

		if (hides_trace && is_our_trace(r, &f))
			continue;
		/* Lines without a name may be all that an attached "message" has. */
		if (!field_has_name(&f))
			put_plain(r, f.raw);
		else if (role == ROLE_ENCODING || role == ROLE_TYPE || role == ROLE_MIME)
			part_field_put(r, &f, role, change);
		else
			field_put(r, &f, form_of(role));
		has_type |= role == ROLE_TYPE;
		has_version |= role == ROLE_MIME_VERSION;
	}
	part_fields_end(r, change, has_type, has_version);
	/* The empty line; where nothing is left of the header it shows that there is a part. */
	if (header.len > 0 || change->is_recoded || (p->header_len > 0 && r->out->len == before))
		(void)buf_append(r->out, SLICE("\r\n"));
}

/* RFC 8098 s.3.2: a receipt names mailbox and machine of who read the message. */
static void
put_receipt(struct rewriting *r, struct slice body)
{
	struct header_field f;

	while (body.len > 0) {
		if (!header_next(&body, &f)) {
			body = slice_skip(body, slice_find_byte(body, '\n') + 1);
			(void)buf_append(r->out, SLICE("\r\n"));
		} else if (!field_has_name(&f)) {
			put_plain(r, f.raw);
		} else if (slice_equal_nocase(f.name, SLICE("Original-Message-ID"))) {
			rewrite_put_ids(r, &f);
		} else if (!slice_equal_nocase(f.name, SLICE("Reporting-UA")) &&
		    !slice_equal_nocase(f.name, SLICE("MDN-Gateway"))) {
			field_put_shown(r, &f);
		}
	}
}

/* The line end before a boundary is the boundary's, and stands there still. */
static void
trim_line_end(struct rewriting *r, struct slice body, size_t before)
{
	if (!slice_ends(body, SLICE("\n")) && r->out->len > before + 2 &&
	    slice_ends(buf_slice(r->out), SLICE("\r\n")))
		buf_truncate(r->out, r->out->len - 2);
}

static void
put_body(struct rewriting *r, const struct part *p, const struct part_change *change,
    bool is_signed)
{
	struct slice body = body_of(r, p);
	struct buf bytes;
	size_t before = r->out->len;

	if (!change->is_recoded && p->encoding == ENCODING_IDENTITY && !is_signed &&
	    is_type(r, p, SLICE("message/disposition-notification"))) {
		put_receipt(r, body);
		trim_line_end(r, body, before);
		return;
	}
	if (!change->is_recoded) {
		(void)buf_append(r->out, body);
		return;
	}
	bytes = buf_init(body.len + 1024);
	(void)encoding_decode((enum encoding)p->encoding, body, &bytes);
	if (change->encoding == ENCODING_BASE64)
		compose_base64(r->out, buf_slice(&bytes));
	else
		compose_quoted_printable(r->out, buf_slice(&bytes));
	trim_line_end(r, body, before);
	buf_clear(&bytes);
}

/* Boundaries, and what stands before the first and behind the last part. */
static void
put_between(struct rewriting *r, size_t from, size_t to)
{
	put_plain(r, slice_sub(r->text, from, to > from ? to - from : 0));
}

void
parts_find_body(struct rewriting *r)
{
	struct part *root = &r->tree.parts[0];
	struct slice header = slice_sub(r->text, 0, root->header_len);
	struct header_field f;
	uint32_t end = 0;

	while (header_next(&header, &f))
		if (field_has_name(&f))
			end = root->header_len - (uint32_t)header.len;
	/* Only the empty line is behind the last field, or nothing can be put before that body. */
	if (root->header_len - end <= 2 ||
	    (root->kind == PART_LEAF && root->encoding != ENCODING_IDENTITY))
		return;
	root->header_len = end;
	if (root->kind == PART_LEAF) {
		root->body_at = end;
		root->body_len = (uint32_t)r->text.len - end;
	}
}

/* For each part: did somebody sign what it lies in?  Gives, mem_free(). */
static bool *
find_signed(const struct rewriting *r)
{
	bool *is_signed = mem_array(bool, r->tree.count), *is_around = mem_array(bool, r->tree.count);

	for (uint32_t i = 0; i < r->tree.count; i++) {
		const struct part *p = &r->tree.parts[i];

		is_signed[i] = i > 0 && is_around[p->parent];
		is_around[i] = is_signed[i] || is_type(r, p, SLICE("multipart/signed"));
	}
	mem_free(is_around);
	return is_signed;
}

void
parts_put(struct rewriting *r, const struct part_change *root)
{
	size_t at = r->tree.parts[0].header_len;
	bool *is_signed;

	if (r->tree.parts[0].kind == PART_LEAF) {
		put_body(r, &r->tree.parts[0], root, false);
		return;
	}
	is_signed = find_signed(r);
	for (uint32_t i = 1; i < r->tree.count; i++) {
		const struct part *p = &r->tree.parts[i];
		struct part_change change = part_change(r, i);

		put_between(r, at, p->header_at);
		put_header(r, p, &change, is_signed[i]);
		at = (size_t)p->header_at + p->header_len;
		if (p->kind != PART_LEAF)
			continue;
		put_body(r, p, &change, is_signed[i]);
		at = (size_t)p->body_at + p->body_len;
	}
	put_between(r, at, r->text.len);
	mem_free(is_signed);
}
