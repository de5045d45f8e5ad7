/* Texts: rows against records, what can be written anew, and the segments' own wounds. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/committer.h"
#include "store/digest.h"
#include "store/key.h"
#include "store/record_bytes.h"
#include "store/repair_pass.h"
#include "store/sealed.h"

#define SUBJECT_MAX 120

/* What one text needs while it is looked at. */
struct repair_reader {
	struct record_bytes record;	/* that at the place at hand */
	struct record_place place;
	struct buf text, digest;
};

struct repair_reader *
repair_reader_new(void)
{
	struct repair_reader *l = mem_new(struct repair_reader);

	l->record = record_bytes_init();
	l->text = buf_init((size_t)TEXT_SIZE_MAX + 1);
	l->digest = buf_init(DIGEST_RECORD_MAX);
	return l;
}

void
repair_reader_free(struct repair_reader **lp)
{
	struct repair_reader *l = *lp;

	if (l == NULL)
		return;
	*lp = NULL;
	record_bytes_clear(&l->record);
	buf_clear(&l->text);
	buf_clear(&l->digest);
	mem_free(l);
}

/* A row of the new index by itself. */
static enum status
row_get(struct repair *r, uint64_t id, struct text_row *out)
{
	struct slice value;
	struct key k;
	enum status st = txn_get(r->txn, TABLE_TEXT, key_of_u64(&k, id), &value, NULL);

	if (st == STATUS_OK)
		st = text_decode(value, out);
	if (st == STATUS_OK)
		out->id = id;
	return st;
}

/* The bytes of the text that another is the same as; it was looked at before. */
static enum status
same_text(struct repair *r, uint64_t id, const uint8_t sha256[SHA256_LEN], struct buf *out)
{
	struct record_bytes b = record_bytes_init();
	struct record_place place = { .store = r->scan.store };
	struct text_row row;
	uint64_t none;
	enum status st = repair_numbers_have(&r->lost, id) ? STATUS_ABSENT : row_get(r, id, &row);

	if (st == STATUS_OK && (row.codec == CODEC_SAME || memcmp(row.sha256, sha256, SHA256_LEN) != 0))
		st = STATUS_CORRUPT;
	if (st == STATUS_OK) {
		place.segment = row.segment;
		place.at = row.segment_at - row.head_len;
		st = record_bytes_read(r->segments, &place, &b, NULL);
	}
	if (st == STATUS_OK)
		st = record_text(&b, out, &none);
	record_bytes_clear(&b);
	return st == STATUS_OK ? STATUS_OK : STATUS_CORRUPT;
}

/* The record at l->place and the text it stands for.  CORRUPT: not both can be had. */
static enum status
record_look(struct repair *r, uint64_t id, struct repair_reader *l)
{
	uint64_t same_as;
	enum status st;

	buf_reset(&l->text);
	st = record_bytes_read(r->segments, &l->place, &l->record, NULL);
	if (st == STATUS_OK && (l->record.r.type != RECORD_TEXT || l->record.r.id != id))
		st = STATUS_CORRUPT;
	if (st == STATUS_OK)
		st = record_text(&l->record, &l->text, &same_as);
	if (st == STATUS_ABSENT && same_as < id)
		st = same_text(r, same_as, l->record.r.sha256, &l->text);
	return st == STATUS_OK ? STATUS_OK : STATUS_CORRUPT;
}

/* A digest that can be decoded: the row's, the record's, or one made anew, in l->digest. */
static struct slice
digest_find(struct slice from_row, struct slice from_record, struct slice text, struct buf *own)
{
	struct digest d;

	if (from_record.len > 0 && digest_decode(from_record, &d) == STATUS_OK)
		return from_record;
	if (from_row.len > 0 && digest_decode(from_row, &d) == STATUS_OK)
		return from_row;
	buf_reset(own);
	digest_compute(text, own);
	return buf_slice(own);
}

static enum status
row_of(const struct record_bytes *b, const struct record_place *place, struct slice text,
    struct buf *digest, struct text_row *out)
{
	const struct segment_record *r = &b->r;
	struct slice d = digest_find(buf_slice(digest), r->digest, text, digest);

