/* Archive, trash and queue: what still has its text stays. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/archive.h"
#include "store/key.h"
#include "store/record_bytes.h"
#include "store/repair_pass.h"
#include "store/spool.h"
#include "store/trash.h"

#define TRASH_SIZE_AT 23	/* of the message's size in a trash record */

/* The chain while it is followed. */
struct links {
	uint8_t before[SHA256_LEN];	/* hash of the entry before */
	bool is_known;			/* there is one to go by */
	uint64_t doubtful;		/* an entry that does not fit, perhaps its hash only; 0: none */
	struct record_bytes record;
};

static void
entry_key(uint64_t entry, char out[24])
{
	snprintf(out, 24, "%llu", (unsigned long long)entry);
}

/* Nothing but that there was an entry. */
static enum status
entry_lost(struct repair *r, struct links *l, uint64_t entry, const char *what,
    struct problem *why)
{
	struct archive_row row = { .entry = entry, .is_envelope_inline = true,
		.lost = ARCHIVE_ENTRY_LOST };
	char key[24];
	enum status st;

	entry_key(entry, key);
	if (entry == r->counters.archive && r->has_counters)
		memcpy(row.hash, r->counters.archive_hash, sizeof(row.hash));
	repair_say(r, REPAIR_LOST, "archive", key, 0, "%s", what);
	st = archive_put_lost(r->txn, &row, why);
	memcpy(l->before, row.hash, sizeof(l->before));
	l->is_known = false;
	l->doubtful = 0;
	return st;
}

/* The envelope of an entry.  False: it lay in a segment and is gone. */
static bool
envelope_find(struct repair *r, struct links *l, const struct archive_row *row,
    const struct text_row *text, bool is_lost, struct slice *out)
{
	struct record_place place = { .store = r->scan.store };

	*out = row->envelope;
	if (row->is_envelope_inline)
		return true;
	if (is_lost)
		return false;
	place.segment = text->segment;
	place.at = text->segment_at - text->head_len;
	if (record_bytes_read(r->segments, &place, &l->record, NULL) != STATUS_OK ||
	    !l->record.is_meta_good)
		return false;
	*out = l->record.r.envelope;
	return true;
}

/* An entry that does not fit the one before: one of the two was altered. */
static enum status
entry_altered(struct repair *r, struct links *l, struct archive_row *row, struct problem *why)
{
	struct archive_row before;
	char key[24];
	enum status st;

	if (l->doubtful != 0) {		/* it was the hash of that one */
		st = archive_get(r->txn, l->doubtful, &before, why);
		if (st != STATUS_OK)
			return st;
		memset(before.hash, 0, sizeof(before.hash));
		l->doubtful = 0;
		return archive_put_lost(r->txn, &before, why);
	}
	entry_key(row->entry, key);
	repair_say(r, REPAIR_LOST, "archive", key, 0,
	    "it is not as it was written: it is marked, and the chain begins anew behind it");
	row->lost = ARCHIVE_ENTRY_LOST;
	l->doubtful = row->entry;
	return archive_put_lost(r->txn, row, why);
}

static enum status
entry_prove(struct repair *r, struct links *l, struct archive_row *row, struct problem *why)
{
	uint8_t hash[SHA256_LEN];
	struct slice envelope;
	struct text_row text;
	bool is_lost, has_text, has_envelope, fits;
	char key[24];
	enum status st = STATUS_OK;

	has_text = repair_text_get(r, row->text, &text, &is_lost, why) == STATUS_OK;
	if (!has_text)
		return entry_lost(r, l, row->entry, "its text and all that was known of it are gone",
		    why);
	has_envelope = envelope_find(r, l, row, &text, is_lost, &envelope);
	archive_hash(l->before, text.sha256, envelope, row, hash);
	fits = !has_envelope || !l->is_known || memcmp(hash, row->hash, sizeof(hash)) == 0;
	if (!has_envelope && !is_lost)
		return entry_lost(r, l, row->entry, "its envelope is gone", why);
	if (is_lost) {
		entry_key(row->entry, key);
		repair_say(r, REPAIR_LOST, "archive", key, 0,
		    "its text is gone; message %.*s, its envelope and hash stay",
		    SLICE_ARG(row->mid));
		row->lost = ARCHIVE_TEXT_LOST;
		row->text = 0;
		memcpy(row->text_sha256, text.sha256, SHA256_LEN);
		st = archive_put_lost(r->txn, row, why);
	}
	if (st == STATUS_OK && !fits)
		st = entry_altered(r, l, row, why);
	else
		l->doubtful = 0;
	memcpy(l->before, row->hash, sizeof(l->before));
	l->is_known = true;
	return st;
}

