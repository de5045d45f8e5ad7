#include "imapd/reader.h"

#include "base/check.h"

static const struct reader_limits limits = { .line = 40, .literal = 10, .total = 60 };

/* Feed text up to its end or the first event that is no MORE. */
static enum reader_event
feed(struct command_reader *r, struct slice *text)
{
	enum reader_event event = READER_MORE;
	size_t used;

	while (event == READER_MORE && text->len != 0) {
		event = command_reader_feed(r, *text, &used);
		*text = slice_skip(*text, used);
		if (used == 0)
			break;
	}
	return event;
}

static void
a_command_with_literals_becomes_one_text(void **state)
{
	static const struct slice whole = { "a LOGIN {3+}\r\nann {4+}\r\nse\r\n\r\nb", 31 };
	struct command_reader r;

	(void)state;
	for (size_t cut = 0; cut < whole.len - 1; cut++) {
		struct slice first = slice_sub(whole, 0, cut);
		struct slice text;
		enum reader_event event;

		command_reader_init(&r, &limits);
		for (;;) {
			event = feed(&r, &first);
			if (event != READER_LITERAL)
				break;
			CHECK_STATUS(command_reader_accept(&r), STATUS_OK);
		}
		CHECK(event == READER_MORE);
		/* What was not consumed comes again, as a conn gives it. */
		text = slice_skip(whole, cut - first.len);
		for (;;) {
			event = feed(&r, &text);
			if (event != READER_LITERAL)
				break;
			CHECK_STATUS(command_reader_accept(&r), STATUS_OK);
		}
		CHECK(event == READER_COMMAND);
		CHECK_SLICE(command_reader_text(&r), "a LOGIN {3+}\r\nann {4+}\r\nse\r\n");
		CHECK_SLICE(text, "b");
		command_reader_clear(&r);
	}
}

static void
sizes_are_refused_before_they_are_kept(void **state)
{
	struct command_reader r;
	struct slice text = SLICE("a X {11}\r\n");

	(void)state;
	command_reader_init(&r, &limits);
	CHECK(feed(&r, &text) == READER_LITERAL);
	CHECK(r.literal.is_sync);
	CHECK_STATUS(command_reader_accept(&r), STATUS_LIMIT);
	command_reader_reset(&r);
	text = SLICE("a X {10}\r\n");
	CHECK(feed(&r, &text) == READER_LITERAL);
	CHECK_STATUS(command_reader_accept(&r), STATUS_OK);
	/* Many small ones are as much as one large one. */
	for (unsigned i = 0; i < 3; i++) {
		text = SLICE("0123456789 {10}\r\n");
		CHECK(feed(&r, &text) == READER_LITERAL);
		CHECK_STATUS(command_reader_accept(&r), i < 2 ? STATUS_OK : STATUS_LIMIT);
	}
	command_reader_clear(&r);
}

static void
a_line_without_end_is_too_long(void **state)
{
	struct command_reader r;
	struct slice text = SLICE("0123456789012345678901234567890123456789");

	(void)state;
	command_reader_init(&r, &limits);
	CHECK(feed(&r, &text) == READER_TOO_LONG);
	command_reader_clear(&r);
}

static void
bare_line_ends_and_nul_are_told(void **state)
{
	static const struct slice bad[] = {
		{ "a NOOP\n", 7 }, { "a \rNOOP\r\n", 9 }, { "a N\0OP\r\n", 8 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct command_reader r;
		struct slice text = bad[i];

		command_reader_init(&r, &limits);
		CHECK(feed(&r, &text) == READER_BAD_LINE);
		CHECK_U64(text.len, 0);
		command_reader_clear(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_with_literals_becomes_one_text),
		cmocka_unit_test(sizes_are_refused_before_they_are_kept),
		cmocka_unit_test(a_line_without_end_is_too_long),
		cmocka_unit_test(bare_line_ends_and_nul_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