	if (r->mid.len > MID_LEN_MAX || (d.len > DIGEST_INLINE_MAX && d.ptr != r->digest.ptr))
		return STATUS_LIMIT;	/* it has to lie in the record, and does not */
	*out = (struct text_row){
		.id = r->id,
		.mid = r->mid,
		.size_bytes = r->size_bytes,
		.received_at = r->received_at,
		.segment = place->segment,
		.head_len = (uint32_t)(RECORD_HEAD_LEN + record_meta_len(r)),
		.codec = r->codec,
		.digest_len = (uint32_t)d.len,
		.digest = d.len <= DIGEST_INLINE_MAX ? d : SLICE(""),
		.stored_len = (uint32_t)r->text.len,
		.same_as = r->codec == CODEC_SAME ? load_u64le((const uint8_t *)r->text.ptr) : 0,
	};
	out->segment_at = place->at + out->head_len;
	memcpy(out->sha256, r->sha256, SHA256_LEN);
	return STATUS_OK;
}

/* The row says what the record says, and the digest can be read. */
static bool
row_is_right(const struct text_row *row, const struct repair_reader *l)
{
	const struct segment_record *r = &l->record.r;
	struct slice digest = row->digest.len == row->digest_len ? row->digest : r->digest;
	struct digest d;

	return l->record.is_meta_good && row->head_len == RECORD_HEAD_LEN + record_meta_len(r) &&
	    row->codec == r->codec && row->size_bytes == r->size_bytes &&
	    row->stored_len == r->text.len && memcmp(row->sha256, r->sha256, SHA256_LEN) == 0 &&
	    slice_equal(row->mid, r->mid) && row->received_at == r->received_at &&
	    (row->codec != CODEC_SAME ||
		row->same_as == load_u64le((const uint8_t *)r->text.ptr)) &&
	    digest.len == row->digest_len &&
	    (digest.len == 0 || digest_decode(digest, &d) == STATUS_OK);
}

/* Whatever lies behind the last record, the next one begins a segment of its own. */
void
repair_segment_next(struct repair *r)
{
	/* A number that no file comes near was never that of one. */
	if (r->counters.segment > 1 && (r->scan.file_count == 0 ||
	    r->counters.segment - 1 > r->scan.files[r->scan.file_count - 1].number))
		r->counters.segment = r->scan.file_count == 0 ? 0 :
		    r->scan.files[r->scan.file_count - 1].number;
	if (r->writer != NULL)
		segment_writer_place(r->writer, &r->counters);
	for (size_t i = 0; i < r->scan.file_count; i++)
		if (r->scan.files[i].end > SEGMENT_HEAD_LEN &&
		    r->scan.files[i].number > r->counters.segment)
			r->counters.segment = r->scan.files[i].number;
	r->counters.segment++;
	r->counters.segment_at = SEGMENT_HEAD_LEN;
}

static enum status
writer_need(struct repair *r, struct problem *why)
{
	struct counters before = r->counters, at;

	if (r->writer != NULL)
		return STATUS_OK;
	repair_segment_next(r);
	at = r->counters;
	r->counters = before;
	return segment_writer_open(r->store, SEGMENT_SIZE_MIN, &at, &r->writer, why);
}

static enum status
text_write_anew(struct repair *r, struct text_row *row, struct slice text,
    const struct record_bytes *old, struct problem *why)
{
	struct segment_record n = {
		.type = RECORD_TEXT,
		.codec = CODEC_PLAIN,
		.id = row->id,
		.received_at = row->received_at,
		.size_bytes = (uint32_t)text.len,
		.mid = row->mid,
		.digest = row->digest.len > DIGEST_INLINE_MAX ? row->digest : SLICE(""),
		.text = text,
	};
	struct text_place place;
	enum status st;

	row->codec = CODEC_PLAIN;
	row->same_as = 0;
	row->stored_len = n.size_bytes;
	if (row->digest.len > DIGEST_INLINE_MAX)
		row->digest = SLICE("");
	if (r->o->mode != REPAIR_DO)
		return STATUS_OK;	/* the row is not kept, either */
	if (old != NULL) {
		n.received_zone = old->r.received_zone;
		n.uidl = old->r.uidl;
		n.envelope = old->r.envelope;
		n.owners = old->r.owners;
	}
	memcpy(n.sha256, row->sha256, SHA256_LEN);
	st = writer_need(r, why);
	if (st == STATUS_OK)
		st = segment_writer_add(r->writer, &n, r->change.number, &place, why);
	if (st == STATUS_OK)
		st = segment_writer_sync(r->writer, why);
	if (st != STATUS_OK)
		return st;
	row->segment = place.segment;
	row->segment_at = place.at;
	row->head_len = place.head_len;
	return STATUS_OK;
}

