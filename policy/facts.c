#include "policy/facts.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "mime/address.h"
#include "mime/charset.h"
#include "mime/encoding.h"
#include "mime/header.h"
#include "mime/param.h"
#include "mime/part.h"
#include "store/digest.h"

enum { ID_MAX = 250, ADDRESS_MAX = 320, REPORTED_MAX = 256 * 1024 };

static const char *const field_names[FACTS_FIELD_COUNT] = {
	[FACTS_FROM] = "From",
	[FACTS_TO] = "To",
	[FACTS_CC] = "Cc",
	[FACTS_BCC] = "Bcc",
	[FACTS_DELIVERED_TO] = "Delivered-To",
	[FACTS_X_ORIGINAL_TO] = "X-Original-To",
	[FACTS_ENVELOPE_TO] = "Envelope-To",
	[FACTS_RECEIVED_FOR] = "Received",
	[FACTS_SENDER] = "Sender",
	[FACTS_REPLY_TO] = "Reply-To",
	[FACTS_ANSWER_TO] = "Disposition-Notification-To",
};

const char *
facts_field_name(enum facts_field field)
{
	return field_names[field];
}

/* A reading in progress. */
struct reading {
	struct slice text;
	struct slice body_charset;	/* of raw 8-bit header text; found when first needed */
	bool charset_is_known;
	struct buf charset;
	struct buf addresses;		/* in wire form */
	uint32_t address_count;
	uint32_t from_count, received_count;
	struct slice message_id;
	uint64_t keys[FACTS_KEYS_MAX];	/* In-Reply-To grows from the front */
	uint32_t reply_count;
	uint64_t references[FACTS_KEYS_MAX];	/* a ring of the latest */
	uint32_t reference_count;	/* all there were */
};

/* Programs that write raw 8-bit headers label the charset, if at all, on the body. */
static struct slice
body_charset(struct reading *r)
{
	struct part_tree tree;

	if (r->charset_is_known)
		return buf_slice(&r->charset);
	r->charset_is_known = true;
	part_scan(r->text, &tree);
	for (uint32_t i = 0; i < tree.count && r->charset.len == 0; i++) {
		const struct part *p = &tree.parts[i];
		struct param_list params;
		struct header_field f;

		if (!header_find(slice_sub(r->text, p->header_at, p->header_len),
		    SLICE("Content-Type"), &f))
			continue;
		param_list_parse(f.value, &params);
		buf_append(&r->charset, param_list_get(&params, SLICE("charset")));
		param_list_clear(&params);
	}
	part_tree_clear(&tree);
	return buf_slice(&r->charset);
}

static void
put_address(struct reading *r, enum facts_field field, struct slice name, struct slice address)
{
	if (r->address_count == FACTS_ADDRESSES_MAX || address.len == 0 ||
	    address.len > ADDRESS_MAX)
		return;
	put_u8(&r->addresses, (uint8_t)field);
	put_slice(&r->addresses, slice_sub(name, 0, utf8_cut(name, FACTS_NAME_MAX)));
	put_u32le(&r->addresses, (uint32_t)address.len);
	for (size_t i = 0; i < address.len; i++)
		put_u8(&r->addresses, (uint8_t)ascii_lower(address.ptr[i]));
	r->address_count++;
}

static void
read_list(struct reading *r, enum facts_field field, struct slice value)
{
	struct address_reader list = address_reader_init(value, FACTS_ADDRESSES_MAX);
	struct buf name = buf_init(4096), address = buf_init(4096);
	struct address a;

	while (address_next(&list, &a)) {
		if (a.kind != ADDRESS_MAILBOX)
			continue;
		buf_reset(&name);
		buf_reset(&address);
		address_name(&a, SLICE("utf-8"), &name);
		address_text(&a, &address);
		if (a.domain.len > 0 && buf_status(&address) == STATUS_OK)
			put_address(r, field, buf_slice(&name), buf_slice(&address));
	}
	buf_clear(&name);
	buf_clear(&address);
}

/* Decode raw 8-bit text before looking for quotes and '@': GBK has them as second bytes. */
static void
read_addresses(struct reading *r, enum facts_field field, struct slice value)
{
	struct buf utf8;
	struct slice charset;

	if (utf8_is_valid(value)) {
		read_list(r, field, value);
		return;
	}
	utf8 = buf_init(value.len * 4 + 16);
	charset = charset_guess(value, body_charset(r));
	charset_to_utf8(charset, value, &utf8);
	read_list(r, field, buf_slice(&utf8));
	buf_clear(&utf8);
}

