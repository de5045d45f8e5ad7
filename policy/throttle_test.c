#include "policy/throttle.h"

#include "base/check.h"

static void
failures_make_answers_slower_up_to_a_limit(void **state)
{
	static const uint32_t want[] = { 1, 2, 4, 8, 8 };
	struct throttle *t = throttle_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		CHECK_U64(throttle_failed(t, SLICE("a"), SLICE("li"), 100), want[i]);
	/* Per account, whatever the address; and per address, whatever the account. */
	CHECK_U64(throttle_failed(t, SLICE("b"), SLICE("li"), 100), 8);
	CHECK_U64(throttle_failed(t, SLICE("a"), SLICE("wang"), 100), 8);
	CHECK_U64(throttle_failed(t, SLICE("c"), SLICE(""), 100), 1);
	/* Success forgives the account, not the address; time forgives both. */
	throttle_succeeded(t, SLICE("b"), SLICE("li"), 100);
	CHECK_U64(throttle_failed(t, SLICE("d"), SLICE("li"), 100), 1);
	CHECK_U64(throttle_failed(t, SLICE("a"), SLICE("wu"), 100 + THROTTLE_WINDOW_S), 8);
	CHECK_U64(throttle_failed(t, SLICE("a"), SLICE("wu"), 101 + THROTTLE_WINDOW_S), 2);
	throttle_free(&t);
}

static void
too_many_failures_silence_an_address_but_not_who_was_right_there(void **state)
{
	struct throttle *t = throttle_new();

	(void)state;
	throttle_succeeded(t, SLICE("a"), SLICE("li"), 100);
	for (unsigned i = 0; i < THROTTLE_FAILURES_MAX; i++) {
		CHECK(!throttle_is_over(t, SLICE("a"), SLICE("wang"), 100));
		(void)throttle_failed(t, SLICE("a"), SLICE("wang"), 100);
	}
	CHECK(throttle_is_over(t, SLICE("a"), SLICE("wang"), 100));
	CHECK(throttle_is_over(t, SLICE("a"), SLICE("other"), 100));
	CHECK(!throttle_is_over(t, SLICE("a"), SLICE("li"), 100));
	CHECK(!throttle_is_over(t, SLICE("b"), SLICE("wang"), 100));
	CHECK(!throttle_is_over(t, SLICE("a"), SLICE("wang"), 101 + THROTTLE_WINDOW_S));
	for (unsigned i = 0; i < THROTTLE_FAILURES_MAX; i++)
		(void)throttle_failed(t, SLICE("a"), SLICE("li"), 102);
	CHECK(throttle_is_over(t, SLICE("a"), SLICE("li"), 102));
	throttle_free(&t);
}

static void
a_flood_of_addresses_costs_bounded_memory(void **state)
{
	struct throttle *t = throttle_new();
	uint32_t delay_s = 0;

	(void)state;
	for (uint32_t i = 0; i < THROTTLE_ENTRIES_MAX + 100; i++)
		delay_s = throttle_failed(t, slice_make(&i, sizeof(i)), SLICE(""), 100);
	CHECK_U64(delay_s, THROTTLE_DELAY_MAX_S);	/* no room to count: as slow as it gets */
	CHECK_U64(throttle_failed(t, SLICE("new"), SLICE(""), 1000), 1);
	throttle_free(&t);
}

struct saved {
	struct throttle *into;
	size_t count;
	uint64_t now_s;
	enum status want;
};

static void
restore(void *ctx, struct slice key, struct slice record)
{
	struct saved *s = ctx;

	s->count++;
	for (size_t cut = 0; cut < record.len; cut++)
		CHECK_STATUS(throttle_restore(s->into, key, slice_sub(record, 0, cut), s->now_s),
		    STATUS_CORRUPT);
	CHECK_STATUS(throttle_restore(s->into, key, record, s->now_s), s->want);
}

static void
a_restart_forgives_nobody(void **state)
{
	struct throttle *t = throttle_new();
	struct saved s = { throttle_new(), 0, 101, STATUS_OK };

	(void)state;
	throttle_succeeded(t, SLICE("a"), SLICE("li"), 100);
	for (unsigned i = 0; i < THROTTLE_FAILURES_MAX; i++)
		(void)throttle_failed(t, SLICE("a"), SLICE("wang"), 100);
	throttle_changes(t, 100, restore, &s);
	CHECK_U64(s.count, 3);	/* the pair that worked, the address, the login */
	CHECK(throttle_is_over(s.into, SLICE("a"), SLICE("wang"), 101));
	CHECK(!throttle_is_over(s.into, SLICE("a"), SLICE("li"), 101));
	throttle_changes(t, 100, restore, &s);
	CHECK_U64(s.count, 3);	/* nothing new */
	(void)throttle_failed(t, SLICE("b"), SLICE(""), 100);
	s.now_s = 101 + THROTTLE_WINDOW_S;
	s.want = STATUS_STALE;
	throttle_changes(t, 100, restore, &s);
	CHECK_U64(s.count, 4);
	throttle_free(&t);
	throttle_free(&s.into);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_make_answers_slower_up_to_a_limit),
		cmocka_unit_test(too_many_failures_silence_an_address_but_not_who_was_right_there),
		cmocka_unit_test(a_restart_forgives_nobody),
		cmocka_unit_test(a_flood_of_addresses_costs_bounded_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
