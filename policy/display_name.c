#include "policy/display_name.h"

#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/ascii.h"

/* Combining marks of the Latin, Greek and Cyrillic scripts: tone marks of pinyin among them. */
static bool
is_accent(ucs4_t c)
{
	return c >= 0x0300 && c <= 0x036f;
}

static bool
is_variation_selector(ucs4_t c)
{
	return (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0100 && c <= 0xe01ef);
}

static bool
is_kept(ucs4_t c)
{
	if (is_accent(c) || is_variation_selector(c))
		return false;
	/* Marks outside those blocks are vowels and voicing signs: they make another word. */
	return uc_is_general_category_withtable(c,
	    UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_M);
}

static void
keep_letters(const uint8_t *text, size_t len, struct buf *out)
{
	size_t at = 0;

	while (at < len) {
		ucs4_t c;
		int n = u8_mbtouc(&c, text + at, len - at);

		if (n <= 0)
			break;
		if (is_kept(c))
			buf_append(out, slice_make(text + at, (size_t)n));
		at += (size_t)n;
	}
}

enum status
display_name_key(struct slice utf8, struct buf *out)
{
	size_t before = out->len, len = 0;
	uint8_t *folded;

	if (!utf8_is_valid(utf8))
		return STATUS_SYNTAX;
	if (utf8.len == 0)
		return STATUS_OK;
	/* Case folding normalises its result itself. */
	folded = u8_casefold((const uint8_t *)utf8.ptr, utf8.len, NULL, UNINORM_NFKD, NULL, &len);
	if (folded == NULL)
		return STATUS_LIMIT;
	keep_letters(folded, len, out);
	free(folded);
	if (buf_status(out) == STATUS_OK)
		return STATUS_OK;
	buf_truncate(out, before);
	return STATUS_LIMIT;
}

static int
bracket_step(ucs4_t c)
{
	switch (c) {
	case '(':
	case '[':
	case 0xff08:	/* full-width parenthesis */
	case 0x3010:	/* black lenticular bracket */
		return 1;
	case ')':
	case ']':
	case 0xff09:
	case 0x3011:
		return -1;
	}
	return 0;
}

void
display_name_without_brackets(struct slice utf8, struct buf *out)
{
	size_t at = 0;
	int depth = 0;

	while (at < utf8.len) {
		ucs4_t c;
		int n = u8_mbtouc(&c, (const uint8_t *)utf8.ptr + at, utf8.len - at);
		int step;

		if (n <= 0)
			break;
		step = bracket_step(c);
		if (step == 0 && depth == 0)
			buf_append(out, slice_sub(utf8, at, (size_t)n));
		if (step > 0 || depth > 0)
			depth += step;
		at += (size_t)n;
	}
}

bool
display_name_is_address(struct slice utf8, struct slice address)
{
	struct slice local = slice_sub(address, 0, slice_find_last_byte(address, '@'));
	struct buf name = buf_init(DISPLAY_NAME_KEY_MAX), other = buf_init(DISPLAY_NAME_KEY_MAX);
	bool same = false;

	if (display_name_key(utf8, &name) == STATUS_OK) {
		if (display_name_key(address, &other) == STATUS_OK)
			same = slice_equal(buf_slice(&name), buf_slice(&other));
		buf_reset(&other);
		if (!same && display_name_key(local, &other) == STATUS_OK)
			same = slice_equal(buf_slice(&name), buf_slice(&other));
	}
	buf_clear(&name);
	buf_clear(&other);
	return same;
}