/* "from x by y for <address>; date": RFC 5321 s.4.4. */
static void
read_received(struct reading *r, struct slice value)
{
	struct slice rest = slice_sub(value, 0, slice_find_last_byte(value, ';'));
	struct slice word = { 0 };

	r->received_count++;
	while (rest.len > 0) {
		size_t len = 0;

		while (len < rest.len && !ascii_is_space(rest.ptr[len]))
			len++;
		if (slice_equal_nocase(word, SLICE("for")) && len > 0) {
			word = slice_sub(rest, 0, len);
			if (word.len > 2 && word.ptr[0] == '<' && word.ptr[word.len - 1] == '>')
				word = slice_sub(word, 1, word.len - 2);
			if (slice_find_byte(word, '@') < word.len && utf8_is_valid(word))
				put_address(r, FACTS_RECEIVED_FOR, (struct slice){ 0 }, word);
			return;
		}
		if (len > 0)
			word = slice_sub(rest, 0, len);
		rest = slice_skip(rest, len + 1);
	}
}

static void
read_reply_ids(struct reading *r, struct slice value)
{
	struct slice id;

	while (r->reply_count < FACTS_KEYS_MAX / 2 && message_id_next(&value, &id))
		r->keys[r->reply_count++] = message_id_key(id);
}

static void
read_references(struct reading *r, struct slice value)
{
	struct slice id;

	while (message_id_next(&value, &id))
		r->references[r->reference_count++ % FACTS_KEYS_MAX] = message_id_key(id);
}

static void
read_message_id(struct reading *r, struct slice value)
{
	struct slice id;

	if (r->message_id.len == 0 && message_id_next(&value, &id) && id.len <= ID_MAX)
		r->message_id = id;
}

static void
read_field(struct reading *r, const struct header_field *f)
{
	static const struct { const char *name; enum facts_field field; } lists[] = {
		{ "From", FACTS_FROM }, { "To", FACTS_TO }, { "Cc", FACTS_CC },
		{ "Bcc", FACTS_BCC }, { "Delivered-To", FACTS_DELIVERED_TO },
		{ "X-Original-To", FACTS_X_ORIGINAL_TO }, { "Envelope-To", FACTS_ENVELOPE_TO },
		{ "Sender", FACTS_SENDER }, { "Reply-To", FACTS_REPLY_TO },
		{ "Disposition-Notification-To", FACTS_ANSWER_TO },
		{ "Return-Receipt-To", FACTS_ANSWER_TO },
		{ "X-Confirm-Reading-To", FACTS_ANSWER_TO }, { "Errors-To", FACTS_ANSWER_TO },
		{ "Mail-Reply-To", FACTS_ANSWER_TO }, { "Mail-Followup-To", FACTS_ANSWER_TO },
		{ "Resent-From", FACTS_ANSWER_TO }, { "Resent-Sender", FACTS_ANSWER_TO },
		{ "Resent-Reply-To", FACTS_ANSWER_TO }, { "Resent-To", FACTS_ANSWER_TO },
		{ "Resent-Cc", FACTS_ANSWER_TO },
	};

	if (slice_equal_nocase(f->name, SLICE("Received")))
		read_received(r, f->value);
	else if (slice_equal_nocase(f->name, SLICE("In-Reply-To")))
		read_reply_ids(r, f->value);
	else if (slice_equal_nocase(f->name, SLICE("References")))
		read_references(r, f->value);
	else if (slice_equal_nocase(f->name, SLICE("Message-ID")))
		read_message_id(r, f->value);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		if (!slice_equal_nocase(f->name, slice_from_cstr(lists[i].name)))
			continue;
		if (lists[i].field == FACTS_FROM)
			r->from_count++;
		read_addresses(r, lists[i].field, f->value);
		return;
	}
}

/* The value's type and subtype are those, in any case. */
static bool
is_type(struct slice value, struct slice type, struct slice subtype)
{
	struct param_list params;
	bool is;

	param_list_parse(value, &params);
	is = slice_equal_nocase(params.type, type) && slice_equal_nocase(params.subtype, subtype);
	param_list_clear(&params);
	return is;
}

/* The field that tells which message a part of a report is about; empty: none. */
static struct slice
reported_field(struct slice type)
{
	if (is_type(type, SLICE("text"), SLICE("rfc822-headers")))
		return SLICE("Message-ID");
	if (is_type(type, SLICE("message"), SLICE("disposition-notification")))
		return SLICE("Original-Message-ID");
	return (struct slice){ 0 };
}

static void
read_reported(struct reading *r, struct slice header, struct slice name)
{
	struct header_field f;

	if (header_find(header, name, &f))
		read_reply_ids(r, f.value);
}

/* Of mail that left, ENVID is the Message-ID that it left with, without the brackets. */
static void
read_envelope_id(struct reading *r, struct slice status)
{
	struct header_field f;
	struct slice id = { 0 };

	if (header_find(status, SLICE("Original-Envelope-Id"), &f))
		id = slice_trim(f.value);
	if (id.len > 0 && r->reply_count < FACTS_KEYS_MAX / 2)
		r->keys[r->reply_count++] = message_id_key(id);
}

