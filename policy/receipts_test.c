#include "policy/receipts.h"

#include <stdio.h>

#include "base/check.h"

static uint32_t
count_many(struct receipts *r, const char *sender, uint32_t times, uint64_t now_s)
{
	uint32_t given = 0;

	for (uint32_t i = 0; i < times; i++)
		given += receipts_count(r, slice_from_cstr(sender), now_s);
	return given;
}

static void
a_domain_has_its_share_within_the_hour(void **state)
{
	static const char *const others[] = { "", "@", "ann", "a@b@c", "ann@" };
	struct receipts *r = receipts_new();

	(void)state;
	CHECK_U64(count_many(r, "ann@x.test", RECEIPTS_DOMAIN_MAX - 1, 5000), RECEIPTS_DOMAIN_MAX - 1);
	CHECK(receipts_count(r, SLICE("bob@X.Test"), 5001));
	CHECK(!receipts_count(r, SLICE("ann@x.test"), 5001));
	CHECK(!receipts_count(r, SLICE("ann@x.test"), 5000 + RECEIPTS_HOUR_S - 1));
	CHECK(receipts_count(r, SLICE("ann@y.test"), 5001));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		CHECK(receipts_count(r, slice_from_cstr(others[i]), 5001));
	CHECK(receipts_count(r, SLICE("ann@x.test"), 5000 + RECEIPTS_HOUR_S));
	/* A clock that was set back ends an hour, too. */
	CHECK_U64(count_many(r, "ann@x.test", RECEIPTS_DOMAIN_MAX, 10), RECEIPTS_DOMAIN_MAX);
	receipts_free(&r);
	receipts_free(&r);
}

static void
all_domains_together_have_no_more_than_that(void **state)
{
	struct receipts *r = receipts_new();
	char sender[40];
	uint32_t given = 0;

	(void)state;
	for (uint32_t i = 0; i < 10 * RECEIPTS_MAX; i++) {
		(void)snprintf(sender, sizeof(sender), "a@%u.test", i);
		given += receipts_count(r, slice_from_cstr(sender), 5000);
	}
	CHECK_U64(given, RECEIPTS_MAX);
	CHECK_U64(count_many(r, "ann@x.test", 1, 5000 + RECEIPTS_HOUR_S), 1);
	receipts_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_has_its_share_within_the_hour),
		cmocka_unit_test(all_domains_together_have_no_more_than_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
