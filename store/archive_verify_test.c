/*
 * The archive's chain: whatever is altered, removed or exchanged is found, also when whoever did
 * it can write the store and made all checksums anew.
 */
#include "store/archive_verify.h"

#include <fcntl.h>

#include "base/bytes.h"
#include "base/check.h"
#include "store/archive.h"
#include "store/counters.h"
#include "store/key.h"
#include "store/testing_fill.h"

#define ENTRIES 6
#define LONG_ENVELOPE 4		/* this entry's envelope is in its segment alone */

/* Where the fields of a row with a mid of 12 bytes and an envelope are. */
#define AT_TEXT 1
#define AT_DIRECTION 9
#define AT_RECEIVED 10
#define AT_MID 22
#define AT_ENVELOPE (AT_MID + 12 + 1 + 4)

struct attack {
	struct testing *t;
	struct store *store;
	struct txn *txn;
};

static void
archive_one(struct testing *t, unsigned n)
{
	struct plan_action action = { .kind = ACTION_ARCHIVE, .direction = PLAN_IN,
		.sender = SLICE("ann@b.test"), .recipients = SLICE("li@d.test\nwang@d.test") };
	struct plan p = { .received_at = 1700000000 + n, .action_count = 1, .actions = &action };
	struct buf text = buf_init(1 << 16), crowd = buf_init(1 << 16);

	if (n == LONG_ENVELOPE) {
		testing_crowd(&text, &crowd);
		action.recipients = buf_slice(&crowd);
	}
	buf_printf(&text, "Subject: number %u\r\n\r\nhello\r\n", n);
	CHECK_STATUS(testing_plan(t, buf_slice(&text), &p)->status, STATUS_OK);
	buf_clear(&text);
	buf_clear(&crowd);
}

static void
fill(struct testing *t)
{
	for (unsigned n = 1; n <= ENTRIES; n++)
		archive_one(t, n);
}

static int
setup(void **state)
{
	return testing_setup_closed(state, fill);
}

struct result {
	unsigned count;
	uint64_t first;
};

static void
on_found(void *ctx, uint64_t entry, struct slice what)
{
	struct result *r = ctx;

	CHECK(what.len > 0);
	if (r->count++ == 0)
		r->first = entry;
}

static enum status
verify(struct testing *t, struct archive_verify *v, struct result *r, struct archive_head *head)
{
	struct problem why = { "" };
	struct archive_head unused;
	struct store *s;
	enum status st;

	*r = (struct result){ 0 };
	v->found = on_found;
	v->ctx = r;
	CHECK_STATUS(store_open(t->path, ENV_READ, &s, &why), STATUS_OK);
	st = archive_verify(s, v, head != NULL ? head : &unused, &why);
	store_close(&s);
	CHECK((st == STATUS_OK) == (r->count == 0));
	return st;
}

static void
an_archive_as_it_was_written_is_whole(void **state)
{
	struct archive_verify v = { .is_reading_texts = true };
	struct archive_head heads[3] = { { 0 } }, head;
	struct result r;

	CHECK_STATUS(verify(*state, &v, &r, &head), STATUS_OK);
	CHECK_U64(head.entry, ENTRIES);
	heads[2] = head;
	v.from = head;
	v.heads = heads;
	v.head_count = 3;
	CHECK_STATUS(verify(*state, &v, &r, &head), STATUS_OK);
	CHECK_U64(head.entry, ENTRIES);
}

static void
an_empty_archive_is_whole(void **state)
{
	struct testing t;
	struct archive_verify v = { 0 };
	struct archive_head head;
	struct result r;

	(void)state;
	memset(&t, 0, sizeof(t));
	scratch_make(t.path);
	testing_open(&t);
	testing_close(&t);
	CHECK_STATUS(verify(&t, &v, &r, &head), STATUS_OK);
	CHECK_U64(head.entry, 0);
	v.from.entry = 1;
	CHECK_STATUS(verify(&t, &v, &r, &head), STATUS_CORRUPT);
	CHECK_U64(r.first, 1);
	scratch_remove(t.path);
}

/* What an attacker does with the right to write; txn_put() makes a record's checksum anew. */

static void
flip(struct attack *a, uint64_t entry, size_t at)
{
	struct slice value;
	char bytes[ENV_VALUE_MAX];
	struct key k;

	CHECK_STATUS(txn_get(a->txn, TABLE_ARCHIVE, key_of_u64(&k, entry), &value, NULL),
	    STATUS_OK);
	memcpy(bytes, value.ptr, value.len);
	bytes[at < value.len ? at : value.len - 1] ^= 1;
	CHECK_STATUS(txn_put(a->txn, TABLE_ARCHIVE, key_of_u64(&k, entry),
	    slice_make(bytes, value.len), NULL), STATUS_OK);
}

