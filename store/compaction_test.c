/* Texts go, and their space comes back; what stays is read as before. */
#include "store/compaction.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/id.h"
#include "base/mem.h"
#include "store/sealed.h"
#include "store/testing_fill.h"

#define TEXTS 24
#define LARGE_LEN (200 * 1024)	/* five of them fill a segment */

static char *texts[TEXTS + 1];

static int
setup(void **state)
{
	struct testing *t;

	testing_setup(state);
	t = *state;
	testing_account(t, ME);
	for (uint32_t i = 1; i <= TEXTS; i++) {
		texts[i] = testing_noise(i, LARGE_LEN);
		testing_append(t, ME, testing_mailbox(t, ME, "INBOX"), texts[i], 0, "");
	}
	return 0;
}

static int
teardown(void **state)
{
	for (uint32_t i = 1; i <= TEXTS; i++)
		mem_free(texts[i]);
	return testing_teardown(state);
}

/* The last one that refers to it goes: its message is moved out of the way first. */
static void
lose(struct testing *t, uint64_t id)
{
	testing_refer(t, id, -1);
}

static void
check_text(struct testing *t, const struct text_row *row)
{
	char *bytes = mem_array(char, LARGE_LEN);

	CHECK_STATUS(text_read(t->store, row, 0, LARGE_LEN, bytes, NULL), STATUS_OK);
	CHECK(memcmp(bytes, texts[row->id], LARGE_LEN) == 0);
	CHECK_STATUS(text_read(t->store, row, 70000, 5, bytes, NULL), STATUS_OK);
	CHECK(memcmp(bytes, texts[row->id] + 70000, 5) == 0);
	mem_free(bytes);
}

static bool
has_file(struct testing *t, uint32_t segment)
{
	char name[16];

	snprintf(name, sizeof(name), "%08x.seg", segment);
	return faccessat(store_segments_fd(t->store), name, F_OK, 0) == 0;
}

static enum compact_work
choose(struct testing *t, const struct compact_rules *rules, uint32_t *segment)
{
	struct txn *txn = testing_read(t);
	enum compact_work work;

	CHECK_STATUS(compact_choose(txn, rules, &work, segment, NULL), STATUS_OK);
	txn_abort(&txn);
	return work;
}

/* Move all of a segment; gives how many slices it took, 0: it cannot be moved. */
static unsigned
move(struct testing *t, uint32_t segment)
{
	struct compact_walk w;
	struct problem why = { "" };
	unsigned slices = 0;
	struct txn *txn;
	struct job *j;
	enum status st;

	compact_begin(&w, segment);
	while (!w.is_end) {
		txn = testing_read(t);
		st = compact_slice(t->store, txn, &w, &j, &why);
		txn_abort(&txn);
		if (st != STATUS_OK)
			return 0;
		CHECK_STATUS(testing_run(t, j)->status, STATUS_OK);
		slices++;
	}
	return slices;
}

/* As long as there is anything to do; no file is deleted before the grace has passed. */
static void
compact_all(struct testing *t, const struct compact_rules *rules)
{
	enum compact_work work;
	uint32_t segment;

	while ((work = choose(t, rules, &segment)) != COMPACT_NOTHING) {
		if (work == COMPACT_MOVE)
			CHECK(move(t, segment) > 0);
		CHECK_STATUS(testing_run(t, work == COMPACT_DELETE ?
		    compact_delete(t->store, segment) : compact_retire(t->store, segment))->status,
		    STATUS_OK);
	}
}

static const struct compact_rules at_once = { .at_percent = 50, .now_s = UINT64_MAX / 2 };

static void
what_is_wanted_moves_and_the_rest_goes(void **state)
{
	struct testing *t = *state;
	struct text_row before[TEXTS + 1];

	for (uint32_t i = 1; i <= TEXTS; i++)
		before[i] = testing_text(t, i);
	for (uint32_t i = 1; i <= TEXTS; i++)
		if (i % 4 != 0)
			lose(t, i);
	compact_all(t, &at_once);
	CHECK(!has_file(t, 1) && !has_file(t, 2) && !has_file(t, 3));
	testing_close(t);	/* with what it had open */
	testing_open(t);
	for (uint32_t i = 4; i <= TEXTS; i += 4) {
		struct text_row now = testing_text(t, i);

		CHECK(now.segment > before[i].segment || now.segment == before[TEXTS].segment);
		check_text(t, &now);
		check_text(t, &before[i]);	/* as a reader who is behind */
	}
	CHECK_U64(testing_segment(t, 1).live_bytes + testing_segment(t, 1).dead_bytes, 0);
}

static void
a_segment_of_dead_texts_goes_without_copying(void **state)
{
	struct testing *t = *state;
	uint64_t end = testing_text(t, TEXTS).segment_at;
	uint32_t segment;

	for (uint32_t i = 1; testing_text(t, i).segment == 1; i++)
		lose(t, i);
	CHECK(choose(t, &at_once, &segment) == COMPACT_RETIRE && segment == 1);
	compact_all(t, &at_once);
	CHECK(!has_file(t, 1) && has_file(t, 2));
	CHECK_U64(testing_text(t, TEXTS).segment_at, end);
	CHECK(choose(t, &at_once, &segment) == COMPACT_NOTHING);
}

