#include "store/envelope.h"

#include "base/ascii.h"
#include "mime/address.h"
#include "mime/header.h"
#include "mime/word.h"
#include "wire/imap_string.h"

#define TEXT_MAX 2000		/* bytes of one value that are looked at */
#define STRINGS_ROOM (24 * 1024)	/* of an envelope, kept for what are no addresses */
#define SENDER_LIST_MAX 1500	/* bytes of From, Sender, Reply-To each */
#define ADDRESSES_MAX 10000

static const struct slice field_names[ENVELOPE_FIELD_COUNT] = {
	[ENVELOPE_DATE] = { "date", 4 },
	[ENVELOPE_SUBJECT] = { "subject", 7 },
	[ENVELOPE_FROM] = { "from", 4 },
	[ENVELOPE_SENDER] = { "sender", 6 },
	[ENVELOPE_REPLY_TO] = { "reply-to", 8 },
	[ENVELOPE_TO] = { "to", 2 },
	[ENVELOPE_CC] = { "cc", 2 },
	[ENVELOPE_BCC] = { "bcc", 3 },
	[ENVELOPE_IN_REPLY_TO] = { "in-reply-to", 11 },
	[ENVELOPE_MESSAGE_ID] = { "message-id", 10 },
	[ENVELOPE_REFERENCES] = { "references", 10 },
};

void
envelope_read(struct slice header, struct slice charset, struct envelope *out)
{
	struct header_field f;

	*out = (struct envelope){ .header = header, .charset = charset };
	while (header_next(&header, &f)) {
		int i;

		for (i = 0; i < ENVELOPE_FIELD_COUNT; i++)
			if (f.name.len == field_names[i].len &&
			    slice_equal_nocase(f.name, field_names[i]))
				break;
		if (i == ENVELOPE_FIELD_COUNT)
			continue;
		if (out->values[i].ptr == NULL)
			out->values[i] = f.value;
		else
			out->is_repeated[i] = true;
	}
}

/* Whether s can be written as it stands. */
static bool
is_clean(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < ' ' || (unsigned char)s.ptr[i] > '~')
			return false;
	return true;
}

/* Append s with line ends dropped and other controls made blanks. */
static void
append_line(struct slice s, struct buf *out)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.ptr[i] != '\r' && s.ptr[i] != '\n')
			(void)buf_append_byte(out, ascii_is_control(s.ptr[i]) ? ' ' : s.ptr[i]);
}

/* Too long a value ends at a blank, so that no encoded word is cut. */
static struct slice
cut_text(struct slice s)
{
	size_t blank;

	s = slice_trim(s);
	if (s.len <= TEXT_MAX)
		return s;
	s = slice_sub(s, 0, utf8_cut(s, TEXT_MAX));
	blank = slice_find_last_byte(s, ' ');
	if (blank > TEXT_MAX / 2 && blank < s.len)
		s.len = blank;
	return slice_trim(s);
}

void
envelope_put_text(struct slice raw, struct slice charset, struct buf *out)
{
	struct buf line, words, utf8;
	size_t i;

	if (raw.ptr == NULL) {
		(void)buf_append(out, SLICE("NIL"));
		return;
	}
	raw = cut_text(raw);
	if (is_clean(raw)) {
		imap_put_string(out, raw);
		return;
	}
	line = buf_init(TEXT_MAX * 16);
	words = buf_init(TEXT_MAX * 16);
	utf8 = buf_init(TEXT_MAX * 4);
	for (i = 0; i < raw.len && !ascii_is_8bit(raw.ptr[i]); i++)
		continue;
	if (i < raw.len) {
		(void)word_decode(raw, charset, &utf8);
		(void)word_encode(buf_slice(&utf8), &words);
		raw = buf_slice(&words);
	}
	append_line(raw, &line);
	imap_put_string(out, buf_slice(&line));
	buf_clear(&line);
	buf_clear(&words);
	buf_clear(&utf8);
}

/* Outlook Express 6 trips over comments, quotes and 8-bit bytes in a date, so they go. */
static void
put_date(struct slice raw, struct buf *out)
{
	struct buf clean = buf_init(TEXT_MAX);
	unsigned depth = 0;
	size_t i;

	raw = cut_text(raw);
	for (i = 0; i < raw.len; i++) {
		char c = raw.ptr[i];

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (depth == 0 && c != '"' && c != '\\' && !ascii_is_8bit(c) && c != '\r' &&
		    c != '\n')
			(void)buf_append_byte(&clean, ascii_is_control(c) ? ' ' : c);
	}
	raw = slice_trim(buf_slice(&clean));
	if (raw.len == 0)
		(void)buf_append(out, SLICE("NIL"));
	else
		imap_put_string(out, raw);
	buf_clear(&clean);
}

/* A buffer of address text: without 8-bit bytes and controls, or NIL when is_nil. */
static void
put_part(struct buf *part, bool is_nil, struct slice charset, struct buf *out)
{
	if (is_nil)
		(void)buf_append(out, SLICE("NIL"));
	else if (part->len == 0)
		(void)buf_append(out, SLICE("\"\""));
	else
		envelope_put_text(buf_slice(part), charset, out);
	buf_reset(part);
}

/*
 * One address structure.  A mailbox without '@' gets an empty host: NIL there
 * would make it the start of a group (RFC 3501 s.7.4.2).
 */
