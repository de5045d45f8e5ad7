/* A message with the same bytes is kept once, whatever becomes of the first. */
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "store/testing_fill.h"
#include "store/text_hash.h"

#define LONG_LEN 2000

static char first_text[LONG_LEN + 1], other_text[LONG_LEN + 1];

static uint32_t
begin(struct testing *t)
{
	memset(first_text, 'a', LONG_LEN);
	memset(other_text, 'b', LONG_LEN);
	testing_account(t, ME);
	testing_account(t, OTHER);
	return testing_mailbox(t, ME, "INBOX");
}

static uint32_t
references(struct testing *t, uint64_t id)
{
	struct txn *txn = testing_read(t);
	uint32_t n;

	CHECK_STATUS(text_references(txn, id, &n, NULL), STATUS_OK);
	txn_abort(&txn);
	return n;
}

static void
check_same(struct testing *t, uint64_t id, uint64_t as, const char *text)
{
	struct text_row row = testing_text(t, id);
	char bytes[LONG_LEN];

	CHECK_U64(row.id, id);
	CHECK_U64(row.same_as, as);
	CHECK((row.codec == CODEC_SAME) == (as != 0));
	CHECK_STATUS(text_read(t->store, &row, 0, row.size_bytes, bytes, NULL), STATUS_OK);
	CHECK(memcmp(bytes, text, row.size_bytes) == 0);
	CHECK_STATUS(text_read(t->store, &row, 100, 300, bytes, NULL), STATUS_OK);
	CHECK(memcmp(bytes, text + 100, 300) == 0);
}

static void
the_second_refers_to_the_first(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = begin(t), other = testing_mailbox(t, OTHER, "INBOX");

	testing_append(t, ME, inbox, first_text, 0, "");
	testing_append(t, OTHER, other, first_text, 0, "");
	testing_append(t, ME, inbox, other_text, 0, "");
	testing_append(t, ME, inbox, first_text, 0, "");
	check_same(t, 1, 0, first_text);
	check_same(t, 2, 1, first_text);
	check_same(t, 3, 0, other_text);
	check_same(t, 4, 1, first_text);
	CHECK_U64(references(t, 1), 3);
	CHECK_U64(references(t, 2), 1);
	check_counters(t);
}

static void
short_texts_are_written_again(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = begin(t);

	first_text[TEXT_SAME_MIN - 1] = '\0';
	testing_append(t, ME, inbox, first_text, 0, "");
	testing_append(t, ME, inbox, first_text, 0, "");
	check_same(t, 2, 0, first_text);
	first_text[TEXT_SAME_MIN - 1] = 'a';
	first_text[TEXT_SAME_MIN] = '\0';
	testing_append(t, ME, inbox, first_text, 0, "");
	testing_append(t, ME, inbox, first_text, 0, "");
	check_same(t, 4, 3, first_text);
	testing_append(t, ME, inbox, "", 0, "");
	testing_append(t, ME, inbox, "", 0, "");
	CHECK_U64(testing_text(t, 6).same_as, 0);
}

static void
the_bytes_stay_as_long_as_one_refers_to_them(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = begin(t);
	struct segment_row before;

	for (int i = 0; i < 3; i++)
		testing_append(t, ME, inbox, first_text, 0, "");
	before = testing_segment(t, 1);
	testing_refer(t, 1, -1);
	testing_refer(t, 2, -1);
	CHECK_U64(references(t, 1), 1);
	CHECK_U64(testing_text(t, 2).id, 0);
	check_same(t, 3, 1, first_text);
	testing_refer(t, 3, -1);
	CHECK_U64(testing_text(t, 1).id, 0);
	CHECK_U64(testing_segment(t, 1).live_bytes, 0);
	CHECK_U64(testing_segment(t, 1).dead_bytes, before.live_bytes);
	/* What has gone is not found again. */
	testing_append(t, ME, inbox, first_text, 0, "");
	check_same(t, 4, 0, first_text);
}

