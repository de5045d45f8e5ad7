/*
 * Any bytes are read as a header value of each kind.  What is decoded is valid
 * UTF-8 without controls, and encoding it again loses nothing.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "mime/address.h"
#include "mime/charset.h"
#include "mime/date.h"
#include "mime/encoding.h"
#include "mime/header.h"
#include "mime/param.h"
#include "mime/word.h"

#define ROOM(size) ((size) * 16 + 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(struct slice s)
{
	size_t i;

	ASSERT(utf8_is_valid(s));
	for (i = 0; i < s.len; i++)
		ASSERT(!ascii_is_control(s.ptr[i]));
}

static void
read_words(struct slice value)
{
	struct buf decoded = buf_init(ROOM(value.len));
	struct buf encoded = buf_init(ROOM(ROOM(value.len)));
	struct buf again = buf_init(ROOM(value.len));
	struct buf folded = buf_init(ROOM(value.len));

	ASSERT(word_decode(value, SLICE("big5"), &decoded) == STATUS_OK);
	check_text(buf_slice(&decoded));
	ASSERT(word_encode(buf_slice(&decoded), &encoded) == STATUS_OK);
	ASSERT(word_decode(buf_slice(&encoded), SLICE(""), &again) == STATUS_OK);
	ASSERT(slice_equal(buf_slice(&again), buf_slice(&decoded)));
	ASSERT(text_fold(buf_slice(&decoded), &folded) == STATUS_OK);
	check_text(buf_slice(&folded));
	buf_clear(&decoded);
	buf_clear(&encoded);
	buf_clear(&again);
	buf_clear(&folded);
}

static void
read_addresses(struct slice value)
{
	struct address_reader r = address_reader_init(value, 100);
	struct address a;
	unsigned open = 0;

	while (address_next(&r, &a)) {
		struct buf name = buf_init(ROOM(value.len));
		struct buf text = buf_init(ROOM(value.len));

		open += a.kind == ADDRESS_GROUP_BEGIN;
		open -= a.kind == ADDRESS_GROUP_END;
		ASSERT(open <= 1);
		address_name(&a, SLICE("gbk"), &name);
		check_text(buf_slice(&name));
		address_text(&a, &text);
		ASSERT(buf_status(&text) == STATUS_OK);
		buf_clear(&name);
		buf_clear(&text);
	}
	ASSERT(open == 0);
}

static void
read_params(struct slice value)
{
	struct param_list p;
	size_t i;

	param_list_parse(value, &p);
	for (i = 0; i < p.count; i++)
		ASSERT(p.params[i].name.len > 0);
	(void)param_list_get(&p, SLICE("charset"));
	param_list_clear(&p);
}

static void
read_bodies(struct slice value)
{
	static const enum encoding encodings[] = { ENCODING_IDENTITY, ENCODING_BASE64,
		ENCODING_QP };
	size_t i;

	for (i = 0; i < ARRAY_LEN(encodings); i++) {
		struct buf whole = buf_init(ROOM(value.len));
		struct buf cut = buf_init(value.len / 2);

		ASSERT(encoding_decode(encodings[i], value, &whole) == STATUS_OK);
		(void)encoding_decode(encodings[i], value, &cut);
		buf_clear(&whole);
		buf_clear(&cut);
	}
}

/* The first line names a charset, the rest is in it. */
static void
read_charset(struct slice value)
{
	struct slice name = slice_take_until(&value, '\n');
	struct buf out = buf_init(ROOM(value.len));
	struct buf strict = buf_init(ROOM(value.len));
	enum status st;

	ASSERT(charset_to_utf8(name, value, &out) == STATUS_OK);
	ASSERT(utf8_is_valid(buf_slice(&out)));
	st = charset_to_utf8_strict(name, value, &strict);
	ASSERT(st != STATUS_OK || slice_equal(buf_slice(&strict), buf_slice(&out)));
	buf_clear(&out);
	buf_clear(&strict);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = slice_make(data, size);
	struct header_field f;
	struct date date;

	read_words(value);
	read_addresses(value);
	read_params(value);
	read_bodies(value);
	read_charset(value);
	(void)!date_parse(value, &date);
	(void)!date_parse_imap(value, &date);
	while (header_next(&value, &f))
		ASSERT(f.raw.len > 0);
	return 0;
}
