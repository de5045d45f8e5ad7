#include "imapd/match.h"

#include <string.h>

#include "base/ascii.h"

static void
set_bit(struct match_set *s, unsigned n)
{
	s->bits[n / 64] |= UINT64_C(1) << (n % 64);
}

static bool
is_wild(char c)
{
	return c == '*' || c == '%';
}

/* Bytes at the head of the pattern that spell INBOX as a first level. */
static size_t
inbox_prefix(struct slice pattern)
{
	if (!slice_starts_nocase(pattern, SLICE("INBOX")))
		return 0;
	if (pattern.len > 5 && pattern.ptr[5] != '/' && !is_wild(pattern.ptr[5]))
		return 0;
	return 5;
}

/* A run of wildcards is one: '*' when it holds one, else '%'. */
static char
take_wild(struct slice *pattern)
{
	char c = '%';

	while (pattern->len != 0 && is_wild(pattern->ptr[0])) {
		if (pattern->ptr[0] == '*')
			c = '*';
		*pattern = slice_skip(*pattern, 1);
	}
	return c;
}

void
match_compile(struct slice pattern, struct match_pattern *out)
{
	size_t inbox = inbox_prefix(pattern);
	char c;

	memset(out, 0, sizeof(*out));
	while (pattern.len != 0) {
		if (out->steps == MATCH_STEPS_MAX) {
			out->is_hopeless = true;
			return;
		}
		if (is_wild(pattern.ptr[0])) {
			c = take_wild(&pattern);
			set_bit(&out->wild, out->steps);
			set_bit(c == '*' ? &out->stay_any : &out->stay_level, out->steps);
		} else {
			c = inbox > 0 ? ascii_upper(pattern.ptr[0]) : pattern.ptr[0];
			set_bit(&out->literal[(unsigned char)c], out->steps);
			pattern = slice_skip(pattern, 1);
		}
		inbox -= inbox > 0;
		out->steps++;
	}
	out->words = out->steps / 64 + 1;
}

/* Steps reached: those that were, moved on by one where move allows. */
static void
advance(struct match_set *to, const struct match_set *from, const struct match_set *move,
    unsigned words)
{
	uint64_t carry = 0;

	for (unsigned i = 0; i < words; i++) {
		uint64_t moved = from->bits[i] & move->bits[i];

		to->bits[i] |= moved << 1 | carry;
		carry = moved >> 63;
	}
}

bool
match_name(const struct match_pattern *p, struct slice name)
{
	struct match_set at = { 0 };

	if (p->is_hopeless)
		return false;
	set_bit(&at, 0);
	advance(&at, &at, &p->wild, p->words);
	for (size_t n = 0; n < name.len; n++) {
		struct match_set next = { 0 };
		unsigned char c = (unsigned char)name.ptr[n];

		for (unsigned i = 0; i < p->words; i++) {
			next.bits[i] = at.bits[i] & p->stay_any.bits[i];
			if (c != '/')
				next.bits[i] |= at.bits[i] & p->stay_level.bits[i];
		}
		advance(&next, &at, &p->literal[c], p->words);
		/* No two wildcards are neighbours, so one step skips all that can be. */
		advance(&next, &next, &p->wild, p->words);
		at = next;
	}
	return at.bits[p->steps / 64] >> (p->steps % 64) & 1;
}
