#include "store/archive_verify.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/archive.h"
#include "store/counters.h"
#include "store/key.h"
#include "store/segment.h"
#include "store/store.h"
#include "store/text.h"

#define SLICE_ENTRIES 1000	/* in one read transaction, */
#define SLICE_BYTES (16u * 1024 * 1024)	/* or about so many bytes of texts */
#define STEP (1024 * 1024)

struct pass {
	const struct archive_verify *v;
	struct store *store;
	struct txn *txn;
	struct archive_head at;	/* the entry before the next one */
	bool is_known;		/* the hash of that entry is what it was when it was written */
	size_t head;		/* next of v->heads */
	uint64_t bytes;		/* of texts read in this slice */
	uint64_t found;
	struct buf meta;	/* of a segment record */
	char *step;
};

static void
found(struct pass *p, uint64_t entry, const char *what)
{
	p->found++;
	p->v->found(p->v->ctx, entry, slice_from_cstr(what));
}

enum status
archive_head(struct store *s, struct archive_head *out, struct problem *why)
{
	struct counters c;
	struct txn *t;
	enum status st = txn_begin_read(store_env(s), &t, why);

	if (st != STATUS_OK)
		return st;
	st = counters_get(t, &c, why);
	txn_abort(&t);
	if (st != STATUS_OK)
		return st;
	out->entry = c.archive;
	memcpy(out->hash, c.archive_hash, sizeof(out->hash));
	return STATUS_OK;
}

/* The text's bytes have the hash that its row names. */
static bool
text_is_as_written(struct pass *p, const struct text_row *text)
{
	struct sha256 *h = sha256_new();
	uint8_t hash[SHA256_LEN];
	uint32_t at = 0, len;
	enum status st = STATUS_OK;

	while (st == STATUS_OK && at < text->size_bytes) {
		len = text->size_bytes - at < STEP ? text->size_bytes - at : STEP;
		st = text_read(p->store, text, at, len, p->step, NULL);
		if (st == STATUS_OK)
			sha256_update(h, slice_make(p->step, len));
		at += len;
	}
	sha256_final(h, hash);
	sha256_free(&h);
	p->bytes += text->size_bytes;
	return st == STATUS_OK && memcmp(hash, text->sha256, sizeof(hash)) == 0;
}

/* The hash of the entry as it has to be; NULL, or what is not there. */
static const char *
entry_hash(struct pass *p, const struct archive_row *row, uint8_t out[SHA256_LEN])
{
	struct slice envelope = row->envelope;
	struct segment_record r;
	struct text_row text;

	if (row->lost == ARCHIVE_TEXT_LOST) {
		archive_hash(p->at.hash, row->text_sha256, envelope, row, out);
		p->is_known &= row->is_envelope_inline;		/* else it was lost with the text */
		return NULL;
	}
	if (text_get(p->txn, row->text, &text, NULL) != STATUS_OK)
		return "its text is not there";
	if (p->v->is_reading_texts && !text_is_as_written(p, &text))
		return "its text was altered or cannot be read";
	if (!row->is_envelope_inline) {
		if (text_record_read(p->store, &text, &r, &p->meta, NULL) != STATUS_OK)
			return "its envelope cannot be read";
		envelope = r.envelope;
	}
	archive_hash(p->at.hash, text.sha256, envelope, row, out);
	return NULL;
}

/* Heads that were kept of this entry and of those before it that are missing. */
static void
check_heads(struct pass *p, const struct archive_row *row)
{
	for (; p->head < p->v->head_count && p->v->heads[p->head].entry <= row->entry; p->head++) {
		const struct archive_head *kept = &p->v->heads[p->head];

		if (kept->entry <= p->v->from.entry)
			continue;
		if (kept->entry < row->entry)
			found(p, kept->entry, "a head was kept of it, and it is missing");
		else if (memcmp(kept->hash, row->hash, sizeof(kept->hash)) != 0)
			found(p, kept->entry,
			    "it is not what the head says that was kept of it: it or one before "
			    "was altered since");
	}
}

static void
check_entry(struct pass *p, uint64_t entry)
{
	uint8_t hash[SHA256_LEN];
	struct archive_row row;
	const char *what;
	char text[80];

	if (entry != p->at.entry + 1) {
		snprintf(text, sizeof(text), "the entry before it is %llu: some are missing",
		    (unsigned long long)p->at.entry);
		found(p, entry, text);
		p->is_known = false;
	}
	p->at.entry = entry;
	if (archive_get(p->txn, entry, &row, NULL) != STATUS_OK) {
		found(p, entry, "it cannot be read");
		p->is_known = false;
		return;
	}
	if (row.lost != ARCHIVE_WHOLE)
		found(p, entry, row.lost == ARCHIVE_TEXT_LOST ?
		    "its text was lost, as a repair says" : "it was lost, as a repair says");
	if (row.lost == ARCHIVE_ENTRY_LOST) {
		/* Its hash, where that is known, links the next one to what was before. */
		memcpy(p->at.hash, row.hash, sizeof(p->at.hash));
		p->is_known = memcmp(row.hash, (const uint8_t[SHA256_LEN]){ 0 }, SHA256_LEN) != 0;
		if (p->is_known)
			check_heads(p, &row);
		return;
	}
	check_heads(p, &row);
	what = entry_hash(p, &row, hash);
	if (what != NULL)
		found(p, entry, what);
	else if (p->is_known && memcmp(hash, row.hash, sizeof(hash)) != 0)
		found(p, entry, "the chain breaks here: it or the entry before was altered");
	/* One break is said once: the next entry is compared with what this one says. */
	p->is_known = row.lost != ARCHIVE_ENTRY_LOST;
	memcpy(p->at.hash, row.hash, sizeof(p->at.hash));
}