static void
only_what_is_dead_enough_is_moved(void **state)
{
	struct testing *t = *state;
	struct compact_rules rules = at_once;
	uint32_t segment = 0;

	lose(t, 1);
	lose(t, 2);
	CHECK(choose(t, &rules, &segment) == COMPACT_NOTHING);	/* two of five */
	rules.at_percent = 40;
	CHECK(choose(t, &rules, &segment) == COMPACT_MOVE && segment == 1);
	rules.skips[rules.skip_count++] = 1;
	CHECK(choose(t, &rules, &segment) == COMPACT_NOTHING);
	/* The one that is being written is let alone, whatever is dead in it. */
	for (uint32_t i = TEXTS; testing_text(t, i).segment == testing_text(t, TEXTS).segment && i > 20; i--)
		lose(t, i);
	rules.at_percent = 1;
	CHECK(choose(t, &rules, &segment) == COMPACT_NOTHING);
}

static void
a_retired_segment_stays_for_its_grace(void **state)
{
	struct testing *t = *state;
	struct compact_rules rules = { .at_percent = 50, .grace_s = 3600 };
	uint32_t segment;

	for (uint32_t i = 1; testing_text(t, i).segment == 1; i++)
		lose(t, i);
	CHECK_STATUS(testing_run(t, compact_retire(t->store, 1))->status, STATUS_OK);
	CHECK_U64(testing_segment(t, 1).state, SEGMENT_RETIRED);
	rules.now_s = testing_segment(t, 1).retired_at + 3599;
	CHECK(choose(t, &rules, &segment) == COMPACT_NOTHING && has_file(t, 1));
	rules.now_s++;
	CHECK(choose(t, &rules, &segment) == COMPACT_DELETE && segment == 1);
	/* A crash may be between the file and its row. */
	CHECK_STATUS(segment_delete(store_segments_fd(t->store), 1, NULL), STATUS_OK);
	CHECK_STATUS(testing_run(t, compact_delete(t->store, 1))->status, STATUS_OK);
	CHECK(choose(t, &rules, &segment) == COMPACT_NOTHING);
}

static void
what_is_referred_to_is_never_retired(void **state)
{
	struct testing *t = *state;

	CHECK_STATUS(testing_run(t, compact_retire(t->store, 1))->status, STATUS_CORRUPT);
	CHECK_STATUS(testing_run(t, compact_delete(t->store, 1))->status, STATUS_OK);
	CHECK(has_file(t, 1));
	CHECK_U64(testing_segment(t, 1).state, SEGMENT_IN_USE);
}

static void
a_text_that_goes_while_it_is_moved_is_not_moved(void **state)
{
	struct testing *t = *state;
	struct compact_walk w;
	struct txn *txn = testing_read(t);
	struct job *j;

	compact_begin(&w, 1);
	CHECK_STATUS(compact_slice(t->store, txn, &w, &j, NULL), STATUS_OK);
	txn_abort(&txn);
	lose(t, 1);
	CHECK_STATUS(testing_run(t, j)->status, STATUS_OK);
	CHECK_U64(testing_text(t, 1).id, 0);
	CHECK(testing_text(t, 2).segment > 1);
}

static void
damage_stays_where_it_is(void **state)
{
	struct testing *t = *state;
	struct text_row row = testing_text(t, 2);
	int fd;

	CHECK_STATUS(segment_open(store_segments_fd(t->store), 1, store_id(t->store), SEGMENT_WRITE,
	    &fd, NULL), STATUS_OK);
	CHECK(pwrite(fd, "x", 1, (off_t)row.segment_at + 5) == 1);
	lose(t, 1);
	CHECK_U64(move(t, 1), 0);
	CHECK_U64(testing_text(t, 2).segment, 1);
	CHECK(pwrite(fd, &texts[2][5], 1, (off_t)row.segment_at + 5) == 1);
	CHECK(move(t, 1) > 0);
	/* A head that cannot be read hides what lies behind it: rows say that something does. */
	row = testing_text(t, 8);
	CHECK(pwrite(fd, "x", 1, (off_t)SEGMENT_HEAD_LEN) == 1);
	close(fd);
	CHECK_STATUS(segment_open(store_segments_fd(t->store), row.segment, store_id(t->store),
	    SEGMENT_WRITE, &fd, NULL), STATUS_OK);
	CHECK(pwrite(fd, "x", 1, (off_t)(row.segment_at - row.head_len)) == 1);
	close(fd);
	move(t, row.segment);
	CHECK_STATUS(testing_run(t, compact_retire(t->store, row.segment))->status, STATUS_CORRUPT);
}

