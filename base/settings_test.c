#include "base/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"

struct sample {
	char *greeting;
	uint32_t workers;
	uint64_t message_max;
	uint32_t patience_s;
	bool is_strict;
};

static const struct setting rows[] = {
	{ "mail", "greeting", SETTING_TEXT, offsetof(struct sample, greeting), "hello", 0, 0,
	    "What is said first." },
	{ "mail", "workers", SETTING_U32, offsetof(struct sample, workers), "4", 1, 64,
	    "How many processes." },
	{ "limits", "message_max", SETTING_SIZE, offsetof(struct sample, message_max), "50m",
	    0, 0, "Largest message." },
	{ "limits", "patience", SETTING_DURATION, offsetof(struct sample, patience_s), "5m", 10,
	    3600, "Silence accepted." },
	{ "mail", "strict", SETTING_BOOL, offsetof(struct sample, is_strict), "yes", 0, 0,
	    "Whether to be strict." },
};

static void
without_a_word_the_fallbacks_hold(void **state)
{
	struct sample s = { 0 };
	struct problem why = { 0 };

	(void)state;
	CHECK_STATUS(settings_parse(SLICE(""), "x.conf", rows, ARRAY_LEN(rows), &s, &why),
	    STATUS_OK);
	assert_string_equal(s.greeting, "hello");
	CHECK_U64(s.workers, 4);
	CHECK_U64(s.message_max, 50 << 20);
	CHECK_U64(s.patience_s, 300);
	CHECK(s.is_strict);
	settings_free(rows, ARRAY_LEN(rows), &s);
	CHECK(s.greeting == NULL && s.workers == 0);
	settings_free(rows, ARRAY_LEN(rows), &s);
}

static void
a_file_is_read_as_people_write_it(void **state)
{
	static const char text[] =
	    "\xef\xbb\xbf# a comment\r\n"
	    "\r\n"
	    "  [mail]\r\n"
	    "greeting =  \xe4\xbd\xa0\xe5\xa5\xbd = \"hi\" # there \r\n"
	    "\tworkers=64\n"
	    "[other]\n"
	    "whatever = 1\n"
	    "whatever = 2\n"
	    "[ limits ]\n"
	    "message_max = 2G\n"
	    "patience = 1h\n"
	    "[mail]\n"
	    "strict = NO";
	struct sample s = { 0 };
	struct problem why = { 0 };

	(void)state;
	CHECK_STATUS(settings_parse(slice_from_cstr(text), "x.conf", rows, ARRAY_LEN(rows), &s,
	    &why), STATUS_OK);
	assert_string_equal(s.greeting, "你好 = \"hi\" # there");
	CHECK_U64(s.workers, 64);
	CHECK_U64(s.message_max, UINT64_C(2) << 30);
	CHECK_U64(s.patience_s, 3600);
	CHECK(!s.is_strict);
	settings_free(rows, ARRAY_LEN(rows), &s);
}

static void
a_row_without_help_reads_one_key_of_a_strangers_section(void **state)
{
	static const struct setting guest[] = {
		{ "mail", "workers", SETTING_U32, offsetof(struct sample, workers), "4", 1, 64,
		    NULL },
	};
	struct sample s = { 0 };
	char *page = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&page, &len);

	(void)state;
	CHECK_STATUS(settings_parse(SLICE("[mail]\ngreeting = x\nworkers = 9\n"), "x.conf",
	    guest, ARRAY_LEN(guest), &s, NULL), STATUS_OK);
	CHECK_U64(s.workers, 9);
	settings_describe(to, guest, ARRAY_LEN(guest));
	fclose(to);
	CHECK_U64(len, 0);	/* the page is written by whose setting it is */
	free(page);
}

