#include "wire/smtp_reply.h"

#include "base/ascii.h"

void
smtp_reply_write(struct buf *out, uint16_t code, enum smtp_reply_place place,
    struct slice enhanced, struct slice text)
{
	size_t start = out->len;

	buf_append_u64(out, code);
	buf_append_byte(out, place == SMTP_REPLY_MORE ? '-' : ' ');
	if (enhanced.len > 0) {
		buf_append(out, enhanced);
		buf_append_byte(out, ' ');
	}
	for (size_t i = 0; i < text.len && out->len - start < SMTP_REPLY_LINE_MAX; i++) {
		bool is_plain = text.ptr[i] >= ' ' && text.ptr[i] < 127;

		if (buf_append_byte(out, is_plain ? text.ptr[i] : '?') != STATUS_OK)
			break;
	}
	buf_append(out, SLICE("\r\n"));
}

/* One to three digits. */
static size_t
number_span(struct slice s)
{
	size_t n = 0;

	while (n < s.len && ascii_is_digit(s.ptr[n]))
		n++;
	return n <= 3 ? n : 0;
}

/* class "." subject "." detail of RFC 3463 s.2; its class has to be the code's. */
static size_t
enhanced_span(struct slice s, char class)
{
	size_t at = 2, n;

	if (s.len < 5 || s.ptr[0] != class || s.ptr[1] != '.')
		return 0;
	n = number_span(slice_skip(s, at));
	at += n;
	if (n == 0 || at >= s.len || s.ptr[at] != '.')
		return 0;
	n = number_span(slice_skip(s, ++at));
	at += n;
	if (n == 0 || (at < s.len && s.ptr[at] != ' '))
		return 0;
	return at;
}

enum status
smtp_reply_parse(struct slice line, struct smtp_reply_line *out)
{
	struct smtp_reply_line r = { .place = SMTP_REPLY_LAST };
	uint32_t code;
	size_t n;

	if (line.len > 4 * SMTP_REPLY_LINE_MAX)
		return STATUS_LIMIT;
	if (line.len < 3 || parse_u32(slice_sub(line, 0, 3), 200, 599, &code) != STATUS_OK)
		return STATUS_SYNTAX;
	if (line.len > 3 && line.ptr[3] != ' ' && line.ptr[3] != '-')
		return STATUS_SYNTAX;
	if (line.len > 3 && line.ptr[3] == '-')
		r.place = SMTP_REPLY_MORE;
	r.code = (uint16_t)code;
	r.text = slice_skip(line, 4);
	n = enhanced_span(r.text, line.ptr[0]);
	r.enhanced = slice_sub(r.text, 0, n);
	if (n > 0)
		r.text = slice_skip(r.text, n + 1);
	*out = r;
	return STATUS_OK;
}
