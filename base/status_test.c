#include "base/check.h"

static void
every_status_has_its_own_name(void **state)
{
	int a, b;

	(void)state;
	for (a = 0; a < STATUS_COUNT; a++) {
		CHECK(slice_from_cstr(status_name((enum status)a)).len > 0);
		for (b = 0; b < a; b++)
			assert_string_not_equal(status_name((enum status)a),
			    status_name((enum status)b));
	}
}

static void
a_value_outside_the_enum_is_unknown(void **state)
{
	(void)state;
	assert_string_equal(status_name(STATUS_COUNT), "unknown");
	assert_string_equal(status_name((enum status)-1), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_its_own_name),
		cmocka_unit_test(a_value_outside_the_enum_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