/* What was written last, and heads of entries that are not there any more. */
static enum status
check_end(struct pass *p, struct problem *why)
{
	struct counters c;
	enum status st = counters_get(p->txn, &c, why);

	if (st != STATUS_OK)
		return st;
	if (p->at.entry != c.archive)
		found(p, p->at.entry, "it is not the last one that was written");
	else if (p->is_known && memcmp(p->at.hash, c.archive_hash, sizeof(p->at.hash)) != 0)
		found(p, p->at.entry, "it is not as it was when it was written last");
	for (; p->head < p->v->head_count; p->head++)
		if (p->v->heads[p->head].entry > p->at.entry)
			found(p, p->v->heads[p->head].entry,
			    "a head was kept of it, and it is missing");
	if (p->v->from.entry > p->at.entry)
		found(p, p->v->from.entry, "a head was kept of it, and it is missing");
	return STATUS_OK;
}

/* Where the pass begins: before the first entry, or behind one whose hash was kept. */
static enum status
begin(struct pass *p, struct problem *why)
{
	const struct archive_head *from = &p->v->from;
	struct archive_row row;
	enum status st;

	p->is_known = true;
	if (from->entry == 0)
		return STATUS_OK;
	st = archive_get(p->txn, from->entry, &row, why);
	if (st == STATUS_ABSENT)
		return STATUS_OK;	/* nor are those behind it: check_end() names it */
	if (st == STATUS_CORRUPT)
		found(p, from->entry, "it cannot be read");
	else if (st == STATUS_OK && memcmp(row.hash, from->hash, sizeof(row.hash)) != 0)
		found(p, from->entry,
		    "it is not what the head says that was kept of it: it or one before was "
		    "altered since");
	p->at = *from;
	return st == STATUS_CORRUPT ? STATUS_OK : st;
}

/* Some entries.  ABSENT: they were the last. */
static enum status
slice_of_entries(struct pass *p, struct problem *why)
{
	struct slice key = SLICE(""), value;
	struct cursor *c;
	struct key k;
	enum status st = cursor_open(p->txn, TABLE_ARCHIVE, &c, why);

	if (st != STATUS_OK)
		return st;
	p->bytes = 0;
	st = cursor_seek(c, key_of_u64(&k, p->at.entry + 1), &key, &value, why);
	for (unsigned n = 0; n < SLICE_ENTRIES && p->bytes < SLICE_BYTES; n++) {
		/* Damaged pages may lead back: what does not rise ends the pass. */
		if (st == STATUS_OK && key_read_u64(key, 0) <= p->at.entry)
			st = STATUS_CORRUPT;
		if (st == STATUS_OK || (st == STATUS_CORRUPT && key_read_u64(key, 0) > p->at.entry))
			check_entry(p, key_read_u64(key, 0));
		else
			break;
		key = SLICE("");
		st = cursor_next(c, &key, &value, why);
	}
	cursor_close(&c);
	if (st == STATUS_ABSENT)
		return check_end(p, why) == STATUS_OK ? STATUS_ABSENT : STATUS_IO;
	return st == STATUS_CORRUPT && key_read_u64(key, 0) > p->at.entry ? STATUS_OK : st;
}

enum status
archive_verify(struct store *s, const struct archive_verify *v, struct archive_head *head,
    struct problem *why)
{
	struct pass p = { .v = v, .store = s, .meta = buf_init(TEXT_META_MAX) };
	struct archive_head last = { 0 };
	enum status st = archive_head(s, &last, why);
	bool is_begun = false;

	p.step = mem_zeroed(1, STEP);
	while (st == STATUS_OK) {
		st = txn_begin_read(store_env(s), &p.txn, why);
		if (st != STATUS_OK)
			break;
		if (!is_begun)
			st = begin(&p, why);
		is_begun = true;
		if (st == STATUS_OK)
			st = slice_of_entries(&p, why);
		txn_abort(&p.txn);
		if (v->progress != NULL)
			v->progress(v->ctx, p.at.entry, last.entry);
	}
	mem_free(p.step);
	buf_clear(&p.meta);
	*head = p.at;
	if (st != STATUS_ABSENT)
		return st;
	return p.found == 0 ? STATUS_OK : STATUS_CORRUPT;
}
