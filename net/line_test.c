#include "net/line.h"

#include "base/buf.h"
#include "base/check.h"

#define LINE_MAX_BYTES 8

static void
line_take_finds_the_first_line(void **state)
{
	static const struct {
		struct slice input;
		enum status st;
		const char *line;	/* NULL: not given */
		size_t used;
	} rows[] = {
		{ { "", 0 }, STATUS_PENDING, NULL, 0 },
		{ { "abc", 3 }, STATUS_PENDING, NULL, 0 },
		{ { "abc\r", 4 }, STATUS_PENDING, NULL, 0 },
		{ { "abc\r\n", 5 }, STATUS_OK, "abc", 5 },
		{ { "\r\n", 2 }, STATUS_OK, "", 2 },
		{ { "a\r\nb\r\n", 6 }, STATUS_OK, "a", 3 },
		{ { "abcdef\r\n", 8 }, STATUS_OK, "abcdef", 8 },
		{ { "abcdefg\r\n", 9 }, STATUS_LIMIT, NULL, 7 },
		{ { "abcdefg\r", 8 }, STATUS_LIMIT, NULL, 8 },
		{ { "abcdefgh", 8 }, STATUS_LIMIT, NULL, 8 },
		{ { "abcdefghijk", 11 }, STATUS_LIMIT, NULL, 11 },
		{ { "abcdefghijk\r\nx", 14 }, STATUS_LIMIT, NULL, 11 },
		{ { "abc\n", 4 }, STATUS_SYNTAX, "abc", 4 },
		{ { "\n", 1 }, STATUS_SYNTAX, "", 1 },
		{ { "a\rb\r\n", 5 }, STATUS_SYNTAX, "a\rb", 5 },
		{ { "a\r\r\n", 4 }, STATUS_SYNTAX, "a\r", 4 },
		{ { "a\nb\r\n", 5 }, STATUS_SYNTAX, "a", 2 },
	};
	struct slice line;
	size_t used;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		line = SLICE("");
		used = 0;
		CHECK_STATUS(line_take(rows[i].input, LINE_MAX_BYTES, &line, &used), rows[i].st);
		CHECK_U64(used, rows[i].used);
		CHECK_SLICE(line, rows[i].line == NULL ? "" : rows[i].line);
	}
	CHECK_STATUS(line_take(slice_make("a\0b\r\n", 5), LINE_MAX_BYTES, &line, &used),
	    STATUS_SYNTAX);
	CHECK_U64(line.len, 3);
}

static void
collect(void *ctx, struct slice piece)
{
	CHECK_STATUS(buf_append(ctx, piece), STATUS_OK);
}

/* Read input in pieces of step bytes; *used counts over all pieces. */
static enum status
read_in_steps(struct slice input, size_t step, struct buf *text, size_t *used,
    unsigned char *flaws)
{
	struct dot_reader r = dot_reader_init();
	enum status st = STATUS_PENDING;
	size_t n;

	*used = 0;
	while (st == STATUS_PENDING && *used < input.len) {
		struct slice piece = slice_sub(input, *used, step);

		st = dot_reader_feed(&r, piece, &n, collect, text);
		*used += n;
		if (st == STATUS_PENDING)
			CHECK_U64(n, piece.len);
	}
	*flaws = r.flaws;
	return st;
}

struct dot_row {
	struct slice wire;
	struct slice text;
	size_t behind;	/* bytes behind the end, or NEVER */
	unsigned flaws;
};
#define NEVER ((size_t)-1)
#define BYTES(literal) { "" literal, sizeof(literal) - 1 }

static void
check_dot_rows(const struct dot_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t step = 1; step <= rows[i].wire.len; step++) {
			struct buf text = buf_init(1000);
			unsigned char flaws;
			size_t used;
			enum status st = read_in_steps(rows[i].wire, step, &text, &used, &flaws);

			CHECK_STATUS(st, rows[i].behind == NEVER ? STATUS_PENDING : STATUS_OK);
			if (st == STATUS_OK)
				CHECK_U64(rows[i].wire.len - used, rows[i].behind);
			CHECK_U64(flaws, rows[i].flaws);
			CHECK(slice_equal(buf_slice(&text), rows[i].text));
			buf_clear(&text);
		}
	}
}

