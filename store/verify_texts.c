/* Texts: rows, who refers to them, the archive's chain, and the bytes in segments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "store/archive.h"
#include "store/digest.h"
#include "store/segment.h"
#include "store/segment_row.h"
#include "store/text.h"
#include "store/verify_pass.h"

#define SLICE_TEXTS 200		/* texts read in one read transaction, */
#define SLICE_BYTES (16u * 1024 * 1024)	/* or about so many bytes of them */
#define STEP (1024 * 1024)

/* Numbers that grow as they are put. */
struct numbers {
	uint64_t *all;
	size_t count, cap;
};

static void
number_put(struct numbers *n, uint64_t value)
{
	if (n->count == n->cap) {
		n->cap = n->cap == 0 ? 1024 : 2 * n->cap;
		n->all = mem_resize(n->all, n->cap, sizeof(n->all[0]));
	}
	n->all[n->count++] = value;
}

static int
number_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
row_is_text(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct counters *n = &p->counters;
	struct text_row row;
	struct slice r;

	(void)value;
	(void)ctx;
	if (key.len != 8 || text_get(p->txn, key_read_u64(key, 0), &row, NULL) != STATUS_OK) {
		pass_found(p, key, "it cannot be read");
		return;
	}
	if (row.id == 0 || row.id > n->text)
		pass_found(p, key, "its id was never given");
	if (row.segment > n->segment ||
	    (row.segment == n->segment && row.segment_at + row.stored_len > n->segment_at))
		pass_found(p, key, "it lies behind the end of the segments");
	if (txn_get(p->txn, TABLE_REFERENCE, key, &r, NULL) == STATUS_ABSENT)
		pass_found(p, key, "its count of references is not there");
}

void
verify_text_rows(struct verify_pass *p)
{
	pass_rows(p, TABLE_TEXT, row_is_text, NULL);
}

/* Text ids that the rows of a table refer to; at: of the id in a record. */
static enum status
references_of(struct verify_pass *p, enum store_table table, size_t at, struct numbers *out)
{
	struct slice key = SLICE(""), value;
	struct cursor *c;
	uint64_t rows = 0;
	enum status st = cursor_open(p->txn, table, &c, NULL);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, SLICE(""), &key, &value, NULL);
	/* No more rows than a store can have: pages that lead back would give them for ever. */
	while ((st == STATUS_OK || (st == STATUS_CORRUPT && key.len > 0)) && rows++ < UINT32_MAX) {
		if (st == STATUS_OK && value.len >= at + 8)
			number_put(out, load_u64le((const uint8_t *)value.ptr + at));
		key = SLICE("");
		st = cursor_next(c, &key, &value, NULL);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

/* Texts that have the bytes of others, which refer to those. */
static enum status
references_of_copies(struct verify_pass *p, struct numbers *out)
{
	struct slice key = SLICE(""), value;
	struct text_row row;
	struct cursor *c;
	uint64_t rows = 0;
	enum status st = cursor_open(p->txn, TABLE_TEXT, &c, NULL);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, SLICE(""), &key, &value, NULL);
	while ((st == STATUS_OK || (st == STATUS_CORRUPT && key.len > 0)) && rows++ < UINT32_MAX) {
		if (st == STATUS_OK && text_decode(value, &row) == STATUS_OK && row.same_as != 0)
			number_put(out, row.same_as);
		key = SLICE("");
		st = cursor_next(c, &key, &value, NULL);
	}
	cursor_close(&c);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

struct counting {
	struct numbers refs;	/* in order */
	size_t at;
};

static void
row_is_reference(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct counting *c = ctx;
	uint64_t text = key_read_u64(key, 0);
	struct text_row row;
	uint32_t says, counted = 0;

	(void)value;
	if (key.len != 8 || text_references(p->txn, text, &says, NULL) != STATUS_OK) {
		pass_found(p, key, "it cannot be read");
		return;
	}
	if (text_get(p->txn, text, &row, NULL) == STATUS_ABSENT)
		pass_found(p, key, "its text is not there");
	while (c->at < c->refs.count && c->refs.all[c->at] < text)
		c->at++;
	for (; c->at < c->refs.count && c->refs.all[c->at] == text; c->at++)
		counted++;
	if (says != counted)
		pass_found(p, key, "it says %u, %u rows refer to the text", says, counted);
}

void
verify_references(struct verify_pass *p)
{
	static const struct {
		enum store_table table;
		size_t at;
	} from[] = { { TABLE_MESSAGE, 1 }, { TABLE_TRASH, 1 }, { TABLE_ARCHIVE, 1 }, { TABLE_QUEUE, 2 } };
	struct counting c = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(from); i++)
		if (references_of(p, from[i].table, from[i].at, &c.refs) != STATUS_OK)
			pass_found_at(p, "", "it cannot be recounted: another table is damaged");
	if (references_of_copies(p, &c.refs) != STATUS_OK)
		pass_found_at(p, "", "it cannot be recounted: the table text is damaged");
	if (c.refs.count > 0)
		qsort(c.refs.all, c.refs.count, sizeof(c.refs.all[0]), number_order);
	pass_rows(p, TABLE_REFERENCE, row_is_reference, &c);
	mem_free(c.refs.all);
}

