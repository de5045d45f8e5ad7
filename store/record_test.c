/*
 * Every record of the store: what is written is what these golden bytes say,
 * and no cut, lengthened or unknown version of it is taken for one.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "store/account.h"
#include "store/archive.h"
#include "store/audit.h"
#include "store/fetched.h"
#include "store/flags.h"
#include "store/former.h"
#include "store/journal.h"
#include "store/key.h"
#include "store/keyword.h"
#include "store/mailbox.h"
#include "store/message.h"
#include "store/message_id.h"
#include "store/queue_client.h"
#include "store/sealed.h"
#include "store/segment.h"
#include "store/segment_row.h"
#include "store/spool.h"
#include "store/store.h"
#include "store/subscription.h"
#include "store/testing_record.h"
#include "store/text.h"
#include "store/text_hash.h"
#include "store/trash.h"
#include "store/uidset.h"

typedef enum status step(struct fixture *f);

static enum status
account_write(struct fixture *f)
{
	struct account_row a = { .id = 7, .bytes = 300, .messages = 2, .mailboxes = 5,
		.roles = { 0, 1, 2, 3, 4, 5, 0 }, .quota_bytes = 1000, .trash_days = 30 };

	return account_put(TXN, &a, NULL);
}

static enum status
account_read(struct fixture *f)
{
	struct account_row a;
	enum status st = account_get(TXN, 7, &a, NULL);

	if (st == STATUS_OK)
		CHECK(a.bytes == 300 && a.messages == 2 && a.inbox == 1 && a.roles[5] == 5 &&
		    a.quota_bytes == 1000 && a.trash_days == 30);
	return st;
}

static enum status
mailbox_write(struct fixture *f)
{
	struct mailbox_row m = {
		.id = 9, .account = 7, .name = SLICE("a/b"), .role = 2, .uid_validity = 3,
		.uid_next = 4, .recent_from = 5, .messages = 6, .unseen = 7, .deleted = 8,
		.bytes = 9, .modseq = 10, .expunge_modseq = 11, .made_at = 12,
	};

	return mailbox_put(TXN, &m, NULL);
}

static enum status
mailbox_read(struct fixture *f)
{
	struct mailbox_row m;
	enum status st = mailbox_get(TXN, 9, &m, NULL);

	if (st == STATUS_OK)
		CHECK(m.uid_next == 4 && m.deleted == 8 && m.modseq == 10 && m.made_at == 12);
	return st;
}

static enum status
name_write(struct fixture *f)
{
	enum status st = mailbox_write(f);

	return st == STATUS_OK ? mailbox_name_put(TXN, 7, SLICE("a/b"), 9, NULL) : st;
}

static enum status
name_read(struct fixture *f)
{
	struct mailbox_row m;

	return mailbox_find(TXN, 7, SLICE("a/b"), &m, NULL);
}

static enum status
keyword_write(struct fixture *f)
{
	uint64_t bits;

	return keyword_bits(TXN, 9, SLICE("$Work"), KEYWORD_MAKE, &bits, NULL);
}

static enum status
keyword_read(struct fixture *f)
{
	struct slice names[KEYWORD_COUNT_MAX];
	enum status st = keyword_list(TXN, 9, names, NULL);

	if (st == STATUS_OK)
		CHECK_SLICE(names[0], "$Work");
	return st;
}

static enum status
message_write(struct fixture *f)
{
	struct message_row m = { 3, 0x102, -1, -90, 300, 0xabcdef, 77 };

	return message_put(TXN, 9, &m, NULL);
}

static enum status
message_read(struct fixture *f)
{
	struct message_row m;
	enum status st = message_get(TXN, 9, 3, &m, NULL);

	if (st == STATUS_OK)
		CHECK(m.text == 0x102 && m.internal_at == -1 && m.internal_zone == -90 &&
		    m.size_bytes == 300 && m.uidl == 0xabcdef && m.saved_at == 77);
	return st;
}

static enum status
flags_write(struct fixture *f)
{
	static struct flags_chunk c = { 4, {
		{ 128, FLAG_SEEN, 1000 }, { 129, FLAG_SEEN, 1000 },
		{ 200, UINT64_C(1) << 63, 1300 }, { 255, 0, 1000 } } };

	return flags_chunk_put(TXN, 9, 1, &c, NULL);
}

static enum status
flags_read(struct fixture *f)
{
	static struct flags_chunk c;
	enum status st = flags_chunk_get(TXN, 9, 1, &c, NULL);

	if (st != STATUS_OK)
		return st;
	CHECK(c.count == 4 && c.entries[1].uid == 129 && c.entries[1].flags == FLAG_SEEN);
	CHECK(c.entries[2].uid == 200 && c.entries[2].flags == UINT64_C(1) << 63);
	CHECK(c.entries[2].modseq == 1300 && c.entries[3].modseq == 1000);
	return STATUS_OK;
}

static enum status
text_write(struct fixture *f)
{
	struct text_row t = { .id = 5, .mid = SLICE("m"), .size_bytes = 300, .sha256 = { 0xaa },
		.received_at = 6, .segment = 7, .segment_at = 500, .head_len = 100,
		.codec = CODEC_ZSTD, .digest_len = 2, .digest = SLICE("dd"), .stored_len = 99 };

	return text_put(TXN, &t, 2, NULL);
}

static enum status
text_read_row(struct fixture *f)
{
	struct text_row t;
	enum status st = text_get(TXN, 5, &t, NULL);

	if (st == STATUS_OK)
		CHECK(t.size_bytes == 300 && t.segment_at == 500 && t.digest.len == 2 &&
		    t.stored_len == 99 && t.bytes.text == 5 && t.bytes.stored_len == 99);
	return st;
}

static enum status
references_read(struct fixture *f)
{
	uint32_t n;

	return text_references(TXN, 5, &n, NULL);
}

static enum status
message_id_write(struct fixture *f)
{
	struct message_id_row r = { 0x1122334455667788, 40001, 7, 1 };

	return message_id_put(TXN, &r, NULL);
}

static enum status
message_id_read(struct fixture *f)
{
	struct message_id_row r;
	enum status st = message_id_find(TXN, 0x1122334455667788, 90000, &r, NULL);

	if (st == STATUS_OK)
		CHECK(r.text == 40001 && r.author == 7 && r.direction == 1);
	return st;
}

static enum status
sealed_write(struct fixture *f)
{
	struct sealed_row r = { .first = 3, .last = 8, .rows = 2, .from_s = 4, .until_s = 9,
		.place = { 7, 1000, 96 }, .codec = 1, .stored_len = 40, .size_bytes = 300 };
	struct text_place place = { 7, 500, 100 };
	enum status st = sealed_put(TXN, &r, NULL);

	return st == STATUS_OK ? sealed_move(TXN, 3, &place, NULL) : st;
}

static enum status
sealed_read_row(struct fixture *f)
{
	struct sealed_row r;
	enum status st = sealed_get(TXN, 3, &r, NULL);

	if (st == STATUS_OK)
		CHECK(r.last == 8 && r.rows == 2 && r.from_s == 4 && r.until_s == 9 &&
		    r.place.segment == 7 && r.place.at == 500 && r.place.head_len == 100 &&
		    r.codec == 1 && r.stored_len == 40 && r.size_bytes == 300);
	return st;
}

static bool
journal_row_check(void *ctx, const struct journal_row *r)
{
	(void)ctx;
	CHECK(r->op == JOURNAL_ADDED && r->change == 3 && r->mailbox == 9 && r->actor == 7);
	CHECK_SLICE(r->sid, "sid");
	return true;
}

static enum status
journal_write(struct fixture *f)
{
	struct journal_row r = { .op = JOURNAL_ADDED, .account = 7, .mailbox = 9,
		.before = SLICE("b"), .after = SLICE("a") };
	struct uid_range range = { 1, 2 };
	struct uidset uids = { &range, 1, 1 };

	return journal_put(&f->change, &r, &uids, NULL);
}

static enum status
journal_read(struct fixture *f)
{
	return journal_each(TXN, 2, journal_row_check, NULL, NULL);
}

static enum status
archive_write(struct fixture *f)
{
	struct archive_row r = { .text = 5, .direction = 1, .received_at = 6, .mid = SLICE("m"),
		.envelope = SLICE("e") };
	uint8_t sha256[SHA256_LEN] = { 0xaa };

	return archive_put(&f->change, &r, sha256, NULL);
}

static enum status
archive_read(struct fixture *f)
{
	struct archive_row r;
	enum status st = archive_get(TXN, 1, &r, NULL);

	if (st == STATUS_OK)
		CHECK(r.text == 5 && r.is_envelope_inline && slice_equal(r.envelope, SLICE("e")));
	return st;
}

static enum status
archive_lost_write(struct fixture *f)
{
	struct archive_row r = { .entry = 2, .direction = 1, .received_at = 6, .mid = SLICE("m"),
		.is_envelope_inline = true, .envelope = SLICE("e"), .hash = { 0xbb },
		.lost = ARCHIVE_TEXT_LOST, .text_sha256 = { 0xaa } };

	return archive_put_lost(TXN, &r, NULL);
}

static enum status
archive_lost_read(struct fixture *f)
{
	struct archive_row r;
	enum status st = archive_get(TXN, 2, &r, NULL);

	if (st == STATUS_OK)
		CHECK(r.text == 0 && r.lost == ARCHIVE_TEXT_LOST && r.text_sha256[0] == 0xaa &&
		    r.hash[0] == 0xbb && slice_equal(r.envelope, SLICE("e")));
	return st;
}

static bool
trash_row_check(void *ctx, const struct trash_row *r)
{
	(void)ctx;
	CHECK(r->message.uid == 3 && r->flags == 1 && r->actor == 7 && r->removed_at == 99);
	CHECK_SLICE(r->keywords, "k");
	return true;
}

static enum status
trash_write(struct fixture *f)
{
	struct trash_row r = { .account = 7, .message = { 3, 5, 6, 60, 300, 8, 9 },
		.mailbox = SLICE("INBOX"), .flags = 1, .keywords = SLICE("k") };

	return trash_put(&f->change, &r, NULL);
}

static enum status
trash_read(struct fixture *f)
{
	return trash_each(TXN, 7, trash_row_check, NULL, NULL);
}

static enum status
former_write(struct fixture *f)
{
	struct former_row r = { 7, 99, SLICE("li@a") };

	return former_put(TXN, &r, NULL);
}

static enum status
former_read(struct fixture *f)
{
	struct former_row r;
	enum status st = former_get(TXN, 7, &r, NULL);

	if (st == STATUS_OK)
		CHECK(r.account == 7 && r.removed_at == 99 && slice_equal(r.login, SLICE("li@a")));
	return st;
}

static enum status
spool_write(struct fixture *f)
{
	struct spool_row r = { .text = 5, .mid = SLICE("m"), .sender = SLICE("s"),
		.recipient = SLICE("r"), .route = 1, .credential = 2, .author = 3,
		.dsn = { SMTP_RET_HDRS, SLICE("e") },
		.wish = { SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY, SLICE("rfc822;o") },
		.owed = QUEUE_OWES_DELIVERED };

	return spool_put(&f->change, &r, NULL);
}

static enum status
spool_read(struct fixture *f)
{
	struct spool_row r;
	enum status st = spool_get(TXN, 1, &r, NULL);

	if (st == STATUS_OK)
		CHECK(r.text == 5 && r.author == 3 && r.due_at == 99 && r.attempts == 0 &&
		    r.dsn.ret == SMTP_RET_HDRS && slice_equal(r.dsn.envid, SLICE("e")) &&
		    r.wish.notify == 10 && slice_equal(r.wish.orcpt, SLICE("rfc822;o")) &&
		    r.owed == QUEUE_OWES_DELIVERED);
	return st;
}

static enum status
fetched_write(struct fixture *f)
{
	const struct fetched_row row = { 99, 300, FETCHED_REMOVED };

	return fetched_put(TXN, 2, SLICE("u"), &row, NULL);
}

static enum status
fetched_read(struct fixture *f)
{
	struct fetched_row row = { 0 };
	enum status st = fetched_get(TXN, 2, SLICE("u"), &row, NULL);

	if (st == STATUS_OK)
		CHECK(row.stored_at == 99 && row.size_bytes == 300 && row.removal == FETCHED_REMOVED);
	return st;
}

static bool
audit_row_check(void *ctx, const struct audit_row *r)
{
	(void)ctx;
	CHECK(r->change == 3 && r->at_s == 99);
	CHECK_SLICE(r->detail, "d");
	return true;
}

static enum status
audit_write(struct fixture *f)
{
	struct audit_row r = { .kind = SLICE("k"), .actor = SLICE("a"), .subject = SLICE("s"),
		.detail = SLICE("d") };

	return audit_put(&f->change, &r, NULL);
}

static enum status
audit_read(struct fixture *f)
{
	struct audit_filter any = { 0 };
	struct audit_place place = { 0 };

	enum status st = audit_slice(TXN, &any, &place, 10, audit_row_check, NULL, NULL);

	return st == STATUS_ABSENT ? STATUS_OK : st;
}

static enum status
counters_write(struct fixture *f)
{
	return counters_put(TXN, &f->counters, NULL);
}

static enum status
counters_read(struct fixture *f)
{
	struct counters c;
	enum status st = counters_get(TXN, &c, NULL);

	if (st == STATUS_OK)
		CHECK(c.change == 1 && c.queue == 0 && c.segment_at == 8);
	return st;
}

static enum status
text_hash_write(struct fixture *f)
{
	static const uint8_t sha256[SHA256_LEN] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };

	return text_hash_put(TXN, sha256, 40001, NULL);
}

static enum status
segment_row_write(struct fixture *f)
{
	struct segment_row r = { 7, 256, 3, SEGMENT_RETIRED, 99 };

	return segment_row_put(TXN, &r, NULL);
}

static enum status
segment_row_read(struct fixture *f)
{
	struct segment_row r;
	enum status st = segment_row_get(TXN, 7, &r, NULL);

	if (st == STATUS_OK)
		CHECK(r.live_bytes == 256 && r.dead_bytes == 3 && r.state == SEGMENT_RETIRED &&
		    r.retired_at == 99);
	return st;
}

static const struct record {
	const char *name;
	unsigned table;
	const char *key, *golden;	/* hex */
	step *write, *read;
} records[] = {
	{ "counters", TABLE_META, "636f756e74657273",
	    "01" "0100000000000000" "0200000000000000" "0000000000000000"
	    "0000000000000000000000000000000000000000000000000000000000000000"
	    "0000000000000000" "05000000" "06000000" "07000000" "0800000000000000",
	    counters_write, counters_read },
	{ "account", TABLE_ACCOUNT, "00000007",
	    "02" "2c01000000000000" "0200000000000000" "05000000" "06" "01000000" "02000000"
	    "03000000" "04000000" "05000000" "00000000" "e803000000000000" "1e000000", account_write, account_read },
	{ "mailbox", TABLE_MAILBOX, "00000009",
	    "01" "07000000" "02" "03000000" "04000000" "05000000" "06000000" "07000000" "08000000"
	    "0900000000000000" "0a00000000000000" "0b00000000000000" "0c00000000000000"
	    "03000000612f62", mailbox_write, mailbox_read },
	{ "mailbox name", TABLE_MAILBOX_NAME, "00000007612f62", "01" "09000000", name_write,
	    name_read },
	{ "keyword", TABLE_KEYWORD, "0000000908", "01" "0500000024576f726b", keyword_write,
	    keyword_read },
	{ "message", TABLE_MESSAGE, "0000000900000003",
	    "01" "0201000000000000" "ffffffffffffffff" "a6ff" "2c010000" "efcdab0000000000"
	    "4d00000000000000", message_write, message_read },
	{ "flags chunk", TABLE_FLAGS, "0000000900000001",
	    "01" "03000000000000000001000000000080" "e803000000000000" "02" "01" "00"
	    "80808080808080808001" "ac02" "00" "00" "00" "00" "01" "02", flags_write, flags_read },
	{ "text", TABLE_TEXT, "0000000000000005",
	    "02" "010000006d" "2c010000"
	    "aa00000000000000000000000000000000000000000000000000000000000000"
	    "0600000000000000" "07000000" "f401000000000000" "64000000" "01" "02000000"
	    "020000006464" "63000000" "0000000000000000", text_write, text_read_row },
	{ "references", TABLE_REFERENCE, "0000000000000005", "01" "02000000", text_write,
	    references_read },
	{ "message id", TABLE_MESSAGE_ID, "000000021122334455667788" "0000000000009c41",
	    "01" "07000000" "01", message_id_write, message_id_read },
	{ "journal", TABLE_JOURNAL, "00000000000000030000",
	    "01" "01" "6300000000000000" "07000000" "09000000" "07000000" "03000000736964"
	    "0c000000" "01000000" "01000000" "02000000" "0100000062" "0100000061", journal_write,
	    journal_read },
	{ "sealed", TABLE_SEALED, "0000000000000003",
	    "01" "0800000000000000" "02000000" "0400000000000000" "0900000000000000" "07000000"
	    "f401000000000000" "64000000" "01" "28000000" "2c010000", sealed_write, sealed_read_row },
	{ "archive", TABLE_ARCHIVE, "0000000000000001",
	    "01" "0500000000000000" "01" "0600000000000000" "010000006d" "01" "0100000065"
	    "a940c9bf52706579424de5c5c04b7d6c852a0b75ab9ed78e093e65eb7b688379", archive_write,
	    archive_read },
	{ "archive, lost", TABLE_ARCHIVE, "0000000000000002",
	    "02" "0000000000000000" "01" "0600000000000000" "010000006d" "01" "0100000065"
	    "bb00000000000000000000000000000000000000000000000000000000000000" "01"
	    "aa00000000000000000000000000000000000000000000000000000000000000",
	    archive_lost_write, archive_lost_read },
	{ "trash", TABLE_TRASH, "00000007" "0000000000000003" "00000000",
	    "01" "0500000000000000" "03000000" "0600000000000000" "3c00" "2c010000"
	    "0800000000000000" "0900000000000000" "05000000494e424f58" "0100000000000000"
	    "010000006b" "07000000" "03000000736964" "6300000000000000", trash_write, trash_read },
	{ "former", TABLE_META, "666f726d6572" "00000007", "01" "6300000000000000" "040000006c694061",
	    former_write, former_read },
	{ "queue", TABLE_QUEUE, "0000000000000001",
	    "02" "01" "0500000000000000" "010000006d" "0100000073" "0100000072" "01000000"
	    "02000000" "03000000" "6300000000000000" "6300000000000000" "00000000" "00" "00000000"
	    "02" "0100000065" "0a" "080000007266633832323b6f" "01", spool_write, spool_read },
	{ "fetched", TABLE_FETCHED, "00000002" "00" "75", "02" "6300000000000000" "2c01000000000000" "02",
	    fetched_write, fetched_read },
	{ "audit", TABLE_AUDIT, "00000000000000030000",
	    "01" "6300000000000000" "010000006b" "0100000061" "0100000073" "0100000064",
	    audit_write, audit_read },
	{ "segment", TABLE_SEGMENT, "00000007", "01" "0001000000000000" "0300000000000000" "02"
	    "6300000000000000", segment_row_write, segment_row_read },
};

