#include "imapd/search_return.h"

#include "base/check.h"

static const struct {
	const char *text;
	enum status status;
	unsigned wanted;
	const char *rest;
} forms[] = {
	{ "", STATUS_OK, 0, "" },
	{ " ALL", STATUS_OK, 0, " ALL" },
	{ " RETURN () ALL", STATUS_OK, RETURN_ALL, " ALL" },
	{ " return (min MAX) ALL", STATUS_OK, RETURN_MIN | RETURN_MAX, " ALL" },
	{ " RETURN (SAVE COUNT COUNT)", STATUS_OK, RETURN_SAVE | RETURN_COUNT, "" },
	{ " RETURN", STATUS_SYNTAX, 0, " RETURN" },
	{ " RETURN (", STATUS_SYNTAX, 0, " RETURN (" },
	{ " RETURN ( MIN)", STATUS_SYNTAX, 0, " RETURN ( MIN)" },
	{ " RETURN (MIN", STATUS_SYNTAX, 0, " RETURN (MIN" },
	{ " RETURN (PARTIAL 1:2)", STATUS_SYNTAX, 0, " RETURN (PARTIAL 1:2)" },
};

static void
options_are_read_or_nothing_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct buf memory = buf_init(1000);
		struct imap_reader r = imap_reader_init(slice_from_cstr(forms[i].text), &memory);
		unsigned wanted = 99;

		CHECK_STATUS(search_return_parse(&r, &wanted), forms[i].status);
		if (forms[i].status == STATUS_OK)
			CHECK_U64(wanted, forms[i].wanted);
		CHECK_SLICE(r.rest, forms[i].rest);
		buf_clear(&memory);
	}
}

/* UIDs 10, 11, 20 at 1, 2, 3, changed at 7, 9, 8. */
static const struct {
	unsigned wanted;
	bool is_uid;
	uint32_t found;		/* so many of them */
	bool has_modseq;
	const char *response;
	const char *saved;
} results[] = {
	{ RETURN_ALL, false, 3, false, "* ESEARCH (TAG \"t\") ALL 1:3\r\n", "" },
	{ RETURN_ALL, true, 3, true, "* ESEARCH (TAG \"t\") UID ALL 10:11,20 MODSEQ 9\r\n", "" },
	{ RETURN_MIN | RETURN_MAX | RETURN_COUNT, true, 3, false,
	    "* ESEARCH (TAG \"t\") UID MIN 10 MAX 20 COUNT 3\r\n", "" },
	{ RETURN_MIN, true, 3, true, "* ESEARCH (TAG \"t\") UID MIN 10 MODSEQ 7\r\n", "" },
	{ RETURN_MAX | RETURN_MIN, false, 3, true,
	    "* ESEARCH (TAG \"t\") MIN 1 MAX 3 MODSEQ 8\r\n", "" },
	{ RETURN_ALL, false, 0, true, "* ESEARCH (TAG \"t\")\r\n", "" },
	{ RETURN_COUNT | RETURN_MIN, false, 0, false, "* ESEARCH (TAG \"t\") COUNT 0\r\n", "" },
	{ RETURN_SAVE, false, 3, true, "", "10:11,20" },
	{ RETURN_SAVE | RETURN_MIN, false, 3, false, "* ESEARCH (TAG \"t\") MIN 1\r\n", "10" },
	{ RETURN_SAVE | RETURN_MAX, false, 3, false, "* ESEARCH (TAG \"t\") MAX 3\r\n", "20" },
	{ RETURN_SAVE | RETURN_MAX | RETURN_MIN, false, 3, false,
	    "* ESEARCH (TAG \"t\") MIN 1 MAX 3\r\n", "10,20" },
	{ RETURN_SAVE | RETURN_MAX | RETURN_MIN, false, 2, false,
	    "* ESEARCH (TAG \"t\") MIN 1 MAX 2\r\n", "10:11" },
	{ RETURN_SAVE | RETURN_MAX | RETURN_COUNT, false, 2, false,
	    "* ESEARCH (TAG \"t\") MAX 2 COUNT 2\r\n", "10:11" },
	{ RETURN_SAVE | RETURN_ALL, false, 0, false, "* ESEARCH (TAG \"t\")\r\n", "" },
};

static void
a_result_says_what_was_wanted_and_keeps_what_was_to_be_saved(void **state)
{
	static const struct flags_entry entries[] = {
		{ 10, 0, 7 }, { 11, 0, 9 }, { 20, 0, 8 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(results); i++) {
		struct search_result r = search_result_init(results[i].wanted, results[i].is_uid);
		struct buf out = buf_init(1000), saved = buf_init(1000);

		for (uint32_t n = 0; n < results[i].found; n++)
			CHECK_STATUS(search_result_add(&r, &entries[n], n + 1), STATUS_OK);
		search_result_write(&r, SLICE("t"), results[i].has_modseq, &out);
		CHECK_SLICE(buf_slice(&out), results[i].response);
		uidset_print(&r.saved, &saved);
		CHECK_SLICE(buf_slice(&saved), results[i].saved);
		search_result_clear(&r);
		buf_clear(&out);
		buf_clear(&saved);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_read_or_nothing_is_taken),
		cmocka_unit_test(a_result_says_what_was_wanted_and_keeps_what_was_to_be_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
