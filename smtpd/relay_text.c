#include "smtpd/relay_text.h"

#include <unistd.h>

#include "base/ascii.h"
#include "net/ipc.h"

/* A byte of s at i that may not go out as it stands. */
static bool
is_flaw(struct slice s, size_t i)
{
	switch (s.ptr[i]) {
	case '\0':
		return true;
	case '\r':
		return i + 1 == s.len || s.ptr[i + 1] != '\n';
	case '\n':
		return i == 0 || s.ptr[i - 1] != '\r';
	default:	/* any other byte */
		return false;
	}
}

void
relay_text_of(struct relay_text *t, struct slice bytes)
{
	*t = (struct relay_text){ .bytes = bytes };
	for (size_t i = 0; i < bytes.len; i++) {
		t->is_8bit = t->is_8bit || ascii_is_8bit(bytes.ptr[i]);
		t->is_flawed = t->is_flawed || is_flaw(bytes, i);
	}
}

enum status
relay_text_open(struct relay_text *t, int fd, uint32_t size_bytes, struct problem *why)
{
	struct slice map;
	enum status st = memfd_sealed_check(fd, size_bytes, why);

	if (st == STATUS_OK)
		st = memfd_map(fd, size_bytes, &map, why);
	close(fd);
	if (st == STATUS_OK)
		relay_text_of(t, map);
	return st;
}

void
relay_text_close(struct relay_text *t)
{
	memfd_unmap(&t->bytes);
	*t = (struct relay_text){ 0 };
}

bool
relay_text_next(const struct relay_text *t, size_t *at, size_t max, struct slice *piece)
{
	struct slice s = t->bytes;
	size_t n = 0;

	if (t->is_flawed) {
		while (*at < s.len && s.ptr[*at] == '\0')
			(*at)++;
		if (*at < s.len && is_flaw(s, *at)) {
			(*at)++;
			*piece = SLICE("\r\n");
			return true;
		}
		while (*at + n < s.len && n < max && !is_flaw(s, *at + n))
			n++;
	} else {
		n = s.len - *at < max ? s.len - *at : max;
	}
	*piece = slice_sub(s, *at, n);
	*at += n;
	return n > 0;
}
