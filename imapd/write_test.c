#include "imapd/write.h"

#include "base/check.h"
#include "store/flags.h"

static const struct {
	int64_t at_s;
	int16_t zone_min;
	const char *text;
} dates[] = {
	{ 0, 0, "\" 1-Jan-1970 00:00:00 +0000\"" },
	{ -1, 0, "\"31-Dec-1969 23:59:59 +0000\"" },
	{ 1795487811, 480, "\"24-Nov-2026 10:36:51 +0800\"" },
	{ 1795487811, -210, "\"23-Nov-2026 23:06:51 -0330\"" },
	{ 951782400, 0, "\"29-Feb-2000 00:00:00 +0000\"" },
	{ 4107542399, 0, "\"28-Feb-2100 23:59:59 +0000\"" },
};

static void
dates_have_two_places_for_the_day(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
		struct buf out = buf_init(64);

		write_date(&out, dates[i].at_s, dates[i].zone_min);
		CHECK_SLICE(buf_slice(&out), dates[i].text);
		buf_clear(&out);
	}
}

static void
flags_are_listed_with_keywords(void **state)
{
	struct keyword_names keywords = { 0 };
	struct buf out = buf_init(256);

	(void)state;
	keywords.names[1] = SLICE("$label1");
	write_flags(&out, 0, false, &keywords);
	write_flags(&out, FLAG_SEEN | FLAG_DELETED, true, &keywords);
	/* Bit 0 has no name: it is left out. */
	write_flags(&out, UINT64_C(3) << FLAG_KEYWORD_SHIFT, false, &keywords);
	CHECK_SLICE(buf_slice(&out), "()(\\Deleted \\Seen \\Recent)($label1)");
	buf_clear(&out);
	CHECK_U64(system_flag(SLICE("\\seen")), FLAG_SEEN);
	CHECK_U64(system_flag(SLICE("\\Recent")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_have_two_places_for_the_day),
		cmocka_unit_test(flags_are_listed_with_keywords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
