#include "mime/compose.h"

#include <stdbool.h>
#include <string.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/id.h"
#include "mime/word.h"

#define FOLD_AT 78		/* RFC 5322 s.2.1.1 */
#define LINE_MAX 998
#define ENCODED_LINE 76		/* RFC 2045 s.6.7 and s.6.8 */
#define VALUE_MAX 65536
#define DISPLAY_MAX 250		/* of a mailbox in a list; twice as long in quotes */
#define ADDRESS_MAX 320

/* value on one line: what could end it, or is no text, is a blank. */
static void
flatten(struct slice value, bool keeps_8bit, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (ascii_is_control(c))
			c = ' ';
		else if (ascii_is_8bit(c) && !keeps_8bit)
			c = '?';
		if (buf_append_byte(out, c) != STATUS_OK)
			return;
	}
}

/* Length of the next piece of a value: up to the blank before the word that is too much. */
static size_t
fold_len(struct slice rest, size_t column)
{
	size_t best = 0;

	for (size_t i = 1; i < rest.len; i++) {
		if (rest.ptr[i] != ' ' || rest.ptr[i - 1] == ' ')
			continue;
		if (column + i > FOLD_AT && best > 0)
			return best;
		best = i;
		if (column + i > FOLD_AT)
			return best;
	}
	return column + rest.len > FOLD_AT && best > 0 ? best : rest.len;
}

/* A line ends where a blank is, and at LINE_MAX in any case. */
static void
put_folded(struct buf *out, struct slice rest, size_t column)
{
	while (rest.len > 0) {
		size_t n = fold_len(rest, column);

		if (n > LINE_MAX - column)
			n = LINE_MAX - column;
		(void)buf_append(out, slice_sub(rest, 0, n));
		rest = slice_skip(rest, n);
		if (rest.len > 0)
			(void)buf_append(out, rest.ptr[0] == ' ' ? SLICE("\r\n")
			    : SLICE("\r\n "));
		column = 1;
	}
	(void)buf_append(out, SLICE("\r\n"));
}

static void
put_name(struct buf *out, struct slice name)
{
	(void)buf_append(out, name);
	(void)buf_append(out, SLICE(": "));
}

void
compose_field(struct buf *out, struct slice name, struct slice value)
{
	struct buf flat = buf_init(VALUE_MAX);

	flatten(slice_trim(value), false, &flat);
	put_name(out, name);
	put_folded(out, buf_slice(&flat), name.len + 2);
	buf_clear(&flat);
}

/* Encoded words come with their folds. */
static void
put_encoded(struct buf *out, struct slice utf8, size_t column)
{
	struct buf flat = buf_init(VALUE_MAX), encoded = buf_init(4 * VALUE_MAX);
	struct slice rest;

	flatten(slice_trim(utf8), true, &flat);
	(void)word_encode_at(buf_slice(&flat), column, &encoded);
	rest = buf_slice(&encoded);
	do {
		size_t n = slice_find(rest, SLICE("\r\n"));

		put_folded(out, slice_sub(rest, 0, n), column);
		rest = slice_skip(rest, n + 2);
		column = 0;
	} while (rest.len > 0);
	buf_clear(&encoded);
	buf_clear(&flat);
}

void
compose_field_text(struct buf *out, struct slice name, struct slice utf8)
{
	put_name(out, name);
	put_encoded(out, utf8, name.len + 2);
}

/* RFC 5322 s.3.2.3: atoms and blanks need no quotes. */
static bool
is_phrase(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.ptr[i]) && strchr("!#$%&'*+-/=?^_`{|}~ ", s.ptr[i]) == NULL)
			return false;
	return slice_find(s, SLICE("=?")) == s.len;
}

static void
put_quoted(struct buf *out, struct slice s)
{
	(void)buf_append_byte(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			(void)buf_append_byte(out, '\\');
		(void)buf_append_byte(out, s.ptr[i]);
	}
	(void)buf_append_byte(out, '"');
}

static bool
is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_8bit(s.ptr[i]))
			return false;
	return true;
}

