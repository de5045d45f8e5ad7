#include "store/digest.h"

#include <limits.h>
#include <string.h>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "mime/address.h"
#include "mime/charset.h"
#include "mime/date.h"
#include "mime/encoding.h"
#include "mime/lex.h"
#include "mime/word.h"
#include "store/envelope.h"
#include "store/structure.h"
#include "store/subject.h"

#define DIGEST_VERSION 1
#define SUBJECT_MAX 250
#define SORT_KEY_MAX 60
#define FROM_NAME_MAX 120
#define VALUE_MAX 1000		/* bytes of a value read for a key of at most 250 */
#define REFERENCES_READ_MAX (16 * 1024)	/* last bytes of References that are read */
#define PART_RECORD_LEN 30
#define USUAL_LEN 2000		/* bytes of most records: asked for at once */

uint64_t
message_id_key(struct slice id)
{
	uint8_t hash[SHA256_LEN];

	sha256_of(slice_sub(slice_trim(id), 0, MESSAGE_ID_MAX), hash);
	return load_u64le(hash);
}

bool
message_id_next(struct slice *value, struct slice *id)
{
	for (;;) {
		struct slice rest = slice_skip(*value, slice_find_byte(*value, '<') + 1);
		size_t len = slice_find_byte(rest, '>');

		if (len == rest.len) {
			*value = slice_skip(*value, value->len);
			return false;
		}
		*value = slice_skip(rest, len + 1);
		*id = slice_trim(slice_sub(rest, 0, len));
		if (id->len > 0)
			return true;
	}
}

static void
put_date_fields(struct slice value, struct buf *out)
{
	struct date d = { .at_s = INT64_MIN };
	uint32_t day = 0;

	if (value.ptr != NULL && date_parse(value, &d) == STATUS_OK)
		day = d.year * 10000U + d.month * 100U + d.day;
	put_u64le(out, (uint64_t)d.at_s);
	put_u16le(out, (uint16_t)d.zone_min);
	put_u32le(out, day);
}

/* Message-ID without its brackets; some programs leave them off. */
static void
put_message_id(struct slice value, struct buf *out)
{
	struct slice whole = value;
	struct slice id;

	if (!message_id_next(&value, &id))
		id = slice_trim(whole);
	put_slice(out, slice_sub(id, 0, MESSAGE_ID_MAX));
}

struct reference_list {
	uint64_t keys[DIGEST_REFERENCES_MAX];
	size_t count;
};

/* Add at the end; the oldest makes room. */
static void
add_reference(struct reference_list *list, uint64_t key)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (list->keys[i] == key)
			return;
	if (list->count == DIGEST_REFERENCES_MAX) {
		memmove(list->keys, list->keys + 1, (list->count - 1) * sizeof(list->keys[0]));
		list->count--;
	}
	list->keys[list->count++] = key;
}

static void
put_references(const struct envelope *e, struct buf *out)
{
	static const enum envelope_field fields[] = { ENVELOPE_REFERENCES, ENVELOPE_IN_REPLY_TO };
	struct reference_list list;
	size_t i;

	list.count = 0;
	for (i = 0; i < ARRAY_LEN(fields); i++) {
		struct slice value = e->values[fields[i]];
		struct slice id;

		if (value.len > REFERENCES_READ_MAX)
			value = slice_skip(value, value.len - REFERENCES_READ_MAX);
		while (message_id_next(&value, &id))
			add_reference(&list, message_id_key(id));
	}
	put_u16le(out, (uint16_t)list.count);
	for (i = 0; i < list.count; i++)
		put_u64le(out, list.keys[i]);
}

/* Where a slice of the record begins; its length is written by end_slice(). */
static size_t
begin_slice(struct buf *out)
{
	put_u32le(out, 0);
	return out->len;
}

static void
end_slice(struct buf *out, size_t start)
{
	if (start >= 4 && start <= out->len && out->ptr != NULL)
		store_u32le((uint8_t *)out->ptr + start - 4, (uint32_t)(out->len - start));
}

/* Append s folded, cut at a character, as a slice of the record. */
static void
put_folded(struct slice s, size_t max, struct buf *out)
{
	size_t start = begin_slice(out);
	struct slice folded;

	(void)text_fold(s, out);
	folded = slice_skip(buf_slice(out), start);
	buf_truncate(out, start + utf8_cut(folded, max));
	end_slice(out, start);
}

