#include "pop3d/stream.h"

#include "base/check.h"

/* What TOP lines sends of text, when it comes in pieces of step bytes. */
static size_t
cut(const char *text, uint32_t lines, size_t step)
{
	struct top_cut t = { .lines_left = lines };
	struct slice rest = slice_from_cstr(text);
	size_t sent = 0;

	while (rest.len > 0 && !t.is_done) {
		struct slice piece = slice_sub(rest, 0, step);
		size_t n = top_cut_feed(&t, piece);

		CHECK(n == piece.len || t.is_done);
		sent += n;
		rest = slice_skip(rest, piece.len);
	}
	return sent;
}

static void
top_ends_behind_the_lines_asked_for(void **state)
{
	static const struct {
		const char *text;
		uint32_t lines;
		size_t sent;
	} rows[] = {
		{ "", 0, 0 },
		{ "", 5, 0 },
		{ "A: b", 0, 4 },
		{ "A: b\r\n", 0, 6 },
		{ "A: b\r\n\r\n", 0, 8 },
		{ "A: b\r\n\r\none\r\ntwo\r\n", 0, 8 },
		{ "A: b\r\n\r\none\r\ntwo\r\n", 1, 13 },
		{ "A: b\r\n\r\none\r\ntwo\r\n", 2, 18 },
		{ "A: b\r\n\r\none\r\ntwo\r\n", 3, 18 },
		{ "A: b\r\n\r\none\r\ntwo\r\n", 4294967294u, 18 },
		{ "A: b\r\n\r\n\r\n\r\nx", 2, 12 },
		{ "\r\none\r\n", 0, 2 },
		{ "A: b\r\n \r\n\r\none", 0, 11 },
		{ "A: b\n\none\ntwo\n", 1, 10 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t step = 1; step < 20; step++)
			CHECK_U64(cut(rows[i].text, rows[i].lines, step), rows[i].sent);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(top_ends_behind_the_lines_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
