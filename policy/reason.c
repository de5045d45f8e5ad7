#include "policy/reason.h"

#include "base/ascii.h"

struct buf
reason_begin(const char *step)
{
	struct buf line = buf_init(2048);

	buf_printf(&line, "step=%s", step);
	return line;
}

void
reason_value(struct buf *line, struct slice value)
{
	struct slice cut = slice_sub(value, 0, utf8_cut(value, REASON_VALUE_MAX));

	buf_append_byte(line, '"');
	for (size_t i = 0; i < cut.len; i++) {
		char c = cut.ptr[i];

		if (c == '"')
			c = '\'';
		buf_append_byte(line, ascii_is_control(c) ? ' ' : c);
	}
	buf_append_byte(line, '"');
}

void
reason_add(struct buf *reasons, size_t max, struct buf *line)
{
	static const char more[] = "...\n";

	buf_append_byte(line, '\n');
	if (reasons->len + line->len + sizeof(more) <= max)
		buf_append(reasons, buf_slice(line));
	else if (!slice_ends(buf_slice(reasons), SLICE("...\n")))
		buf_append(reasons, SLICE("...\n"));
	buf_clear(line);
}
