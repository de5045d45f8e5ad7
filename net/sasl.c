#include "net/sasl.h"

#include "base/ascii.h"
#include "base/base64.h"

int
sasl_name_is_valid(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.ptr[i]) && s.ptr[i] != '-' && s.ptr[i] != '_')
			return 0;
	return s.len >= 1 && s.len <= SASL_NAME_MAX;
}

enum status
sasl_line_decode(struct slice line, struct buf *out)
{
	if (slice_equal(line, SLICE("*")))
		return STATUS_DENIED;
	if (line.len > SASL_LINE_MAX)
		return STATUS_LIMIT;
	buf_reset(out);
	return base64_decode(out, line);
}

enum status
sasl_initial_decode(struct slice word, struct buf *out)
{
	if (slice_equal(word, SLICE("="))) {
		buf_reset(out);
		return STATUS_OK;
	}
	/* RFC 4954 s.4: an empty message is "=" here, so that no word is no message. */
	if (word.len == 0)
		return STATUS_SYNTAX;
	return sasl_line_decode(word, out);
}