static const struct {
	const char *text;
	enum status want;
	const char *why;
} bad_cases[] = {
	{ "workers = 1\n", STATUS_SYNTAX, "x.conf:1: a [section] comes before any key" },
	{ "[mail]\nworker = 1\n", STATUS_SYNTAX, "x.conf:2: no setting worker in [mail]" },
	{ "[mail]\npatience = 1m\n", STATUS_SYNTAX, "x.conf:2: no setting patience in [mail]" },
	{ "[mail]\n\nworkers\n", STATUS_SYNTAX, "x.conf:3: expected key = value" },
	{ "[mail]\n= 3\n", STATUS_SYNTAX, "x.conf:2: expected key = value" },
	{ "[mail\n", STATUS_SYNTAX, "x.conf:1: a section is written [name]" },
	{ "[]\n", STATUS_SYNTAX, "x.conf:1: a section is written [name]" },
	{ "[mail]\nworkers = 4 # four\n", STATUS_SYNTAX,
	    "x.conf:2: workers = 4 # four is not a number" },
	{ "[mail]\nworkers =\n", STATUS_SYNTAX, "x.conf:2: workers =  is not a number" },
	{ "[mail]\nworkers = 0\n", STATUS_LIMIT,
	    "x.conf:2: workers = 0 is out of bounds: 1 to 64" },
	{ "[mail]\nworkers = 65\n", STATUS_LIMIT,
	    "x.conf:2: workers = 65 is out of bounds: 1 to 64" },
	{ "[mail]\nworkers = 4294967296\n", STATUS_LIMIT,
	    "x.conf:2: workers = 4294967296 is out of bounds: 1 to 64" },
	{ "[mail]\nworkers = 1\nworkers = 2\n", STATUS_SYNTAX,
	    "x.conf:3: workers was set on line 2 already" },
	{ "[mail]\nstrict = true\n", STATUS_SYNTAX,
	    "x.conf:2: strict = true is not a yes or no" },
	{ "[limits]\nmessage_max = 17179869184g\n", STATUS_LIMIT,
	    "x.conf:2: message_max = 17179869184g is too large" },
	{ "[limits]\nmessage_max = m\n", STATUS_SYNTAX, NULL },
	{ "[limits]\nmessage_max = 1 m\n", STATUS_SYNTAX, NULL },
	{ "[limits]\npatience = 10\n", STATUS_SYNTAX, NULL },
	{ "[limits]\npatience = 9s\n", STATUS_LIMIT, NULL },
	{ "[limits]\npatience = 61m\n", STATUS_LIMIT, NULL },
	{ "[mail]\ngreeting = a\001b\n", STATUS_SYNTAX, "x.conf:2: the line is not UTF-8 text" },
	{ "[mail]\ngreeting = \xd5\xc5\n", STATUS_SYNTAX, "x.conf:2: the line is not UTF-8 text" },
	{ "[mail]\rgreeting = x\n", STATUS_SYNTAX, "x.conf:1: the line is not UTF-8 text" },
	{ "[other]\nnonsense\n", STATUS_SYNTAX, "x.conf:2: expected key = value" },
};

static void
a_mistake_is_told_with_its_line_and_leaves_nothing(void **state)
{
	static const struct sample untouched = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad_cases); i++) {
		struct sample s = { 0 };
		struct problem why = { 0 };

		CHECK_STATUS(settings_parse(slice_from_cstr(bad_cases[i].text), "x.conf", rows,
		    ARRAY_LEN(rows), &s, &why), bad_cases[i].want);
		if (bad_cases[i].why != NULL)
			assert_string_equal(why.text, bad_cases[i].why);
		CHECK(why.text[0] != '\0');
		assert_memory_equal(&s, &untouched, sizeof(s));
	}
}

/* "[mail]\ngreeting = aaa...": a line of line_len bytes, a file of file_len. */
static enum status
parse_sized(size_t line_len, size_t file_len)
{
	static const char head[] = "[mail]\ngreeting = ";
	struct buf text = buf_init(SETTINGS_FILE_MAX + 1);
	struct sample s = { 0 };
	enum status st;

	buf_append(&text, slice_make(head, sizeof(head) - 1));
	while (text.len < line_len + 7)
		buf_append_byte(&text, 'a');
	while (text.len < file_len)
		buf_append_byte(&text, '\n');
	CHECK_STATUS(buf_status(&text), STATUS_OK);
	st = settings_parse(buf_slice(&text), "x.conf", rows, ARRAY_LEN(rows), &s, NULL);
	if (st == STATUS_OK)
		CHECK_U64(strlen(s.greeting), line_len - 11);
	settings_free(rows, ARRAY_LEN(rows), &s);
	buf_clear(&text);
	return st;
}

static void
lines_and_files_have_their_limits(void **state)
{
	(void)state;
	CHECK_STATUS(parse_sized(SETTINGS_LINE_MAX, 0), STATUS_OK);
	CHECK_STATUS(parse_sized(SETTINGS_LINE_MAX + 1, 0), STATUS_LIMIT);
	CHECK_STATUS(parse_sized(20, SETTINGS_FILE_MAX), STATUS_OK);
	CHECK_STATUS(parse_sized(20, SETTINGS_FILE_MAX + 1), STATUS_LIMIT);
}

static void
a_size_is_read_by_itself(void **state)
{
	uint64_t n = 7;

	(void)state;
	CHECK_STATUS(settings_parse_size(SLICE(""), &n), STATUS_SYNTAX);
	CHECK_STATUS(settings_parse_size(SLICE("2x"), &n), STATUS_SYNTAX);
	CHECK_STATUS(settings_parse_size(SLICE("18446744073709551615g"), &n), STATUS_LIMIT);
	CHECK_U64(n, 7);
	CHECK_STATUS(settings_parse_size(SLICE("2g"), &n), STATUS_OK);
	CHECK_U64(n, UINT64_C(2) << 30);
}

