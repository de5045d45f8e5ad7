#include "base/id.h"

#include <string.h>

#include "base/check.h"

static void
session_ids_use_their_alphabet_and_differ(void **state)
{
	char ids[64][ID_SID_LEN + 1];
	size_t a, b;

	(void)state;
	for (a = 0; a < ARRAY_LEN(ids); a++) {
		id_sid(ids[a]);
		CHECK_U64(strlen(ids[a]), ID_SID_LEN);
		CHECK_U64(strspn(ids[a], "abcdefghijklmnopqrstuvwxyz234567"), ID_SID_LEN);
		for (b = 0; b < a; b++)
			assert_string_not_equal(ids[a], ids[b]);
	}
}

static void
random_bytes_fill_exactly_what_was_asked(void **state)
{
	unsigned char bytes[4096 + 1] = { 0 };
	size_t zeros = 0;
	size_t i;

	(void)state;
	id_random(bytes, 0);
	CHECK(bytes[0] == 0);
	id_random(bytes, sizeof(bytes) - 1);
	CHECK(bytes[sizeof(bytes) - 1] == 0);
	for (i = 0; i < sizeof(bytes); i++)
		zeros += bytes[i] == 0;
	CHECK(zeros < 100);
	CHECK(id_random_u64() != id_random_u64());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session_ids_use_their_alphabet_and_differ),
		cmocka_unit_test(random_bytes_fill_exactly_what_was_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
