#include "store/subject.h"

#include <stdbool.h>

/* The last three rows of each pair: simplified and traditional. */
static const struct slice refwd_words[] = {
	{ "re", 2 }, { "fwd", 3 }, { "fw", 2 },
	{ "回复", 6 }, { "答复", 6 }, { "转发", 6 },
	{ "回覆", 6 }, { "答覆", 6 }, { "轉寄", 6 }, { "轉發", 6 },
};

static const struct slice colons[] = { { ":", 1 }, { "：", 3 } };

static struct slice
skip_blanks(struct slice s)
{
	while (s.len > 0 && s.ptr[0] == ' ')
		s = slice_skip(s, 1);
	return s;
}

/* Take one of words off *s. */
static bool
take_any(struct slice *s, const struct slice *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (slice_starts_nocase(*s, words[i])) {
			*s = slice_skip(*s, words[i].len);
			return true;
		}
	}
	return false;
}

/* subj-blob: "[" without brackets inside "]", and the blanks behind it. */
static bool
take_blob(struct slice *s)
{
	size_t i = 1;

	if (s->len == 0 || s->ptr[0] != '[')
		return false;
	while (i < s->len && s->ptr[i] != '[' && s->ptr[i] != ']')
		i++;
	if (i == s->len || s->ptr[i] != ']')
		return false;
	*s = skip_blanks(slice_skip(*s, i + 1));
	return true;
}

/* subj-leader: blobs, then Re or Fw, a blob, and a colon. */
static bool
take_leader(struct slice *s)
{
	struct slice rest = *s;

	while (take_blob(&rest))
		continue;
	if (!take_any(&rest, refwd_words, ARRAY_LEN(refwd_words)))
		return false;
	rest = skip_blanks(rest);
	(void)take_blob(&rest);
	if (!take_any(&rest, colons, ARRAY_LEN(colons)))
		return false;
	*s = skip_blanks(rest);
	return true;
}

static struct slice
drop_trailer(struct slice s)
{
	const struct slice fwd = SLICE("(fwd)");

	for (;;) {
		struct slice tail = slice_skip(s, s.len < fwd.len ? s.len : s.len - fwd.len);

		if (s.len > 0 && s.ptr[s.len - 1] == ' ')
			s.len--;
		else if (slice_equal_nocase(tail, fwd))
			s.len -= fwd.len;
		else
			return s;
	}
}

/* Steps 3 to 5. */
static struct slice
drop_leaders(struct slice s)
{
	for (;;) {
		struct slice rest = s;

		if (take_leader(&s))
			continue;
		if (!take_blob(&rest) || rest.len == 0)
			return s;
		s = rest;
	}
}

struct slice
subject_base(struct slice decoded)
{
	const struct slice wrapper = SLICE("[fwd:");
	struct slice s = skip_blanks(decoded);

	for (;;) {
		s = skip_blanks(drop_leaders(drop_trailer(s)));
		if (!slice_starts_nocase(s, wrapper) || s.ptr[s.len - 1] != ']')
			return s;
		s = skip_blanks(slice_sub(s, wrapper.len, s.len - wrapper.len - 1));
	}
}
