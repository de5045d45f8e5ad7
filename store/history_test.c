/* A row a day, and what follows from it. */
#include "store/history.h"

#include "base/check.h"
#include "store/testing.h"

static void
rows_are_kept_for_so_many_days(void **state)
{
	struct testing *t = *state;
	struct history_row row = { .day = 20000, .store_bytes = 1, .free_bytes = 2, .messages = 3 };
	struct history_row got;
	struct txn *txn;

	CHECK_STATUS(txn_begin_write(store_env(t->store), &txn, NULL), STATUS_OK);
	CHECK_STATUS(history_first(txn, 0, &got, NULL), STATUS_ABSENT);
	for (; row.day < 20000 + HISTORY_DAYS + 10; row.day++)
		CHECK_STATUS(history_put(txn, &row, NULL), STATUS_OK);
	CHECK_STATUS(history_first(txn, 0, &got, NULL), STATUS_OK);
	CHECK_U64(got.day, 20010);
	CHECK_STATUS(history_get(txn, 20009, &got, NULL), STATUS_ABSENT);
	CHECK_STATUS(history_get(txn, 20010, &got, NULL), STATUS_OK);
	CHECK(got.store_bytes == 1 && got.free_bytes == 2 && got.messages == 3);
	CHECK_STATUS(history_before(txn, 20010, &got, NULL), STATUS_ABSENT);
	CHECK_STATUS(history_before(txn, 20011, &got, NULL), STATUS_OK);
	CHECK_U64(got.day, 20010);
	row.day = 50000;	/* by a clock that is wrong */
	CHECK_STATUS(history_put(txn, &row, NULL), STATUS_OK);
	CHECK_STATUS(history_before(txn, 50000, &got, NULL), STATUS_OK);
	CHECK_U64(got.day, 20000 + HISTORY_DAYS + 9);
	txn_abort(&txn);
}

static void
a_record_is_read_whole_or_not_at_all(void **state)
{
	static const uint8_t key[] = { 0, 0, 0x4e, 0x20 };
	static const uint8_t golden[] = {
		1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
	};
	struct history_row row;

	(void)state;
	for (size_t cut = 0; cut < sizeof(golden); cut++)
		CHECK_STATUS(history_decode(slice_make(key, 4), slice_make(golden, cut), &row),
		    STATUS_CORRUPT);
	CHECK_STATUS(history_decode(slice_make(key, 4), slice_make(golden, sizeof(golden)), &row),
	    STATUS_OK);
	CHECK(row.day == 20000 && row.store_bytes == 1 && row.free_bytes == 2 && row.messages == 3);
	CHECK_STATUS(history_decode(slice_make(key, 3), slice_make(golden, sizeof(golden)), &row),
	    STATUS_CORRUPT);
}

static void
the_day_the_disk_is_full_follows_from_the_growth(void **state)
{
	static const struct {
		struct history_row then, now;
		enum history_outlook outlook;
		uint64_t a_day, days;
	} rows[] = {
		{ { 100, 1000, 0, 0 }, { 100, 2000, 5000, 0 }, HISTORY_UNKNOWN, 0, 0 },
		{ { 101, 1000, 0, 0 }, { 100, 2000, 5000, 0 }, HISTORY_UNKNOWN, 0, 0 },
		{ { 100, 1000, 0, 0 }, { 110, 1000, 5000, 0 }, HISTORY_NOT_GROWING, 0, 0 },
		{ { 100, 1000, 0, 0 }, { 110, 1009, 5000, 0 }, HISTORY_NOT_GROWING, 0, 0 },
		{ { 100, 1000, 0, 0 }, { 110, 900, 5000, 0 }, HISTORY_NOT_GROWING, 0, 0 },
		{ { 100, 1000, 0, 0 }, { 110, 2000, 5000, 0 }, HISTORY_GROWING, 100, 50 },
		{ { 100, 1000, 0, 0 }, { 110, 2000, 0, 0 }, HISTORY_GROWING, 100, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t a_day, days;

		CHECK(history_forecast(&rows[i].then, &rows[i].now, &a_day, &days) ==
		    rows[i].outlook);
		CHECK_U64(a_day, rows[i].a_day);
		CHECK_U64(days, rows[i].days);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_are_kept_for_so_many_days, testing_setup,
		    testing_teardown),
		cmocka_unit_test(a_record_is_read_whole_or_not_at_all),
		cmocka_unit_test(the_day_the_disk_is_full_follows_from_the_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
