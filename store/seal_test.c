#include "store/seal.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/check.h"
#include "store/key.h"
#include "store/sealed.h"
#include "store/testing_fill.h"

#define BOX 3

struct reading {
	uint64_t first, last, count, stop_at;
};

static bool
read_one(void *ctx, const struct journal_row *row)
{
	struct reading *r = ctx;

	CHECK(row->change > r->last);
	CHECK_U64(row->at_s, row->change);
	CHECK_U64(row->mailbox, BOX);
	CHECK_SLICE(row->sid, "k3v7q2m9tzae");
	r->first = r->count == 0 ? row->change : r->first;
	r->last = row->change;
	return ++r->count != r->stop_at;
}

static struct reading
read_all(struct testing *t, uint64_t after)
{
	struct reading r = { 0 };
	struct txn *txn = testing_read(t);

	CHECK_STATUS(sealed_journal_each(t->store, txn, after, read_one, &r, NULL), STATUS_OK);
	txn_abort(&txn);
	return r;
}

static uint64_t
rows_in_index(struct testing *t)
{
	struct reading r = { 0 };
	struct txn *txn = testing_read(t);

	CHECK_STATUS(journal_each(txn, 0, read_one, &r, NULL), STATUS_OK);
	txn_abort(&txn);
	return r.count;
}

static void
old_rows_leave_the_index_and_are_read_all_the_same(void **state)
{
	struct testing *t = *state;
	struct reading r;

	testing_journal(t, 1, 2 * SEAL_ROWS + 100, 1);
	CHECK_U64(testing_seal(t, 1), 0);		/* none is older */
	CHECK_U64(testing_seal(t, 200), 0);		/* too few to be worth a record */
	CHECK_U64(testing_seal(t, 2 * SEAL_ROWS + 50), SEAL_ROWS);
	CHECK_U64(rows_in_index(t), SEAL_ROWS + 100);
	r = read_all(t, 0);
	CHECK(r.first == 1 && r.last == 2 * SEAL_ROWS + 100 && r.count == r.last);
	CHECK_U64(testing_seal(t, 2 * SEAL_ROWS + 50), SEAL_ROWS);
	CHECK_U64(testing_seal(t, 2 * SEAL_ROWS + 50), 0);
	CHECK_U64(testing_seal(t, 3 * SEAL_ROWS + SEAL_WAIT_S), 100);	/* a day over their time */
	CHECK_U64(rows_in_index(t), 0);
	r = read_all(t, 0);
	CHECK(r.first == 1 && r.last == 2 * SEAL_ROWS + 100 && r.count == r.last);
}

static void
reading_begins_anywhere_and_goes_on_in_the_index(void **state)
{
	static const uint64_t after[] = { 0, 1, SEAL_ROWS - 1, SEAL_ROWS, SEAL_ROWS + 1,
		2 * SEAL_ROWS, 2 * SEAL_ROWS + 1, 3 * SEAL_ROWS, UINT64_MAX };
	struct testing *t = *state;
	const uint64_t last = 2 * SEAL_ROWS + 100;
	struct reading stopped = { .stop_at = 10 };
	struct txn *txn;

	testing_journal(t, 1, last, 1);
	while (testing_seal(t, 2 * SEAL_ROWS + 50) > 0)
		;
	for (size_t i = 0; i < ARRAY_LEN(after); i++) {
		struct reading r = read_all(t, after[i]);

		CHECK_U64(r.count, after[i] >= last ? 0 : last - after[i]);
		CHECK(r.count == 0 || (r.first == after[i] + 1 && r.last == last));
	}
	txn = testing_read(t);
	CHECK_STATUS(sealed_journal_each(t->store, txn, 0, read_one, &stopped, NULL), STATUS_OK);
	txn_abort(&txn);
	CHECK_U64(stopped.count, 10);
}

