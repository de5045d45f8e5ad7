#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"

#define PROGRAM_MAX 31
#define CUT_MARK " cut=yes\n"
/* Fields end here, so that the mark and the line end always find their place. */
#define FIELDS_MAX (LOG_LINE_MAX - (sizeof(CUT_MARK) - 1))
/* Each byte of a value as \xNN, "..." behind a cut one, two quotes. */
#define VALUE_TEXT_MAX (4 * LOG_VALUE_MAX + 5)

/* Written by log_open() before there are threads, only read later. */
static struct {
	char program[PROGRAM_MAX + 1];
	enum log_level level;
} sink = { "-", LOG_INFO };

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

void
log_open(const char *program, enum log_level level)
{
	struct slice name = slice_from_cstr(program);

	name.len = utf8_cut(name, PROGRAM_MAX);
	memset(sink.program, 0, sizeof(sink.program));
	if (name.len > 0)
		memcpy(sink.program, name.ptr, name.len);
	sink.level = level;
}

enum log_level
log_level_get(void)
{
	return sink.level;
}

/* Add " key=text" whole, or nothing and remember the loss. */
static void
put_field(struct log_line *l, const char *key, struct slice text)
{
	struct slice name = slice_from_cstr(key);
	size_t at = l->len;

	if (l->level > sink.level)
		return;
	if (name.len > FIELDS_MAX || text.len + name.len + 2 > FIELDS_MAX - at) {
		l->is_cut = true;
		return;
	}
	if (at > 0)
		l->text[at++] = ' ';
	memcpy(l->text + at, name.ptr, name.len);
	at += name.len;
	l->text[at++] = '=';
	if (text.len > 0)
		memcpy(l->text + at, text.ptr, text.len);
	l->len = at + text.len;
}

/* RFC 3339 with milliseconds. */
static void
put_time(struct log_line *l)
{
	char text[CLOCK_RFC3339_LEN + 5];
	struct timespec now;
	unsigned ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = (unsigned)(now.tv_nsec / 1000000);
	clock_write_rfc3339((uint64_t)now.tv_sec, text);
	text[CLOCK_RFC3339_LEN - 1] = '.';
	text[CLOCK_RFC3339_LEN] = (char)('0' + ms / 100 % 10);
	text[CLOCK_RFC3339_LEN + 1] = (char)('0' + ms / 10 % 10);
	text[CLOCK_RFC3339_LEN + 2] = (char)('0' + ms % 10);
	text[CLOCK_RFC3339_LEN + 3] = 'Z';
	put_field(l, "time", slice_make(text, CLOCK_RFC3339_LEN + 4));
}

void
log_begin(struct log_line *l, enum log_level level, const char *event, const char *sid)
{
	l->level = level;
	l->is_cut = false;
	l->len = 0;
	if (level > sink.level)
		return;
	put_time(l);
	put_field(l, "level", slice_from_cstr(level_names[level]));
	put_field(l, "prog", slice_from_cstr(sink.program));
	log_cstr(l, "event", event);
	if (sid != NULL)
		log_cstr(l, "sid", sid);
}

/*
 * True when this character must not be seen raw: a control, also a C1 one, and
 * U+2028 and U+2029, which some viewers take for line ends.
 */
static bool
needs_escape(struct slice character)
{
	unsigned char c = (unsigned char)character.ptr[0];

	if (c == 0xc2)
		return (unsigned char)character.ptr[1] < 0xa0;
	return ascii_is_control((char)c) || slice_equal(character, SLICE("\xe2\x80\xa8")) ||
	    slice_equal(character, SLICE("\xe2\x80\xa9"));
}

/* The value as it stands in the line, without quotes; *is_plain: it needs none. */
static size_t
escape(struct slice value, char *out, bool *is_plain)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	*is_plain = value.len > 0;
	while (value.len > 0) {
		size_t n = utf8_char_len(value);
		struct slice character = slice_sub(value, 0, n == 0 ? 1 : n);
		bool is_escaped = n == 0 || needs_escape(character);
		char c = character.ptr[0];
		size_t i;

		if (c == '"' || c == '\\')
			out[at++] = '\\';
		if (is_escaped || c == '"' || c == '\\' || c == ' ' || c == '=')
			*is_plain = false;
		for (i = 0; i < character.len; i++) {
			unsigned char byte = (unsigned char)character.ptr[i];

			if (is_escaped) {
				out[at++] = '\\';
				out[at++] = 'x';
				out[at++] = digits[byte >> 4];
				out[at++] = digits[byte & 15];
			} else {
				out[at++] = (char)byte;
			}
		}
		value = slice_skip(value, character.len);
	}
	return at;
}

void
log_slice(struct log_line *l, const char *key, struct slice value)
{
	size_t shown = utf8_cut(value, LOG_VALUE_MAX);
	char text[VALUE_TEXT_MAX];
	bool is_plain;
	size_t len;

	if (l->level > sink.level)
		return;
	len = escape(slice_sub(value, 0, shown), text + 1, &is_plain) + 1;
	if (shown < value.len) {
		memcpy(text + len, "...", 3);
		len += 3;
	}
	text[0] = '"';
	text[len] = '"';
	if (is_plain)
		put_field(l, key, slice_make(text + 1, len - 1));
	else
		put_field(l, key, slice_make(text, len + 1));
}

void
log_cstr(struct log_line *l, const char *key, const char *value)
{
	log_slice(l, key, slice_from_cstr(value));
}

void
log_u64(struct log_line *l, const char *key, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	put_field(l, key, slice_make(digits + at, sizeof(digits) - at));
}

void
log_status(struct log_line *l, enum status st, const struct problem *why)
{
	log_cstr(l, "status", status_name(st));
	if (why != NULL && why->text[0] != '\0')
		log_cstr(l, "why", why->text);
}

void
log_end(struct log_line *l)
{
	struct slice mark = l->is_cut ? SLICE(CUT_MARK) : SLICE("\n");
	int saved = errno;
	ssize_t n;

	if (l->level > sink.level || l->len == 0)
		return;
	memcpy(l->text + l->len, mark.ptr, mark.len);
	l->len += mark.len;
	do
		n = write(STDERR_FILENO, l->text, l->len);
	while (n < 0 && errno == EINTR);
	l->len = 0;
	errno = saved;
}

void
log_event(enum log_level level, const char *event, const char *sid, const char *key,
    const char *value)
{
	struct log_line l;

	log_begin(&l, level, event, sid);
	log_cstr(&l, key, value);
	log_end(&l);
}