void
compose_field_mailbox(struct buf *out, struct slice name, struct slice display,
    struct slice address)
{
	struct buf flat = buf_init(VALUE_MAX), value = buf_init(4 * VALUE_MAX);
	struct buf plain = buf_init(VALUE_MAX);

	flatten(slice_trim(display), true, &flat);
	flatten(slice_trim(address), false, &plain);
	put_name(out, name);
	if (!is_ascii(buf_slice(&flat))) {
		put_encoded(out, buf_slice(&flat), name.len + 2);
		out->len -= out->is_over ? 0 : 2;	/* the address still belongs to it */
		(void)buf_append(out, SLICE("\r\n "));
	} else if (flat.len > 0 && is_phrase(buf_slice(&flat))) {
		(void)buf_append(&value, buf_slice(&flat));
		(void)buf_append_byte(&value, ' ');
	} else if (flat.len > 0) {
		put_quoted(&value, buf_slice(&flat));
		(void)buf_append_byte(&value, ' ');
	}
	(void)buf_append_byte(&value, '<');
	(void)buf_append(&value, buf_slice(&plain));
	(void)buf_append_byte(&value, '>');
	put_folded(out, buf_slice(&value), name.len + 2);
	buf_clear(&flat);
	buf_clear(&value);
	buf_clear(&plain);
}

void
compose_mailbox(struct buf *out, struct slice display, struct slice address)
{
	struct slice cut = slice_sub(display, 0, utf8_cut(display, DISPLAY_MAX));
	struct buf flat = buf_init(VALUE_MAX), plain = buf_init(VALUE_MAX);

	flatten(slice_trim(cut), true, &flat);
	flatten(slice_sub(slice_trim(address), 0, ADDRESS_MAX), false, &plain);
	if (!is_ascii(buf_slice(&flat)))
		(void)word_encode(buf_slice(&flat), out);
	else if (is_phrase(buf_slice(&flat)))
		(void)buf_append(out, buf_slice(&flat));
	else
		put_quoted(out, buf_slice(&flat));
	if (flat.len > 0)
		(void)buf_append(out, SLICE(" <"));
	(void)buf_append(out, buf_slice(&plain));
	if (flat.len > 0)
		(void)buf_append_byte(out, '>');
	buf_clear(&flat);
	buf_clear(&plain);
}

void
compose_field_date(struct buf *out, uint64_t at_s)
{
	(void)buf_append(out, SLICE("Date: "));
	clock_format_rfc5322(at_s, out);
	(void)buf_append(out, SLICE("\r\n"));
}

void
compose_header_end(struct buf *out)
{
	(void)buf_append(out, SLICE("\r\n"));
}

/* Parts */

void
compose_boundary(char out[COMPOSE_BOUNDARY_LEN + 1])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t random[COMPOSE_BOUNDARY_LEN];

	/* "=_" is in no quoted-printable and no base64 text (RFC 2045 s.6.7). */
	id_random(random, sizeof(random));
	for (size_t i = 0; i < COMPOSE_BOUNDARY_LEN; i++)
		out[i] = letters[random[i] % 32];
	out[0] = '=';
	out[1] = '_';
	out[COMPOSE_BOUNDARY_LEN] = '\0';
}

void
compose_part_begin(struct buf *out, const char *boundary)
{
	(void)buf_append(out, SLICE("\r\n--"));
	(void)buf_append(out, slice_from_cstr(boundary));
	(void)buf_append(out, SLICE("\r\n"));
}

void
compose_parts_end(struct buf *out, const char *boundary)
{
	(void)buf_append(out, SLICE("\r\n--"));
	(void)buf_append(out, slice_from_cstr(boundary));
	(void)buf_append(out, SLICE("--\r\n"));
}

/* Length of the line end at s (CRLF, CR or LF), 0 when there is none. */
static size_t
line_end_len(struct slice s)
{
	if (s.len == 0 || (s.ptr[0] != '\r' && s.ptr[0] != '\n'))
		return 0;
	return s.ptr[0] == '\r' && s.len > 1 && s.ptr[1] == '\n' ? 2 : 1;
}

