#include "net/line.h"

#include <string.h>

enum dot_reader_state {
	AT_LINE_START,	/* behind CRLF, or nothing read yet */
	IN_TEXT,
	BEHIND_CR,	/* the CR was passed on */
	BEHIND_DOT,	/* a dot at the start of a line, held back */
	BEHIND_DOT_CR,	/* that dot and a CR, both held back */
};

enum status
line_take(struct slice input, size_t max, struct slice *line, size_t *used)
{
	size_t at = slice_find_byte(input, '\n');
	size_t end = at > 0 && at < input.len && input.ptr[at - 1] == '\r' ? at - 1 : at;

	if (at == input.len && input.len < max)
		return STATUS_PENDING;
	if (at >= max || at == input.len) {
		*used = end;	/* leaves the end of line for who skips the rest */
		return STATUS_LIMIT;
	}
	*line = slice_sub(input, 0, end);
	*used = at + 1;
	if (end == at || slice_find_byte(*line, '\r') < end || slice_find_byte(*line, '\0') < end)
		return STATUS_SYNTAX;
	return STATUS_OK;
}

struct dot_reader
dot_reader_init(void)
{
	return (struct dot_reader){ .state = AT_LINE_START };
}

/* Bytes of text from position at up to the next CR, noting what should not be there. */
static size_t
text_span(struct dot_reader *r, struct slice rest)
{
	size_t len = slice_find_byte(rest, '\r');
	struct slice span = slice_sub(rest, 0, len);

	if (slice_find_byte(span, '\n') < len)
		r->flaws |= LINE_FLAW_BARE_LF;
	if (slice_find_byte(span, '\0') < len)
		r->flaws |= LINE_FLAW_NUL;
	return len;
}

/*
 * Each round takes one byte that matters, or a span that does not.  from is
 * where the run begins that has not been passed on.  A held-back CR may belong
 * to an earlier piece of input, so it is passed on from here.
 */
enum status
dot_reader_feed(struct dot_reader *r, struct slice input, size_t *used,
    void (*out)(void *ctx, struct slice piece), void *ctx)
{
	size_t from = 0;
	size_t at = 0;

	while (at < input.len) {
		char c = input.ptr[at];

		switch ((enum dot_reader_state)r->state) {
		case AT_LINE_START:
			if (c != '.') {
				r->state = IN_TEXT;
				break;
			}
			if (at > from)
				out(ctx, slice_sub(input, from, at - from));
			from = ++at;
			r->state = BEHIND_DOT;
			break;
		case IN_TEXT:
			at += text_span(r, slice_skip(input, at));
			if (at++ < input.len)
				r->state = BEHIND_CR;
			break;
		case BEHIND_CR:
			if (c == '\n') {
				at++;
				r->state = AT_LINE_START;
			} else {
				r->flaws |= LINE_FLAW_BARE_CR;
				r->state = IN_TEXT;
			}
			break;
		case BEHIND_DOT:
			if (c == '\r') {
				from = ++at;
				r->state = BEHIND_DOT_CR;
			} else {
				r->state = IN_TEXT;
			}
			break;
		case BEHIND_DOT_CR:
			if (c == '\n') {
				*used = at + 1;
				return STATUS_OK;
			}
			r->flaws |= LINE_FLAW_BARE_CR;
			out(ctx, SLICE("\r"));
			r->state = IN_TEXT;
			break;
		}
	}
	if (input.len > from)
		out(ctx, slice_skip(input, from));
	*used = input.len;
	return STATUS_PENDING;
}

struct dot_writer
dot_writer_init(void)
{
	return (struct dot_writer){ .state = AT_LINE_START };
}

void
dot_writer_feed(struct dot_writer *w, struct slice piece,
    void (*out)(void *ctx, struct slice piece), void *ctx)
{
	size_t from = 0;
	size_t at = 0;

	while (at < piece.len) {
		if (w->state == BEHIND_CR && piece.ptr[at] == '\n') {
			w->state = AT_LINE_START;
			at++;
			continue;
		}
		if (w->state == AT_LINE_START && piece.ptr[at] == '.') {
			if (at > from)
				out(ctx, slice_sub(piece, from, at - from));
			out(ctx, SLICE("."));
			from = at;
		}
		at += slice_find_byte(slice_skip(piece, at), '\r');
		w->state = IN_TEXT;
		if (at < piece.len) {
			at++;
			w->state = BEHIND_CR;
		}
	}
	if (at > from)
		out(ctx, slice_sub(piece, from, at - from));
}

void
dot_writer_end(struct dot_writer *w, void (*out)(void *ctx, struct slice piece), void *ctx)
{
	if (w->state == BEHIND_CR)
		out(ctx, SLICE("\n"));
	else if (w->state != AT_LINE_START)
		out(ctx, SLICE("\r\n"));
	out(ctx, SLICE(".\r\n"));
	w->state = AT_LINE_START;
}
