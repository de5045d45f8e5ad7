#include "store/journal_back.h"

#include "base/check.h"
#include "store/key.h"
#include "store/testing_fill.h"

struct seen {
	uint64_t first, last, count, most;
};

static bool
see(void *ctx, struct txn *t, const struct journal_row *row)
{
	struct seen *s = ctx;

	(void)t;
	CHECK(s->count == 0 || row->change == s->last - 1);
	s->first = s->count == 0 ? row->change : s->first;
	s->last = row->change;
	return ++s->count != s->most;
}

static struct seen
ask(struct testing *t, uint64_t since_s, uint64_t until_s, uint64_t most)
{
	struct seen s = { .most = most };

	CHECK_STATUS(journal_back_each(t->store, since_s, until_s, see, &s, NULL), STATUS_OK);
	return s;
}

static void
the_newest_comes_first_wherever_it_lies(void **state)
{
	struct testing *t = *state;
	const uint64_t last = 2 * SEAL_ROWS + 50;
	struct seen s;

	CHECK_U64(ask(t, 0, UINT64_MAX, 0).count, 0);
	testing_journal(t, 1, last, 10);
	testing_seal(t, UINT64_MAX);
	testing_seal(t, UINT64_MAX);
	s = ask(t, 0, UINT64_MAX, 0);
	CHECK(s.count == last && s.first == last && s.last == 1);
	CHECK_U64(ask(t, 0, UINT64_MAX, SEAL_ROWS).last, SEAL_ROWS + 51);
	testing_seal(t, UINT64_MAX);
	s = ask(t, 0, UINT64_MAX, 0);
	CHECK(s.count == last && s.first == last && s.last == 1);
}

static void
a_span_of_time_is_cut_out(void **state)
{
	struct testing *t = *state;
	struct seen s;

	testing_journal(t, 1, 3 * SEAL_ROWS, 10);
	testing_seal(t, UINT64_MAX);
	testing_seal(t, UINT64_MAX);
	s = ask(t, 100, 200, 0);
	CHECK(s.first == 20 && s.last == 10 && s.count == 11);
	s = ask(t, 10 * (SEAL_ROWS - 5), 10 * (2 * SEAL_ROWS + 5), 0);
	CHECK(s.first == 2 * SEAL_ROWS + 5 && s.last == SEAL_ROWS - 5);
	CHECK_U64(ask(t, 30 * SEAL_ROWS + 1, UINT64_MAX, 0).count, 0);
	CHECK_U64(ask(t, 0, 9, 0).count, 0);
}

static bool
count_one(void *ctx, struct txn *t, const struct journal_row *row)
{
	(void)t;
	(void)row;
	++*(uint64_t *)ctx;
	return true;
}

static void
a_damaged_row_costs_that_row_only(void **state)
{
	struct testing *t = *state;
	struct problem why = { "" };
	uint64_t count = 0;
	struct txn *txn;
	struct key k;

	testing_journal(t, 1, 100, 10);
	CHECK_STATUS(txn_begin_write(store_env(t->store), &txn, NULL), STATUS_OK);
	CHECK_STATUS(txn_put(txn, TABLE_JOURNAL, key_of_u64_u16(&k, 50, 0), SLICE("\x09"), NULL),
	    STATUS_OK);
	CHECK_STATUS(txn_commit(&txn, NULL), STATUS_OK);
	CHECK_STATUS(journal_back_each(t->store, 0, UINT64_MAX, count_one, &count, &why),
	    STATUS_CORRUPT);
	CHECK_U64(count, 99);
	CHECK_SLICE(slice_from_cstr(why.text),
	    "journal row 50 cannot be read: mailadm verify names all damage");
}

int
main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)
	const struct CMUnitTest tests[] = {
		ROW(the_newest_comes_first_wherever_it_lies),
		ROW(a_span_of_time_is_cut_out),
		ROW(a_damaged_row_costs_that_row_only),
	};
#undef ROW

	return cmocka_run_group_tests(tests, NULL, NULL);
}
