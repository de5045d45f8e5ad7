/* Tables whose records stand by themselves, and how all of them are read. */
#include <string.h>

#include "base/bytes.h"
#include "store/audit.h"
#include "store/fetched.h"
#include "store/flags.h"
#include "store/former.h"
#include "store/history.h"
#include "store/journal.h"
#include "store/mailbox.h"
#include "store/mailbox_name.h"
#include "store/message_id.h"
#include "store/sealed.h"
#include "store/spool.h"
#include "store/text.h"
#include "store/trash.h"
#include "store/uidset.h"
#include "store/verify_pass.h"

#define SHOW_EVERY 16384	/* records */

/* A lookup has to find what reading in order finds: the pages above say where. */
static void
row_lookup(struct verify_pass *p, enum store_table table, struct slice key, struct slice value)
{
	struct slice again;
	enum status st = txn_get(p->txn, table, key, &again, NULL);

	if (st != STATUS_OK || again.ptr != value.ptr)
		pass_found(p, key, "a lookup does not find it: the pages above it are damaged");
}

void
pass_rows(struct verify_pass *p, enum store_table table, verify_row *row, void *ctx)
{
	struct key *last = &p->place->key;
	struct slice key = SLICE(""), value;
	struct cursor *c = NULL;
	struct key now;
	uint64_t done = 0;
	enum status st = cursor_open(p->txn, table, &c, NULL);

	key_init(last);
	if (st == STATUS_OK)
		st = cursor_seek(c, SLICE(""), &key, &value, NULL);
	while (st == STATUS_OK || st == STATUS_CORRUPT) {
		if (key.len == 0 || key.len > ENV_KEY_MAX ||
		    (last->len > 0 && slice_compare(key, key_slice(last)) <= 0)) {
			st = STATUS_IO;
			break;
		}
		key_init(&now);
		key_bytes(&now, key);
		*last = now;
		key = key_slice(&now);
		if (st == STATUS_CORRUPT) {
			pass_found(p, key, "its checksum is wrong");
		} else {
			row_lookup(p, table, key, value);
			row(p, key, value, ctx);
		}
		if (++done % SHOW_EVERY == 0)
			pass_progress(p, done, 0);
		key = SLICE("");
		st = cursor_next(c, &key, &value, NULL);
	}
	if (st != STATUS_ABSENT)
		pass_found(p, key_slice(last), "what lies behind this record is out of order");
	cursor_close(&c);
}

static void
row_is_meta(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct former_row former;
	struct counters n;
	struct problem why = { "" };

	(void)ctx;
	if (slice_equal(key, SLICE("counters"))) {
		if (counters_get(p->txn, &n, &why) != STATUS_OK)
			pass_found(p, key, "%s", why.text);
	} else if (!slice_equal(key, SLICE("store")) &&
	    former_decode(key, value, &former) != STATUS_OK) {
		pass_found(p, key, "this program does not know such a record");
	}
}

void
verify_meta(struct verify_pass *p)
{
	pass_rows(p, TABLE_META, row_is_meta, NULL);
}

/* A record that is a version and nothing else. */
static bool
is_version_only(struct slice value)
{
	return value.len == 1 && value.ptr[0] == 1;
}

static void
row_is_subscription(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct slice name = slice_skip(key, 4);

	(void)ctx;
	if (key.len <= 4 || !is_version_only(value) || mailbox_name_check(name, NULL) != STATUS_OK)
		pass_found(p, key, "it cannot be read");
}

void
verify_subscriptions(struct verify_pass *p)
{
	pass_rows(p, TABLE_SUBSCRIPTION, row_is_subscription, NULL);
}

static void
row_is_keyword(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct reader in = reader_of(value);
	struct mailbox_row box;
	uint8_t bit = key.len == 5 ? (uint8_t)key.ptr[4] : 0;

	(void)ctx;
	if (read_u8(&in) != 1 || read_slice(&in).len == 0 || !reader_at_end(&in) ||
	    bit < FLAG_KEYWORD_SHIFT || bit > 63)
		pass_found(p, key, "it cannot be read");
	else if (mailbox_get(p->txn, key_read_u32(key, 0), &box, NULL) == STATUS_ABSENT)
		pass_found(p, key, "there is no such mailbox");
}

