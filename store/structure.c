#include "store/structure.h"

#include <stdbool.h>

#include "base/ascii.h"
#include "mime/charset.h"
#include "mime/encoding.h"
#include "mime/header.h"
#include "mime/param.h"
#include "store/envelope.h"
#include "wire/imap_string.h"

#define LANGUAGES_MAX 20
#define TOKEN_MAX 100

enum content_field {
	CONTENT_TYPE,
	CONTENT_ID,
	CONTENT_DESCRIPTION,
	CONTENT_ENCODING,
	CONTENT_DISPOSITION,
	CONTENT_LANGUAGE,
	CONTENT_LOCATION,
	CONTENT_FIELD_COUNT
};

static const struct slice field_names[CONTENT_FIELD_COUNT] = {
	[CONTENT_TYPE] = { "content-type", 12 },
	[CONTENT_ID] = { "content-id", 10 },
	[CONTENT_DESCRIPTION] = { "content-description", 19 },
	[CONTENT_ENCODING] = { "content-transfer-encoding", 25 },
	[CONTENT_DISPOSITION] = { "content-disposition", 19 },
	[CONTENT_LANGUAGE] = { "content-language", 16 },
	[CONTENT_LOCATION] = { "content-location", 16 },
};

struct content {
	struct slice values[CONTENT_FIELD_COUNT];	/* ptr NULL: absent */
};

struct writer {
	struct slice text;
	const struct part_tree *tree;
	struct slice charset;
	enum structure_form form;
	struct buf *out;
};

static void
put(struct writer *w, const char *literal)
{
	(void)buf_append(w->out, slice_from_cstr(literal));
}

static struct content
read_content(const struct writer *w, const struct part *p)
{
	struct slice rest = slice_sub(w->text, p->header_at, p->header_len);
	struct content c = { 0 };
	struct header_field f;
	int i;

	while (header_next(&rest, &f)) {
		if (f.name.len < 10 || (f.name.ptr[0] | 0x20) != 'c')
			continue;
		for (i = 0; i < CONTENT_FIELD_COUNT; i++)
			if (c.values[i].ptr == NULL && f.name.len == field_names[i].len &&
			    slice_equal_nocase(f.name, field_names[i]))
				c.values[i] = f.value;
	}
	return c;
}

/* RFC 2045 s.5.1 token, not longer than sense allows. */
static bool
is_token(struct slice s)
{
	const struct slice specials = SLICE("()<>@,;:\\\"/[]?= ");
	size_t i;

	for (i = 0; i < s.len; i++)
		if (ascii_is_control(s.ptr[i]) || ascii_is_8bit(s.ptr[i]) ||
		    slice_find_byte(specials, s.ptr[i]) < specials.len)
			return false;
	return s.len > 0 && s.len <= TOKEN_MAX;
}

/* RFC 2231 s.4: what is not ASCII goes as name*=utf-8''%xx, so that the answer is 7-bit. */
static void
put_extended_param(struct writer *w, struct slice name, struct slice value)
{
	static const char hex[] = "0123456789ABCDEF";
	struct buf utf8 = buf_init(value.len * 4 + 16);
	struct buf text = buf_init(value.len * 12 + 64);
	size_t i;

	(void)charset_to_utf8(charset_guess(value, w->charset), value, &utf8);
	(void)buf_append(&text, SLICE("utf-8''"));
	for (i = 0; i < utf8.len; i++) {
		unsigned char c = (unsigned char)utf8.ptr[i];

		if (ascii_is_alnum((char)c) || c == '.' || c == '-' || c == '_') {
			(void)buf_append_byte(&text, (char)c);
			continue;
		}
		(void)buf_append_byte(&text, '%');
		(void)buf_append_byte(&text, hex[c >> 4]);
		(void)buf_append_byte(&text, hex[c & 15]);
	}
	put(w, "\"");
	(void)buf_append(w->out, name);
	put(w, "*\" ");
	imap_put_string(w->out, buf_slice(&text));
	buf_clear(&utf8);
	buf_clear(&text);
}

static void
put_ascii_param(struct writer *w, struct slice name, struct slice value)
{
	struct buf text = buf_init(value.len);
	size_t i = 0;

	imap_put_string(w->out, name);
	put(w, " ");
	while (i < value.len && !ascii_is_control(value.ptr[i]))
		i++;
	if (i < value.len) {
		for (i = 0; i < value.len; i++)
			(void)buf_append_byte(&text,
			    ascii_is_control(value.ptr[i]) ? ' ' : value.ptr[i]);
		value = buf_slice(&text);
	}
	imap_put_string(w->out, value);
	buf_clear(&text);
}

