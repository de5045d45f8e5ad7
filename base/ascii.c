#include "base/ascii.h"

int
ascii_hex_value(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/*
 * The forms of RFC 3629 s.4: first bytes [from, to], how many bytes follow,
 * and what the second one may be; all later ones are 80..BF.
 */
static const struct utf8_form {
	unsigned char from, to, tail, second_from, second_to;
} utf8_forms[] = {
	{ 0x00, 0x7f, 0, 0, 0 },
	{ 0xc2, 0xdf, 1, 0x80, 0xbf },
	{ 0xe0, 0xe0, 2, 0xa0, 0xbf },
	{ 0xe1, 0xec, 2, 0x80, 0xbf },
	{ 0xed, 0xed, 2, 0x80, 0x9f },
	{ 0xee, 0xef, 2, 0x80, 0xbf },
	{ 0xf0, 0xf0, 3, 0x90, 0xbf },
	{ 0xf1, 0xf3, 3, 0x80, 0xbf },
	{ 0xf4, 0xf4, 3, 0x80, 0x8f },
};

size_t
utf8_char_len(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	const struct utf8_form *form = NULL;
	size_t i;

	if (s.len == 0)
		return 0;
	for (i = 0; i < ARRAY_LEN(utf8_forms); i++)
		if (p[0] >= utf8_forms[i].from && p[0] <= utf8_forms[i].to)
			form = &utf8_forms[i];
	if (form == NULL || form->tail >= s.len)
		return 0;
	if (form->tail > 0 && (p[1] < form->second_from || p[1] > form->second_to))
		return 0;
	for (i = 2; i <= form->tail; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return (size_t)form->tail + 1;
}

bool
utf8_is_valid(struct slice s)
{
	while (s.len > 0) {
		size_t n = ascii_is_8bit(s.ptr[0]) ? utf8_char_len(s) : 1;

		if (n == 0)
			return false;
		s = slice_skip(s, n);
	}
	return true;
}

size_t
utf8_cut(struct slice s, size_t max)
{
	size_t back;

	if (s.len <= max)
		return s.len;
	for (back = 0; back < 4 && back <= max; back++)
		if (((unsigned char)s.ptr[max - back] & 0xc0) != 0x80)
			return max - back;
	return max;	/* more tail bytes than a character has: not UTF-8 */
}

enum status
parse_u64(struct slice s, uint64_t min, uint64_t max, uint64_t *out)
{
	bool is_over = false;
	uint64_t n = 0;
	size_t i;

	if (s.len == 0)
		return STATUS_SYNTAX;
	for (i = 0; i < s.len; i++) {
		if (!ascii_is_digit(s.ptr[i]))
			return STATUS_SYNTAX;
		is_over |= __builtin_mul_overflow(n, UINT64_C(10), &n);
		is_over |= __builtin_add_overflow(n, (uint64_t)(s.ptr[i] - '0'), &n);
	}
	if (is_over || n < min || n > max)
		return STATUS_LIMIT;
	*out = n;
	return STATUS_OK;
}

enum status
parse_u32(struct slice s, uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t n;
	enum status st;

	st = parse_u64(s, min, max, &n);
	if (st == STATUS_OK)
		*out = (uint32_t)n;
	return st;
}

enum status
ascii_hex_decode(struct slice hex, void *out, size_t len)
{
	uint8_t *bytes = out;

	if (hex.len != 2 * len)
		return STATUS_SYNTAX;
	for (size_t i = 0; i < len; i++) {
		int high = ascii_hex_value(hex.ptr[2 * i]), low = ascii_hex_value(hex.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return STATUS_SYNTAX;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return STATUS_OK;
}