struct chain {
	uint64_t next;
	uint8_t hash[SHA256_LEN];
	bool is_broken;		/* said already */
	struct buf meta;
};

/* Hash of the entry as it should be. */
static bool
entry_hash(struct verify_pass *p, struct chain *c, const struct archive_row *row,
    uint8_t out[SHA256_LEN])
{
	struct slice envelope = row->envelope;
	struct segment_record r;
	struct text_row text;

	if (row->lost == ARCHIVE_TEXT_LOST) {
		archive_hash(c->hash, row->text_sha256, envelope, row, out);
		c->is_broken |= !row->is_envelope_inline;	/* it was lost with the text */
		return true;
	}
	if (text_get(p->txn, row->text, &text, NULL) != STATUS_OK)
		return false;
	if (!row->is_envelope_inline) {
		if (text_record_read(p->store, &text, &r, &c->meta, NULL) != STATUS_OK)
			return false;
		envelope = r.envelope;
	}
	archive_hash(c->hash, text.sha256, envelope, row, out);
	return true;
}

static void
row_is_archive(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct chain *c = ctx;
	uint64_t entry = key_read_u64(key, 0);
	uint8_t hash[SHA256_LEN];
	struct archive_row row;
	struct slice sender, recipients;

	(void)value;
	if (entry != c->next)
		pass_found(p, key, "the entry before it is %llu: some are missing",
		    (unsigned long long)c->next - 1);
	c->is_broken |= entry != c->next;
	c->next = entry + 1;
	if (key.len != 8 || archive_get(p->txn, entry, &row, NULL) != STATUS_OK) {
		pass_found(p, key, "it cannot be read");
		c->is_broken = true;
		return;
	}
	if (row.lost == ARCHIVE_ENTRY_LOST) {
		c->is_broken = true;	/* a repair says so: nothing links the next one to it */
		memcpy(c->hash, row.hash, sizeof(c->hash));
		return;
	}
	if (row.is_envelope_inline &&
	    archive_envelope_read(row.envelope, &sender, &recipients) != STATUS_OK)
		pass_found(p, key, "its envelope cannot be read");
	if (!entry_hash(p, c, &row, hash))
		pass_found(p, key, "its text %llu or envelope is not there",
		    (unsigned long long)row.text);
	else if (!c->is_broken && memcmp(hash, row.hash, sizeof(hash)) != 0)
		pass_found(p, key, "the chain breaks here: it or the entry before was altered");
	c->is_broken = false;
	memcpy(c->hash, row.hash, sizeof(c->hash));
}

