#include "mime/word.h"

#include <stdbool.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "mime/charset.h"
#include "mime/encoding.h"
#include "mime/lex.h"

#define CHARSET_NAME_MAX 80
#define WORD_BYTES 45	/* give 60 base64 characters: with "=?utf-8?B?" and "?=" a word of 72 */
#define WORD_AROUND 12		/* "=?utf-8?B?" and "?=" */
#define LINE_LEN 76		/* RFC 2047 s.2 */
#define WORD_BYTES_MIN 12	/* a word for less is not worth the rest of its line */

struct encoded_word {
	struct slice charset;	/* without the language behind '*' (RFC 2231 s.5) */
	char encoding;		/* 'b' or 'q' */
	struct slice text;
	size_t len;		/* of the whole */
};

struct decoder {
	struct slice body_charset;
	struct slice charset;	/* of the bytes in pending */
	struct buf pending;	/* decoded bytes of neighbouring words, not yet converted */
	bool has_no_end;	/* no "?=" in the rest of the text */
	struct buf *out;
};

/*
 * The encoded word that s begins with.  More is taken than the grammar allows:
 * blanks inside, any length.  has_no_end keeps the search for "?=" linear.
 */
static bool
word_at(struct slice s, bool *has_no_end, struct encoded_word *w)
{
	size_t mark, end, star;

	if (!slice_starts(s, SLICE("=?")) || *has_no_end)
		return false;
	w->charset = slice_sub(s, 2, CHARSET_NAME_MAX);
	mark = slice_find_byte(w->charset, '?');
	if (mark == 0 || mark == w->charset.len || s.len < mark + 5 || s.ptr[mark + 4] != '?')
		return false;
	w->charset.len = mark;
	star = slice_find_byte(w->charset, '*');
	w->charset.len = star;
	w->encoding = ascii_lower(s.ptr[mark + 3]);
	if (w->encoding != 'b' && w->encoding != 'q')
		return false;
	w->text = slice_skip(s, mark + 5);
	end = slice_find(w->text, SLICE("?="));
	if (end == w->text.len) {
		*has_no_end = true;
		return false;
	}
	w->text.len = end;
	w->len = mark + 5 + end + 2;
	return true;
}

/* RFC 2047 s.4.2; a '=' without two hex digits stands for itself. */
static void
decode_q(struct slice text, struct buf *out)
{
	size_t i = 0;

	while (i < text.len) {
		int high = i + 2 < text.len && text.ptr[i] == '=' ?
		    ascii_hex_value(text.ptr[i + 1]) : -1;
		int low = high >= 0 ? ascii_hex_value(text.ptr[i + 2]) : -1;
		char c = text.ptr[i] == '_' ? ' ' : text.ptr[i];

		if (low >= 0)
			c = (char)(high * 16 + low);
		if (low >= 0 || (c != '\r' && c != '\n'))
			(void)buf_append_byte(out, c);
		i += low >= 0 ? 3 : 1;
	}
}

static void
flush(struct decoder *d)
{
	if (d->pending.len > 0)
		(void)charset_to_utf8(d->charset, buf_slice(&d->pending), d->out);
	buf_reset(&d->pending);
}

/* Plain text: line ends go, 8-bit bytes are converted. */
static void
put_plain(struct decoder *d, struct slice raw)
{
	struct buf line;

	if (!lex_has_8bit(raw) && slice_find_byte(raw, '\r') == raw.len &&
	    slice_find_byte(raw, '\n') == raw.len) {
		(void)charset_to_utf8(SLICE("utf-8"), raw, d->out);
		return;
	}
	line = buf_init(raw.len);
	while (raw.len > 0) {
		size_t n = 0;

		while (n < raw.len && raw.ptr[n] != '\r' && raw.ptr[n] != '\n')
			n++;
		(void)buf_append(&line, slice_sub(raw, 0, n));
		raw = slice_skip(raw, n + 1);
	}
	(void)charset_to_utf8(charset_guess(buf_slice(&line), d->body_charset), buf_slice(&line),
	    d->out);
	buf_clear(&line);
}

static void
put_word(struct decoder *d, const struct encoded_word *w)
{
	if (!slice_equal_nocase(w->charset, d->charset))
		flush(d);
	d->charset = w->charset;
	if (w->encoding == 'b')
		(void)base64_decode_lenient(&d->pending, w->text);
	else
		decode_q(w->text, &d->pending);
}