void
verify_keywords(struct verify_pass *p)
{
	pass_rows(p, TABLE_KEYWORD, row_is_keyword, NULL);
}

static void
row_is_message_id(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	uint64_t text = key_read_u64(key, 12);

	(void)ctx;
	if (key.len != 20 || value.len != 6 || value.ptr[0] != 1)
		pass_found(p, key, "it cannot be read");
	else if (text / MESSAGE_ID_AGE != key_read_u32(key, 0) || text > p->counters.text)
		pass_found(p, key, "there was never such a text");
}

void
verify_message_ids(struct verify_pass *p)
{
	pass_rows(p, TABLE_MESSAGE_ID, row_is_message_id, NULL);
}

static void
change_is_given(struct verify_pass *p, struct slice key, uint64_t change)
{
	if (change == 0 || change > p->counters.change)
		pass_found(p, key, "its change number was never given: the last one is %llu",
		    (unsigned long long)p->counters.change);
}

static void
row_is_journal(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct journal_row row;
	struct uidset uids;
	struct reader in;

	(void)ctx;
	if (key.len != 10 || journal_decode(key, value, &row) != STATUS_OK) {
		pass_found(p, key, "it cannot be read");
		return;
	}
	in = reader_of(row.uids);
	uidset_read(&in, &uids);
	if (!reader_at_end(&in))
		pass_found(p, key, "its UIDs cannot be read");
	uidset_clear(&uids);
	change_is_given(p, key, row.change);
}

void
verify_journal(struct verify_pass *p)
{
	pass_rows(p, TABLE_JOURNAL, row_is_journal, NULL);
}

/* What the rows of a sealed part have to be. */
struct sealed_pass {
	uint64_t last;		/* change of the part before */
	struct buf rows;
};

static void
sealed_rows(struct verify_pass *p, struct slice key, const struct sealed_row *part,
    struct slice rest)
{
	uint64_t last = part->first, change = 0;
	struct journal_row row;
	uint32_t count = 0;
	enum status st;

	while ((st = sealed_next(&rest, &row)) == STATUS_OK) {
		if (count++ == 0)
			change = row.change;
		if (row.change < last)
			st = STATUS_CORRUPT;
		last = row.change;
	}
	if (st != STATUS_ABSENT || change != part->first || last != part->last ||
	    count != part->rows)
		pass_found(p, key, "the rows in segment %u are not those that it names",
		    part->place.segment);
}

static void
row_is_sealed(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct sealed_pass *pass = ctx;
	struct problem why = { "" };
	struct sealed_row row;

	if (sealed_decode(key, value, &row) != STATUS_OK) {
		pass_found(p, key, "it cannot be read");
		return;
	}
	if (row.first <= pass->last)
		pass_found(p, key, "the part before it reaches into it");
	pass->last = row.last;
	change_is_given(p, key, row.last);
	buf_reset(&pass->rows);
	if (sealed_read(p->store, &row, &pass->rows, &why) != STATUS_OK)
		pass_found(p, key, "%s", why.text);
	else
		sealed_rows(p, key, &row, buf_slice(&pass->rows));
}

/* The first change that is still in the index; UINT64_MAX: none. */
static uint64_t
journal_first(struct verify_pass *p)
{
	struct slice key = SLICE(""), value;
	uint64_t first = UINT64_MAX;
	struct cursor *c;

	if (cursor_open(p->txn, TABLE_JOURNAL, &c, NULL) != STATUS_OK)
		return first;
	if (cursor_seek(c, SLICE(""), &key, &value, NULL) == STATUS_OK)
		first = key_read_u64(key, 0);
	cursor_close(&c);
	return first;
}