/* RFC 5256 s.2.1 step 1: one blank for each run of them. */
static void
squeeze_blanks(struct buf *b)
{
	size_t to = 0;
	size_t i;

	for (i = 0; i < b->len; i++)
		if (b->ptr[i] != ' ' || (to > 0 && b->ptr[to - 1] != ' '))
			b->ptr[to++] = b->ptr[i];
	b->len = to;
}

static void
put_base_subject(const struct envelope *e, struct buf *out)
{
	struct slice raw = slice_sub(e->values[ENVELOPE_SUBJECT], 0, VALUE_MAX);
	struct buf decoded = buf_init(VALUE_MAX * 2);

	(void)word_decode(raw, e->charset, &decoded);
	squeeze_blanks(&decoded);
	put_folded(subject_base(buf_slice(&decoded)), SUBJECT_MAX, out);
	buf_clear(&decoded);
}

/* Local part of the first address, or the name of the group that stands there. */
static void
put_sort_key(const struct envelope *e, enum envelope_field field, struct buf *out)
{
	struct address_reader r =
	    address_reader_init(slice_sub(e->values[field], 0, VALUE_MAX), 1);
	struct buf key = buf_init(VALUE_MAX * 4);
	struct buf utf8 = buf_init(VALUE_MAX * 4);
	struct address a;

	if (address_next(&r, &a)) {
		if (a.kind == ADDRESS_MAILBOX)
			address_local(&a, &key);
		else
			address_phrase(&a, e->charset, &key);
	}
	if (lex_has_8bit(buf_slice(&key)))
		(void)charset_to_utf8(charset_guess(buf_slice(&key), e->charset), buf_slice(&key),
		    &utf8);
	put_folded(utf8.len > 0 ? buf_slice(&utf8) : buf_slice(&key), SORT_KEY_MAX, out);
	buf_clear(&key);
	buf_clear(&utf8);
}

static void
put_from_name(const struct envelope *e, struct buf *out)
{
	struct address_reader r =
	    address_reader_init(slice_sub(e->values[ENVELOPE_FROM], 0, VALUE_MAX), 2);
	struct buf name = buf_init(VALUE_MAX * 8);
	struct address a;

	while (address_next(&r, &a)) {
		if (a.kind == ADDRESS_MAILBOX) {
			address_name(&a, e->charset, &name);
			break;
		}
	}
	put_slice(out, slice_sub(buf_slice(&name), 0, utf8_cut(buf_slice(&name), FROM_NAME_MAX)));
	buf_clear(&name);
}

static void
put_parts(const struct part_tree *t, struct buf *out)
{
	uint32_t i;

	put_u32le(out, t->count);
	for (i = 0; i < t->count; i++) {
		const struct part *p = &t->parts[i];

		put_u32le(out, p->parent);
		put_u32le(out, p->number);
		put_u32le(out, p->header_at);
		put_u32le(out, p->header_len);
		put_u32le(out, p->body_at);
		put_u32le(out, p->body_len);
		put_u32le(out, p->body_lines);
		put_u8(out, p->kind);
		put_u8(out, p->encoding);
	}
}

/* Everything before the root's body is its header; all else is one text. */
static void
flatten(struct part_tree *t)
{
	t->count = 1;
	t->parts[0].kind = PART_LEAF;
	t->parts[0].encoding = ENCODING_IDENTITY;
}

/* Append the structure or, when it would be too large, that of one text; then t is that, too. */
static void
put_structure(struct slice text, struct part_tree *t, struct slice charset,
    enum structure_form form, struct buf *out)
{
	struct buf structure = buf_init(STRUCTURE_MAX);

	if (buf_reserve(&structure, USUAL_LEN) == STATUS_OK &&
	    structure_write(text, t, charset, form, &structure) == STATUS_OK) {
		(void)buf_append(out, buf_slice(&structure));
	} else {
		flatten(t);
		structure_write_plain(t->parts[0].body_len, t->parts[0].body_lines, form, out);
	}
	buf_clear(&structure);
}

/* The charset of raw header text is looked for only where there is such text. */
static void
find_charset(struct slice text, const struct part_tree *t, struct buf *charset)
{
	uint32_t i;

	for (i = 0; i < t->count; i++) {
		if (lex_has_8bit(slice_sub(text, t->parts[i].header_at, t->parts[i].header_len))) {
			part_charset(text, t, charset);
			return;
		}
	}
}