static void
it_is_there_after_another_start(void **state)
{
	struct testing *t = *state;
	struct sealed_row row;
	struct txn *txn;

	testing_journal(t, 5, SEAL_ROWS + 10, 1);
	CHECK_U64(testing_seal(t, UINT64_MAX), SEAL_ROWS);
	testing_close(t);
	testing_open(t);
	CHECK_U64(read_all(t, 0).count, SEAL_ROWS + 6);
	txn = testing_read(t);
	CHECK_STATUS(sealed_before(txn, UINT64_MAX, &row, NULL), STATUS_OK);
	CHECK(row.first == 5 && row.last == SEAL_ROWS + 4 && row.rows == SEAL_ROWS);
	CHECK(row.from_s == 5 && row.until_s == SEAL_ROWS + 4);
	CHECK(row.codec == CODEC_ZSTD && row.stored_len < row.size_bytes / 2);
	CHECK_STATUS(sealed_before(txn, 5, &row, NULL), STATUS_ABSENT);
	CHECK_STATUS(sealed_get(txn, 6, &row, NULL), STATUS_ABSENT);
	txn_abort(&txn);
}

/* A change is never in two places: one with many parts goes as a whole. */
static void
a_change_in_many_parts_is_sealed_whole(void **state)
{
	struct testing *t = *state;
	struct journal_row line = { .op = JOURNAL_EXPUNGED, .mailbox = BOX };
	struct change c = { .sid = SLICE(""), .number = 9 };
	struct uidset uids = uidset_init();
	struct problem why = { "" };

	for (uint32_t i = 1; i <= 90000; i++)
		CHECK_STATUS(uidset_add(&uids, 2 * i, 2 * i), STATUS_OK);
	CHECK_STATUS(txn_begin_write(store_env(t->store), &c.txn, &why), STATUS_OK);
	CHECK_STATUS(journal_put(&c, &line, &uids, &why), STATUS_OK);
	CHECK_STATUS(txn_commit(&c.txn, &why), STATUS_OK);
	uidset_clear(&uids);
	CHECK_U64(c.journal_part, 450);
	testing_journal(t, 10, 20, 1);
	CHECK_U64(testing_seal(t, UINT64_MAX), 450);
	CHECK_U64(rows_in_index(t), 11);
}

static void
what_changed_meanwhile_stays(void **state)
{
	struct testing *t = *state;
	struct txn *txn;
	struct job *j = NULL;
	struct key k;

	testing_journal(t, 1, SEAL_ROWS, 1);
	txn = testing_read(t);
	CHECK_STATUS(job_of_seal(txn, UINT64_MAX, &j, NULL), STATUS_OK);
	txn_abort(&txn);
	CHECK_STATUS(txn_begin_write(store_env(t->store), &txn, NULL), STATUS_OK);
	CHECK_STATUS(txn_delete(txn, TABLE_JOURNAL, key_of_u64_u16(&k, 7, 0), NULL), STATUS_OK);
	CHECK_STATUS(txn_commit(&txn, NULL), STATUS_OK);
	CHECK_STATUS(testing_run(t, j)->status, STATUS_STALE);
	CHECK_U64(rows_in_index(t), SEAL_ROWS - 1);
	CHECK_U64(read_all(t, 0).count, SEAL_ROWS - 1);
}

static _Noreturn void
seal_all_and_end(struct testing *t)
{
	testing_open(t);
	while (testing_seal(t, UINT64_MAX) > 0)
		;
	_exit(0);
}

static void
killed_at_any_time_each_change_is_in_one_place(void **state)
{
	struct testing *t = *state;
	const uint64_t last = 12 * SEAL_ROWS;
	uint64_t left = last;
	unsigned kills = 0;

	testing_journal(t, 1, last, 1);
	while (left > 0 && kills < 200) {
		pid_t child;

		testing_close(t);
		child = fork();
		if (child == 0)
			seal_all_and_end(t);
		usleep(5000 + (kills++ * 7919) % 120000);
		kill(child, SIGKILL);
		CHECK(waitpid(child, NULL, 0) == child);
		testing_open(t);
		CHECK(rows_in_index(t) <= left);
		left = rows_in_index(t);
		CHECK_U64(read_all(t, 0).count, last);
	}
	CHECK_U64(left, 0);
	CHECK(kills > 1);
}

int
main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)
	const struct CMUnitTest tests[] = {
		ROW(old_rows_leave_the_index_and_are_read_all_the_same),
		ROW(reading_begins_anywhere_and_goes_on_in_the_index),
		ROW(it_is_there_after_another_start),
		ROW(a_change_in_many_parts_is_sealed_whole),
		ROW(what_changed_meanwhile_stays),
		ROW(killed_at_any_time_each_change_is_in_one_place),
	};
#undef ROW

	return cmocka_run_group_tests(tests, NULL, NULL);
}