static void
dot_reader_ends_at_crlf_dot_crlf_however_it_is_cut(void **state)
{
	static const struct dot_row rows[] = {
		{ BYTES(".\r\n"), BYTES(""), 0, 0 },
		{ BYTES(".\r\nQUIT\r\n"), BYTES(""), 6, 0 },
		{ BYTES("a\r\n.\r\n"), BYTES("a\r\n"), 0, 0 },
		{ BYTES("a\r\n.\r\n.\r\n"), BYTES("a\r\n"), 3, 0 },
		{ BYTES("..\r\n.\r\n"), BYTES(".\r\n"), 0, 0 },
		{ BYTES("...\r\n.\r\n"), BYTES("..\r\n"), 0, 0 },
		{ BYTES(".a\r\n.\r\n"), BYTES("a\r\n"), 0, 0 },
		{ BYTES("a.\r\n.b\r\n.\r\n"), BYTES("a.\r\nb\r\n"), 0, 0 },
		{ BYTES("\r\n\r\n.\r\n"), BYTES("\r\n\r\n"), 0, 0 },
		{ BYTES("a\r\nEHLO x\r\n.\r\n"), BYTES("a\r\nEHLO x\r\n"), 0, 0 },
	};

	(void)state;
	check_dot_rows(rows, ARRAY_LEN(rows));
}

static void
dot_reader_takes_no_other_end(void **state)
{
	static const struct dot_row rows[] = {
		{ BYTES("a\r\n.\nMAIL\r\n"), BYTES("a\r\n\nMAIL\r\n"), NEVER, LINE_FLAW_BARE_LF },
		{ BYTES("a\n.\r\nM"), BYTES("a\n.\r\nM"), NEVER, LINE_FLAW_BARE_LF },
		{ BYTES("a\n.\nM"), BYTES("a\n.\nM"), NEVER, LINE_FLAW_BARE_LF },
		{ BYTES("a\r.\rM"), BYTES("a\r.\rM"), NEVER, LINE_FLAW_BARE_CR },
		{ BYTES("a\r\n.\rM"), BYTES("a\r\n\rM"), NEVER, LINE_FLAW_BARE_CR },
		{ BYTES("a\r.\r\nM"), BYTES("a\r.\r\nM"), NEVER, LINE_FLAW_BARE_CR },
		{ BYTES("a\n\0.\r\nM"), BYTES("a\n\0.\r\nM"), NEVER,
		    LINE_FLAW_BARE_LF | LINE_FLAW_NUL },
		{ BYTES("a\r\n\0.\r\nM"), BYTES("a\r\n\0.\r\nM"), NEVER, LINE_FLAW_NUL },
		{ BYTES("a\r\n.\r\r\nM"), BYTES("a\r\n\r\r\nM"), NEVER, LINE_FLAW_BARE_CR },
		{ BYTES("a\r\n.\0\r\nM"), BYTES("a\r\n\0\r\nM"), NEVER, LINE_FLAW_NUL },
		{ BYTES("a\r\r\n.\r\n"), BYTES("a\r\r\n"), 0, LINE_FLAW_BARE_CR },
		{ BYTES("a\n.\nb\r\n.\r\n"), BYTES("a\n.\nb\r\n"), 0, LINE_FLAW_BARE_LF },
	};

	(void)state;
	check_dot_rows(rows, ARRAY_LEN(rows));
}

static void
dot_writer_makes_what_the_reader_reads(void **state)
{
	static const struct {
		const char *text, *wire;
	} rows[] = {
		{ "", ".\r\n" },
		{ "a\r\n", "a\r\n.\r\n" },
		{ "a", "a\r\n.\r\n" },
		{ "a\r", "a\r\n.\r\n" },
		{ ".", "..\r\n.\r\n" },
		{ ".\r\n", "..\r\n.\r\n" },
		{ "a\r\n.\r\n..b\r\n", "a\r\n..\r\n...b\r\n.\r\n" },
		{ "a.b\r\nc.\r\n", "a.b\r\nc.\r\n.\r\n" },
		{ "\r\n\r\n.", "\r\n\r\n..\r\n.\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice text = slice_from_cstr(rows[i].text);

		for (size_t step = 1; step <= text.len + 1; step++) {
			struct dot_writer w = dot_writer_init();
			struct buf wire = buf_init(100);

			for (size_t at = 0; at < text.len; at += step)
				dot_writer_feed(&w, slice_sub(text, at, step), collect, &wire);
			dot_writer_end(&w, collect, &wire);
			CHECK_SLICE(buf_slice(&wire), rows[i].wire);
			buf_clear(&wire);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_take_finds_the_first_line),
		cmocka_unit_test(dot_reader_ends_at_crlf_dot_crlf_however_it_is_cut),
		cmocka_unit_test(dot_reader_takes_no_other_end),
		cmocka_unit_test(dot_writer_makes_what_the_reader_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