static const struct {
	struct slice text;
	enum status want;
	uint32_t seconds;
} durations[] = {
	{ SLICE(""), STATUS_SYNTAX, 0 },
	{ SLICE("0"), STATUS_OK, 0 },
	{ SLICE("30s"), STATUS_OK, 30 },
	{ SLICE("5m"), STATUS_OK, 300 },
	{ SLICE("2H"), STATUS_OK, 7200 },
	{ SLICE("7d"), STATUS_OK, 604800 },
	{ SLICE("5"), STATUS_SYNTAX, 0 },
	{ SLICE("s"), STATUS_SYNTAX, 0 },
	{ SLICE("5w"), STATUS_SYNTAX, 0 },
	{ SLICE("5mm"), STATUS_SYNTAX, 0 },
	{ SLICE("5 m"), STATUS_SYNTAX, 0 },
	{ SLICE("-5m"), STATUS_SYNTAX, 0 },
	{ SLICE("1h30m"), STATUS_SYNTAX, 0 },
	{ SLICE("4294967295s"), STATUS_OK, UINT32_MAX },
	{ SLICE("4294967296s"), STATUS_LIMIT, 0 },
	{ SLICE("18446744073709551615d"), STATUS_LIMIT, 0 },
};

static void
durations_need_a_unit(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(durations); i++) {
		uint32_t seconds = 0;

		CHECK_STATUS(settings_parse_duration(durations[i].text, &seconds),
		    durations[i].want);
		CHECK_U64(seconds, durations[i].seconds);
	}
}

static void
a_file_is_loaded_or_its_want_is_told(void **state)
{
	char path[] = "/tmp/settings-XXXXXX";
	struct sample s = { 0 };
	struct problem why = { 0 };
	struct problem gone = { 0 };
	int fd = mkstemp(path);

	(void)state;
	CHECK(fd >= 0);
	CHECK(write(fd, "[mail]\nworkers = 7\n", 19) == 19);
	close(fd);
	CHECK_STATUS(settings_load(path, rows, ARRAY_LEN(rows), &s, &why), STATUS_OK);
	CHECK_U64(s.workers, 7);
	settings_free(rows, ARRAY_LEN(rows), &s);
	CHECK(truncate(path, SETTINGS_FILE_MAX + 1) == 0);
	CHECK_STATUS(settings_load(path, rows, ARRAY_LEN(rows), &s, NULL), STATUS_LIMIT);
	unlink(path);
	CHECK_STATUS(settings_load(path, rows, ARRAY_LEN(rows), &s, &gone), STATUS_ABSENT);
	CHECK(slice_ends(slice_from_cstr(gone.text), SLICE(": No such file or directory")));
	CHECK_STATUS(settings_load("/tmp", rows, ARRAY_LEN(rows), &s, NULL), STATUS_IO);
}

static void
the_reference_page_names_every_row(void **state)
{
	char *page = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&page, &len);

	(void)state;
	settings_describe(to, rows, ARRAY_LEN(rows));
	fclose(to);
	CHECK(slice_starts(slice_make(page, len),
	    SLICE("[mail]\n\ngreeting = hello\n    text\n    What is said first.\n\n"
	    "workers = 4\n    number; 1 to 64\n    How many processes.\n\n[limits]\n\n")));
	free(page);
}

/* Any text at all: an answer, no damage. */
static void
random_text_never_hurts(void **state)
{
	static const char *const scraps[] = { "[mail]", "[limits]", "[", "]", "=", "\n", "\r\n",
		" ", "#", "workers", "greeting", "message_max", "patience", "strict", "yes", "7",
		"20m", "\xe5", "\t" };
	unsigned seed = 17;
	int round;

	(void)state;
	for (round = 0; round < 5000; round++) {
		struct buf text = buf_init(1000);
		struct sample s = { 0 };
		struct problem why = { 0 };
		int n = rand_r(&seed) % 20;
		enum status st;

		while (n-- > 0)
			buf_append(&text, slice_from_cstr(
			    scraps[(size_t)rand_r(&seed) % ARRAY_LEN(scraps)]));
		st = settings_parse(buf_slice(&text), "x.conf", rows, ARRAY_LEN(rows), &s, &why);
		CHECK((st == STATUS_OK) == (why.text[0] == '\0'));
		CHECK((st == STATUS_OK) == (s.greeting != NULL));
		settings_free(rows, ARRAY_LEN(rows), &s);
		buf_clear(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_word_the_fallbacks_hold),
		cmocka_unit_test(a_file_is_read_as_people_write_it),
		cmocka_unit_test(a_row_without_help_reads_one_key_of_a_strangers_section),
		cmocka_unit_test(a_mistake_is_told_with_its_line_and_leaves_nothing),
		cmocka_unit_test(lines_and_files_have_their_limits),
		cmocka_unit_test(a_size_is_read_by_itself),
		cmocka_unit_test(durations_need_a_unit),
		cmocka_unit_test(a_file_is_loaded_or_its_want_is_told),
		cmocka_unit_test(the_reference_page_names_every_row),
		cmocka_unit_test(random_text_never_hurts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