static void
put_params(struct writer *w, const struct param_list *list)
{
	bool is_first = true;
	size_t i, j;

	for (i = 0; i < list->count; i++) {
		const struct param *p = &list->params[i];

		if (!is_token(p->name))
			continue;
		put(w, is_first ? "(" : " ");
		is_first = false;
		for (j = 0; j < p->value.len && !ascii_is_8bit(p->value.ptr[j]); j++)
			continue;
		if (j < p->value.len)
			put_extended_param(w, p->name, p->value);
		else
			put_ascii_param(w, p->name, p->value);
	}
	put(w, is_first ? "NIL" : ")");
}

static void
put_disposition(struct writer *w, struct slice value)
{
	struct param_list list;

	param_list_parse(value, &list);
	if (!is_token(list.type)) {
		put(w, "NIL");
	} else {
		put(w, "(");
		imap_put_string(w->out, list.type);
		put(w, " ");
		put_params(w, &list);
		put(w, ")");
	}
	param_list_clear(&list);
}

/* RFC 3282: language tags between commas. */
static void
put_language(struct writer *w, struct slice value)
{
	struct slice tags[LANGUAGES_MAX];
	size_t count = 0;
	size_t i;

	while (value.len > 0 && count < LANGUAGES_MAX) {
		struct slice tag = slice_trim(slice_take_until(&value, ','));

		if (is_token(tag))
			tags[count++] = tag;
	}
	if (count == 0) {
		put(w, "NIL");
		return;
	}
	if (count > 1)
		put(w, "(");
	for (i = 0; i < count; i++) {
		if (i > 0)
			put(w, " ");
		imap_put_string(w->out, tags[i]);
	}
	if (count > 1)
		put(w, ")");
}

/* body-ext: disposition, language, location; each with its blank in front. */
static void
put_extension(struct writer *w, const struct content *c)
{
	put(w, " ");
	put_disposition(w, c->values[CONTENT_DISPOSITION]);
	put(w, " ");
	put_language(w, c->values[CONTENT_LANGUAGE]);
	put(w, " ");
	envelope_put_text(c->values[CONTENT_LOCATION], w->charset, w->out);
}

/* The encoding as part_scan() understood it; quoted, since Thunderbird reads no atom here. */
static void
put_encoding(struct writer *w, const struct part *p, struct slice value)
{
	size_t len = 0;

	switch ((enum encoding)p->encoding) {
	case ENCODING_BASE64:
		put(w, "\"base64\"");
		return;
	case ENCODING_QP:
		put(w, "\"quoted-printable\"");
		return;
	case ENCODING_IDENTITY:
		break;
	}
	value = slice_trim(value);
	while (len < value.len && is_token(slice_sub(value, len, 1)))
		len++;
	value.len = len;
	if (!is_token(value) || encoding_of(value) != ENCODING_IDENTITY)
		value = SLICE("7bit");	/* nothing, or a name that was read as something else */
	imap_put_string(w->out, value);
}

/* body-fields of RFC 3501 s.9. */
static void
put_fields(struct writer *w, const struct part *p, const struct content *c,
    const struct param_list *params)
{
	put(w, " ");
	if (params == NULL)
		put(w, "NIL");
	else
		put_params(w, params);
	put(w, " ");
	envelope_put_text(c->values[CONTENT_ID], w->charset, w->out);
	put(w, " ");
	envelope_put_text(c->values[CONTENT_DESCRIPTION], w->charset, w->out);
	put(w, " ");
	put_encoding(w, p, c->values[CONTENT_ENCODING]);
	put(w, " ");
	(void)buf_append_u64(w->out, p->body_len);
}

static void
put_lines(struct writer *w, const struct part *p)
{
	put(w, " ");
	(void)buf_append_u64(w->out, p->body_lines);
}

struct media {
	struct slice type, subtype;
	bool has_params;	/* those of the field belong to this type */
};

/*
 * What a leaf is called.  A multipart that was not opened is text, a message
 * that was not opened is data: clients expect more behind their names.
 */
