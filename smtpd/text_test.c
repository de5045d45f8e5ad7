#include "smtpd/text.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "net/ipc.h"

static const struct {
	const char *in;
	size_t len;	/* 0: strlen */
	enum text_verdict strict;
	enum text_verdict repaired;
	const char *out;	/* of the repaired text */
} cases[] = {
	{ "", 0, TEXT_GOOD, TEXT_GOOD, "" },
	{ "a: b\r\n\r\nc\r\n", 0, TEXT_GOOD, TEXT_GOOD, "a: b\r\n\r\nc\r\n" },
	{ "no end", 0, TEXT_GOOD, TEXT_GOOD, "no end" },
	{ "a\nb\r\n", 0, TEXT_BARE_LINE_END, TEXT_GOOD, "a\r\nb\r\n" },
	{ "\n.\n", 0, TEXT_BARE_LINE_END, TEXT_GOOD, "\r\n.\r\n" },
	{ "a\rb\r\n", 0, TEXT_BARE_LINE_END, TEXT_GOOD, "a\r\nb\r\n" },
	{ "a\r\r\nb", 0, TEXT_BARE_LINE_END, TEXT_GOOD, "a\r\n\r\nb" },
	{ "a\r", 0, TEXT_BARE_LINE_END, TEXT_GOOD, "a\r\n" },
	{ "a\n\r\nb", 0, TEXT_BARE_LINE_END, TEXT_GOOD, "a\r\n\r\nb" },
	{ "a\0b\r\n", 5, TEXT_NUL, TEXT_NUL, "" },
	{ "\r\0\n", 3, TEXT_BARE_LINE_END, TEXT_NUL, "" },
	{ "\x80\xff\x0b\x0c\r\n", 0, TEXT_GOOD, TEXT_GOOD, "\x80\xff\x0b\x0c\r\n" },
};

static void
check_contents(const struct text *t, const char *prefix, const char *want)
{
	struct slice map;
	size_t prefix_len = strlen(prefix);

	CHECK_U64(text_prefix_len(t), prefix_len);
	CHECK_U64(text_size_bytes(t), prefix_len + strlen(want));
	if (text_size_bytes(t) == 0)
		return;
	CHECK_STATUS(memfd_map(text_fd(t), text_size_bytes(t), &map, NULL), STATUS_OK);
	CHECK_SLICE(slice_sub(map, 0, prefix_len), prefix);
	CHECK_SLICE(slice_skip(map, prefix_len), want);
	memfd_unmap(&map);
}

/* The text in two pieces, cut at every place. */
static void
try_case(size_t i, size_t cut, enum text_lines lines)
{
	struct text_budget budget = { 0, 1000 };
	size_t len = cases[i].len != 0 ? cases[i].len : strlen(cases[i].in);
	enum text_verdict want = lines == TEXT_LINES_STRICT ? cases[i].strict : cases[i].repaired;
	struct text *t;

	if (cut > len)
		return;
	CHECK_STATUS(text_new(&budget, 100, lines, SLICE("P: p\r\n"), &t, NULL), STATUS_OK);
	text_feed(t, slice_make(cases[i].in, cut));
	text_feed(t, slice_make(cases[i].in + cut, len - cut));
	CHECK_U64(text_fed_bytes(t), len);
	CHECK_U64(text_end(t, NULL), want);
	if (want == TEXT_GOOD)
		check_contents(t, "P: p\r\n",
		    lines == TEXT_LINES_STRICT ? cases[i].in : cases[i].out);
	text_free(&t);
	CHECK_U64(budget.used, 0);
}

static void
line_ends_are_judged_and_repaired_wherever_the_text_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t cut = 0; cut < 16; cut++) {
			try_case(i, cut, TEXT_LINES_STRICT);
			try_case(i, cut, TEXT_LINES_REPAIRED);
		}
	}
}

static void
a_text_may_be_as_large_as_the_limit_and_no_larger(void **state)
{
	static char lots[200 * 1024];

	(void)state;
	memset(lots, 'x', sizeof(lots));
	for (size_t more = 0; more < 2; more++) {
		struct text_budget budget = { 0, 1024 * 1024 };
		struct text *t;

		CHECK_STATUS(text_new(&budget, sizeof(lots) - more, TEXT_LINES_STRICT,
		    SLICE("P: p\r\n"), &t, NULL), STATUS_OK);
		text_feed(t, slice_make(lots, sizeof(lots)));
		CHECK_U64(text_end(t, NULL), more == 0 ? TEXT_GOOD : TEXT_TOO_BIG);
		text_free(&t);
		CHECK_U64(budget.used, 0);
	}
}

static void
all_texts_together_stay_within_the_budget(void **state)
{
	struct text_budget budget = { 0, 100 };
	struct text *a, *b;

	(void)state;
	CHECK_STATUS(text_new(&budget, 1000, TEXT_LINES_STRICT, SLICE(""), &a, NULL), STATUS_OK);
	CHECK_STATUS(text_new(&budget, 1000, TEXT_LINES_STRICT, SLICE(""), &b, NULL), STATUS_OK);
	for (int i = 0; i < 6; i++)
		text_feed(a, SLICE("0123456789"));
	for (int i = 0; i < 5; i++)
		text_feed(b, SLICE("0123456789"));
	CHECK_U64(text_verdict(b), TEXT_NO_ROOM);
	CHECK_U64(budget.used, 60);	/* what was refused makes room at once */
	for (int i = 0; i < 4; i++)
		text_feed(a, SLICE("0123456789"));
	CHECK_U64(text_end(a, NULL), TEXT_GOOD);
	CHECK_U64(text_end(b, NULL), TEXT_NO_ROOM);
	text_free(&a);
	text_free(&b);
	CHECK_U64(budget.used, 0);
}

static void
a_finished_text_is_sealed(void **state)
{
	struct text_budget budget = { 0, 100 };
	struct text *t;

	(void)state;
	CHECK_STATUS(text_new(&budget, 100, TEXT_LINES_STRICT, SLICE(""), &t, NULL), STATUS_OK);
	text_feed(t, SLICE("a\r\n"));
	CHECK_U64(text_end(t, NULL), TEXT_GOOD);
	CHECK_STATUS(memfd_sealed_check(text_fd(t), 3, NULL), STATUS_OK);
	CHECK(write(text_fd(t), "x", 1) < 0);
	text_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_ends_are_judged_and_repaired_wherever_the_text_is_cut),
		cmocka_unit_test(a_text_may_be_as_large_as_the_limit_and_no_larger),
		cmocka_unit_test(all_texts_together_stay_within_the_budget),
		cmocka_unit_test(a_finished_text_is_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