static struct slice
unhex(const char *hex, uint8_t *out)
{
	size_t len = strlen(hex) / 2;

	for (size_t i = 0; i < len; i++) {
		char digits[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		out[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return slice_make(out, len);
}

static void
check_golden(const struct record *r, struct slice got)
{
	struct buf hex = buf_init(10000);

	buf_append_hex(&hex, got);
	if (!slice_equal(buf_slice(&hex), slice_from_cstr(r->golden))) {
		print_error("%s is %.*s\n", r->name, SLICE_ARG(buf_slice(&hex)));
		fail();
	}
	buf_clear(&hex);
}

static void
each_record_is_what_its_golden_bytes_say(void **state)
{
	struct fixture *f = *state;
	uint8_t key_bytes[64], bytes[512];
	struct slice key, golden, got;

	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		const struct record *r = &records[i];

		CHECK_STATUS(r->write(f), STATUS_OK);
		key = unhex(r->key, key_bytes);
		CHECK_STATUS(txn_get(TXN, r->table, key, &got, NULL), STATUS_OK);
		check_golden(r, got);
		golden = unhex(r->golden, bytes);
		for (size_t cut = 1; cut <= golden.len + 1; cut++) {
			CHECK_STATUS(txn_put(TXN, r->table, key, slice_make(bytes, cut), NULL), STATUS_OK);
			CHECK_STATUS(r->read(f), cut == golden.len ? STATUS_OK : STATUS_CORRUPT);
		}
		bytes[0]++;
		CHECK_STATUS(txn_put(TXN, r->table, key, golden, NULL), STATUS_OK);
		CHECK_STATUS(r->read(f), STATUS_CORRUPT);
		CHECK_STATUS(txn_delete(TXN, r->table, key, NULL), STATUS_OK);
	}
}

static void
an_account_of_version_1_has_no_limits(void **state)
{
	static const char golden[] = "01" "2c01000000000000" "0200000000000000" "05000000" "02"
	    "01000000" "02000000";
	struct fixture *f = *state;
	uint8_t key_bytes[4], bytes[64];
	struct slice key = unhex("00000007", key_bytes), value = unhex(golden, bytes);
	struct account_row a;

	for (size_t cut = 1; cut <= value.len; cut++) {
		CHECK_STATUS(txn_put(TXN, TABLE_ACCOUNT, key, slice_make(bytes, cut), NULL), STATUS_OK);
		CHECK_STATUS(account_get(TXN, 7, &a, NULL), cut == value.len ? STATUS_OK :
		    STATUS_CORRUPT);
	}
	CHECK(a.bytes == 300 && a.messages == 2 && a.mailboxes == 5 && a.inbox == 1);
	CHECK(a.quota_bytes == 0 && a.trash_days == 0);
	bytes[0] = 0;
	CHECK_STATUS(txn_put(TXN, TABLE_ACCOUNT, key, value, NULL), STATUS_OK);
	CHECK_STATUS(account_get(TXN, 7, &a, NULL), STATUS_CORRUPT);
}

static void
a_queue_entry_of_version_1_asked_for_nothing(void **state)
{
	static const char golden[] = "01" "01" "0500000000000000" "010000006d" "0100000073"
	    "0100000072" "01000000" "02000000" "03000000" "6300000000000000" "6300000000000000"
	    "00000000" "01" "0100000064";
	struct fixture *f = *state;
	uint8_t bytes[512];
	struct slice value = unhex(golden, bytes);
	struct spool_row r;
	struct key k;

	for (size_t cut = 1; cut <= value.len; cut++) {
		CHECK_STATUS(txn_put(TXN, TABLE_QUEUE, key_of_u64(&k, 1), slice_make(bytes, cut), NULL),
		    STATUS_OK);
		CHECK_STATUS(spool_get(TXN, 1, &r, NULL),
		    cut == value.len ? STATUS_OK : STATUS_CORRUPT);
	}
	CHECK(r.text == 5 && r.is_delay_told && slice_equal(r.detail, SLICE("d")));
	CHECK(r.dsn.ret == SMTP_RET_UNSAID && r.dsn.envid.len == 0 && r.wish.notify == 0 &&
	    r.wish.orcpt.len == 0 && r.owed == QUEUE_OWES_MAIL);
}

static void
what_was_fetched_by_version_1_has_no_size_and_stays(void **state)
{
	struct fixture *f = *state;
	uint8_t key_bytes[8], bytes[16];
	struct slice key = unhex("00000002" "00" "75", key_bytes);
	struct slice value = unhex("01" "6300000000000000", bytes);
	struct fetched_row row;

	for (size_t cut = 1; cut <= value.len; cut++) {
		CHECK_STATUS(txn_put(TXN, TABLE_FETCHED, key, slice_make(bytes, cut), NULL), STATUS_OK);
		CHECK_STATUS(fetched_get(TXN, 2, SLICE("u"), &row, NULL),
		    cut == value.len ? STATUS_OK : STATUS_CORRUPT);
	}
	CHECK(row.stored_at == 99 && row.size_bytes == 0 && row.removal == FETCHED_STAYS);
}

/* Of a text that is stored as it is, before there were other forms. */
static void
a_hash_of_a_text_is_what_its_golden_bytes_say(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[64];
	struct slice got;

	CHECK_STATUS(text_hash_write(f), STATUS_OK);
	CHECK_STATUS(txn_get(TXN, TABLE_TEXT_HASH,
	    unhex("00000002" "1122334455667788" "0000000000009c41", bytes), &got, NULL), STATUS_OK);
	CHECK_SLICE(got, "\x01");
}

static void
a_text_of_version_1_is_read(void **state)
{
	static const char golden[] = "01" "010000006d" "2c010000"
	    "aa00000000000000000000000000000000000000000000000000000000000000"
	    "0600000000000000" "07000000" "f401000000000000" "64000000" "00" "02000000"
	    "020000006464";
	struct fixture *f = *state;
	uint8_t bytes[512];
	struct slice value = unhex(golden, bytes);
	struct text_row row;
	struct key k;

	for (size_t cut = 1; cut <= value.len; cut++) {
		CHECK_STATUS(txn_put(TXN, TABLE_TEXT, key_of_u64(&k, 5), slice_make(bytes, cut), NULL),
		    STATUS_OK);
		CHECK_STATUS(text_get(TXN, 5, &row, NULL),
		    cut == value.len ? STATUS_OK : STATUS_CORRUPT);
	}
	CHECK(row.size_bytes == 300 && row.stored_len == 300 && row.bytes.stored_len == 300);
	CHECK(row.codec == CODEC_PLAIN && row.same_as == 0 && row.bytes.text == 5);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		ROW(each_record_is_what_its_golden_bytes_say),
		ROW(a_hash_of_a_text_is_what_its_golden_bytes_say),
		ROW(a_text_of_version_1_is_read),
		ROW(an_account_of_version_1_has_no_limits),
		ROW(a_queue_entry_of_version_1_asked_for_nothing),
		ROW(what_was_fetched_by_version_1_has_no_size_and_stays),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