/* The bytes where the row says they lie, though no head says so. */
static enum status
headless_text(struct repair *r, const struct text_row *row, struct repair_reader *l)
{
	struct buf stored = buf_init((size_t)TEXT_SIZE_MAX + 1024 * 1024);
	enum status st;

	buf_reset(&l->text);
	if (row->codec == CODEC_SAME) {
		st = same_text(r, row->same_as, row->sha256, &l->text);
	} else {
		st = segment_bytes(r->segments, row->segment, row->segment_at, row->stored_len,
		    &stored, NULL);
		if (st == STATUS_OK)
			st = stored_text(buf_slice(&stored), row->codec, row->size_bytes,
			    row->sha256, &l->text);
	}
	buf_clear(&stored);
	return st == STATUS_OK ? STATUS_OK : STATUS_CORRUPT;
}

/* Any whole record with this id.  ABSENT: there is none. */
static enum status
record_elsewhere(struct repair *r, uint64_t id, struct repair_reader *l)
{
	const struct scan_text *t = scan_find(&r->scan, id);
	const struct scan_text *end = r->scan.texts + r->scan.text_count;

	for (; t != NULL && t < end && t->id == id; t++) {
		l->place = (struct record_place){ r->scan.store, t->segment, t->at };
		if (record_look(r, id, l) == STATUS_OK)
			return STATUS_OK;
	}
	return STATUS_ABSENT;
}

/* The row of the record at hand, which is whole but for its digest, perhaps. */
static enum status
row_renew(struct repair *r, struct repair_reader *l, struct slice digest, struct text_row *row,
    struct problem *why)
{
	buf_reset(&l->digest);
	buf_append(&l->digest, digest);
	if (l->record.is_meta_good &&
	    row_of(&l->record, &l->place, buf_slice(&l->text), &l->digest, row) == STATUS_OK)
		return STATUS_OK;
	if (l->record.is_meta_good)
		row->mid = slice_sub(l->record.r.mid, 0, MID_LEN_MAX);
	row->digest = digest_find(digest, l->record.r.digest, buf_slice(&l->text), &l->digest);
	row->digest_len = (uint32_t)row->digest.len;
	row->size_bytes = (uint32_t)l->text.len;
	memcpy(row->sha256, l->record.r.sha256, SHA256_LEN);
	row->received_at = l->record.r.received_at;
	return text_write_anew(r, row, buf_slice(&l->text), &l->record, why);
}

static void
key_of_text(uint64_t id, char out[24])
{
	snprintf(out, 24, "%llu", (unsigned long long)id);
}

static enum status
text_look(struct repair *r, struct slice key, struct slice value, void *ctx, struct problem *why)
{
	struct repair_reader *l = ctx;
	struct text_row row;
	char name[24];
	enum status st = text_decode(value, &row);

	if (st != STATUS_OK)
		return st;
	row.id = key_read_u64(key, 0);
	key_of_text(row.id, name);
	l->place = (struct record_place){ r->scan.store, row.segment,
		row.segment_at - row.head_len };
	if (record_look(r, row.id, l) == STATUS_OK && row_is_right(&row, l))
		return STATUS_OK;
	if (record_elsewhere(r, row.id, l) == STATUS_OK) {
		st = row_renew(r, l, row.digest, &row, why);
	} else if (headless_text(r, &row, l) == STATUS_OK) {
		buf_reset(&l->digest);
		row.digest = digest_find(row.digest, SLICE(""), buf_slice(&l->text), &l->digest);
		row.digest_len = (uint32_t)row.digest.len;
		st = text_write_anew(r, &row, buf_slice(&l->text), NULL, why);
	} else {
		repair_number_put(&r->lost, row.id);
		repair_say(r, REPAIR_LOST, "text", name, 0, "its bytes in segment %u are damaged",
		    row.segment);
		return STATUS_OK;
	}
	if (st == STATUS_OK)
		repair_say(r, REPAIR_MENDED, "text", name, 0,
		    "its row or its record was damaged, its bytes are whole");
	return st == STATUS_OK ? text_row_put(r->txn, &row, why) : st;
}

struct wanted {
	enum store_table table;
	size_t at;		/* of the text's id in a value */
	struct repair_numbers *ids;
};

