#include "wire/imap_token.h"

#include "base/check.h"

typedef enum status take_fn(struct imap_reader *r, struct slice *out);

struct word_row {
	take_fn *take;
	struct slice text;
	enum status status;
	const char *word, *rest;
};

#define TEXT(literal) { "" literal, sizeof(literal) - 1 }

static const struct word_row words[] = {
	{ imap_take_atom, TEXT(""), STATUS_SYNTAX, "", "" },
	{ imap_take_atom, TEXT("FETCH 1"), STATUS_OK, "FETCH", " 1" },
	{ imap_take_atom, TEXT("a]b"), STATUS_OK, "a", "]b" },
	{ imap_take_atom, TEXT("(x"), STATUS_SYNTAX, "", "(x" },
	{ imap_take_atom, TEXT("\xc3\xa4"), STATUS_SYNTAX, "", "\xc3\xa4" },
	{ imap_take_tag, TEXT("a+b"), STATUS_OK, "a", "+b" },
	{ imap_take_tag, TEXT("+"), STATUS_SYNTAX, "", "+" },
	{ imap_take_tag, TEXT("1.1] x"), STATUS_OK, "1.1]", " x" },
	{ imap_take_astring, TEXT("a]b c"), STATUS_OK, "a]b", " c" },
	{ imap_take_astring, TEXT("\xe5\x8f\x91 "), STATUS_OK, "\xe5\x8f\x91", " " },
	{ imap_take_astring, TEXT("a%b"), STATUS_OK, "a", "%b" },
	{ imap_take_astring, TEXT("\"\""), STATUS_OK, "", "" },
	{ imap_take_astring, TEXT("\"a \\\"b\\\\\" c"), STATUS_OK, "a \"b\\", " c" },
	{ imap_take_astring, TEXT("\"a\\x\""), STATUS_SYNTAX, "", "\"a\\x\"" },
	{ imap_take_astring, TEXT("\"open\\"), STATUS_SYNTAX, "", "\"open\\" },
	{ imap_take_astring, TEXT("\"a\0b\""), STATUS_SYNTAX, NULL, NULL },
	{ imap_take_astring, TEXT("\"a\r\nb\""), STATUS_SYNTAX, NULL, NULL },
	{ imap_take_astring, TEXT("{3}\r\na b c"), STATUS_OK, "a b", " c" },
	{ imap_take_astring, TEXT("{3+}\r\n\"\\( x"), STATUS_OK, "\"\\(", " x" },
	{ imap_take_astring, TEXT("{007}\r\nabcdefg"), STATUS_OK, "abcdefg", "" },
	{ imap_take_astring, TEXT("{0}\r\n"), STATUS_OK, "", "" },
	{ imap_take_astring, TEXT("{4}\r\nabc"), STATUS_SYNTAX, NULL, NULL },
	{ imap_take_astring, TEXT("{3}\nabc"), STATUS_SYNTAX, NULL, NULL },
	{ imap_take_astring, TEXT("{-1}\r\nabc"), STATUS_SYNTAX, NULL, NULL },
	{ imap_take_astring, TEXT("{99999999999999999999}\r\nabc"), STATUS_SYNTAX, NULL, NULL },
	{ imap_take_astring, TEXT("{3}\r\na\0b"), STATUS_SYNTAX, NULL, NULL },
	{ imap_take_pattern, TEXT("a/%.* x"), STATUS_OK, "a/%.*", " x" },
	{ imap_take_nstring, TEXT("nil)"), STATUS_OK, "", ")" },
	{ imap_take_nstring, TEXT("\"NIL\")"), STATUS_OK, "NIL", ")" },
	{ imap_take_nstring, TEXT("NILS"), STATUS_SYNTAX, "", "NILS" },
	{ imap_take_flag, TEXT("\\Seen)"), STATUS_OK, "\\Seen", ")" },
	{ imap_take_flag, TEXT("\\*)"), STATUS_OK, "\\*", ")" },
	{ imap_take_flag, TEXT("$label1 "), STATUS_OK, "$label1", " " },
	{ imap_take_flag, TEXT("\\ "), STATUS_SYNTAX, "", "\\ " },
	{ imap_take_set, TEXT("1:*,4 x"), STATUS_OK, "1:*,4", " x" },
	{ imap_take_set, TEXT("$ x"), STATUS_OK, "$", " x" },
	{ imap_take_set, TEXT("x"), STATUS_SYNTAX, "", "x" },
};

static void
words_are_taken_whole_or_not_at_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const struct word_row *w = &words[i];
		struct buf memory = buf_init(w->text.len);
		struct imap_reader r = imap_reader_init(w->text, &memory);
		struct slice out = SLICE("");

		CHECK_STATUS(w->take(&r, &out), w->status);
		if (w->word != NULL)
			CHECK_SLICE(out, w->word);
		if (w->rest != NULL)
			CHECK_SLICE(r.rest, w->rest);
		if (w->status != STATUS_OK)
			CHECK(r.rest.ptr == w->text.ptr);
		buf_clear(&memory);
	}
}