static void
put_mailbox(const struct address *a, struct slice charset, struct buf *out)
{
	struct buf part = buf_init(a->name.len * 4 + a->comment.len * 4 + a->local.len * 4 +
	    a->domain.len + 64);

	address_phrase(a, charset, &part);
	(void)buf_append_byte(out, '(');
	put_part(&part, part.len == 0, charset, out);
	(void)buf_append_byte(out, ' ');
	envelope_put_text(a->route.len > 0 ? a->route : (struct slice){ NULL, 0 }, charset, out);
	(void)buf_append_byte(out, ' ');
	address_local(a, &part);
	put_part(&part, false, charset, out);
	(void)buf_append_byte(out, ' ');
	address_domain(a, &part);
	put_part(&part, false, charset, out);
	(void)buf_append_byte(out, ')');
	buf_clear(&part);
}

static void
put_address(const struct address *a, struct slice charset, struct buf *out)
{
	struct buf name;

	switch (a->kind) {
	case ADDRESS_MAILBOX:
		put_mailbox(a, charset, out);
		return;
	case ADDRESS_GROUP_END:
		(void)buf_append(out, SLICE("(NIL NIL NIL NIL)"));
		return;
	case ADDRESS_GROUP_BEGIN:
		break;
	}
	name = buf_init(a->name.len * 4 + 64);
	address_phrase(a, charset, &name);
	(void)buf_append(out, SLICE("(NIL NIL "));
	put_part(&name, false, charset, out);
	(void)buf_append(out, SLICE(" NIL)"));
	buf_clear(&name);
}

/* Append the addresses of one field while out stays within end; false when that is reached. */
static bool
put_addresses(struct slice value, struct slice charset, size_t end, struct buf *out)
{
	struct address_reader r = address_reader_init(value, ADDRESSES_MAX);
	struct address a;
	bool in_group = false;

	while (address_next(&r, &a)) {
		size_t before = out->len;

		if (a.kind == ADDRESS_MAILBOX && a.name.len == 0 && a.local.len == 0 &&
		    a.domain.len == 0)
			continue;
		put_address(&a, charset, out);
		if (out->len > end && a.kind != ADDRESS_GROUP_END) {
			buf_truncate(out, before);
			if (in_group)	/* room for this one is always kept */
				(void)buf_append(out, SLICE("(NIL NIL NIL NIL)"));
			return false;
		}
		in_group = a.kind == ADDRESS_GROUP_BEGIN ||
		    (in_group && a.kind != ADDRESS_GROUP_END);
	}
	return true;
}

/* Append the list of a field; false, and nothing appended, when it has no address. */
static bool
put_list(const struct envelope *e, enum envelope_field field, size_t end, struct buf *out)
{
	struct slice rest = e->header;
	struct header_field f;
	size_t before = out->len;

	if (e->values[field].ptr == NULL)
		return false;
	(void)buf_append_byte(out, '(');
	if (!e->is_repeated[field] || field < ENVELOPE_TO) {
		(void)put_addresses(e->values[field], e->charset, end, out);
	} else {
		while (header_next(&rest, &f))
			if (slice_equal_nocase(f.name, field_names[field]) &&
			    !put_addresses(f.value, e->charset, end, out))
				break;
	}
	if (out->len == before + 1) {
		buf_truncate(out, before);
		return false;
	}
	(void)buf_append_byte(out, ')');
	return true;
}

/* From, Sender and Reply-To: the latter two are From's where they are missing or empty. */
static void
put_senders(const struct envelope *e, struct buf *out)
{
	static const enum envelope_field fields[] = { ENVELOPE_SENDER, ENVELOPE_REPLY_TO };
	size_t from = out->len;
	size_t len, i;

	if (!put_list(e, ENVELOPE_FROM, out->len + SENDER_LIST_MAX, out))
		(void)buf_append(out, SLICE("NIL"));
	len = out->len - from;
	for (i = 0; i < ARRAY_LEN(fields); i++) {
		(void)buf_append_byte(out, ' ');
		if (put_list(e, fields[i], out->len + SENDER_LIST_MAX, out))
			continue;
		if (buf_reserve(out, len) == STATUS_OK)	/* the source lies in out itself */
			(void)buf_append(out, slice_make(out->ptr + from, len));
	}
}

void
envelope_write(const struct envelope *e, size_t max, struct buf *out)
{
	static const enum envelope_field lists[] = { ENVELOPE_TO, ENVELOPE_CC, ENVELOPE_BCC };
	size_t end = out->len + max - STRINGS_ROOM;
	size_t i;

	(void)buf_append_byte(out, '(');
	put_date(e->values[ENVELOPE_DATE], out);
	(void)buf_append_byte(out, ' ');
	envelope_put_text(e->values[ENVELOPE_SUBJECT], e->charset, out);
	(void)buf_append_byte(out, ' ');
	put_senders(e, out);
	for (i = 0; i < ARRAY_LEN(lists); i++) {
		(void)buf_append_byte(out, ' ');
		if (!put_list(e, lists[i], end, out))
			(void)buf_append(out, SLICE("NIL"));
	}
	(void)buf_append_byte(out, ' ');
	envelope_put_text(e->values[ENVELOPE_IN_REPLY_TO], e->charset, out);
	(void)buf_append_byte(out, ' ');
	envelope_put_text(e->values[ENVELOPE_MESSAGE_ID], e->charset, out);
	(void)buf_append_byte(out, ')');
}