void
digest_compute(struct slice text, struct buf *out)
{
	struct buf charset = buf_init(100);
	struct part_tree tree;
	struct envelope e;
	size_t start;

	part_scan(text, &tree);
	find_charset(text, &tree, &charset);
	envelope_read(slice_sub(text, 0, tree.parts[0].header_len), buf_slice(&charset), &e);
	put_u8(out, DIGEST_VERSION);
	put_date_fields(e.values[ENVELOPE_DATE], out);
	put_u32le(out, tree.parts[0].header_len);
	start = begin_slice(out);
	envelope_write(&e, ENVELOPE_MAX, out);
	end_slice(out, start);
	start = begin_slice(out);
	put_structure(text, &tree, buf_slice(&charset), STRUCTURE_EXTENDED, out);
	end_slice(out, start);
	put_message_id(e.values[ENVELOPE_MESSAGE_ID], out);
	put_references(&e, out);
	put_base_subject(&e, out);
	put_sort_key(&e, ENVELOPE_FROM, out);
	put_sort_key(&e, ENVELOPE_TO, out);
	put_sort_key(&e, ENVELOPE_CC, out);
	put_from_name(&e, out);
	put_parts(&tree, out);
	part_tree_clear(&tree);
	buf_clear(&charset);
}

void
digest_body_form(struct slice text, struct buf *out)
{
	struct buf charset = buf_init(100);
	struct part_tree tree;

	part_scan(text, &tree);
	find_charset(text, &tree, &charset);
	put_structure(text, &tree, buf_slice(&charset), STRUCTURE_BODY, out);
	part_tree_clear(&tree);
	buf_clear(&charset);
}

enum status
digest_decode(struct slice record, struct digest *out)
{
	struct reader in = reader_of(record);
	struct digest d;

	if (read_u8(&in) != DIGEST_VERSION)
		return STATUS_CORRUPT;
	d.sent_at = (int64_t)read_u64le(&in);
	d.sent_zone = (int16_t)read_u16le(&in);
	d.sent_day = read_u32le(&in);
	d.header_len = read_u32le(&in);
	d.envelope = read_slice(&in);
	d.structure = read_slice(&in);
	d.message_id = read_slice(&in);
	d.reference_count = read_u16le(&in);
	d.references = read_bytes(&in, d.reference_count * 8U);
	d.base_subject = read_slice(&in);
	d.from = read_slice(&in);
	d.to = read_slice(&in);
	d.cc = read_slice(&in);
	d.from_name = read_slice(&in);
	d.part_count = read_u32le(&in);
	if (d.reference_count > DIGEST_REFERENCES_MAX || d.part_count == 0 ||
	    d.part_count > PART_COUNT_MAX)
		return STATUS_CORRUPT;
	d.parts = read_bytes(&in, (size_t)d.part_count * PART_RECORD_LEN);
	if (!reader_at_end(&in))
		return STATUS_CORRUPT;
	*out = d;
	return STATUS_OK;
}

static struct part
read_part(struct reader *in)
{
	struct part p = { 0 };

	p.parent = read_u32le(in);
	p.number = read_u32le(in);
	p.header_at = read_u32le(in);
	p.header_len = read_u32le(in);
	p.body_at = read_u32le(in);
	p.body_len = read_u32le(in);
	p.body_lines = read_u32le(in);
	p.kind = read_u8(in);
	p.encoding = read_u8(in);
	return p;
}

enum status
digest_parts(const struct digest *d, struct part_tree *out)
{
	struct reader in = reader_of(d->parts);
	struct part_tree t = { mem_array(struct part, d->part_count), 0 };

	while (t.count < d->part_count) {
		struct part p = read_part(&in);
		bool is_root = t.count == 0;

		if (!reader_ok(&in) || (is_root ? p.parent != 0 : p.parent >= t.count) ||
		    p.kind > PART_MESSAGE || p.encoding > ENCODING_QP) {
			part_tree_clear(&t);
			return STATUS_CORRUPT;
		}
		p.depth = is_root ? 0 : (uint16_t)(t.parts[p.parent].depth + 1);
		t.parts[t.count++] = p;
	}
	*out = t;
	return STATUS_OK;
}

uint64_t
digest_reference(const struct digest *d, unsigned i)
{
	ASSERT(i < d->reference_count);
	return load_u64le((const uint8_t *)d->references.ptr + (size_t)i * 8);
}