static void
strings_cut_anywhere_are_refused(void **state)
{
	static const struct slice whole[] = {
		TEXT("\"a \\\"b\\\\ c\""), TEXT("{5}\r\nhello"), TEXT("{5+}\r\nhello"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		for (size_t cut = 0; cut <= whole[i].len; cut++) {
			struct buf memory = buf_init(64);
			struct imap_reader r =
			    imap_reader_init(slice_sub(whole[i], 0, cut), &memory);
			struct slice out;

			CHECK_STATUS(imap_take_string(&r, &out),
			    cut == whole[i].len ? STATUS_OK : STATUS_SYNTAX);
			buf_clear(&memory);
		}
}

static void
undone_strings_stay_where_they_are(void **state)
{
	static const struct slice text = TEXT("\"a\\\"1\" \"b\\\"2\" \"c\\\\3\"");
	struct buf memory = buf_init(text.len);
	struct imap_reader r = imap_reader_init(text, &memory);
	struct slice out[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		CHECK_STATUS(imap_take_string(&r, &out[i]), STATUS_OK);
		CHECK(imap_take_space(&r) == (i < 2));
	}
	CHECK_SLICE(out[0], "a\"1");
	CHECK_SLICE(out[1], "b\"2");
	CHECK_SLICE(out[2], "c\\3");
	buf_clear(&memory);
}

struct range_row {
	const char *set;
	enum status status;	/* of the whole */
	unsigned count;
	uint32_t first, last;	/* of the last range */
};

static const struct range_row ranges[] = {
	{ "1", STATUS_ABSENT, 1, 1, 1 },
	{ "1:4,7", STATUS_ABSENT, 2, 7, 7 },
	{ "4:1", STATUS_ABSENT, 1, 4, 1 },
	{ "1,*:4294967295", STATUS_ABSENT, 2, IMAP_SET_STAR, 4294967295 },
	{ "0", STATUS_SYNTAX, 0, 0, 0 },
	{ "4294967296", STATUS_SYNTAX, 0, 0, 0 },
	{ "1,", STATUS_SYNTAX, 0, 0, 0 },
	{ ",1", STATUS_SYNTAX, 0, 0, 0 },
	{ "1:", STATUS_SYNTAX, 0, 0, 0 },
	{ "1:2:3", STATUS_SYNTAX, 0, 0, 0 },
	{ "**", STATUS_SYNTAX, 0, 0, 0 },
};

static void
sets_are_read_range_by_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		struct slice set = slice_from_cstr(ranges[i].set);
		uint32_t first = 0, last = 0;
		unsigned count = 0;
		enum status st;

		while ((st = imap_set_next(&set, &first, &last)) == STATUS_OK)
			count++;
		CHECK_STATUS(st, ranges[i].status);
		CHECK_U64(count, ranges[i].count);
		CHECK_U64(first, ranges[i].first);
		CHECK_U64(last, ranges[i].last);
	}
}

struct literal_row {
	const char *line;
	bool is_literal;
	uint64_t size_bytes;
	bool is_sync;
};

static const struct literal_row literals[] = {
	{ "", false, 0, false },
	{ "{}", false, 0, false },
	{ "a LOGIN {5}", true, 5, true },
	{ "a LOGIN {5+}", true, 5, false },
	{ "{5++}", false, 0, false },
	{ "{+}", false, 0, false },
	{ "{5} ", false, 0, false },
	{ "5}", false, 0, false },
	{ "{-1}", false, 0, false },
	{ "{{3}", true, 3, true },
	{ "{18446744073709551615}", true, UINT64_MAX, true },
	{ "{18446744073709551616}", true, UINT64_MAX, true },
	{ "{99999999999999999999999+}", true, UINT64_MAX, false },
};

static void
literals_are_announced_at_the_end_of_a_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(literals); i++) {
		struct imap_literal out = { 0 };

		CHECK(imap_literal_announced(slice_from_cstr(literals[i].line), &out) ==
		    literals[i].is_literal);
		if (!literals[i].is_literal)
			continue;
		CHECK_U64(out.size_bytes, literals[i].size_bytes);
		CHECK(out.is_sync == literals[i].is_sync);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_taken_whole_or_not_at_all),
		cmocka_unit_test(strings_cut_anywhere_are_refused),
		cmocka_unit_test(undone_strings_stay_where_they_are),
		cmocka_unit_test(sets_are_read_range_by_range),
		cmocka_unit_test(literals_are_announced_at_the_end_of_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
