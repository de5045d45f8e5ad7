#include "imapd/message_view.h"

#include "base/mem.h"
#include "mime/header.h"

void
message_view_init(struct message_view *v, struct store *store, struct txn *t,
    uint32_t mailbox, uint32_t uid)
{
	v->store = store;
	v->txn = t;
	v->mailbox = mailbox;
	v->uid = uid;
	v->has_row = v->has_text = v->has_digest = v->has_tree = false;
	v->digest_memory = buf_init(DIGEST_RECORD_MAX);
}

void
message_view_clear(struct message_view *v)
{
	buf_clear(&v->digest_memory);
	if (v->has_tree)
		part_tree_clear(&v->tree);
	v->has_row = v->has_text = v->has_digest = v->has_tree = false;
}

enum status
message_view_row(struct message_view *v, struct problem *why)
{
	enum status st = STATUS_OK;

	if (!v->has_row)
		st = message_get(v->txn, v->mailbox, v->uid, &v->row, why);
	v->has_row = v->has_row || st == STATUS_OK;
	return st;
}

enum status
message_view_text(struct message_view *v, struct problem *why)
{
	enum status st = message_view_row(v, why);

	if (st != STATUS_OK || v->has_text)
		return st;
	st = text_get(v->txn, v->row.text, &v->text, why);
	v->has_text = st == STATUS_OK;
	return st;
}

/* The record is damaged or of a version we do not know: read the message itself. */
static enum status
compute_digest(struct message_view *v, struct problem *why)
{
	struct buf text = buf_init(TEXT_SIZE_MAX);
	enum status st = message_view_read(v, 0, v->text.size_bytes, &text, why);

	buf_reset(&v->digest_memory);
	if (st == STATUS_OK) {
		digest_compute(buf_slice(&text), &v->digest_memory);
		st = digest_decode(buf_slice(&v->digest_memory), &v->digest);
	}
	buf_clear(&text);
	return st;
}

enum status
message_view_digest(struct message_view *v, struct problem *why)
{
	enum status st = message_view_text(v, why);
	struct slice record;

	if (st != STATUS_OK || v->has_digest)
		return st;
	record = v->text.digest;
	if (record.len == 0) {
		st = text_digest(v->store, &v->text, &v->digest_memory, why);
		record = buf_slice(&v->digest_memory);
	}
	if (st == STATUS_OK)
		st = digest_decode(record, &v->digest);
	if (st == STATUS_CORRUPT)
		st = compute_digest(v, why);
	v->has_digest = st == STATUS_OK;
	return st;
}

enum status
message_view_tree(struct message_view *v, struct problem *why)
{
	enum status st = message_view_digest(v, why);

	if (st != STATUS_OK || v->has_tree)
		return st;
	st = digest_parts(&v->digest, &v->tree);
	v->has_tree = st == STATUS_OK;
	return st;
}

enum status
message_view_read(struct message_view *v, uint32_t at, uint32_t len, struct buf *out,
    struct problem *why)
{
	enum status st = message_view_text(v, why);

	if (st != STATUS_OK || len == 0)
		return st;
	st = buf_reserve(out, len);
	if (st == STATUS_OK)
		st = text_read(v->store, &v->text, at, len, out->ptr + out->len, why);
	if (st == STATUS_OK)
		out->len += len;
	return st;
}

/* The message that a part of kind PART_MESSAGE holds is its one child, which follows it. */
static const struct part *
message_in(const struct part_tree *t, uint32_t index)
{
	if (t->parts[index].kind != PART_MESSAGE || index + 1 >= t->count ||
	    t->parts[index + 1].parent != index)
		return NULL;
	return &t->parts[index + 1];
}

static enum status
whole_message_section(struct message_view *v, const struct section *s,
    struct section_range *out, struct problem *why)
{
	enum status st = message_view_text(v, why);
	uint32_t size = v->text.size_bytes, header;

	if (st == STATUS_OK && s->kind == SECTION_ALL) {
		*out = (struct section_range){ 0, size };
		return STATUS_OK;
	}
	if (st == STATUS_OK)
		st = message_view_digest(v, why);
	if (st != STATUS_OK)
		return st;
	header = v->digest.header_len < size ? v->digest.header_len : size;
	if (s->kind == SECTION_TEXT)
		*out = (struct section_range){ header, size - header };
	else
		*out = (struct section_range){ 0, header };
	return STATUS_OK;
}

enum status
message_view_section(struct message_view *v, const struct section *s,
    struct section_range *out, struct problem *why)
{
	const struct part *p;
	uint32_t index;
	enum status st;

	if (s->depth == 0)
		return whole_message_section(v, s, out, why);
	st = message_view_tree(v, why);
	if (st == STATUS_OK)
		st = part_by_path(&v->tree, s->path, s->depth, &index);
	if (st != STATUS_OK)
		return st;
	p = &v->tree.parts[index];
	if (s->kind != SECTION_ALL && s->kind != SECTION_MIME)
		p = message_in(&v->tree, index);
	if (p == NULL)
		return STATUS_ABSENT;
	if (s->kind == SECTION_ALL || s->kind == SECTION_TEXT)
		*out = (struct section_range){ p->body_at, p->body_len };
	else
		*out = (struct section_range){ p->header_at, p->header_len };
	return STATUS_OK;
}

static bool
is_named(const struct section *s, struct slice name)
{
	for (uint32_t i = 0; i < s->field_count; i++)
		if (slice_equal_nocase(s->fields[i], name))
			return true;
	return false;
}

void
section_filter(const struct section *s, struct slice header, struct buf *out)
{
	struct header_field f;

	while (header_next(&header, &f))
		if (f.name.len != 0 && is_named(s, f.name) == (s->kind == SECTION_FIELDS)) {
			buf_append(out, f.raw);
			if (!slice_ends(f.raw, SLICE("\n")))
				buf_append(out, SLICE("\r\n"));
		}
	buf_append(out, SLICE("\r\n"));
}
