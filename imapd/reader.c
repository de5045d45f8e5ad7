#include "imapd/reader.h"

#include "net/line.h"

void
command_reader_init(struct command_reader *r, const struct reader_limits *limits)
{
	*r = (struct command_reader){ .limits = limits };
	r->text = buf_init(limits->total);
}

void
command_reader_clear(struct command_reader *r)
{
	/* A command may have held a password. */
	buf_wipe(&r->text);
	r->literal_left = 0;
}

void
command_reader_reset(struct command_reader *r)
{
	command_reader_clear(r);
	r->literal = (struct imap_literal){ 0 };
}

static enum reader_event
feed_literal(struct command_reader *r, struct slice input, size_t *used)
{
	size_t n = input.len < r->literal_left ? input.len : r->literal_left;

	if (buf_append(&r->text, slice_sub(input, 0, n)) != STATUS_OK)
		return READER_TOO_LONG;
	r->literal_left -= n;
	*used = n;
	return READER_MORE;
}

static enum reader_event
feed_line(struct command_reader *r, struct slice input, size_t *used)
{
	struct slice line;

	switch (line_take(input, r->limits->line, &line, used)) {
	case STATUS_OK:
		break;
	case STATUS_PENDING:
		*used = 0;
		return READER_MORE;
	case STATUS_SYNTAX:
		return READER_BAD_LINE;
	default:
		return READER_TOO_LONG;
	}
	if (buf_append(&r->text, line) != STATUS_OK)
		return READER_TOO_LONG;
	return imap_literal_announced(line, &r->literal) ? READER_LITERAL : READER_COMMAND;
}

enum reader_event
command_reader_feed(struct command_reader *r, struct slice input, size_t *used)
{
	enum reader_event event = READER_MORE;
	size_t n;

	*used = 0;
	while (event == READER_MORE) {
		if (r->literal_left > 0)
			event = feed_literal(r, input, &n);
		else
			event = feed_line(r, input, &n);
		*used += n;
		input = slice_skip(input, n);
		if (event == READER_MORE && (n == 0 || input.len == 0))
			break;
	}
	return event;
}

struct slice
command_reader_text(const struct command_reader *r)
{
	return buf_slice(&r->text);
}

enum status
command_reader_accept(struct command_reader *r)
{
	uint64_t n = r->literal.size_bytes;

	/* The bytes behind it are a line again: at least its CRLF counts. */
	if (n > r->limits->literal || n + 2 > r->limits->total - r->text.len)
		return STATUS_LIMIT;
	if (buf_append(&r->text, SLICE("\r\n")) != STATUS_OK)
		return STATUS_LIMIT;
	r->literal_left = (size_t)n;
	return STATUS_OK;
}

