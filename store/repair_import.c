/* The new index: every record of the old one that is sound. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/archive.h"
#include "store/audit.h"
#include "store/fetched.h"
#include "store/flags.h"
#include "store/former.h"
#include "store/history.h"
#include "store/identity.h"
#include "store/journal.h"
#include "store/key.h"
#include "store/message.h"
#include "store/message_id.h"
#include "store/repair_pass.h"
#include "store/sealed.h"
#include "store/segment_row.h"
#include "store/spool.h"
#include "store/trash.h"
#include "store/uidset.h"

#define SHOW_EVERY 256	/* pages */

struct importing {
	struct repair *r;
	bool has_identity;
	uint64_t pages, pages_all;	/* with records that were read; of the whole file */
	uint64_t records;
	struct counters seen;	/* the highest of everything that was read */
	enum status st;
	struct problem *why;
};

static bool
is_version_only(struct slice value)
{
	return value.len == 1 && value.ptr[0] == 1;
}

static bool
journal_fits(struct slice key, struct slice value)
{
	struct journal_row row;
	struct uidset uids;
	struct reader in;
	bool fits;

	if (key.len != 10 || journal_decode(key, value, &row) != STATUS_OK)
		return false;
	in = reader_of(row.uids);
	uidset_read(&in, &uids);
	fits = reader_at_end(&in);
	uidset_clear(&uids);
	return fits;
}

static bool
keyword_fits(struct slice key, struct slice value)
{
	struct reader in = reader_of(value);
	uint8_t bit = key.len == 5 ? (uint8_t)key.ptr[4] : 0;

	return read_u8(&in) == 1 && read_slice(&in).len > 0 && reader_at_end(&in) &&
	    bit >= FLAG_KEYWORD_SHIFT && bit <= 63;
}

static bool
archive_fits(struct txn *t, struct slice key)
{
	struct slice sender, recipients;
	struct archive_row row;

	return archive_get(t, key_read_u64(key, 0), &row, NULL) == STATUS_OK &&
	    (!row.is_envelope_inline || row.lost == ARCHIVE_ENTRY_LOST ||
		archive_envelope_read(row.envelope, &sender, &recipients) == STATUS_OK);
}

static bool
meta_fits(struct txn *t, struct slice key, struct slice value)
{
	struct former_row former;
	struct identity i;
	struct counters n;

	if (slice_equal(key, SLICE("store")))
		return identity_get(t, &i, NULL) == STATUS_OK;
	if (slice_equal(key, SLICE("counters")))
		return counters_get(t, &n, NULL) == STATUS_OK;
	return former_decode(key, value, &former) == STATUS_OK;
}

/* Records of one mailbox or account, which are read from where they were put. */
static bool
mail_fits(struct txn *t, enum store_table table, struct slice key)
{
	uint32_t a = key_read_u32(key, 0), b = key_read_u32(key, 4);
	struct flags_chunk chunk;
	struct account_row account;
	struct mailbox_row box;
	struct message_row message;

	switch (table) {
	case TABLE_ACCOUNT:
		return key.len == 4 && account_get(t, a, &account, NULL) == STATUS_OK;
	case TABLE_MAILBOX:
		return key.len == 4 && a != 0 && mailbox_get(t, a, &box, NULL) == STATUS_OK;
	case TABLE_MESSAGE:
		return key.len == 8 && message_get(t, a, b, &message, NULL) == STATUS_OK;
	default:
		return key.len == 8 && flags_chunk_get(t, a, b, &chunk, NULL) == STATUS_OK;
	}
}

/* Records of texts and of what refers to them. */
static bool
text_fits(struct txn *t, enum store_table table, struct slice key, struct slice value)
{
	uint64_t id = key_read_u64(key, 0);
	struct spool_row spool;
	struct trash_row trash;
	struct text_row text;
	uint32_t count;

	switch (table) {
	case TABLE_TEXT:
		return key.len == 8 && id != 0 && text_decode(value, &text) == STATUS_OK;
	case TABLE_REFERENCE:
		return key.len == 8 && text_references(t, id, &count, NULL) == STATUS_OK;
	case TABLE_MESSAGE_ID:
		return key.len == 20 && value.len == 6 && value.ptr[0] == 1 &&
		    key_read_u64(key, 12) / MESSAGE_ID_AGE == key_read_u32(key, 0);
	case TABLE_TEXT_HASH:	/* made anew in any case */
		return key.len == 20 && is_version_only(value);
	case TABLE_ARCHIVE:
		return key.len == 8 && archive_fits(t, key);
	case TABLE_TRASH:
		return key.len == 16 && trash_decode(key, value, &trash) == STATUS_OK;
	case TABLE_QUEUE:
		return key.len == 8 && id != 0 && spool_get(t, id, &spool, NULL) == STATUS_OK;
	default:
		return key.len == 16 && is_version_only(value);	/* queue_due */
	}
}