/* The bytes with every line end made CRLF, and one at the end. */
static void
put_lines(struct buf *out, struct slice bytes)
{
	bool is_at_start = true;

	while (bytes.len > 0) {
		size_t end = line_end_len(bytes);
		size_t n = 0;

		if (end > 0) {
			(void)buf_append(out, SLICE("\r\n"));
			bytes = slice_skip(bytes, end);
			is_at_start = true;
			continue;
		}
		while (n < bytes.len && bytes.ptr[n] != '\r' && bytes.ptr[n] != '\n')
			n++;
		(void)buf_append(out, slice_sub(bytes, 0, n));
		bytes = slice_skip(bytes, n);
		is_at_start = false;
	}
	if (!is_at_start)
		(void)buf_append(out, SLICE("\r\n"));
}

bool
compose_is_7bit(struct slice bytes)
{
	size_t line = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		if (ascii_is_8bit(bytes.ptr[i]) || bytes.ptr[i] == '\0')
			return false;
		line = bytes.ptr[i] == '\n' || bytes.ptr[i] == '\r' ? 0 : line + 1;
		if (line > LINE_MAX)
			return false;
	}
	return true;
}

void
compose_base64(struct buf *out, struct slice bytes)
{
	while (bytes.len > 0) {
		(void)base64_encode(out, slice_sub(bytes, 0, ENCODED_LINE / 4 * 3));
		(void)buf_append(out, SLICE("\r\n"));
		bytes = slice_skip(bytes, ENCODED_LINE / 4 * 3);
	}
}

void
compose_quoted_printable(struct buf *out, struct slice bytes)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t column = 0;

	while (bytes.len > 0) {
		size_t end = line_end_len(bytes);
		unsigned char c = (unsigned char)bytes.ptr[0];
		struct slice rest = slice_skip(bytes, end > 0 ? end : 1);
		bool is_last = line_end_len(rest) > 0 || rest.len == 0;
		bool is_plain = (c > ' ' && c < 127 && c != '=') ||
		    ((c == ' ' || c == '\t') && !is_last);

		/* Mail on its way turns a line "." and "From " into something else; "--" may be a boundary. */
		if (column == 0 && (c == '.' || c == 'F' || c == '-'))
			is_plain = false;
		if (end > 0) {
			(void)buf_append(out, SLICE("\r\n"));
			column = 0;
			bytes = rest;
			continue;
		}
		if (column + (is_plain ? 1 : 3) > ENCODED_LINE - 1) {
			(void)buf_append(out, SLICE("=\r\n"));
			column = 0;
			continue;	/* the same byte, now at the start of a line */
		}
		if (is_plain) {
			(void)buf_append_byte(out, (char)c);
		} else {
			(void)buf_append_byte(out, '=');
			(void)buf_append_byte(out, digits[c >> 4]);
			(void)buf_append_byte(out, digits[c & 15]);
		}
		column += is_plain ? 1 : 3;
		bytes = rest;
	}
	if (column > 0)
		(void)buf_append(out, SLICE("\r\n"));
}

void
compose_text(struct buf *out, struct slice utf8)
{
	struct buf lines = buf_init(2 * utf8.len + 2);
	bool is_plain = compose_is_7bit(utf8);

	put_lines(&lines, utf8);
	compose_field(out, SLICE("Content-Type"), is_plain ? SLICE("text/plain; charset=us-ascii")
	    : SLICE("text/plain; charset=utf-8"));
	compose_field(out, SLICE("Content-Transfer-Encoding"), is_plain ? SLICE("7bit")
	    : SLICE("base64"));
	compose_header_end(out);
	if (is_plain)
		(void)buf_append(out, buf_slice(&lines));
	else
		compose_base64(out, buf_slice(&lines));
	buf_clear(&lines);
}

void
compose_bytes(struct buf *out, struct slice type, struct slice bytes)
{
	bool is_plain = compose_is_7bit(bytes);

	compose_field(out, SLICE("Content-Type"), type);
	compose_field(out, SLICE("Content-Transfer-Encoding"), is_plain ? SLICE("7bit")
	    : SLICE("quoted-printable"));
	compose_header_end(out);
	if (is_plain)
		put_lines(out, bytes);
	else
		compose_quoted_printable(out, bytes);
}
