/* Records together: flags in chunks, changes in parts, what is found by a key, the queue. */
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "store/account.h"
#include "store/archive.h"
#include "store/audit.h"
#include "store/flags.h"
#include "store/journal.h"
#include "store/key.h"
#include "store/mailbox.h"
#include "store/message_id.h"
#include "store/segment.h"
#include "store/spool.h"
#include "store/testing_record.h"
#include "store/text.h"
#include "store/tree.h"
#include "store/uidset.h"

static void
a_full_chunk_of_the_worst_flags_fits_a_record(void **state)
{
	static struct flags_chunk c, back;
	struct fixture *f = *state;

	for (uint32_t i = 0; i < FLAGS_CHUNK; i++)
		c.entries[c.count++] = (struct flags_entry){ i, UINT64_MAX - i,
			i == 0 ? 0 : UINT64_MAX - i };
	CHECK_STATUS(flags_chunk_put(TXN, 9, 0, &c, NULL), STATUS_OK);
	CHECK_STATUS(flags_chunk_get(TXN, 9, 0, &back, NULL), STATUS_OK);
	CHECK_U64(back.count, FLAGS_CHUNK);
	for (uint32_t i = 0; i < FLAGS_CHUNK; i++)
		CHECK(back.entries[i].uid == i && back.entries[i].flags == c.entries[i].flags &&
		    back.entries[i].modseq == c.entries[i].modseq);
	back.count = 0;
	CHECK_STATUS(flags_chunk_put(TXN, 9, 0, &back, NULL), STATUS_OK);
	CHECK_STATUS(flags_chunk_get(TXN, 9, 0, &back, NULL), STATUS_OK);
	CHECK_U64(back.count, 0);
}

static bool
collect(void *ctx, const struct flags_chunk *c)
{
	for (uint32_t i = 0; i < c->count; i++)
		buf_printf(ctx, "%u ", c->entries[i].uid);
	return true;
}

static void
flags_are_read_within_bounds(void **state)
{
	static const struct {
		uint32_t first, last;
		const char *uids;
	} rows[] = {
		{ 1, UINT32_MAX, "5 127 128 300 " },
		{ 5, 128, "5 127 128 " },
		{ 6, 127, "127 " },
		{ 129, 299, "" },
		{ 300, 300, "300 " },
		{ 301, UINT32_MAX, "" },
	};
	static struct flags_chunk c;
	struct fixture *f = *state;
	struct buf b = buf_init(1000);

	c = (struct flags_chunk){ 2, { { 5, 0, 1 }, { 127, 0, 1 } } };
	CHECK_STATUS(flags_chunk_put(TXN, 9, 0, &c, NULL), STATUS_OK);
	c = (struct flags_chunk){ 1, { { 128, 0, 1 } } };
	CHECK_STATUS(flags_chunk_put(TXN, 9, 1, &c, NULL), STATUS_OK);
	c = (struct flags_chunk){ 1, { { 300, 0, 1 } } };
	CHECK_STATUS(flags_chunk_put(TXN, 9, 2, &c, NULL), STATUS_OK);
	CHECK_STATUS(flags_chunk_put(TXN, 10, 0, &c, NULL), STATUS_OK);	/* another mailbox */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&b);
		CHECK_STATUS(flags_each(TXN, 9, rows[i].first, rows[i].last, collect, &b, NULL),
		    STATUS_OK);
		CHECK_SLICE(buf_slice(&b), rows[i].uids);
	}
	buf_clear(&b);
}

static bool
count_ranges(void *ctx, const struct journal_row *row)
{
	struct reader in = reader_of(row->uids);
	struct uidset uids;
	uint32_t *sum = ctx;

	uidset_read(&in, &uids);
	*sum += uids.count;
	uidset_clear(&uids);
	return true;
}

static void
a_change_of_many_uids_is_journalled_in_parts(void **state)
{
	struct journal_row row = { .op = JOURNAL_EXPUNGED };
	struct uidset uids = uidset_init();
	struct fixture *f = *state;
	uint32_t sum = 0;

	for (uint32_t i = 0; i < 5000; i++)
		CHECK_STATUS(uidset_add(&uids, 2 * i, 2 * i), STATUS_OK);
	CHECK_STATUS(journal_put(&f->change, &row, &uids, NULL), STATUS_OK);
	CHECK_U64(f->change.journal_part, 25);
	CHECK_STATUS(journal_each(TXN, 0, count_ranges, &sum, NULL), STATUS_OK);
	CHECK_U64(sum, 5000);
	sum = 0;
	CHECK_STATUS(journal_each(TXN, 3, count_ranges, &sum, NULL), STATUS_OK);
	CHECK_STATUS(journal_each(TXN, UINT64_MAX, count_ranges, &sum, NULL), STATUS_OK);
	CHECK_U64(sum, 0);
	uidset_clear(&uids);
}

