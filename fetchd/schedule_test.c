#include "fetchd/schedule.h"

#include "base/check.h"

#define MIDDLE(every) ((every) / 10)	/* a random number that gives no jitter */

static void
a_new_mailbox_is_due_within_its_interval(void **state)
{
	(void)state;
	for (uint64_t random = 0; random < 1000; random += 7) {
		struct schedule *s = schedule_new(4);
		uint32_t id = 0;

		CHECK_U64(schedule_next(s), SCHEDULE_NEVER);
		schedule_set(s, 7, 300, 1000, random);
		CHECK(schedule_next(s) >= 1030 && schedule_next(s) < 1300);
		CHECK(!schedule_take(s, 1029, &id));
		CHECK(schedule_take(s, 1300, &id));
		CHECK_U64(id, 7);
		CHECK(!schedule_take(s, 9999, &id));
		schedule_free(&s);
	}
}

static void
runs_repeat_at_the_interval_give_or_take_a_tenth(void **state)
{
	static const struct {
		uint64_t random, due;
	} rows[] = {
		{ 0, 1270 }, { 30, 1300 }, { 60, 1330 }, { 61, 1270 }, { UINT64_MAX, 1285 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct schedule *s = schedule_new(4);
		uint32_t id = 0;

		schedule_set(s, 7, 300, 0, 0);
		CHECK(schedule_take(s, 1000, &id));
		schedule_done(s, 7, true, 1000, rows[i].random);
		if (rows[i].random == UINT64_MAX)
			CHECK(schedule_next(s) >= 1270 && schedule_next(s) <= 1330);
		else
			CHECK_U64(schedule_next(s), rows[i].due);
		schedule_free(&s);
	}
}

/* Delay after each of eight failures in a row, then after a success. */
static void
check_backoff(uint32_t every_s, const uint64_t delays[9])
{
	struct schedule *s = schedule_new(1);
	uint32_t id = 0;

	schedule_set(s, 1, every_s, 0, 0);
	for (unsigned i = 0; i < 9; i++) {
		CHECK(schedule_take(s, 1000000, &id));
		schedule_done(s, 1, i == 8, 1000000, MIDDLE(delays[i]));
		CHECK_U64(schedule_next(s), 1000000 + delays[i]);
		CHECK(schedule_hurry(s, 1, 1000000));
	}
	schedule_free(&s);
}

static void
failures_double_the_interval_up_to_an_hour(void **state)
{
	(void)state;
	check_backoff(300, (const uint64_t[9]){ 300, 600, 1200, 2400, 3600, 3600, 3600, 3600, 300 });
	check_backoff(7200, (const uint64_t[9]){ 7200, 7200, 7200, 7200, 7200, 7200, 7200, 7200,
	    7200 });
	check_backoff(3600, (const uint64_t[9]){ 3600, 3600, 3600, 3600, 3600, 3600, 3600, 3600,
	    3600 });
}

static void
no_more_run_than_are_allowed_but_for_hurried_ones(void **state)
{
	struct schedule *s = schedule_new(2);
	uint32_t id = 0;

	(void)state;
	for (uint32_t i = 1; i <= 5; i++)
		schedule_set(s, i, 60, i, 0);
	CHECK(schedule_take(s, 5000, &id));
	CHECK_U64(id, 1);
	CHECK(schedule_take(s, 5000, &id));
	CHECK_U64(id, 2);
	CHECK(!schedule_take(s, 5000, &id));
	CHECK_U64(schedule_next(s), SCHEDULE_NEVER);
	CHECK(schedule_hurry(s, 5, 5000));
	CHECK(schedule_hurry(s, 1, 5000));	/* joins the one that runs */
	CHECK(schedule_take(s, 5000, &id));
	CHECK_U64(id, 5);
	CHECK(!schedule_take(s, 5000, &id));
	schedule_done(s, 1, true, 5000, 0);
	CHECK(!schedule_take(s, 5000, &id));	/* two still run */
	schedule_remove(s, 2);
	CHECK(schedule_take(s, 5000, &id));
	CHECK_U64(id, 3);
	CHECK(!schedule_hurry(s, 2, 5000));
	schedule_free(&s);
}

static void
a_changed_interval_counts_from_now(void **state)
{
	struct schedule *s = schedule_new(1);
	uint32_t id = 0;

	(void)state;
	schedule_set(s, 1, 86400, 0, 0);
	schedule_set(s, 1, 100, 50, MIDDLE(100));
	CHECK_U64(schedule_next(s), 150);
	schedule_set(s, 1, 100, 120, MIDDLE(100));
	CHECK_U64(schedule_next(s), 150);
	schedule_set(s, 2, 0, 0, 5);
	CHECK_U64(schedule_next(s), 0);
	CHECK(schedule_take(s, 1, &id));
	CHECK_U64(id, 2);
	schedule_done(s, 2, true, 1, 9);
	CHECK_U64(schedule_next(s), 2);
	schedule_done(s, 3, true, 1, 9);
	schedule_remove(s, 3);
	schedule_free(&s);
	schedule_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_mailbox_is_due_within_its_interval),
		cmocka_unit_test(runs_repeat_at_the_interval_give_or_take_a_tenth),
		cmocka_unit_test(failures_double_the_interval_up_to_an_hour),
		cmocka_unit_test(no_more_run_than_are_allowed_but_for_hurried_ones),
		cmocka_unit_test(a_changed_interval_counts_from_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