static void
alter_direction(struct attack *a)
{
	flip(a, 3, AT_DIRECTION);
}

static void
alter_time(struct attack *a)
{
	flip(a, 3, AT_RECEIVED);
}

static void
alter_mid(struct attack *a)
{
	flip(a, 3, AT_MID);
}

static void
alter_envelope(struct attack *a)
{
	flip(a, 3, AT_ENVELOPE + 5);
}

static void
alter_text(struct attack *a)
{
	flip(a, 3, AT_TEXT);
}

static void
alter_hash(struct attack *a)
{
	flip(a, 3, SIZE_MAX);
}

static void
alter_last(struct attack *a)
{
	flip(a, ENTRIES, SIZE_MAX);
}

static void
remove_entry(struct attack *a, uint64_t entry)
{
	struct key k;

	CHECK_STATUS(txn_delete(a->txn, TABLE_ARCHIVE, key_of_u64(&k, entry), NULL), STATUS_OK);
}

static void
remove_first(struct attack *a)
{
	remove_entry(a, 1);
}

static void
remove_middle(struct attack *a)
{
	remove_entry(a, 3);
}

static void
remove_last(struct attack *a)
{
	remove_entry(a, ENTRIES);
}

static void
swap_two(struct attack *a)
{
	struct key two, three;
	struct slice value;
	char bytes[2][ENV_VALUE_MAX];
	size_t len[2];

	key_of_u64(&two, 2);
	key_of_u64(&three, 3);
	CHECK_STATUS(txn_get(a->txn, TABLE_ARCHIVE, key_slice(&two), &value, NULL), STATUS_OK);
	memcpy(bytes[0], value.ptr, len[0] = value.len);
	CHECK_STATUS(txn_get(a->txn, TABLE_ARCHIVE, key_slice(&three), &value, NULL), STATUS_OK);
	memcpy(bytes[1], value.ptr, len[1] = value.len);
	CHECK_STATUS(txn_put(a->txn, TABLE_ARCHIVE, key_slice(&two),
	    slice_make(bytes[1], len[1]), NULL), STATUS_OK);
	CHECK_STATUS(txn_put(a->txn, TABLE_ARCHIVE, key_slice(&three),
	    slice_make(bytes[0], len[0]), NULL), STATUS_OK);
}

/* The record in the segment of an entry's text; write: its checksums are made anew. */
static void
alter_segment(struct attack *a, uint64_t entry, bool is_envelope)
{
	struct buf path = buf_init(4096), bytes = buf_init(1 << 20);
	struct archive_row row;
	struct text_row text;
	struct segment_record r;
	uint8_t head[RECORD_HEAD_LEN];
	const char *name;
	uint64_t at;
	int fd;

	CHECK_STATUS(archive_get(a->txn, entry, &row, NULL), STATUS_OK);
	CHECK_STATUS(text_get(a->txn, row.text, &text, NULL), STATUS_OK);
	buf_printf(&path, "%s/segments/%08x.seg", a->t->path, text.segment);
	CHECK_STATUS(buf_cstr(&path, &name), STATUS_OK);
	CHECK((fd = open(name, O_RDWR)) >= 0);
	at = text.segment_at - text.head_len;
	struct record_place place = { store_id(a->store), text.segment, at };
	CHECK(pread(fd, head, sizeof(head), (off_t)at) == (ssize_t)sizeof(head));
	CHECK_STATUS(record_head_decode(head, &place, &r), STATUS_OK);
	CHECK_STATUS(buf_reserve(&bytes, text.head_len + r.text.len), STATUS_OK);
	bytes.len = record_meta_len(&r) + r.text.len;
	at += sizeof(head);
	CHECK(pread(fd, bytes.ptr, bytes.len, (off_t)at) == (ssize_t)bytes.len);
	bytes.ptr[is_envelope ? r.mid.len + 6 : bytes.len - 3] ^= 1;
	r.meta_crc = crc32c(0, slice_make(bytes.ptr, record_meta_len(&r)));
	r.text_crc = crc32c(0, slice_make(bytes.ptr + record_meta_len(&r), r.text.len));
	record_head_encode(&r, &place, head);
	CHECK(pwrite(fd, head, sizeof(head), (off_t)place.at) == (ssize_t)sizeof(head));
	CHECK(pwrite(fd, bytes.ptr, bytes.len, (off_t)at) == (ssize_t)bytes.len);
	close(fd);
	buf_clear(&path);
	buf_clear(&bytes);
}

