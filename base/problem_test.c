#include "base/problem.h"

#include <errno.h>
#include <string.h>

#include "base/ascii.h"
#include "base/check.h"

static void
the_first_sentence_wins(void **state)
{
	struct problem why = { 0 };

	(void)state;
	problem_set(&why, "disk %d is full", 3);
	problem_set(&why, "later");
	problem_set_errno(&why, ENOENT, "later still");
	assert_string_equal(why.text, "disk 3 is full");
}

static void
nobody_has_to_listen(void **state)
{
	(void)state;
	problem_set(NULL, "unheard");
	problem_set_errno(NULL, ENOENT, "unheard");
}

static void
an_errno_is_told_in_words(void **state)
{
	struct problem why = { 0 };
	struct problem odd = { 0 };

	(void)state;
	problem_set_errno(&why, ENOENT, "%s", "a.conf");
	assert_string_equal(why.text, "a.conf: No such file or directory");
	problem_set_errno(&odd, 99999, "x");
	assert_string_equal(odd.text, "x: error 99999");
}

static void
controls_and_broken_text_become_question_marks(void **state)
{
	struct problem why = { 0 };
	struct problem raw = { 0 };

	(void)state;
	problem_set(&why, "a\r\nb\tc\x7f 张");
	assert_string_equal(why.text, "a??b?c? 张");
	problem_set(&raw, "\xd5\xc5 x");
	assert_string_equal(raw.text, "?? x");
}

static void
a_long_sentence_is_cut_at_a_character(void **state)
{
	char text[600];
	size_t lead;

	(void)state;
	for (lead = 0; lead < 3; lead++) {
		struct problem why = { 0 };
		size_t i;

		memset(text, 'a', sizeof(text));
		for (i = lead; i + 4 < sizeof(text); i += 3)
			memcpy(text + i, "张", 3);
		text[sizeof(text) - 1] = '\0';
		problem_set(&why, "%s", text);
		CHECK(strlen(why.text) < sizeof(why.text));
		CHECK(strlen(why.text) >= sizeof(why.text) - 3);
		CHECK(utf8_is_valid(slice_from_cstr(why.text)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_sentence_wins),
		cmocka_unit_test(nobody_has_to_listen),
		cmocka_unit_test(an_errno_is_told_in_words),
		cmocka_unit_test(controls_and_broken_text_become_question_marks),
		cmocka_unit_test(a_long_sentence_is_cut_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
