/* What the last commits were like: the window, the percentiles, the age of a snapshot. */
#include "store/commit_stats.h"

#include "base/check.h"

#define NOW UINT64_C(10000000)

static void
a_summary_is_of_the_last_minutes(void **state)
{
	struct commit_stats *s = commit_stats_new();
	struct commit_summary sum;

	(void)state;
	commit_stats_read(s, NOW, &sum);
	CHECK_U64(sum.commits, 0);
	CHECK_U64(sum.max_us, 0);
	commit_stats_add(s, NOW - COMMIT_STATS_WINDOW_S * 1000 - 1, 900000, 99, 1);
	for (uint64_t i = 1; i <= 100; i++)
		commit_stats_add(s, NOW - 1000, i * 10, i % 4, i + 1);
	commit_stats_read(s, NOW, &sum);
	CHECK_U64(sum.commits, 100);
	CHECK_U64(sum.jobs, 150);
	CHECK_U64(sum.batch_max, 3);
	CHECK_U64(sum.p50_us, 500);
	CHECK_U64(sum.p99_us, 990);
	CHECK_U64(sum.max_us, 1000);
	/* More than are kept. */
	for (uint64_t i = 0; i < 10000; i++)
		commit_stats_add(s, NOW, 5, 1, 200 + i);
	commit_stats_read(s, NOW, &sum);
	CHECK(sum.commits > 1000 && sum.commits < 10000 && sum.jobs == sum.commits);
	CHECK_U64(sum.max_us, 5);
	commit_stats_free(&s);
}

static void
a_snapshot_is_as_old_as_the_commit_behind_it(void **state)
{
	struct commit_stats *s = commit_stats_new();
	uint64_t age;

	(void)state;
	CHECK(commit_stats_age(s, 7, NOW, &age) && age == 0);
	for (uint64_t i = 1; i <= 10; i++)
		commit_stats_add(s, NOW - 20000 + i * 1000, 1, 1, 100 + i);
	CHECK(commit_stats_age(s, 110, NOW, &age) && age == 0);
	CHECK(commit_stats_age(s, 109, NOW, &age) && age == 10);
	CHECK(commit_stats_age(s, 101, NOW, &age) && age == 18);
	CHECK(!commit_stats_age(s, 50, NOW, &age) && age == 19);
	for (uint64_t i = 0; i < 10000; i++)
		commit_stats_add(s, NOW - 3000, 1, 1, 200 + i);
	CHECK(!commit_stats_age(s, 101, NOW, &age) && age == 3);
	commit_stats_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_summary_is_of_the_last_minutes),
		cmocka_unit_test(a_snapshot_is_as_old_as_the_commit_behind_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