void
verify_archive(struct verify_pass *p)
{
	struct chain c = { .next = 1, .meta = buf_init(TEXT_META_MAX) };

	pass_rows(p, TABLE_ARCHIVE, row_is_archive, &c);
	if (c.next - 1 != p->counters.archive)
		pass_found_at(p, "", "it ends with entry %llu, the last one given is %llu",
		    (unsigned long long)c.next - 1, (unsigned long long)p->counters.archive);
	else if (memcmp(c.hash, p->counters.archive_hash, sizeof(c.hash)) != 0)
		pass_found_at(p, "", "the last entry is not the one that was written last");
	buf_clear(&c.meta);
}

/* Where the record of a text lies. */
struct extent {
	uint32_t segment;
	uint64_t start, end;
};

struct extents {
	struct extent *all;
	size_t count, cap;
};

static int
extent_order(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static enum status
extents_read(struct verify_pass *p, struct extents *e)
{
	struct slice key = SLICE(""), value;
	struct text_row row;
	struct cursor *c;
	enum status st = cursor_open(p->txn, TABLE_TEXT, &c, NULL);

	if (st != STATUS_OK)
		return st;
	st = cursor_seek(c, SLICE(""), &key, &value, NULL);
	while ((st == STATUS_OK || (st == STATUS_CORRUPT && key.len > 0)) && e->count < UINT32_MAX) {
		if (text_get(p->txn, key_read_u64(key, 0), &row, NULL) == STATUS_OK) {
			if (e->count == e->cap) {
				e->cap = e->cap == 0 ? 1024 : 2 * e->cap;
				e->all = mem_resize(e->all, e->cap, sizeof(e->all[0]));
			}
			e->all[e->count++] = (struct extent){ row.segment,
				row.segment_at - row.head_len, row.segment_at + row.stored_len };
		}
		key = SLICE("");
		st = cursor_next(c, &key, &value, NULL);
	}
	cursor_close(&c);
	if (e->count > 0)
		qsort(e->all, e->count, sizeof(e->all[0]), extent_order);
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

/* The checksums of a marker; those of a text are looked at by the texts' stage. */
static bool
marker_is_whole(int fd, uint64_t at, const struct segment_record *r)
{
	struct buf b = buf_init(TEXT_META_MAX);
	bool is_whole = record_meta_len(r) == 0 &&
	    buf_reserve(&b, r->text.len) == STATUS_OK &&
	    segment_read(fd, at + RECORD_HEAD_LEN, b.ptr, r->text.len, NULL) == STATUS_OK;

	if (is_whole) {
		b.len = r->text.len;
		is_whole = crc32c(0, buf_slice(&b)) == r->text_crc;
	}
	buf_clear(&b);
	return is_whole;
}

/* Record heads follow each other as far as texts lie in the segment. */
static void
segment_walk(struct verify_pass *p, uint32_t number, int fd, const struct extent *e, size_t count)
{
	struct record_place place = { store_id(p->store), number, SEGMENT_HEAD_LEN };
	uint64_t end = e[count - 1].end;
	uint8_t head[RECORD_HEAD_LEN];
	struct segment_record r;
	char key[48];
	size_t i = 0;

	while (place.at < end) {
		snprintf(key, sizeof(key), "%u/%llu", number, (unsigned long long)place.at);
		if (segment_read(fd, place.at, (char *)head, sizeof(head), NULL) == STATUS_OK &&
		    record_head_decode(head, &place, &r) == STATUS_OK) {
			if (r.type == RECORD_MARKER && !marker_is_whole(fd, place.at, &r))
				pass_found_at(p, key, "the marker here is damaged");
			place.at += record_len(&r);
			continue;
		}
		pass_found_at(p, key, "here should be a record");
		while (i < count && e[i].start <= place.at)
			i++;
		place.at = i < count ? e[i].start : end;
	}
}

/* Its texts were moved, and it was deleted, behind the snapshot that the pass reads. */
static bool
is_compacted_since(struct verify_pass *p, uint32_t segment)
{
	struct segment_row row = { 0 };
	struct txn *t;
	bool is_empty;

	if (txn_begin_read(store_env(p->store), &t, NULL) != STATUS_OK)
		return false;
	is_empty = segment_row_get(t, segment, &row, NULL) == STATUS_OK && row.live_bytes == 0;
	txn_abort(&t);
	return is_empty;
}

void
verify_segments(struct verify_pass *p)
{
	struct extents e = { 0 };
	struct problem why;
	char key[16];
	size_t from, to;
	int fd;

	if (extents_read(p, &e) != STATUS_OK)
		pass_found_at(p, "", "the table text cannot be read to its end");
	for (from = 0; from < e.count; from = to) {
		for (to = from; to < e.count && e.all[to].segment == e.all[from].segment; to++)
			;
		why = (struct problem){ "" };
		snprintf(key, sizeof(key), "%u", e.all[from].segment);
		if (store_segment(p->store, e.all[from].segment, &fd, &why) == STATUS_OK)
			segment_walk(p, e.all[from].segment, fd, e.all + from, to - from);
		else if (!is_compacted_since(p, e.all[from].segment))
			pass_found_at(p, key, "%s", why.text);
		pass_progress(p, (uint64_t)e.all[from].segment * SEGMENT_SIZE,
		    (uint64_t)p->counters.segment * SEGMENT_SIZE);
	}
	mem_free(e.all);
}

/* What is to be known of a text's bytes, read in steps. */
struct bytes_sum {
	uint32_t crc;		/* of what is stored */
	uint8_t sha256[SHA256_LEN];	/* of the text */
};

static enum status
stored_sum(struct verify_pass *p, const struct text_row *row, char *step, uint32_t *crc,
    struct problem *why)
{
	enum status st = STATUS_OK;
	uint32_t len;

	*crc = 0;
	for (uint32_t at = 0; st == STATUS_OK && at < row->bytes.stored_len; at += len) {
		len = row->bytes.stored_len - at < STEP ? row->bytes.stored_len - at : STEP;
		st = text_stored_read(p->store, row, at, len, step, why);
		if (st == STATUS_OK)
			*crc = crc32c(*crc, slice_make(step, len));
	}
	return st;
}

static enum status
text_sum(struct verify_pass *p, const struct text_row *row, char *step, struct bytes_sum *sum,
    struct problem *why)
{
	struct sha256 *h = sha256_new();
	enum status st = STATUS_OK;
	uint32_t len, crc = 0;

	for (uint32_t at = 0; st == STATUS_OK && at < row->size_bytes; at += len) {
		len = row->size_bytes - at < STEP ? row->size_bytes - at : STEP;
		st = text_read(p->store, row, at, len, step, why);
		if (st == STATUS_OK) {
			crc = crc32c(crc, slice_make(step, len));
			sha256_update(h, slice_make(step, len));
		}
	}
	sha256_final(h, sum->sha256);
	sha256_free(&h);
	sum->crc = crc;
	if (st == STATUS_OK && row->bytes.codec != CODEC_PLAIN)
		st = stored_sum(p, row, step, &sum->crc, why);
	return st;
}

static void
text_bytes(struct verify_pass *p, struct slice key, const struct text_row *row, uint32_t text_crc)
{
	char *step = mem_zeroed(1, STEP);
	struct problem why = { "" };
	struct bytes_sum sum;
	enum status st = text_sum(p, row, step, &sum, &why);

	if (st != STATUS_OK)
		pass_found(p, key, "%s", why.text);
	else if (sum.crc != text_crc || memcmp(sum.sha256, row->sha256, SHA256_LEN) != 0)
		pass_found(p, key, "its bytes in segment %u are damaged", row->segment);
	mem_free(step);
}

/* The record of a text that another one holds says which; that one is looked at by itself. */
static void
same_bytes(struct verify_pass *p, struct slice key, const struct text_row *row, uint32_t text_crc)
{
	uint8_t id[SAME_LEN];
	enum status st;
	int fd;

	st = store_segment(p->store, row->segment, &fd, NULL);
	if (st == STATUS_OK)
		st = segment_read(fd, row->segment_at, (char *)id, sizeof(id), NULL);
	if (st != STATUS_OK || crc32c(0, slice_make(id, sizeof(id))) != text_crc ||
	    load_u64le(id) != row->same_as)
		pass_found(p, key, "what it is the same as is damaged in segment %u", row->segment);
}

static void
text_is_whole(struct verify_pass *p, struct slice key, const struct text_row *row,
    struct buf *meta)
{
	struct segment_record r;
	struct problem why = { "" };
	struct digest d;
	struct slice digest;

	if (text_record_read(p->store, row, &r, meta, &why) != STATUS_OK) {
		pass_found(p, key, "%s", why.text);
		return;
	}
	if (!slice_equal(r.mid, row->mid) || r.received_at != row->received_at)
		pass_found(p, key, "the record in segment %u is another's", row->segment);
	digest = row->digest.len == row->digest_len ? row->digest : r.digest;
	if (digest.len != row->digest_len ||
	    (digest.len > 0 && digest_decode(digest, &d) != STATUS_OK))
		pass_found(p, key, "its digest cannot be read");
	if (row->codec == CODEC_SAME)
		same_bytes(p, key, row, r.text_crc);
	else
		text_bytes(p, key, row, r.text_crc);
}

/* Some texts from behind *last on; false: there are no more. */
static bool
texts_slice(struct verify_pass *p, struct txn *t, struct key *last, struct buf *meta,
    uint64_t *done)
{
	struct slice key = SLICE(""), value;
	uint64_t bytes = 0;
	struct cursor *c;
	struct text_row row;
	struct key now;
	enum status st = cursor_open(t, TABLE_TEXT, &c, NULL);

	if (st != STATUS_OK)
		return false;
	st = cursor_seek(c, key_slice(last), &key, &value, NULL);
	if ((st == STATUS_OK || st == STATUS_CORRUPT) && slice_equal(key, key_slice(last)))
		st = cursor_next(c, &key, &value, NULL);
	for (unsigned i = 0; i < SLICE_TEXTS && bytes < SLICE_BYTES; i++) {
		if ((st != STATUS_OK && st != STATUS_CORRUPT) || key.len != 8 ||
		    (last->len > 0 && slice_compare(key, key_slice(last)) <= 0)) {
			st = STATUS_ABSENT;	/* the end, or damage that its own stage named */
			break;
		}
		key_init(&now);
		key_bytes(&now, key);
		*last = now;
		if (text_get(t, key_read_u64(key, 0), &row, NULL) == STATUS_OK) {
			text_is_whole(p, key_slice(&now), &row, meta);
			bytes += row.size_bytes;
		}
		key = SLICE("");
		st = cursor_next(c, &key, &value, NULL);
	}
	cursor_close(&c);
	*done += bytes;
	return st == STATUS_OK || st == STATUS_CORRUPT;
}

/* Most of the time of a pass goes here: the big snapshot is let go first. */
void
verify_texts(struct verify_pass *p)
{
	struct buf meta = buf_init(TEXT_META_MAX);
	struct key *last = &p->place->key;
	uint64_t done = 0;
	struct txn *t;
	bool is_more = true;

	txn_abort(&p->txn);
	key_init(last);
	while (is_more) {
		if (txn_begin_read(store_env(p->store), &t, NULL) != STATUS_OK) {
			pass_found_at(p, "", "the index cannot be read any more");
			break;
		}
		is_more = texts_slice(p, t, last, &meta, &done);
		txn_abort(&t);
		pass_progress(p, done, (uint64_t)p->counters.segment * SEGMENT_SIZE);
	}
	buf_clear(&meta);
}