/* A row that a repair before this one has written. */
static void
entry_lost_before(struct links *l, const struct archive_row *row)
{
	static const uint8_t none[SHA256_LEN];

	l->is_known = row->lost == ARCHIVE_TEXT_LOST || memcmp(row->hash, none, sizeof(none)) != 0;
	memcpy(l->before, row->hash, sizeof(l->before));
	l->doubtful = 0;
}

enum status
repair_archive(struct repair *r, struct problem *why)
{
	struct links l = { .is_known = true, .record = record_bytes_init() };
	struct archive_row row;
	enum status st = STATUS_OK;

	/* Each entry has a text: no more can be missing behind the last than there are of those. */
	if (r->counters.archive > r->archive_seen + r->scan.text_count)
		r->counters.archive = r->archive_seen;
	for (uint64_t e = 1; st == STATUS_OK && e <= r->counters.archive; e++) {
		if (archive_get(r->txn, e, &row, NULL) != STATUS_OK)
			st = entry_lost(r, &l, e, "the entry is gone; the chain begins anew behind it",
			    why);
		else if (row.lost != ARCHIVE_WHOLE)
			entry_lost_before(&l, &row);
		else
			st = entry_prove(r, &l, &row, why);
		if (st == STATUS_OK)
			st = repair_turn(r, why);
	}
	if (st == STATUS_OK)
		memcpy(r->counters.archive_hash, l.before, sizeof(l.before));
	record_bytes_clear(&l.record);
	return st;
}

static enum status
trash_prove(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct buf b = buf_init(ENV_VALUE_MAX);
	char name[MAILBOX_NAME_MAX + 24];
	struct trash_row row;
	struct text_row text;
	bool is_lost;
	enum status st;

	(void)ctx;
	st = trash_decode(key, value, &row);
	if (st != STATUS_OK)
		return st;
	st = repair_text_get(r, row.message.text, &text, &is_lost, why);
	if (is_lost) {
		snprintf(name, sizeof(name), "%.*s/%u", SLICE_ARG(row.mailbox), row.message.uid);
		repair_describe(st == STATUS_OK ? &text : NULL, row.message.internal_at, &b);
		repair_say(r, REPAIR_LOST, "trash", name, row.account, "%.*s: its text is gone",
		    SLICE_ARG(buf_slice(&b)));
		st = txn_delete(r->txn, TABLE_TRASH, key, why);
	} else if (row.message.size_bytes != text.size_bytes && value.len >= TRASH_SIZE_AT + 4) {
		buf_append(&b, value);
		store_u32le((uint8_t *)b.ptr + TRASH_SIZE_AT, text.size_bytes);
		st = txn_put(r->txn, TABLE_TRASH, key, buf_slice(&b), why);
	}
	buf_clear(&b);
	return st;
}

enum status
repair_trash(struct repair *r, struct problem *why)
{
	return repair_each(r, TABLE_TRASH, trash_prove, NULL, why);
}

static enum status
due_drop(struct repair *r, struct slice key, struct slice value, void *ctx, struct problem *why)
{
	(void)value;
	(void)ctx;
	return txn_delete(r->txn, TABLE_QUEUE_DUE, key, why);
}

static enum status
queue_prove(struct repair *r, struct slice key, struct slice value, void *ctx,
    struct problem *why)
{
	struct spool_row row;
	struct text_row text;
	struct key due;
	char name[24];
	bool is_lost;
	enum status st;

	(void)value;
	(void)ctx;
	entry_key(key_read_u64(key, 0), name);
	st = spool_get(r->txn, key_read_u64(key, 0), &row, why);
	if (st != STATUS_OK)
		return st;
	st = repair_text_get(r, row.text, &text, &is_lost, why);
	if (is_lost) {
		repair_say(r, REPAIR_LOST, "queue", name, row.author,
		    "its text is gone: message %.*s from %.*s to %.*s is not sent",
		    SLICE_ARG(row.mid), SLICE_ARG(row.sender), SLICE_ARG(row.recipient));
		return txn_delete(r->txn, TABLE_QUEUE, key, why);
	}
	if (row.state == SPOOL_HELD)
		return st;
	repair_say(r, REPAIR_CHANGED, "queue", name, row.author,
	    "message %.*s to %.*s is held until it is released", SLICE_ARG(row.mid),
	    SLICE_ARG(row.recipient));
	/* What waits has a row among what is due, which ends with its waiting. */
	key_init(&due);
	key_u64(&due, row.due_at);
	key_u64(&due, row.id);
	st = txn_put(r->txn, TABLE_QUEUE_DUE, key_slice(&due), SLICE("\1"), why);
	row.state = SPOOL_HELD;
	return st == STATUS_OK ? spool_change(&r->change, &row, why) : st;
}

enum status
repair_queue(struct repair *r, struct problem *why)
{
	enum status st = repair_each(r, TABLE_QUEUE_DUE, due_drop, NULL, why);

	return st == STATUS_OK ? repair_each(r, TABLE_QUEUE, queue_prove, NULL, why) : st;
}