/* A text with the same bytes as another, one that is compressed, one that is both. */
static void
every_form_moves(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = testing_mailbox(t, ME, "INBOX"), first;
	char *words = mem_array(char, LARGE_LEN + 1), *bytes = mem_array(char, LARGE_LEN);

	memset(words, 'w', LARGE_LEN);
	testing_append(t, ME, inbox, words, 0, "");
	testing_append(t, ME, inbox, words, 0, "");
	testing_append(t, ME, inbox, texts[TEXTS], 0, "");
	first = testing_text(t, TEXTS + 1).segment;
	for (int i = 0; i < 6; i++) {	/* so that the segment is not the last one */
		char *more = testing_noise(100 + (uint32_t)i, LARGE_LEN);

		testing_append(t, ME, inbox, more, 0, "");
		mem_free(more);
	}
	CHECK(testing_text(t, TEXTS + 1).codec == CODEC_ZSTD);
	CHECK(testing_text(t, TEXTS + 2).codec == CODEC_SAME && testing_text(t, TEXTS + 3).codec == CODEC_SAME);
	CHECK(move(t, first) > 0);
	for (uint64_t id = TEXTS + 1; id <= TEXTS + 3; id++) {
		struct text_row row = testing_text(t, id);

		CHECK(row.segment > first);
		CHECK_STATUS(text_read(t->store, &row, 0, LARGE_LEN, bytes, NULL), STATUS_OK);
		CHECK(memcmp(bytes, id == TEXTS + 3 ? texts[TEXTS] : words, LARGE_LEN) == 0);
	}
	CHECK_STATUS(testing_run(t, compact_retire(t->store, first))->status, STATUS_OK);
	mem_free(words);
	mem_free(bytes);
}

/* Messages go as users remove them and upkeep purges them; the counts agree all the time. */
static void
the_store_is_whole_after_each_slice(void **state)
{
	struct testing *t = *state;
	struct compact_walk w;
	struct txn *txn;
	struct job *j;

	for (compact_begin(&w, 2); !w.is_end;) {
		txn = testing_read(t);
		CHECK_STATUS(compact_slice(t->store, txn, &w, &j, NULL), STATUS_OK);
		txn_abort(&txn);
		CHECK_STATUS(testing_run(t, j)->status, STATUS_OK);
		testing_check_whole(t);
	}
	CHECK_STATUS(testing_run(t, compact_retire(t->store, 2))->status, STATUS_OK);
	CHECK_STATUS(testing_run(t, compact_delete(t->store, 2))->status, STATUS_OK);
	testing_check_whole(t);
}

/* Text ids that markers of a segment name. */
static unsigned
voids_in(struct testing *t, uint32_t segment, uint64_t id)
{
	struct record_place at = { store_id(t->store), segment, SEGMENT_HEAD_LEN };
	struct segment_record r;
	uint8_t head[RECORD_HEAD_LEN], bytes[8];
	unsigned count = 0;
	int fd;

	CHECK_STATUS(store_segment(t->store, segment, &fd, NULL), STATUS_OK);
	while (segment_read(fd, at.at, (char *)head, sizeof(head), NULL) == STATUS_OK &&
	    record_head_decode(head, &at, &r) == STATUS_OK) {
		for (size_t i = 0; r.type == RECORD_MARKER && i < r.text.len; i += 8) {
			CHECK_STATUS(segment_read(fd, at.at + RECORD_HEAD_LEN + i, (char *)bytes, 8,
			    NULL), STATUS_OK);
			count += load_u64le(bytes) == id;
		}
		at.at += record_len(&r);
	}
	return count;
}

static void
what_is_void_is_named_again(void **state)
{
	struct testing *t = *state;
	const char *text = "void", *next = "named";
	struct job *bad = testing_append_job(ME, 99, &text, 1, 0, ""),
	    *good = testing_append_job(ME, testing_mailbox(t, ME, "INBOX"), &next, 1, 0, "");
	uint32_t last;

	bad->next = good;
	t->waiting += 2;
	testing_forget(t);
	committer_submit(t->committer, &bad);
	testing_wait(t);
	for (uint32_t i = 0; i < 8; i++) {
		char *more = testing_noise(100 + i, LARGE_LEN);

		testing_append(t, ME, testing_mailbox(t, ME, "INBOX"), more, 0, "");
		mem_free(more);
	}
	last = testing_text(t, TEXTS + 10).segment;
	for (uint32_t segment = 1; segment <= last; segment++) {
		if (voids_in(t, segment, TEXTS + 1) == 0)
			continue;
		CHECK(segment < last && move(t, segment) > 0);
		testing_append(t, ME, testing_mailbox(t, ME, "INBOX"), "another batch", 0, "");
		break;
	}
	last = testing_text(t, TEXTS + 11).segment;
	CHECK(voids_in(t, last, TEXTS + 1) + voids_in(t, last - 1, TEXTS + 1) > 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		ROW(what_is_wanted_moves_and_the_rest_goes),
		ROW(a_segment_of_dead_texts_goes_without_copying),
		ROW(only_what_is_dead_enough_is_moved),
		ROW(a_retired_segment_stays_for_its_grace),
		ROW(what_is_referred_to_is_never_retired),
		ROW(a_text_that_goes_while_it_is_moved_is_not_moved),
		ROW(damage_stays_where_it_is),
		ROW(every_form_moves),
		ROW(the_store_is_whole_after_each_slice),
		ROW(what_is_void_is_named_again),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