static enum status
wanted_put(struct repair *r, struct slice key, struct slice value, void *ctx, struct problem *why)
{
	struct wanted *w = ctx;
	struct text_row row;
	struct slice there;
	struct key k;
	uint64_t id;

	(void)why;
	if (w->table == TABLE_TEXT)
		id = text_decode(value, &row) == STATUS_OK ? row.same_as : 0;
	else if (w->table == TABLE_REFERENCE)	/* a count of zero: the text was about to go */
		id = load_u32le((const uint8_t *)value.ptr + 1) > 0 ? key_read_u64(key, 0) : 0;
	else
		id = load_u64le((const uint8_t *)value.ptr + w->at);
	if (id != 0 && txn_get(r->txn, TABLE_TEXT, key_of_u64(&k, id), &there, NULL) == STATUS_ABSENT)
		repair_number_put(w->ids, id);
	return STATUS_OK;
}

/* Ids that something speaks of, but that have no row. */
static enum status
wanted_find(struct repair *r, struct repair_numbers *ids, struct problem *why)
{
	struct wanted from[] = { { TABLE_MESSAGE, 1, ids }, { TABLE_TRASH, 1, ids },
		{ TABLE_ARCHIVE, 1, ids }, { TABLE_QUEUE, 2, ids }, { TABLE_REFERENCE, 0, ids },
		{ TABLE_TEXT, 0, ids } };
	enum status st = STATUS_OK;

	for (size_t i = 0; st == STATUS_OK && i < ARRAY_LEN(from); i++)
		st = repair_each(r, from[i].table, wanted_put, &from[i], why);
	repair_numbers_sort(ids);
	return st;
}

enum status
repair_text_restore(struct repair *r, struct repair_reader *l, uint64_t id,
    struct repair_found *out, struct problem *why)
{
	struct text_row row = { .id = id };
	enum status st;

	if (record_elsewhere(r, id, l) != STATUS_OK)
		return STATUS_ABSENT;
	st = row_renew(r, l, SLICE(""), &row, why);
	if (st == STATUS_OK)
		st = text_row_put(r->txn, &row, why);
	if (st != STATUS_OK)
		return st == STATUS_ABSENT ? STATUS_IO : st;
	*out = (struct repair_found){
		.row = row,
		.owners = l->record.r.owners,
		.envelope = l->record.r.envelope,
		.uidl = l->record.r.uidl,
		.received_at = (int64_t)l->record.r.received_at,
		.received_zone = l->record.r.received_zone,
		.digest = digest_find(row.digest, l->record.r.digest, buf_slice(&l->text),
		    &l->digest),
	};
	return STATUS_OK;
}

static enum status
wanted_look(struct repair *r, uint64_t id, struct repair_reader *l, struct problem *why)
{
	struct repair_found found;
	char name[24];
	enum status st = repair_text_restore(r, l, id, &found, why);

	if (st == STATUS_ABSENT)
		return STATUS_OK;	/* whoever speaks of it says that it is lost */
	key_of_text(id, name);
	if (st == STATUS_OK)
		repair_say(r, REPAIR_MENDED, "text", name, 0,
		    "its row was lost, and read again from segment %u", l->place.segment);
	return st == STATUS_OK ? repair_turn(r, why) : st;
}

enum status
repair_texts(struct repair *r, struct problem *why)
{
	struct repair_reader *l = repair_reader_new();
	struct repair_numbers ids = { NULL, 0 };
	enum status st;

	/* Rows that are missing come first: others may be the same as theirs. */
	st = wanted_find(r, &ids, why);
	for (size_t i = 0; st == STATUS_OK && i < ids.count; i++)
		if (i == 0 || ids.all[i] != ids.all[i - 1])
			st = wanted_look(r, ids.all[i], l, why);
	if (st == STATUS_OK)
		st = repair_each(r, TABLE_TEXT, text_look, l, why);
	mem_free(ids.all);
	repair_reader_free(&l);
	return st;
}

enum status
repair_text_get(struct repair *r, uint64_t id, struct text_row *row, bool *is_lost,
    struct problem *why)
{
	enum status st = row_get(r, id, row);

	(void)why;
	*is_lost = st != STATUS_OK || repair_numbers_have(&r->lost, id);
	return st == STATUS_OK ? STATUS_OK : STATUS_ABSENT;
}

void
repair_describe(const struct text_row *text, int64_t at, struct buf *out)
{
	struct digest d;

	if (at > 0) {
		buf_append(out, SLICE("of "));
		clock_format_rfc3339((uint64_t)at, out);
	}
	if (text == NULL)
		return;
	buf_printf(out, ", %u bytes", text->size_bytes);
	if (digest_decode(text->digest, &d) != STATUS_OK)
		return;
	buf_printf(out, ", from %.*s, subject \"%.*s\"",
	    SLICE_ARG(d.from_name.len > 0 ? d.from_name : d.from),
	    SLICE_ARG(slice_sub(d.base_subject, 0, SUBJECT_MAX)));
}

