#include "smtpd/pace.h"

#include "base/check.h"
#include "smtpd/settings.h"

#define NOW 1000000u

static const struct smtp_settings settings = {
	.command_patience_s = 300,
};

static void
a_command_ends_with_the_lull_if_not_before(void **state)
{
	static const struct {
		uint64_t after_ms;
		uint32_t seconds;
	} rows[] = {
		{ 0, 300 }, { 299000, 300 }, { 300000, 300 }, { 300001, 300 }, { 301001, 299 },
		{ 599000, 1 }, { 599999, 1 }, { 600000, 0 }, { 900000, 0 },
	};
	struct pace p = { 0 };

	(void)state;
	pace_progress(&p, 600, NOW);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_U64(pace_command_s(&p, &settings, NOW + rows[i].after_ms), rows[i].seconds);
}

static void
who_comes_into_a_crowd_has_less_time(void **state)
{
	struct pace p = { .is_crowded = true };

	(void)state;
	pace_progress(&p, 600, NOW);
	CHECK_U64(pace_command_s(&p, &settings, NOW), PACE_CROWDED_S);
	CHECK_U64(pace_command_s(&p, &settings, NOW + 20000), PACE_CROWDED_S - 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_ends_with_the_lull_if_not_before),
		cmocka_unit_test(who_comes_into_a_crowd_has_less_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