static void
alter_long_envelope(struct attack *a)
{
	alter_segment(a, LONG_ENVELOPE, true);
}

static void
alter_bytes(struct attack *a)
{
	alter_segment(a, 3, false);
}

/* Entry 3 says another thing, and all hashes from there on are made anew, the counters' too. */
static void
alter_all_behind(struct attack *a)
{
	struct archive_row row;
	struct text_row text;
	struct counters c;
	struct slice value;
	uint8_t hash[SHA256_LEN];
	char bytes[ENV_VALUE_MAX];
	struct key k;

	flip(a, 3, AT_DIRECTION);
	CHECK_STATUS(archive_get(a->txn, 2, &row, NULL), STATUS_OK);
	memcpy(hash, row.hash, sizeof(hash));
	for (uint64_t entry = 3; entry <= ENTRIES; entry++) {
		struct buf meta = buf_init(TEXT_META_MAX);
		struct segment_record r;

		CHECK_STATUS(archive_get(a->txn, entry, &row, NULL), STATUS_OK);
		CHECK_STATUS(text_get(a->txn, row.text, &text, NULL), STATUS_OK);
		CHECK_STATUS(text_record_read(a->store, &text, &r, &meta, NULL), STATUS_OK);
		archive_hash(hash, text.sha256, r.envelope, &row, hash);
		buf_clear(&meta);
		CHECK_STATUS(txn_get(a->txn, TABLE_ARCHIVE, key_of_u64(&k, entry), &value, NULL),
		    STATUS_OK);
		memcpy(bytes, value.ptr, value.len);
		memcpy(bytes + value.len - sizeof(hash), hash, sizeof(hash));
		CHECK_STATUS(txn_put(a->txn, TABLE_ARCHIVE, key_of_u64(&k, entry),
		    slice_make(bytes, value.len), NULL), STATUS_OK);
	}
	CHECK_STATUS(counters_get(a->txn, &c, NULL), STATUS_OK);
	memcpy(c.archive_hash, hash, sizeof(hash));
	CHECK_STATUS(counters_put(a->txn, &c, NULL), STATUS_OK);
}

/* The last entry is gone, and the counters say that it never was. */
static void
remove_last_whole(struct attack *a)
{
	struct archive_row row;
	struct counters c;

	remove_entry(a, ENTRIES);
	CHECK_STATUS(archive_get(a->txn, ENTRIES - 1, &row, NULL), STATUS_OK);
	CHECK_STATUS(counters_get(a->txn, &c, NULL), STATUS_OK);
	c.archive = ENTRIES - 1;
	memcpy(c.archive_hash, row.hash, sizeof(c.archive_hash));
	CHECK_STATUS(counters_put(a->txn, &c, NULL), STATUS_OK);
}

/* As a repair leaves an entry: what is known of it. */
static void
lose(struct attack *a, uint64_t entry, enum archive_loss loss)
{
	struct archive_row row;
	struct text_row text;

	CHECK_STATUS(archive_get(a->txn, entry, &row, NULL), STATUS_OK);
	CHECK_STATUS(text_get(a->txn, row.text, &text, NULL), STATUS_OK);
	memcpy(row.text_sha256, text.sha256, sizeof(row.text_sha256));
	row.lost = (uint8_t)loss;
	row.text = 0;
	CHECK_STATUS(archive_put_lost(a->txn, &row, NULL), STATUS_OK);
}

static void
lose_text(struct attack *a)
{
	lose(a, 3, ARCHIVE_TEXT_LOST);
}

static void
lose_text_and_envelope(struct attack *a)
{
	lose(a, LONG_ENVELOPE, ARCHIVE_TEXT_LOST);
}

static void
lose_entry(struct attack *a)
{
	lose(a, 3, ARCHIVE_ENTRY_LOST);
}

static const struct {
	const char *name;
	void (*make)(struct attack *a);
	uint64_t found;		/* first entry named by a plain pass; 0: it cannot know */
	uint64_t found_by_head;	/* when the head of all entries was kept */
	bool is_in_text;	/* found when texts are read, and only then */
} attacks[] = {
	{ "direction", alter_direction, 3, 3, false },
	{ "time", alter_time, 3, 3, false },
	{ "mid", alter_mid, 3, 3, false },
	{ "envelope", alter_envelope, 3, 3, false },
	{ "long envelope", alter_long_envelope, LONG_ENVELOPE, LONG_ENVELOPE, false },
	{ "another text", alter_text, 3, 3, false },
	{ "hash", alter_hash, 3, 3, false },
	{ "hash of the last", alter_last, ENTRIES, ENTRIES, false },
	{ "first removed", remove_first, 2, 2, false },
	{ "removed", remove_middle, 4, 4, false },
	{ "last removed", remove_last, ENTRIES - 1, ENTRIES - 1, false },
	{ "exchanged", swap_two, 2, 2, false },
	{ "text lost", lose_text, 3, 3, false },
	{ "text and envelope lost", lose_text_and_envelope, LONG_ENVELOPE, LONG_ENVELOPE, false },
	{ "entry lost", lose_entry, 3, 3, false },
	{ "bytes of a text", alter_bytes, 3, 3, true },
	{ "hashes made anew", alter_all_behind, 0, ENTRIES, false },
	{ "last removed as if it had never been", remove_last_whole, 0, ENTRIES, false },
};