static void
the_newest_text_of_a_message_id_is_found(void **state)
{
	static const struct {
		uint64_t key, text;
		uint32_t author;
	} rows[] = { { 1, 10, 1 }, { 1, 19999, 2 }, { 2, 20000, 3 }, { 1, 60001, 4 }, { 3, 60002, 5 } };
	static const struct {
		uint64_t key;
		uint32_t author;
	} questions[] = { { 1, 4 }, { 2, 3 }, { 3, 5 }, { 4, 0 }, { 0, 0 }, { UINT64_MAX, 0 } };
	struct fixture *f = *state;
	struct message_id_row r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		r = (struct message_id_row){ rows[i].key, rows[i].text, rows[i].author, 0 };
		CHECK_STATUS(message_id_put(TXN, &r, NULL), STATUS_OK);
	}
	for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
		r.author = 0;
		CHECK_STATUS(message_id_find(TXN, questions[i].key, 60002, &r, NULL),
		    questions[i].author == 0 ? STATUS_ABSENT : STATUS_OK);
		CHECK_U64(r.author, questions[i].author);
	}
}

static void
a_long_envelope_is_not_kept_in_the_row(void **state)
{
	static char envelope[ARCHIVE_ENVELOPE_MAX + 1];
	struct archive_row r = { .text = 5, .envelope = { envelope, sizeof(envelope) } };
	uint8_t sha256[SHA256_LEN] = { 0 }, first[SHA256_LEN], want[SHA256_LEN];
	struct fixture *f = *state;

	CHECK_STATUS(archive_put(&f->change, &r, sha256, NULL), STATUS_OK);
	CHECK_STATUS(archive_get(TXN, 1, &r, NULL), STATUS_OK);
	CHECK(!r.is_envelope_inline && r.envelope.len == 0);
	memcpy(first, r.hash, sizeof(first));
	r.envelope = slice_make(envelope, ARCHIVE_ENVELOPE_MAX);
	archive_hash(first, sha256, r.envelope, &r, want);
	CHECK_STATUS(archive_put(&f->change, &r, sha256, NULL), STATUS_OK);
	CHECK_STATUS(archive_get(TXN, 2, &r, NULL), STATUS_OK);
	CHECK(r.is_envelope_inline && r.envelope.len == ARCHIVE_ENVELOPE_MAX);
	CHECK(memcmp(r.hash, want, sizeof(want)) == 0);
}

static bool
first_due(void *ctx, uint64_t id)
{
	buf_printf(ctx, "%u ", (unsigned)id);
	return true;
}

static void
uid_validity_rises_whatever_the_clock_says(void **state)
{
	static const uint64_t clocks[] = { 1000, 999, UINT64_MAX, UINT64_MAX, 0, UINT32_MAX, 1000 };
	struct account_row a = { .id = 7 };
	struct fixture *f = *state;
	uint32_t id, last = 0;
	struct mailbox_row row;

	for (size_t i = 0; i < ARRAY_LEN(clocks); i++) {
		char name[] = { (char)('a' + i), '\0' };

		f->change.now_s = clocks[i];
		CHECK_STATUS(tree_make(&f->change, &a, slice_from_cstr(name), MAILBOX_PLAIN, &id, NULL),
		    STATUS_OK);
		CHECK_STATUS(mailbox_get(TXN, id, &row, NULL), STATUS_OK);
		CHECK(row.uid_validity > last);
		last = row.uid_validity;
	}
}

static void
the_queue_gives_what_is_due(void **state)
{
	struct spool_row r = { .recipient = SLICE("r") };
	struct fixture *f = *state;
	struct buf b = buf_init(100);
	char address[SPOOL_ADDRESS_MAX + 1] = "";
	uint64_t next;

	CHECK_STATUS(spool_put(&f->change, &r, NULL), STATUS_OK);
	f->change.now_s = 50;
	CHECK_STATUS(spool_put(&f->change, &r, NULL), STATUS_OK);
	CHECK_STATUS(spool_each_due(TXN, 98, first_due, &b, &next, NULL), STATUS_OK);
	CHECK_SLICE(buf_slice(&b), "2 ");
	CHECK_U64(next, 99);
	CHECK_STATUS(spool_each_due(TXN, 99, first_due, &b, &next, NULL), STATUS_OK);
	CHECK_SLICE(buf_slice(&b), "2 2 1 ");
	CHECK_U64(next, 0);
	r.sender = slice_make(address, sizeof(address));
	CHECK_STATUS(spool_put(&f->change, &r, NULL), STATUS_LIMIT);
	r = (struct spool_row){ .sender = SLICE("s") };
	CHECK_STATUS(spool_put(&f->change, &r, NULL), STATUS_LIMIT);
	buf_clear(&b);
}

