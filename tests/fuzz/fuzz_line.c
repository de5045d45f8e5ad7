/*
 * Any bytes are lines and dot-stuffed texts, wherever they are cut: each cut
 * gives the same; what is stuffed comes back; only CR LF . CR LF ends a text.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "net/line.h"
#include "net/sasl.h"

#define ROOM(size) (2 * (size) + 64)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
gather(void *ctx, struct slice piece)
{
	struct buf *out = ctx;

	ASSERT(buf_append(out, piece) == STATUS_OK);
}

/* The text before the end, in pieces of step bytes; *used: with the end. */
static enum status
unstuff(struct slice input, size_t step, struct buf *out, size_t *used, unsigned *flaws)
{
	struct dot_reader r = dot_reader_init();
	enum status st = STATUS_PENDING;
	size_t n;

	for (*used = 0; st == STATUS_PENDING && *used < input.len; *used += n) {
		struct slice piece = slice_sub(input, *used, step);

		st = dot_reader_feed(&r, piece, &n, gather, out);
		ASSERT(n <= piece.len && (st == STATUS_OK || n == piece.len));
	}
	*flaws = r.flaws;
	return st;
}

static void
check_cuts(struct slice input, size_t step)
{
	struct buf whole = buf_init(ROOM(input.len)), cut = buf_init(ROOM(input.len));
	size_t used, used_cut;
	unsigned flaws, flaws_cut;
	enum status st = unstuff(input, input.len, &whole, &used, &flaws);

	ASSERT(unstuff(input, step, &cut, &used_cut, &flaws_cut) == st);
	ASSERT(used == used_cut && flaws == flaws_cut);
	ASSERT(slice_equal(buf_slice(&whole), buf_slice(&cut)));
	if (st == STATUS_OK && used > 3)
		ASSERT(slice_ends(slice_sub(input, 0, used), SLICE("\r\n.\r\n")));
	buf_clear(&whole);
	buf_clear(&cut);
}

static bool
has_pure_line_ends(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool is_crlf = text.ptr[i] == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n';

		if ((text.ptr[i] == '\r' && !is_crlf) || text.ptr[i] == '\n')
			return false;
		i += is_crlf;
	}
	return true;
}

static void
check_there_and_back(struct slice text, size_t step)
{
	struct buf wire = buf_init(ROOM(text.len)), back = buf_init(ROOM(text.len));
	struct dot_writer w = dot_writer_init();
	size_t used;
	unsigned flaws;

	if (!has_pure_line_ends(text))
		return;
	for (size_t at = 0; at < text.len; at += step)
		dot_writer_feed(&w, slice_sub(text, at, step), gather, &wire);
	dot_writer_end(&w, gather, &wire);
	ASSERT(unstuff(buf_slice(&wire), step, &back, &used, &flaws) == STATUS_OK);
	ASSERT(used == wire.len && (flaws & ~(unsigned)LINE_FLAW_NUL) == 0);
	ASSERT(slice_equal(slice_sub(buf_slice(&back), 0, text.len), text));
	ASSERT(back.len == text.len || back.len == text.len + 2);
	buf_clear(&wire);
	buf_clear(&back);
}

static void
read_lines(struct slice input)
{
	struct buf message = buf_init(SASL_LINE_MAX);
	struct slice line;
	size_t used;
	enum status st;

	while (input.len > 0) {
		line = SLICE("");
		st = line_take(input, 1000, &line, &used);
		if (st == STATUS_PENDING)
			break;
		ASSERT(used > 0 && used <= input.len && line.len < used + (st == STATUS_LIMIT));
		st = sasl_line_decode(line, &message);
		ASSERT(st != STATUS_OK || message.len <= line.len);
		st = sasl_initial_decode(line, &message);
		ASSERT(st != STATUS_OK || message.len <= line.len);
		(void)sasl_name_is_valid(line);
		input = slice_skip(input, used);
	}
	buf_clear(&message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input;

	if (size == 0)
		return 0;
	input = slice_skip(slice_make(data, size), 1);
	check_cuts(input, 1 + data[0] % 9u);
	check_there_and_back(input, 1 + data[0] % 9u);
	read_lines(input);
	return 0;
}