static struct media
media_of(const struct param_list *type)
{
	const struct media plain = { SLICE("text"), SLICE("plain"), false };
	const struct media data = { SLICE("application"), SLICE("octet-stream"), true };
	struct media m = { type->type, type->subtype, true };

	if (type->type.len == 0 || slice_equal_nocase(type->type, SLICE("multipart")))
		return plain;
	if (type->subtype.len == 0 && slice_equal_nocase(type->type, SLICE("text")))
		m.subtype = SLICE("plain");
	if (!is_token(m.type) || !is_token(m.subtype))
		return data;
	if (slice_equal_nocase(m.type, SLICE("message")) &&
	    (slice_equal_nocase(m.subtype, SLICE("rfc822")) ||
	    slice_equal_nocase(m.subtype, SLICE("global"))))
		return data;
	return m;
}

static void
put_leaf(struct writer *w, const struct part *p)
{
	struct content c = read_content(w, p);
	struct param_list type;
	struct media m;

	param_list_parse(c.values[CONTENT_TYPE], &type);
	m = media_of(&type);
	put(w, "(");
	imap_put_string(w->out, m.type);
	put(w, " ");
	imap_put_string(w->out, m.subtype);
	put_fields(w, p, &c, m.has_params ? &type : NULL);
	if (slice_equal_nocase(m.type, SLICE("text")))
		put_lines(w, p);
	if (w->form == STRUCTURE_EXTENDED) {
		put(w, " NIL");	/* body MD5 */
		put_extension(w, &c);
	}
	put(w, ")");
	param_list_clear(&type);
}

/* message/global goes by the name of message/rfc822, the only one that RFC 3501 lets be opened. */
static void
begin_message(struct writer *w, uint32_t index)
{
	const struct part *p = &w->tree->parts[index];
	const struct part *inside = &w->tree->parts[index + 1];
	struct content c = read_content(w, p);
	struct param_list type;
	struct envelope e;

	param_list_parse(c.values[CONTENT_TYPE], &type);
	put(w, "(\"message\" \"rfc822\"");
	put_fields(w, p, &c, &type);
	put(w, " ");
	envelope_read(slice_sub(w->text, inside->header_at, inside->header_len), w->charset, &e);
	envelope_write(&e, ENVELOPE_NESTED_MAX, w->out);
	put(w, " ");
	param_list_clear(&type);
}

static void
end_message(struct writer *w, const struct part *p)
{
	struct content c;

	put_lines(w, p);
	if (w->form == STRUCTURE_EXTENDED) {
		c = read_content(w, p);
		put(w, " NIL");
		put_extension(w, &c);
	}
	put(w, ")");
}

static void
end_multipart(struct writer *w, const struct part *p)
{
	struct content c = read_content(w, p);
	struct param_list type;

	param_list_parse(c.values[CONTENT_TYPE], &type);
	put(w, " ");
	imap_put_string(w->out, is_token(type.subtype) ? type.subtype : SLICE("mixed"));
	if (w->form == STRUCTURE_EXTENDED) {
		put(w, " ");
		put_params(w, &type);
		put_extension(w, &c);
	}
	put(w, ")");
	param_list_clear(&type);
}

static void
end_part(struct writer *w, uint32_t index)
{
	const struct part *p = &w->tree->parts[index];

	if (p->kind == PART_MESSAGE)
		end_message(w, p);
	else
		end_multipart(w, p);
}

enum status
structure_write(struct slice text, const struct part_tree *t, struct slice charset,
    enum structure_form form, struct buf *out)
{
	struct writer w = { text, t, charset, form, out };
	uint32_t open[PART_DEPTH_MAX + 1];
	size_t count = 0;
	uint32_t i;

	for (i = 0; i < t->count && buf_status(out) == STATUS_OK; i++) {
		while (count > 0 && open[count - 1] != t->parts[i].parent)
			end_part(&w, open[--count]);
		if (t->parts[i].kind == PART_LEAF) {
			put_leaf(&w, &t->parts[i]);
			continue;
		}
		open[count++] = i;
		if (t->parts[i].kind == PART_MESSAGE)
			begin_message(&w, i);
		else
			put(&w, "(");
	}
	while (count > 0)
		end_part(&w, open[--count]);
	return buf_status(out);
}

void
structure_write_plain(uint32_t body_len, uint32_t body_lines, enum structure_form form,
    struct buf *out)
{
	(void)buf_append(out, SLICE("(\"text\" \"plain\" NIL NIL NIL \"7bit\" "));
	(void)buf_append_u64(out, body_len);
	(void)buf_append_byte(out, ' ');
	(void)buf_append_u64(out, body_lines);
	if (form == STRUCTURE_EXTENDED)
		(void)buf_append(out, SLICE(" NIL NIL NIL NIL"));
	(void)buf_append_byte(out, ')');
}
