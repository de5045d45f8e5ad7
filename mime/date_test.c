#include "mime/date.h"

#include "base/check.h"

#define AT 1795516611	/* 2026-11-24 10:36:51 UTC */

static const struct {
	const char *in;
	int64_t at_s;
	int zone_min;
	unsigned day;
} rows[] = {
	{ "Tue, 24 Nov 2026 10:36:51 +0000", AT, 0, 20261124 },
	{ "Tue, 24 Nov 2026 18:36:51 +0800", AT, 480, 20261124 },
	{ "Wed, 25 Nov 2026 00:36:51 +1400", AT, 840, 20261125 },
	{ "24 Nov 2026 05:36 EST", AT - 51, -300, 20261124 },
	{ " Tue,24 Nov 26 10:36:51 GMT (comment (nested))", AT, 0, 20261124 },
	{ "(x) Tue (y), 24 (z) Nov 2026 10:36:51 Z", AT, 0, 20261124 },
	{ "Tue, 24 November 2026 10:36:51", AT, 0, 20261124 },
	{ "Tue Nov 24 10:36:51 2026", AT, 0, 20261124 },
	{ "Tue Nov 24 10:36:51 GMT 2026", AT, 0, 20261124 },
	{ "2026-11-24 18:36:51 +0800", AT, 480, 20261124 },
	{ "2026-11-24T10:36:51Z", AT, 0, 20261124 },
	{ "2026-11-24T10:36:51.123+00:00", AT, 0, 20261124 },
	{ "24-Nov-2026 10:36:51 +0000", AT, 0, 20261124 },
	{ "24-Nov-26 10:36:51", AT, 0, 20261124 },
	{ "Tue, 24 Nov 2026 10:36:51AM +0000", AT, 0, 20261124 },
	{ "Tue, 24 Nov 2026 10:36:51 PM", AT + 43200, 0, 20261124 },
	{ "Tue, 24 Nov 2026 12:00:00 am", AT - 38211, 0, 20261124 },
	{ "24 Nov 2026", AT - 38211, 0, 20261124 },
	{ "1 Jan 1970 00:00:00 +0000", 0, 0, 19700101 },
	{ "1 Jan 70 00:00:00 +0000", 0, 0, 19700101 },
	{ "1 Jan 100 00:00:00 +0000", 946684800, 0, 20000101 },
	{ "29 Feb 2024 00:00:00 -0000", 1709164800, 0, 20240229 },
	{ "31 Dec 1969 23:59:59 +0000", -1, 0, 19691231 },
	{ "31 Dec 2026 23:59:60 +0000", 1798761600, 0, 20261231 },
	{ "1 Jan 2027 00:00:00 +9999", 1798761600, 0, 20270101 },
	{ "31 Dec 9999 23:59:59 +0000", 253402300799, 0, 99991231 },
};

static void
dates_of_many_forms_are_read(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct date d = { 0 };

		CHECK_STATUS(date_parse(slice_from_cstr(rows[i].in), &d), STATUS_OK);
		CHECK_U64(d.at_s, rows[i].at_s);
		CHECK_U64(d.zone_min, rows[i].zone_min);
		CHECK_U64(d.year * 10000U + d.month * 100U + d.day, rows[i].day);
	}
}

static void
what_is_no_date_is_refused(void **state)
{
	static const char *const bad[] = { "", " ", "Tue", "24 Nov", "Nov 2026", "30 Feb 2026",
		"29 Feb 2023 00:00:00", "0 Jan 2026", "1 Jan 0 00:00:00", "1 Jan 10000 00:00:00",
		"1 Jan 1899 00:00:00", "1 Jan 2026 24:00:00", "1 Jan 2026 10:60:00", "yesterday",
		"99999999999999999999 Jan 2026", "(((((", "\\", "-", "2026-13-01", "32 Jan 2026" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct date d = { .at_s = 7 };

		CHECK_STATUS(date_parse(slice_from_cstr(bad[i]), &d), STATUS_SYNTAX);
		CHECK_U64(d.at_s, 7);
	}
}

static void
imap_dates_have_one_form(void **state)
{
	const struct slice good = SLICE("24-Nov-2026 18:36:51 +0800");
	static const char *const bad[] = { "24-Nov-2026 18:36:51", "24 Nov 2026 18:36:51 +0800",
		"24-Nov-26 18:36:51 +0800", "24-Nov-2026 18:36 +0800",
		"x24-Nov-2026 18:36:51 +0800",
		"24-Nov-2026 18:36:51 +08:00x", "31-Nov-2026 18:36:51 +0800",
		"24-Nov-2026 18:36:51 GMT", "24-Nov-2026  8:36:51 +0800 " };
	struct date d = { 0 };
	size_t i;

	(void)state;
	CHECK_STATUS(date_parse_imap(good, &d), STATUS_OK);
	CHECK_U64(d.at_s, AT);
	CHECK_STATUS(date_parse_imap(SLICE(" 7-Feb-2026 00:00:00 -0130"), &d), STATUS_OK);
	CHECK_U64(d.at_s, 1770427800);
	CHECK_STATUS(date_parse_imap(SLICE("7-Feb-2026 00:00:00 -0130"), &d), STATUS_OK);
	for (i = 0; i < good.len; i++)
		CHECK_STATUS(date_parse_imap(slice_sub(good, 0, i), &d), STATUS_SYNTAX);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_STATUS(date_parse_imap(slice_from_cstr(bad[i]), &d), STATUS_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_of_many_forms_are_read),
		cmocka_unit_test(what_is_no_date_is_refused),
		cmocka_unit_test(imap_dates_have_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