static void
a_queue_entry_waits_again_is_held_and_ends(void **state)
{
	struct text_row text = { .id = 5, .mid = SLICE("m"), .size_bytes = 1 };
	struct spool_row r = { .text = 5, .sender = SLICE("s"), .recipient = SLICE("r") };
	struct fixture *f = *state;
	struct buf b = buf_init(100);
	uint64_t next;
	uint32_t references;

	CHECK_STATUS(text_put(TXN, &text, 1, NULL), STATUS_OK);
	CHECK_STATUS(spool_put(&f->change, &r, NULL), STATUS_OK);
	CHECK_STATUS(spool_get(TXN, 1, &r, NULL), STATUS_OK);
	r.due_at = 500;
	r.attempts = 1;
	r.detail = SLICE("451 later");
	CHECK_STATUS(spool_change(&f->change, &r, NULL), STATUS_OK);
	CHECK_STATUS(spool_get(TXN, 1, &r, NULL), STATUS_OK);
	CHECK_SLICE(r.detail, "451 later");
	CHECK_SLICE(r.recipient, "r");
	CHECK(r.attempts == 1);
	CHECK_STATUS(spool_each_due(TXN, 499, first_due, &b, &next, NULL), STATUS_OK);
	CHECK(b.len == 0 && next == 500);
	r.state = SPOOL_HELD;
	CHECK_STATUS(spool_change(&f->change, &r, NULL), STATUS_OK);
	CHECK_STATUS(spool_each_due(TXN, 1000, first_due, &b, &next, NULL), STATUS_OK);
	CHECK(b.len == 0 && next == 0);
	CHECK_STATUS(spool_get(TXN, 1, &r, NULL), STATUS_OK);
	CHECK_STATUS(spool_end(&f->change, &r, NULL), STATUS_OK);
	CHECK_STATUS(spool_get(TXN, 1, &r, NULL), STATUS_ABSENT);
	CHECK_STATUS(text_references(TXN, 5, &references, NULL), STATUS_OK);
	CHECK_U64(references, 0);
	buf_clear(&b);
}

static bool
print_subject(void *ctx, const struct audit_row *row)
{
	buf_printf(ctx, "%.*s ", SLICE_ARG(row->subject));
	return true;
}

static bool
print_entry(void *ctx, const struct spool_row *row)
{
	buf_printf(ctx, "%u ", (unsigned)row->id);
	return true;
}

static void
a_row_that_cannot_be_read_hides_no_other(void **state)
{
	static const char *const subjects[] = { "one", "two", "three" };
	struct spool_row entry = { .recipient = SLICE("r") };
	struct audit_filter all = { 0 };
	struct audit_place place = { 0 };
	struct fixture *f = *state;
	struct buf b = buf_init(100);
	struct key k;

	for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
		struct audit_row row = { .subject = slice_from_cstr(subjects[i]) };

		CHECK_STATUS(audit_put(&f->change, &row, NULL), STATUS_OK);
		CHECK_STATUS(spool_put(&f->change, &entry, NULL), STATUS_OK);
	}
	CHECK_STATUS(txn_put(TXN, TABLE_AUDIT, key_of_u64_u16(&k, f->change.number, 1), SLICE("\xff"),
	    NULL), STATUS_OK);
	CHECK_STATUS(audit_slice(TXN, &all, &place, 10, print_subject, &b, NULL), STATUS_CORRUPT);
	CHECK_SLICE(buf_slice(&b), "three one ");
	CHECK_STATUS(txn_put(TXN, TABLE_QUEUE, key_of_u64(&k, 2), SLICE("\xff"), NULL), STATUS_OK);
	buf_reset(&b);
	CHECK_STATUS(spool_each(TXN, 0, print_entry, &b, NULL), STATUS_CORRUPT);
	CHECK_SLICE(buf_slice(&b), "1 3 ");
	buf_clear(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		ROW(a_full_chunk_of_the_worst_flags_fits_a_record),
		ROW(flags_are_read_within_bounds),
		ROW(a_change_of_many_uids_is_journalled_in_parts),
		ROW(the_newest_text_of_a_message_id_is_found),
		ROW(a_long_envelope_is_not_kept_in_the_row),
		ROW(uid_validity_rises_whatever_the_clock_says),
		ROW(the_queue_gives_what_is_due),
		ROW(a_queue_entry_waits_again_is_held_and_ends),
		ROW(a_row_that_cannot_be_read_hides_no_other),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