/* A part of the report itself; the message that comes back is the part behind it. */
static void
read_report_part(struct reading *r, const struct part_tree *tree, uint32_t i)
{
	const struct part *p = &tree->parts[i];
	struct slice header = slice_sub(r->text, p->header_at, p->header_len), name;
	struct buf body = buf_init(REPORTED_MAX);
	struct header_field f;

	if (p->kind == PART_MESSAGE && i + 1 < tree->count) {
		p = &tree->parts[i + 1];
		read_reported(r, slice_sub(r->text, p->header_at, p->header_len),
		    SLICE("Message-ID"));
	} else if (p->kind == PART_LEAF && header_find(header, SLICE("Content-Type"), &f)) {
		if (is_type(f.value, SLICE("message"), SLICE("delivery-status")))
			read_envelope_id(r, slice_sub(r->text, p->body_at, p->body_len));
		name = reported_field(f.value);
		if (name.len > 0) {
			/* As much of it as fits will do. */
			(void)encoding_decode((enum encoding)p->encoding,
			    slice_sub(r->text, p->body_at, p->body_len), &body);
			read_reported(r, buf_slice(&body), name);
		}
	}
	buf_clear(&body);
}

/*
 * RFC 6522: what could not be delivered, or was read, comes back as a part.  It
 * is an answer to that message, though most servers write no In-Reply-To.
 */
static void
read_report(struct reading *r, struct slice header)
{
	struct part_tree tree;
	struct header_field f;

	if (!header_find(header, SLICE("Content-Type"), &f) ||
	    !is_type(f.value, SLICE("multipart"), SLICE("report")))
		return;
	part_scan(r->text, &tree);
	for (uint32_t i = 1; i < tree.count; i++)
		if (tree.parts[i].parent == 0)
			read_report_part(r, &tree, i);
	part_tree_clear(&tree);
}

static void
put_keys(struct reading *r, struct buf *out)
{
	uint32_t kept = r->reference_count < FACTS_KEYS_MAX ? r->reference_count : FACTS_KEYS_MAX;

	if (kept > FACTS_KEYS_MAX - r->reply_count)
		kept = FACTS_KEYS_MAX - r->reply_count;
	put_u32le(out, r->reply_count + kept);
	for (uint32_t i = 0; i < r->reply_count; i++)
		put_u64le(out, r->keys[i]);
	for (uint32_t i = 0; i < kept; i++)
		put_u64le(out, r->references[(r->reference_count - 1 - i) % FACTS_KEYS_MAX]);
}

void
facts_put(struct slice text, struct buf *out)
{
	struct reading r = {
		.text = text,
		.charset = buf_init(256),
		.addresses = buf_init(FACTS_MAX),
	};
	struct slice header, body, rest;
	struct header_field f;

	header_split(text, &header, &body);
	rest = header;
	while (header_next(&rest, &f))
		read_field(&r, &f);
	read_report(&r, header);
	put_u32le(out, r.from_count);
	put_u32le(out, r.received_count);
	put_slice(out, r.message_id);
	put_keys(&r, out);
	put_u32le(out, r.address_count);
	(void)buf_append(out, buf_slice(&r.addresses));
	buf_clear(&r.addresses);
	buf_clear(&r.charset);
}

static void
read_keys(struct reader *in, struct facts *f)
{
	f->key_count = read_u32le(in);
	if (f->key_count > FACTS_KEYS_MAX) {
		reader_fail(in);
		f->key_count = 0;
	}
	for (uint32_t i = 0; i < f->key_count; i++)
		f->keys[i] = read_u64le(in);
}

static void
read_one_address(struct reader *in, struct facts_address *a)
{
	a->field = read_u8(in);
	a->name = read_slice(in);
	a->address = read_slice(in);
	if (a->field >= FACTS_FIELD_COUNT || a->name.len > FACTS_NAME_MAX ||
	    a->address.len > ADDRESS_MAX || !utf8_is_valid(a->name))
		reader_fail(in);
}

enum status
facts_read(struct reader *in, struct facts *out)
{
	struct facts f = { 0 };

	f.from_count = read_u32le(in);
	f.received_count = read_u32le(in);
	f.message_id = read_slice(in);
	read_keys(in, &f);
	f.address_count = read_u32le(in);
	if (!reader_ok(in) || f.address_count > FACTS_ADDRESSES_MAX || f.message_id.len > ID_MAX)
		return STATUS_CORRUPT;
	if (f.address_count > 0)
		f.addresses = mem_array(struct facts_address, f.address_count);
	for (uint32_t i = 0; i < f.address_count; i++)
		read_one_address(in, &f.addresses[i]);
	if (!reader_at_end(in)) {
		facts_clear(&f);
		return STATUS_CORRUPT;
	}
	*out = f;
	return STATUS_OK;
}

void
facts_clear(struct facts *f)
{
	mem_free(f->addresses);
	f->addresses = NULL;
	f->address_count = 0;
}