void
verify_sealed(struct verify_pass *p)
{
	struct sealed_pass pass = { 0, buf_init(SEALED_SIZE_MAX) };

	pass_rows(p, TABLE_SEALED, row_is_sealed, &pass);
	if (pass.last >= journal_first(p))
		pass_found_at(p, "", "changes up to %llu are sealed, and in the journal as well",
		    (unsigned long long)pass.last);
	buf_clear(&pass.rows);
}

static void
row_is_audit(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct audit_row row;

	(void)ctx;
	if (key.len != 10 || audit_decode(key, value, &row) != STATUS_OK)
		pass_found(p, key, "it cannot be read");
	else
		change_is_given(p, key, row.change);
}

void
verify_audit(struct verify_pass *p)
{
	pass_rows(p, TABLE_AUDIT, row_is_audit, NULL);
}

static void
row_is_fetched(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct fetched_row row;

	(void)ctx;
	if (key.len <= 5 || fetched_decode(value, &row, NULL) != STATUS_OK)
		pass_found(p, key, "it cannot be read");
}

void
verify_fetched(struct verify_pass *p)
{
	pass_rows(p, TABLE_FETCHED, row_is_fetched, NULL);
}

static void
row_is_trash(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct trash_row row;
	struct text_row text;

	(void)ctx;
	if (key.len != 16 || trash_decode(key, value, &row) != STATUS_OK) {
		pass_found(p, key, "it cannot be read");
		return;
	}
	change_is_given(p, key, row.change);
	if (text_get(p->txn, row.message.text, &text, NULL) != STATUS_OK)
		pass_found(p, key, "its text %llu is not there",
		    (unsigned long long)row.message.text);
	else if (text.size_bytes != row.message.size_bytes)
		pass_found(p, key, "its text has another size");
}

void
verify_trash(struct verify_pass *p)
{
	pass_rows(p, TABLE_TRASH, row_is_trash, NULL);
}

static void
row_is_queue(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct spool_row row;
	struct text_row text;
	struct slice due;
	struct key k;

	(void)value;
	(void)ctx;
	if (key.len != 8 || spool_get(p->txn, key_read_u64(key, 0), &row, NULL) != STATUS_OK) {
		pass_found(p, key, "it cannot be read");
		return;
	}
	if (row.id == 0 || row.id > p->counters.queue)
		pass_found(p, key, "its id was never given");
	if (text_get(p->txn, row.text, &text, NULL) != STATUS_OK)
		pass_found(p, key, "its text %llu is not there", (unsigned long long)row.text);
	key_init(&k);
	key_u64(&k, row.due_at);
	key_u64(&k, row.id);
	if (row.state == SPOOL_WAITING &&
	    txn_get(p->txn, TABLE_QUEUE_DUE, key_slice(&k), &due, NULL) != STATUS_OK)
		pass_found(p, key, "it waits, but is not in queue_due");
}

void
verify_queue(struct verify_pass *p)
{
	pass_rows(p, TABLE_QUEUE, row_is_queue, NULL);
}

static void
row_is_due(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct spool_row row;

	(void)ctx;
	if (key.len != 16 || !is_version_only(value))
		pass_found(p, key, "it cannot be read");
	else if (spool_get(p->txn, key_read_u64(key, 8), &row, NULL) != STATUS_OK ||
	    row.state != SPOOL_WAITING || row.due_at != key_read_u64(key, 0))
		pass_found(p, key, "no queue entry waits for this time");
}

void
verify_queue_due(struct verify_pass *p)
{
	pass_rows(p, TABLE_QUEUE_DUE, row_is_due, NULL);
}

static void
row_is_history(struct verify_pass *p, struct slice key, struct slice value, void *ctx)
{
	struct history_row row;

	(void)ctx;
	if (history_decode(key, value, &row) != STATUS_OK)
		pass_found(p, key, "it cannot be read");
}

void
verify_history(struct verify_pass *p)
{
	pass_rows(p, TABLE_HISTORY, row_is_history, NULL);
}
