#include "base/check.h"

#include "smtpd/relay_schedule.h"

static const struct relay_schedule usual = { 300, 4 * 3600, 4 * 3600, 5 * 86400 };

static void
pauses_grow_to_the_longest(void **state)
{
	static const uint32_t minutes[] = { 5, 5, 10, 20, 40, 60, 120, 240, 240, 240 };

	(void)state;
	for (uint32_t attempts = 0; attempts < ARRAY_LEN(minutes); attempts++) {
		uint64_t pause_s = minutes[attempts] * 60, tenth = pause_s / 10;

		/* random 0 is the shortest, and the middle and the longest are reached. */
		CHECK_U64(relay_schedule_next(&usual, attempts, 1000, 0),
		    1000 + pause_s - tenth);
		CHECK_U64(relay_schedule_next(&usual, attempts, 1000, tenth), 1000 + pause_s);
		CHECK_U64(relay_schedule_next(&usual, attempts, 1000, 2 * tenth),
		    1000 + pause_s + tenth);
	}
	CHECK(relay_schedule_next(&usual, UINT32_MAX, 1000, UINT64_MAX) <= 1000 + 14400 + 1440);
}

static void
short_pauses_have_no_jitter_to_lose(void **state)
{
	static const struct relay_schedule quick = { 1, 4, 0, 60 };

	(void)state;
	CHECK_U64(relay_schedule_next(&quick, 1, 50, 77), 51);
	CHECK_U64(relay_schedule_next(&quick, 3, 50, 77), 54);
	CHECK_U64(relay_schedule_next(&quick, 9, 50, 77), 54);
}

static void
age_decides_on_notice_and_end(void **state)
{
	static const struct relay_schedule silent = { 300, 14400, 0, 86400 };

	(void)state;
	CHECK(!relay_schedule_is_late(&usual, 1000, false, 1000 + 4 * 3600 - 1));
	CHECK(relay_schedule_is_late(&usual, 1000, false, 1000 + 4 * 3600));
	CHECK(!relay_schedule_is_late(&usual, 1000, true, 1000 + 4 * 3600));
	CHECK(!relay_schedule_is_late(&silent, 1000, false, 1000 + 4 * 86400));
	CHECK(!relay_schedule_is_expired(&usual, 1000, 9, 1000 + 5 * 86400 - 1));
	CHECK(relay_schedule_is_expired(&usual, 1000, 9, 1000 + 5 * 86400));
	/* A clock that was set back makes nothing old. */
	CHECK(!relay_schedule_is_expired(&usual, 1000, 9, 0));
	CHECK(!relay_schedule_is_late(&usual, 1000, false, 0));
}

static void
however_old_nothing_is_given_up_before_it_was_tried_for_a_while(void **state)
{
	static const struct {
		struct relay_schedule schedule;
		uint32_t attempts;	/* that do */
	} rows[] = {
		{ { 300, 14400, 14400, 5 * 86400 }, 5 },	/* 0, 5, 15, 35, 75 minutes */
		{ { 300, 600, 0, 86400 }, 8 },		/* 0, 5, 15 and every 10 */
		{ { 1800, 14400, 0, 86400 }, 3 },	/* 0, 30, 90 */
		{ { 86400, 86400, 0, 86400 }, 3 },	/* one pause is enough, two attempts are not */
		{ { 1, 4, 0, 8 }, 5 },			/* 0, 1, 3, 7, 11 seconds */
		{ { 1, 1, 0, 1 }, 3 },
		{ { 1, 1, 0, 86400 }, 3601 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct relay_schedule *s = &rows[i].schedule;

		CHECK(!relay_schedule_is_expired(s, 0, 0, 100 * 86400));
		CHECK(!relay_schedule_is_expired(s, 0, rows[i].attempts - 1, 100 * 86400));
		CHECK(relay_schedule_is_expired(s, 0, rows[i].attempts, 100 * 86400));
		CHECK(relay_schedule_is_expired(s, 0, UINT32_MAX, 100 * 86400));
	}
}

static void
a_dead_host_rests_a_little(void **state)
{
	static const struct relay_schedule quick = { 2, 4, 0, 60 };

	(void)state;
	CHECK_U64(relay_schedule_rest(&usual, 1), 15);
	CHECK_U64(relay_schedule_rest(&usual, 3), 45);
	CHECK_U64(relay_schedule_rest(&usual, 4), 60);
	CHECK_U64(relay_schedule_rest(&usual, UINT32_MAX), 60);
	CHECK_U64(relay_schedule_rest(&quick, 1), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow_to_the_longest),
		cmocka_unit_test(short_pauses_have_no_jitter_to_lose),
		cmocka_unit_test(age_decides_on_notice_and_end),
		cmocka_unit_test(however_old_nothing_is_given_up_before_it_was_tried_for_a_while),
		cmocka_unit_test(a_dead_host_rests_a_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