static void
make_attack(struct testing *t, void (*alter)(struct attack *a))
{
	struct attack a = { .t = t };
	struct problem why = { "" };

	CHECK_STATUS(store_open(t->path, ENV_WRITE, &a.store, &why), STATUS_OK);
	CHECK_STATUS(txn_begin_write(store_env(a.store), &a.txn, &why), STATUS_OK);
	alter(&a);
	CHECK_STATUS(txn_commit(&a.txn, &why), STATUS_OK);
	store_close(&a.store);
}

static void
check_first(const char *name, enum status st, const struct result *r, uint64_t first)
{
	if ((st == STATUS_OK) != (first == 0) || r->first != first)
		fail_msg("%s: %s, entry %u", name, status_name(st), (unsigned)r->first);
}

static void
redirect_lost(struct attack *a)
{
	struct archive_row row;

	CHECK_STATUS(archive_get(a->txn, 3, &row, NULL), STATUS_OK);
	row.direction = PLAN_OUT;
	CHECK_STATUS(archive_put_lost(a->txn, &row, NULL), STATUS_OK);
}

static void
what_is_left_of_an_entry_whose_text_was_lost_is_proved(void **state)
{
	struct archive_verify v = { 0 };
	struct result r;

	make_attack(*state, lose_text);
	CHECK_STATUS(verify(*state, &v, &r, NULL), STATUS_CORRUPT);
	CHECK(r.count == 1 && r.first == 3);	/* that it was lost, and nothing else */
	make_attack(*state, redirect_lost);
	CHECK_STATUS(verify(*state, &v, &r, NULL), STATUS_CORRUPT);
	CHECK(r.count == 2 && r.first == 3);
}

static void
whatever_is_altered_removed_or_exchanged_is_found(void **state)
{
	struct archive_head head;
	struct result r;
	enum status st;
	void *fresh;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
		struct archive_verify plain = { 0 }, texts = { .is_reading_texts = true };
		struct archive_verify kept = { .heads = &head, .head_count = 1,
			.is_reading_texts = attacks[i].is_in_text };

		setup(&fresh);
		CHECK_STATUS(verify(fresh, &plain, &r, &head), STATUS_OK);
		make_attack(fresh, attacks[i].make);
		st = verify(fresh, &plain, &r, NULL);
		check_first(attacks[i].name, st, &r,
		    attacks[i].is_in_text ? 0 : attacks[i].found);
		st = verify(fresh, &texts, &r, NULL);
		check_first(attacks[i].name, st, &r, attacks[i].found);
		st = verify(fresh, &kept, &r, NULL);
		check_first(attacks[i].name, st, &r, attacks[i].found_by_head);
		testing_teardown_closed(&fresh);
	}
}

static void
a_pass_begins_behind_a_head_that_was_kept(void **state)
{
	struct archive_verify plain = { 0 }, v = { 0 };
	struct archive_head head;
	struct result r;

	CHECK_STATUS(verify(*state, &plain, &r, &head), STATUS_OK);
	make_attack(*state, remove_first);
	v.from = head;
	CHECK_STATUS(verify(*state, &v, &r, NULL), STATUS_OK);	/* it was looked at before */
	v.from.hash[0] ^= 1;
	CHECK_STATUS(verify(*state, &v, &r, NULL), STATUS_CORRUPT);
	CHECK_U64(r.first, ENTRIES);
	v.from.entry = ENTRIES + 1;
	CHECK_STATUS(verify(*state, &v, &r, NULL), STATUS_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, testing_teardown_closed)
		ROW(an_archive_as_it_was_written_is_whole),
		cmocka_unit_test(an_empty_archive_is_whole),
		cmocka_unit_test(whatever_is_altered_removed_or_exchanged_is_found),
		ROW(what_is_left_of_an_entry_whose_text_was_lost_is_proved),
		ROW(a_pass_begins_behind_a_head_that_was_kept),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
