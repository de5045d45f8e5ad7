#include "mime/lex.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"

#define ENCODED_WORD_MAX 512

bool
lex_has_8bit(struct slice s)
{
	uint64_t all = 0;
	size_t i = 0;

	for (; i + 8 <= s.len; i += 8) {
		uint64_t word;

		memcpy(&word, s.ptr + i, 8);
		all |= word;
	}
	for (; i < s.len; i++)
		all |= (uint64_t)(unsigned char)s.ptr[i];
	return (all & UINT64_C(0x8080808080808080)) != 0;
}

bool
lex_is_double(struct slice value)
{
	return lex_has_8bit(value) && !utf8_is_valid(value);
}

size_t
lex_char_len(struct slice s, bool is_double)
{
	unsigned char second;

	if (s.len < 2)
		return 1;
	if (s.ptr[0] == '\\')
		return 2;
	if (!is_double || (unsigned char)s.ptr[0] < 0x81)
		return 1;
	second = (unsigned char)s.ptr[1];
	return second >= 0x40 && second != 0x7f ? 2 : 1;
}

size_t
lex_comment_len(struct slice s, bool is_double)
{
	size_t depth = 0;
	size_t at = 0;

	while (at < s.len) {
		size_t n = lex_char_len(slice_skip(s, at), is_double);

		if (n == 1 && s.ptr[at] == '(')
			depth++;
		if (n == 1 && s.ptr[at] == ')' && --depth == 0)
			return at + 1;
		at += n;
	}
	return 0;
}

size_t
lex_quoted_len(struct slice s, bool is_double)
{
	size_t at = 1;

	while (at < s.len) {
		size_t n = lex_char_len(slice_skip(s, at), is_double);

		if (n == 1 && s.ptr[at] == '"')
			return at + 1;
		at += n;
	}
	return 0;
}

size_t
lex_blank_len(struct slice s)
{
	size_t n = 0;

	while (n < s.len && ascii_is_space(s.ptr[n]))
		n++;
	return n;
}

/* Length of the plain characters at the start of s. */
static size_t
plain_len(struct slice s, bool is_double)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] != '\\' && s.ptr[n] != '\r' && s.ptr[n] != '\n' &&
	    !(is_double && ascii_is_8bit(s.ptr[n])))
		n++;
	return n;
}

void
lex_unescape(struct slice inside, bool is_double, struct buf *out)
{
	while (inside.len > 0) {
		size_t n = plain_len(inside, is_double);
		struct slice one = slice_sub(inside, 0, n);

		if (n == 0) {
			n = lex_char_len(inside, is_double);
			one = slice_sub(inside, 0, n);
			if (n == 2 && one.ptr[0] == '\\')
				one = slice_skip(one, 1);
			if (one.ptr[0] == '\r' || one.ptr[0] == '\n')
				one.len = 0;
		}
		(void)buf_append(out, one);
		inside = slice_skip(inside, n);
	}
}

static bool
is_charset_byte(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_' || c == '.' || c == ':' || c == '*' ||
	    c == '+';
}

size_t
lex_encoded_word_len(struct slice s)
{
	size_t at = 2;

	s = slice_sub(s, 0, ENCODED_WORD_MAX);
	if (!slice_starts(s, SLICE("=?")))
		return 0;
	while (at < s.len && is_charset_byte(s.ptr[at]))
		at++;
	if (at == 2 || at + 3 > s.len || s.ptr[at] != '?' || s.ptr[at + 2] != '?' ||
	    !ascii_is_alpha(s.ptr[at + 1]))
		return 0;
	for (at += 3; at + 1 < s.len && s.ptr[at] > ' ' && s.ptr[at] != '?'; at++)
		continue;
	return at + 1 < s.len && s.ptr[at] == '?' && s.ptr[at + 1] == '=' ? at + 2 : 0;
}