/* Jobs that surely are one batch. */
static void
run_together(struct testing *t, struct job *a, struct job *b)
{
	testing_forget(t);
	a->next = b;
	t->waiting += 2;
	committer_submit(t->committer, &a);
	testing_wait(t);
}

static enum status
status_of(const struct testing *t, uint64_t peer)
{
	const struct job *j = t->done;

	while (j->peer != peer)
		j = j->next;
	return j->status;
}

static void
twins_of_one_batch_are_one(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = begin(t);
	const char *text = first_text;

	run_together(t, testing_append_job(ME, inbox, &text, 1, 0, ""),
	    testing_append_job(ME, inbox, &text, 1, 0, ""));
	check_same(t, 1, 0, first_text);
	check_same(t, 2, 1, first_text);
}

static void
a_twin_that_fails_takes_nobody_with_it(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = begin(t);
	const char *text = first_text;
	struct job *bad = testing_append_job(ME, 99, &text, 1, 0, ""),
	    *good = testing_append_job(ME, inbox, &text, 1, 0, "");

	bad->peer = 1;
	good->peer = 2;
	run_together(t, bad, good);
	CHECK(status_of(t, 1) != STATUS_OK);
	CHECK_STATUS(status_of(t, 2), STATUS_OK);
	CHECK_U64(testing_text(t, 1).id, 0);
	CHECK_U64(testing_text(t, 2).id, 0);
	check_same(t, 3, 0, first_text);
	check_counters(t);
}

static enum status
forget_first(struct job *j, struct change *c, struct problem *why)
{
	(void)j;
	return text_refer(c->txn, 1, -1, why);
}

static void
a_text_that_goes_meanwhile_is_written_again(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = begin(t);
	const char *text = first_text;
	struct job *forget = job_new(STORE_UPKEEP, SLICE(""));

	testing_append(t, ME, inbox, first_text, 0, "");
	forget->run = forget_first;
	run_together(t, forget, testing_append_job(ME, inbox, &text, 1, 0, ""));
	for (const struct job *j = t->done; j != NULL; j = j->next)
		CHECK_STATUS(j->status, STATUS_OK);
	CHECK_U64(testing_text(t, 1).id, 0);
	CHECK_U64(testing_text(t, 2).id, 0);
	check_same(t, 3, 0, first_text);
}

/* Overwrite one byte of a segment at some distance from a text's first one. */
static void
damage(struct testing *t, const struct text_row *row, int64_t distance)
{
	int fd;

	CHECK_STATUS(segment_open(store_segments_fd(t->store), row->segment, store_id(t->store),
	    SEGMENT_WRITE, &fd, NULL), STATUS_OK);
	CHECK(pwrite(fd, "?", 1, (off_t)((int64_t)row->segment_at + distance)) == 1);
	close(fd);
}

static void
a_damaged_text_is_nobodys_bytes(void **state)
{
	static const int64_t distances[] = { 0, 10, -RECORD_HEAD_LEN };
	struct testing *t = *state;
	uint32_t inbox = begin(t);
	uint64_t id = 1;

	testing_append(t, ME, inbox, first_text, 0, "");
	for (size_t i = 0; i < 3; i++) {
		struct text_row row = testing_text(t, id);

		damage(t, &row, distances[i] - (distances[i] < 0 ? row.head_len - RECORD_HEAD_LEN : 0));
		testing_append(t, ME, inbox, first_text, 0, "");
		check_same(t, ++id, 0, first_text);
	}
	testing_append(t, ME, inbox, first_text, 0, "");
	check_same(t, id + 1, id, first_text);
	check_counters(t);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)
		ROW(the_second_refers_to_the_first),
		ROW(short_texts_are_written_again),
		ROW(the_bytes_stay_as_long_as_one_refers_to_them),
		ROW(twins_of_one_batch_are_one),
		ROW(a_twin_that_fails_takes_nobody_with_it),
		ROW(a_text_that_goes_meanwhile_is_written_again),
		ROW(a_damaged_text_is_nobodys_bytes),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
