#include "base/clock.h"

#include <time.h>

#include "base/check.h"

static const struct {
	uint64_t at_s;
	const char *rfc5322, *rfc3339;
} cases[] = {
	{ 0, "Thu, 1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00Z" },
	{ 951782400, "Tue, 29 Feb 2000 00:00:00 +0000", "2000-02-29T00:00:00Z" },
	{ 1795516611, "Tue, 24 Nov 2026 10:36:51 +0000", "2026-11-24T10:36:51Z" },
	{ 4102444799, "Thu, 31 Dec 2099 23:59:59 +0000", "2099-12-31T23:59:59Z" },
	{ UINT64_C(253402300799), "Fri, 31 Dec 9999 23:59:59 +0000", "9999-12-31T23:59:59Z" },
	{ UINT64_C(253402300800), "Fri, 31 Dec 9999 23:59:59 +0000", "9999-12-31T23:59:59Z" },
	{ UINT64_MAX, "Fri, 31 Dec 9999 23:59:59 +0000", "9999-12-31T23:59:59Z" },
};

static void
times_are_written_in_both_forms(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = buf_init(64);
		char fixed[CLOCK_RFC3339_LEN + 1];

		clock_format_rfc5322(cases[i].at_s, &out);
		CHECK_SLICE(buf_slice(&out), cases[i].rfc5322);
		buf_reset(&out);
		clock_format_rfc3339(cases[i].at_s, &out);
		CHECK_SLICE(buf_slice(&out), cases[i].rfc3339);
		clock_write_rfc3339(cases[i].at_s, fixed);
		assert_string_equal(fixed, cases[i].rfc3339);
		buf_clear(&out);
	}
}

static void
clocks_tell_now_and_never_go_back(void **state)
{
	uint64_t before = (uint64_t)time(NULL);
	uint64_t last = clock_monotonic_ms();
	int i;

	(void)state;
	CHECK(clock_now_s() >= before && clock_now_s() < before + 100);
	for (i = 0; i < 1000; i++) {
		uint64_t now = clock_monotonic_ms();

		CHECK(now >= last);
		last = now;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_written_in_both_forms),
		cmocka_unit_test(clocks_tell_now_and_never_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
