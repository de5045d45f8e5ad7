#include "net/admission.h"

#include "base/check.h"

#define ANN SLICE("192.0.2.1")
#define BOB SLICE("192.0.2.2")

static void
one_key_gets_its_share_and_no_more(void **state)
{
	struct admission *a = admission_new(10, 2);

	(void)state;
	CHECK_STATUS(admission_enter(a, ANN), STATUS_OK);
	CHECK_STATUS(admission_enter(a, ANN), STATUS_OK);
	CHECK_STATUS(admission_enter(a, ANN), STATUS_LIMIT);
	CHECK_STATUS(admission_enter(a, BOB), STATUS_OK);
	CHECK_U64(admission_count(a), 3);
	admission_leave(a, ANN);
	CHECK_STATUS(admission_enter(a, ANN), STATUS_OK);
	CHECK_STATUS(admission_enter(a, ANN), STATUS_LIMIT);
	admission_free(&a);
	CHECK(a == NULL);
	admission_free(&a);
}

static void
all_places_taken_is_said_before_anybodys_share(void **state)
{
	struct admission *a = admission_new(2, 1);

	(void)state;
	CHECK_STATUS(admission_enter(a, ANN), STATUS_OK);
	CHECK_STATUS(admission_enter(a, BOB), STATUS_OK);
	CHECK_STATUS(admission_enter(a, ANN), STATUS_BUSY);
	CHECK_STATUS(admission_enter(a, SLICE("")), STATUS_BUSY);
	admission_leave(a, BOB);
	CHECK_STATUS(admission_enter(a, SLICE("")), STATUS_OK);
	admission_leave(a, ANN);
	admission_leave(a, SLICE(""));
	CHECK_U64(admission_count(a), 0);
	admission_free(&a);
}

static void
three_quarters_are_a_crowd(void **state)
{
	struct admission *a = admission_new(8, 8);

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		CHECK_U64(admission_is_crowded(a), i > 6);
		CHECK_STATUS(admission_enter(a, ANN), STATUS_OK);
	}
	CHECK(admission_is_crowded(a));
	admission_free(&a);
}

static void
public_ipv6_addresses_count_by_their_network(void **state)
{
	static const struct { const char *peer, *key; } rows[] = {
		{ "", "" },
		{ "unix", "unix" },
		{ "192.0.2.7", "192.0.2.7" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
		{ "2001:db8:1:2::1", "2001:db8:1:2::" },
		{ "3fff::1", "3fff::" },
		{ "4000::1", "4000::1" },
		{ "fd00::1", "fd00::1" },
		{ "fe80::1", "fe80::1" },
		{ "::1", "::1" },
		{ "0123456789012345678901234567890123456789012345",
		    "012345678901234567890123456789012345678901234" },
	};
	char key[ADMISSION_ADDRESS_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_SLICE(admission_address(rows[i].peer, key), rows[i].key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_key_gets_its_share_and_no_more),
		cmocka_unit_test(all_places_taken_is_said_before_anybodys_share),
		cmocka_unit_test(three_quarters_are_a_crowd),
		cmocka_unit_test(public_ipv6_addresses_count_by_their_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
