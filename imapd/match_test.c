#include "imapd/match.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"

static const struct {
	const char *pattern, *name;
	bool matches;
} rows[] = {
	{ "", "", true },
	{ "", "a", false },
	{ "*", "", true },
	{ "*", "a/b", true },
	{ "%", "a", true },
	{ "%", "a/b", false },
	{ "%/%", "a/b", true },
	{ "%/%", "a/b/c", false },
	{ "a*", "a", true },
	{ "a*c", "a/b/c", true },
	{ "a*c", "a/b/cd", false },
	{ "a%c", "abbc", true },
	{ "a%c", "ab/c", false },
	{ "%*%*b", "a/b", true },
	{ "*%", "a/b", true },
	{ "%a%", "bab", true },
	{ "inbox", "INBOX", true },
	{ "Inbox/%", "INBOX/x", true },
	{ "inbox%", "INBOX", true },
	{ "inboxes", "inboxes", true },
	{ "inboxes", "INBOXes", false },
	{ "\xe5\xb7\xb2*", "\xe5\xb7\xb2\xe5\x8f\x91", true },
};

static void
patterns_match_whole_names(void **state)
{
	struct match_pattern p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		match_compile(slice_from_cstr(rows[i].pattern), &p);
		if (match_name(&p, slice_from_cstr(rows[i].name)) != rows[i].matches)
			fail_msg("%s on %s", rows[i].pattern, rows[i].name);
	}
}

static void
patterns_longer_than_names_match_none(void **state)
{
	char long_name[MAILBOX_NAME_MAX + 1], long_pattern[2 * MATCH_STEPS_MAX];
	struct match_pattern p;

	(void)state;
	memset(long_name, 'a', sizeof(long_name));
	match_compile(slice_make(long_name, MAILBOX_NAME_MAX), &p);
	CHECK(match_name(&p, slice_make(long_name, MAILBOX_NAME_MAX)));
	CHECK(!match_name(&p, slice_make(long_name, MAILBOX_NAME_MAX - 1)));
	memset(long_pattern, 'a', sizeof(long_pattern));
	match_compile(slice_make(long_pattern, sizeof(long_pattern)), &p);
	CHECK(!match_name(&p, slice_make(long_name, MAILBOX_NAME_MAX)));
}

/* As attacks.md I21: would take years by going back. */
static void
wildcards_do_not_explode(void **state)
{
	char name[MAILBOX_NAME_MAX], pattern[401];
	struct match_pattern p;
	uint64_t before = clock_monotonic_ms();

	(void)state;
	memset(name, 'a', sizeof(name));
	for (size_t i = 0; i < 400; i += 2)
		memcpy(pattern + i, "%a", 2);
	pattern[400] = 'b';
	match_compile(slice_make(pattern, sizeof(pattern)), &p);
	for (unsigned i = 0; i < 5000; i++)
		CHECK(!match_name(&p, slice_make(name, sizeof(name))));
	CHECK(clock_monotonic_ms() - before < 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_whole_names),
		cmocka_unit_test(patterns_longer_than_names_match_none),
		cmocka_unit_test(wildcards_do_not_explode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