bool
repair_fits(struct txn *t, enum store_table table, struct slice key, struct slice value)
{
	struct segment_row segment;
	struct history_row history;
	struct sealed_row sealed;
	struct fetched_row fetched;
	struct audit_row audit;

	switch (table) {
	case TABLE_META:
		return meta_fits(t, key, value);
	case TABLE_ACCOUNT:
	case TABLE_MAILBOX:
	case TABLE_MESSAGE:
	case TABLE_FLAGS:
		return mail_fits(t, table, key);
	case TABLE_MAILBOX_NAME:
		return key.len > 4 && value.len == 5 && value.ptr[0] == 1;
	case TABLE_SUBSCRIPTION:
		return key.len > 4 && is_version_only(value) &&
		    mailbox_name_check(slice_skip(key, 4), NULL) == STATUS_OK;
	case TABLE_KEYWORD:
		return keyword_fits(key, value);
	case TABLE_TEXT:
	case TABLE_REFERENCE:
	case TABLE_MESSAGE_ID:
	case TABLE_TEXT_HASH:
	case TABLE_ARCHIVE:
	case TABLE_TRASH:
	case TABLE_QUEUE:
	case TABLE_QUEUE_DUE:
		return text_fits(t, table, key, value);
	case TABLE_JOURNAL:
		return journal_fits(key, value);
	case TABLE_SEALED:
		return sealed_decode(key, value, &sealed) == STATUS_OK;
	case TABLE_FETCHED:
		return key.len > 5 && fetched_decode(value, &fetched, NULL) == STATUS_OK;
	case TABLE_SEGMENT:
		return key.len == 4 &&
		    segment_row_get(t, key_read_u32(key, 0), &segment, NULL) == STATUS_OK;
	case TABLE_HISTORY:
		return history_decode(key, value, &history) == STATUS_OK;
	case TABLE_AUDIT:
		return key.len == 10 && audit_decode(key, value, &audit) == STATUS_OK;
	case TABLE_COUNT:
		break;
	}
	return false;
}

static void
raise(uint64_t *n, uint64_t to)
{
	if (to > *n)
		*n = to;
}

/* Numbers that were given, as far as records tell. */
static void
numbers_see(struct importing *i, enum store_table table, struct slice key)
{
	struct counters *n = &i->seen;
	struct mailbox_row box;
	uint64_t id = key_read_u64(key, 0);

	switch (table) {
	case TABLE_TEXT:
	case TABLE_REFERENCE:
		raise(&n->text, id);
		break;
	case TABLE_JOURNAL:
	case TABLE_AUDIT:
		raise(&n->change, id);
		break;
	case TABLE_TRASH:
		raise(&n->change, key_read_u64(key, 4));
		break;
	case TABLE_ARCHIVE:
		raise(&n->archive, id);
		break;
	case TABLE_QUEUE:
		raise(&n->queue, id);
		break;
	case TABLE_MAILBOX:
		if (key_read_u32(key, 0) > n->mailbox)
			n->mailbox = key_read_u32(key, 0);
		if (mailbox_get(i->r->txn, key_read_u32(key, 0), &box, NULL) != STATUS_OK)
			break;
		raise(&n->change, box.modseq > box.expunge_modseq ? box.modseq : box.expunge_modseq);
		if (box.uid_validity > n->uid_validity)
			n->uid_validity = box.uid_validity;
		break;
	case TABLE_MESSAGE:
	case TABLE_FLAGS:
		if (key_read_u32(key, 0) > n->mailbox)
			n->mailbox = key_read_u32(key, 0);
		break;
	default:
		break;
	}
}

/* One record into the new index; *fits: it is one of this table. */
static enum status
record_put(struct importing *i, unsigned table, const struct salvage_record *s, bool is_sure,
    bool *fits)
{
	struct repair *r = i->r;
	struct slice there;
	enum status st;

	*fits = false;
	if (!is_sure && !(table == TABLE_META && slice_equal(s->key, SLICE("store"))) &&
	    txn_get(r->txn, table, s->key, &there, NULL) == STATUS_OK) {
		*fits = slice_equal(there, s->value);
		return STATUS_OK;
	}
	st = txn_put(r->txn, table, s->key, s->value, i->why);
	if (st != STATUS_OK)
		return st;
	*fits = repair_fits(r->txn, table, s->key, s->value);
	if (!*fits)
		return txn_delete(r->txn, table, s->key, i->why);
	i->records++;
	numbers_see(i, table, s->key);
	if (table == TABLE_META && slice_equal(s->key, SLICE("store")))
		i->has_identity = true;
	if (table == TABLE_META && slice_equal(s->key, SLICE("counters")))
		r->has_counters = true;
	return STATUS_OK;
}