/* The head of a record that is nothing but its length: what lies here is passed over. */
static enum status
hole_write(struct repair *r, const struct scan_gap *g, struct problem *why)
{
	struct record_place place = { r->scan.store, g->segment, g->from };
	struct segment_record n = { .type = RECORD_HOLE };
	struct buf bytes = buf_init((size_t)TEXT_SIZE_MAX + SEGMENT_SIZE);
	uint8_t head[RECORD_HEAD_LEN];
	char name[64];
	enum status st;
	int fd = -1;

	snprintf(name, sizeof(name), "segment-%08x-%llu", g->segment, (unsigned long long)g->from);
	st = segment_bytes(r->segments, g->segment, g->from, g->to - g->from, &bytes, why);
	if (st == STATUS_OK)
		st = repair_put_aside(r, name, buf_slice(&bytes), why);
	n.text = slice_skip(buf_slice(&bytes), RECORD_HEAD_LEN);
	n.size_bytes = (uint32_t)n.text.len;
	n.text_crc = crc32c(0, n.text);
	record_head_encode(&n, &place, head);
	snprintf(name, sizeof(name), "%08x.seg", g->segment);
	if (st == STATUS_OK && r->o->mode == REPAIR_DO)
		fd = openat(r->segments, name, O_WRONLY | O_CLOEXEC);
	if (st == STATUS_OK && r->o->mode == REPAIR_DO &&
	    (fd < 0 || pwrite(fd, head, sizeof(head), (off_t)g->from) != (ssize_t)sizeof(head) ||
		fdatasync(fd) != 0)) {
		problem_set_errno(why, errno, "segment %s", name);
		st = STATUS_IO;
	}
	if (fd >= 0)
		close(fd);
	buf_clear(&bytes);
	return st;
}

static enum status
gap_close(struct repair *r, const struct scan_gap *g, struct problem *why)
{
	char key[48];

	/* Behind the end of what was committed lies what a crash left. */
	if (r->has_counters && (g->segment > r->counters.segment ||
	    (g->segment == r->counters.segment && g->from >= r->counters.segment_at)))
		return STATUS_OK;
	if (g->to - g->from < RECORD_HEAD_LEN)
		return STATUS_OK;
	snprintf(key, sizeof(key), "%u/%llu", g->segment, (unsigned long long)g->from);
	repair_say(r, REPAIR_LOST, "segment", key, 0, "%llu bytes here are no record",
	    (unsigned long long)(g->to - g->from));
	return hole_write(r, g, why);
}

static enum status
head_renew(struct repair *r, uint32_t number, struct problem *why)
{
	char key[16];

	snprintf(key, sizeof(key), "%u", number);
	repair_say(r, REPAIR_MENDED, "segment", key, 0, "the head of the file was damaged");
	return r->o->mode == REPAIR_DO ?
	    segment_head_write(r->segments, number, r->scan.store, why) : STATUS_OK;
}

enum status
repair_segments(struct repair *r, struct problem *why)
{
	enum status st = STATUS_OK;

	for (size_t i = 0; st == STATUS_OK && i < r->scan.gap_count; i++)
		st = gap_close(r, &r->scan.gaps[i], why);
	for (size_t i = 0; st == STATUS_OK && i < r->scan.file_count; i++)
		if (!r->scan.files[i].has_head && r->scan.files[i].end > SEGMENT_HEAD_LEN)
			st = head_renew(r, r->scan.files[i].number, why);
	return st;
}

static enum status
sealed_look(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct buf *rows = ctx;
	struct sealed_row row;
	char name[24];

	buf_reset(rows);
	if (sealed_decode(key, value, &row) == STATUS_OK &&
	    sealed_read(r->store, &row, rows, NULL) == STATUS_OK)
		return STATUS_OK;
	key_of_text(key_read_u64(key, 0), name);
	repair_say(r, REPAIR_LOST, "sealed", name, 0,
	    "this part of the journal cannot be read: clients that come back get the full answer");
	return txn_delete(r->txn, TABLE_SEALED, key, why);
}

enum status
repair_sealed(struct repair *r, struct problem *why)
{
	struct buf rows = buf_init(SEALED_SIZE_MAX);
	enum status st = repair_each(r, TABLE_SEALED, sealed_look, &rows, why);

	buf_clear(&rows);
	return st;
}
