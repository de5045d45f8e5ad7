#include "store/fetched.h"

#include "base/check.h"
#include "store/key.h"
#include "store/scratch.h"
#include "store/store.h"

static void
only_another_size_of_what_was_to_be_removed_is_another_message(void **state)
{
	static const struct {
		struct fetched_row row;
		uint64_t listed;
		bool is_known;
	} rows[] = {
		{ { 0, 0, FETCHED_STAYS }, 5, false },
		{ { 9, 5, FETCHED_STAYS }, 5, true },
		{ { 9, 5, FETCHED_STAYS }, 6, true },	/* a Status line was added */
		{ { 9, 5, FETCHED_REMOVING }, 5, true },
		{ { 9, 5, FETCHED_REMOVING }, 6, false },
		{ { 9, 5, FETCHED_REMOVED }, 5, true },
		{ { 9, 5, FETCHED_REMOVED }, 4, false },
		{ { 9, 5, FETCHED_REMOVED }, UINT64_MAX, false },
		{ { 9, 5, FETCHED_REMOVED }, 0, true },	/* who says no size says nothing new */
		{ { 9, 0, FETCHED_REMOVED }, 6, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_U64(fetched_is_known(&rows[i].row, rows[i].listed), rows[i].is_known);
}

static void
a_removal_comes_further_and_never_back(void **state)
{
	static const struct {
		enum fetched_removal mark;
		uint64_t size, removal_after, size_after;
	} rows[] = {
		{ FETCHED_REMOVING, 0, FETCHED_REMOVING, 5 },
		{ FETCHED_REMOVING, 6, FETCHED_REMOVING, 6 },	/* as it is listed now */
		{ FETCHED_REMOVED, 6, FETCHED_REMOVED, 6 },
		{ FETCHED_REMOVING, 6, FETCHED_REMOVED, 6 },
		{ FETCHED_REMOVED, 0, FETCHED_REMOVED, 6 },
	};
	struct fetched_row row = { 9, 5, FETCHED_STAYS };
	char path[SCRATCH_PATH_MAX];
	struct store *s = NULL;
	struct txn *t;

	(void)state;
	scratch_make(path);
	CHECK_STATUS(store_open(path, ENV_WRITE, &s, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_write(store_env(s), &t, NULL), STATUS_OK);
	CHECK_STATUS(fetched_put(t, 3, SLICE("u"), &row, NULL), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_STATUS(fetched_mark(t, 3, SLICE("u"), rows[i].size, rows[i].mark, NULL),
		    STATUS_OK);
		CHECK_STATUS(fetched_get(t, 3, SLICE("u"), &row, NULL), STATUS_OK);
		CHECK_U64(row.stored_at, 9);
		CHECK_U64(row.removal, rows[i].removal_after);
		CHECK_U64(row.size_bytes, rows[i].size_after);
	}
	/* What was never stored is not noted either. */
	CHECK_STATUS(fetched_mark(t, 3, SLICE("v"), 5, FETCHED_REMOVED, NULL), STATUS_OK);
	CHECK_STATUS(fetched_mark(t, 3, SLICE(""), 5, FETCHED_REMOVED, NULL), STATUS_OK);
	CHECK_STATUS(fetched_get(t, 3, SLICE("v"), &row, NULL), STATUS_OK);
	CHECK_U64(row.stored_at, 0);
	txn_abort(&t);
	store_close(&s);
	scratch_remove(path);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_another_size_of_what_was_to_be_removed_is_another_message),
		cmocka_unit_test(a_removal_comes_further_and_never_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