static void
unfit_say(struct importing *i, unsigned table, struct slice key)
{
	struct buf hex = buf_init(2 * ENV_KEY_MAX + 1);
	const char *text;

	buf_append_hex(&hex, key);
	i->r->tables_damaged |= 1u << table;
	if (buf_cstr(&hex, &text) == STATUS_OK)
		repair_say(i->r, REPAIR_LOST, store_tables[table], text, 0,
		    "the record cannot be read; it lies in the old index");
	buf_clear(&hex);
}

static bool
on_page(void *ctx, unsigned table, const struct salvage_record *records, size_t count,
    bool is_sure)
{
	struct importing *i = ctx;
	bool fits, is_any = false;

	for (size_t n = 0; i->st == STATUS_OK && n < count; n++) {
		i->st = record_put(i, table, &records[n], is_sure, &fits);
		is_any |= fits;
	}
	for (size_t n = 0; is_any && i->st == STATUS_OK && n < count; n++) {
		struct slice there;

		if (txn_get(i->r->txn, table, records[n].key, &there, NULL) == STATUS_ABSENT)
			unfit_say(i, table, records[n].key);
	}
	if (i->st == STATUS_OK)
		i->st = repair_turn(i->r, i->why);
	if (++i->pages % SHOW_EVERY == 0)
		repair_progress(i->r, "index", i->pages, i->pages_all);
	return is_any;
}

static void
on_damaged(void *ctx, unsigned table, uint64_t page, const char *what)
{
	struct importing *i = ctx;
	char key[80];

	snprintf(key, sizeof(key), "%s/%llu", table < TABLE_COUNT ? store_tables[table] : "index",
	    (unsigned long long)page);
	if (table < TABLE_COUNT)
		i->r->tables_damaged |= 1u << table;
	else
		i->r->tables_damaged = UINT32_MAX;
	repair_say(i->r, REPAIR_LOST, "pages", key, 0, "%s", what);
}

/* Counters are never below what records tell. */
static void
counters_settle(struct importing *i)
{
	struct repair *r = i->r;
	struct counters *n = &r->counters;
	const struct counters *seen = &i->seen;

	if (!r->has_counters) {
		/* What was given and is gone again cannot be known. */
		i->seen.queue += REPAIR_UIDS;
		i->seen.mailbox += 1000;
		repair_say(r, REPAIR_MENDED, "meta", "counters", 0,
		    "they were counted again from what is there");
	}
	raise(&n->change, seen->change);
	raise(&n->text, seen->text);
	raise(&n->queue, seen->queue);
	raise(&n->archive, seen->archive);
	if (seen->mailbox > n->mailbox)
		n->mailbox = seen->mailbox;
	if (seen->uid_validity > n->uid_validity)
		n->uid_validity = seen->uid_validity;
	n->change += REPAIR_CHANGES;
	r->change.number = n->change;
}

/* All records, as far as they can be read. */
static enum status
index_read(struct importing *i, struct problem *why)
{
	struct salvage_hooks hooks = { on_page, on_damaged, i };
	int fd = openat(i->r->dir, "data.mdb", O_RDONLY | O_CLOEXEC);
	struct stat sb;
	enum status st;

	if (fd < 0) {
		problem_set_errno(why, errno, "the index data.mdb");
		return errno == EACCES ? STATUS_DENIED : STATUS_ABSENT;
	}
	if (fstat(fd, &sb) == 0)
		i->pages_all = (uint64_t)sb.st_size / (uint64_t)sysconf(_SC_PAGESIZE);
	st = salvage_read(fd, store_tables, TABLE_COUNT, &hooks, &i->r->salvage, why);
	close(fd);
	if (st == STATUS_OK)
		st = i->st;
	if (st == STATUS_OK && i->records == 0) {
		problem_set(why, "nothing leads to any record of the index");
		st = STATUS_CORRUPT;
	}
	return st;
}

enum status
repair_import(struct repair *r, struct problem *why)
{
	struct identity none = { .version = STORE_VERSION, .made_at = r->change.now_s };
	struct problem first = { "" };
	struct importing i = { .r = r, .why = &first };
	enum status st = index_read(&i, &first);

	if (st == STATUS_CORRUPT || st == STATUS_ABSENT)
		problem_set(why, "%s: mailadm rebuild makes a store of its texts alone", first.text);
	else if (st != STATUS_OK)
		problem_set(why, "%s", first.text);
	if (st == STATUS_OK && !i.has_identity)
		st = identity_put(r->txn, &none, why);
	if (st == STATUS_OK && r->has_counters)
		st = counters_get(r->txn, &r->counters, why);
	if (st != STATUS_OK)
		return st;
	r->archive_seen = i.seen.archive;
	r->texts_before = r->has_counters ? r->counters.text : i.seen.text;
	counters_settle(&i);
	return STATUS_OK;
}