/* Length of the encoded words, and the blanks between them, that s begins with. */
static size_t
take_words(struct decoder *d, struct slice s)
{
	struct encoded_word w;
	size_t used = 0;

	d->charset = slice_sub(s, 0, 0);
	for (;;) {
		size_t blanks = used == 0 ? 0 : lex_blank_len(slice_skip(s, used));

		if (!word_at(slice_skip(s, used + blanks), &d->has_no_end, &w) ||
		    !charset_is_known(w.charset))
			break;
		put_word(d, &w);
		used += blanks + w.len;
	}
	flush(d);
	return used;
}

/* A word in a charset nobody knows stays as it stands (RFC 2047 s.6.2): its length, or 0. */
static size_t
unknown_word_len(struct decoder *d, struct slice s)
{
	struct encoded_word w;

	return word_at(s, &d->has_no_end, &w) && !charset_is_known(w.charset) ? w.len : 0;
}

/* What decoding brought in must not act as a line end or a terminal's command. */
static void
blank_controls(struct buf *out, size_t from)
{
	size_t i;

	for (i = from; i < out->len; i++)
		if (ascii_is_control(out->ptr[i]))
			out->ptr[i] = ' ';
}

enum status
word_decode(struct slice raw, struct slice body_charset, struct buf *out)
{
	struct decoder d = { .body_charset = body_charset, .out = out,
		.pending = buf_init(raw.len) };
	size_t from = out->len;
	size_t plain = 0;	/* text before this is out already */
	size_t at = 0;

	while (at < raw.len) {
		size_t used;

		at += slice_find(slice_skip(raw, at), SLICE("=?"));
		if (at == raw.len)
			break;
		used = unknown_word_len(&d, slice_skip(raw, at));
		if (used == 0 && !d.has_no_end) {
			struct encoded_word w;

			if (word_at(slice_skip(raw, at), &d.has_no_end, &w)) {
				put_plain(&d, slice_sub(raw, plain, at - plain));
				used = take_words(&d, slice_skip(raw, at));
				plain = at + used;
			}
		}
		at += used > 0 ? used : 2;
	}
	put_plain(&d, slice_skip(raw, plain));
	buf_clear(&d.pending);
	blank_controls(out, from);
	return buf_status(out);
}

/* Printable ASCII without what a reader would take for an encoded word. */
static bool
needs_no_encoding(struct slice word)
{
	size_t i;

	for (i = 0; i < word.len; i++)
		if (ascii_is_control(word.ptr[i]) || ascii_is_8bit(word.ptr[i]))
			return false;
	return slice_find(word, SLICE("=?")) == word.len;
}

/* From the first word that needs encoding to the end of the last one; equal: none does. */
static void
find_core(struct slice s, size_t *begin, size_t *end)
{
	size_t at = 0;

	*begin = *end = s.len;
	while (at < s.len) {
		size_t n = slice_find_byte(slice_skip(s, at), ' ');

		if (!needs_no_encoding(slice_sub(s, at, n))) {
			if (*begin == s.len)
				*begin = at;
			*end = at + n;
		}
		at += n + 1;
	}
}

/* How many bytes the word at that column may hold, so that its line has 76: 0: none. */
static size_t
word_room(size_t column)
{
	size_t room = column + WORD_AROUND < LINE_LEN ? (LINE_LEN - column - WORD_AROUND) / 4 * 3 : 0;

	return room < WORD_BYTES ? room : WORD_BYTES;
}

enum status
word_encode(struct slice utf8, struct buf *out)
{
	return word_encode_at(utf8, 1, out);
}

enum status
word_encode_at(struct slice utf8, size_t column, struct buf *out)
{
	size_t begin, end, room;

	find_core(utf8, &begin, &end);
	room = word_room(column + begin);
	if (room < WORD_BYTES_MIN && begin < end) {
		room = WORD_BYTES;
		/* The blank before the word becomes the fold's. */
		(void)buf_append(out, slice_sub(utf8, 0, begin > 0 ? begin - 1 : 0));
		(void)buf_append(out, SLICE("\r\n "));
	} else {
		(void)buf_append(out, slice_sub(utf8, 0, begin));
	}
	for (; begin < end; room = WORD_BYTES) {
		size_t n = utf8_cut(slice_sub(utf8, begin, end - begin), room);

		(void)buf_append(out, SLICE("=?utf-8?B?"));
		(void)base64_encode(out, slice_sub(utf8, begin, n));
		(void)buf_append(out, SLICE("?="));
		begin += n;
		if (begin < end)
			(void)buf_append(out, SLICE("\r\n "));
	}
	(void)buf_append(out, slice_skip(utf8, end));
	return buf_status(out);
}
