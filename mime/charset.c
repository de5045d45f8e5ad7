#include "mime/charset.h"

#include <errno.h>
#include <iconv.h>
#include <unicase.h>
#include <unistr.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "mime/lex.h"

#define REPLACEMENT SLICE("\357\277\275")	/* U+FFFD */
#define CHUNK 1024

enum decoder { DECODER_ICONV, DECODER_UTF8, DECODER_ASCII, DECODER_HZ };

struct charset {
	struct slice label;
	enum decoder decoder;
	const char *iconv_name;	/* the superset that mail programs read it as */
	bool is_stateful;	/* bytes below 128 are not always ASCII */
};

#define ICONV(label, name) { { label, sizeof(label) - 1 }, DECODER_ICONV, name, false }
#define STATEFUL(label, name) { { label, sizeof(label) - 1 }, DECODER_ICONV, name, true }
#define OTHER(label, decoder) { { label, sizeof(label) - 1 }, decoder, "GB18030", \
	decoder == DECODER_HZ }

static const struct charset charsets[] = {
	OTHER("utf-8", DECODER_UTF8), OTHER("utf8", DECODER_UTF8),
	OTHER("unicode-1-1-utf-8", DECODER_UTF8), OTHER("us-ascii", DECODER_ASCII),
	OTHER("ascii", DECODER_ASCII), OTHER("ansi_x3.4-1968", DECODER_ASCII),
	OTHER("iso646-us", DECODER_ASCII), OTHER("hz-gb-2312", DECODER_HZ),
	OTHER("hz", DECODER_HZ),
	ICONV("gb2312", "GB18030"), ICONV("gbk", "GB18030"), ICONV("gb18030", "GB18030"),
	ICONV("gb_2312-80", "GB18030"), ICONV("gb2312-80", "GB18030"),
	ICONV("csgb2312", "GB18030"), ICONV("euc-cn", "GB18030"), ICONV("euccn", "GB18030"),
	ICONV("x-gbk", "GB18030"), ICONV("gb-2312", "GB18030"), ICONV("cp936", "GB18030"),
	ICONV("windows-936", "GB18030"), ICONV("ms936", "GB18030"),
	ICONV("chinese", "GB18030"), ICONV("gb", "GB18030"),
	ICONV("big5", "BIG5-HKSCS"), ICONV("big5-hkscs", "BIG5-HKSCS"),
	ICONV("cn-big5", "BIG5-HKSCS"), ICONV("x-x-big5", "BIG5-HKSCS"),
	ICONV("big-5", "BIG5-HKSCS"), ICONV("csbig5", "BIG5-HKSCS"),
	ICONV("cp950", "BIG5-HKSCS"), ICONV("windows-950", "BIG5-HKSCS"),
	ICONV("euc-tw", "EUC-TW"),
	STATEFUL("iso-2022-cn", "ISO-2022-CN-EXT"), STATEFUL("iso-2022-cn-ext", "ISO-2022-CN-EXT"),
	ICONV("iso-8859-1", "CP1252"), ICONV("iso8859-1", "CP1252"), ICONV("latin1", "CP1252"),
	ICONV("iso_8859-1", "CP1252"), ICONV("l1", "CP1252"), ICONV("windows-1252", "CP1252"),
	ICONV("cp1252", "CP1252"), ICONV("cp-1252", "CP1252"), ICONV("ansi", "CP1252"),
	ICONV("iso-8859-2", "ISO-8859-2"), ICONV("latin2", "ISO-8859-2"),
	ICONV("iso-8859-3", "ISO-8859-3"), ICONV("iso-8859-4", "ISO-8859-4"),
	ICONV("iso-8859-5", "ISO-8859-5"), ICONV("iso-8859-6", "ISO-8859-6"),
	ICONV("iso-8859-7", "ISO-8859-7"), ICONV("iso-8859-8", "ISO-8859-8"),
	ICONV("iso-8859-8-i", "ISO-8859-8"), ICONV("iso-8859-9", "CP1254"),
	ICONV("iso-8859-10", "ISO-8859-10"), ICONV("iso-8859-11", "CP874"),
	ICONV("iso-8859-13", "ISO-8859-13"), ICONV("iso-8859-14", "ISO-8859-14"),
	ICONV("iso-8859-15", "ISO-8859-15"), ICONV("latin9", "ISO-8859-15"),
	ICONV("iso-8859-16", "ISO-8859-16"),
	ICONV("windows-1250", "CP1250"), ICONV("cp1250", "CP1250"),
	ICONV("windows-1251", "CP1251"), ICONV("cp1251", "CP1251"),
	ICONV("windows-1253", "CP1253"), ICONV("cp1253", "CP1253"),
	ICONV("windows-1254", "CP1254"), ICONV("cp1254", "CP1254"),
	ICONV("windows-1255", "CP1255"), ICONV("cp1255", "CP1255"),
	ICONV("windows-1256", "CP1256"), ICONV("cp1256", "CP1256"),
	ICONV("windows-1257", "CP1257"), ICONV("cp1257", "CP1257"),
	ICONV("windows-1258", "CP1258"), ICONV("cp1258", "CP1258"),
	ICONV("windows-874", "CP874"), ICONV("tis-620", "CP874"), ICONV("cp874", "CP874"),
	ICONV("cp437", "CP437"), ICONV("ibm437", "CP437"), ICONV("cp850", "CP850"),
	ICONV("ibm850", "CP850"), ICONV("cp852", "CP852"), ICONV("ibm852", "CP852"),
	ICONV("cp866", "CP866"), ICONV("ibm866", "CP866"),
	ICONV("koi8-r", "KOI8-R"), ICONV("koi8-u", "KOI8-U"), ICONV("koi8", "KOI8-R"),
	ICONV("macintosh", "MACINTOSH"), ICONV("x-mac-roman", "MACINTOSH"),
	ICONV("viscii", "VISCII"),
	ICONV("shift_jis", "CP932"), ICONV("shift-jis", "CP932"), ICONV("sjis", "CP932"),
	ICONV("x-sjis", "CP932"), ICONV("ms_kanji", "CP932"), ICONV("cp932", "CP932"),
	ICONV("windows-31j", "CP932"), ICONV("euc-jp", "EUC-JP-MS"), ICONV("x-euc-jp", "EUC-JP-MS"),
	STATEFUL("iso-2022-jp", "ISO-2022-JP-3"), STATEFUL("iso-2022-jp-1", "ISO-2022-JP-3"),
	STATEFUL("iso-2022-jp-2", "ISO-2022-JP-2"), STATEFUL("iso-2022-jp-3", "ISO-2022-JP-3"),
	STATEFUL("cp50220", "ISO-2022-JP-3"),
	ICONV("euc-kr", "CP949"), ICONV("ks_c_5601-1987", "CP949"), ICONV("ks_c_5601", "CP949"),
	ICONV("ksc5601", "CP949"), ICONV("cp949", "CP949"), ICONV("windows-949", "CP949"),
	ICONV("uhc", "CP949"), ICONV("x-windows-949", "CP949"), ICONV("johab", "JOHAB"),
	STATEFUL("iso-2022-kr", "ISO-2022-KR"),
	STATEFUL("utf-7", "UTF-7"), STATEFUL("unicode-1-1-utf-7", "UTF-7"),
	STATEFUL("utf-16", "UTF-16"), STATEFUL("utf-16le", "UTF-16LE"),
	STATEFUL("utf-16be", "UTF-16BE"), STATEFUL("utf-32", "UTF-32"),
	STATEFUL("utf-32le", "UTF-32LE"), STATEFUL("utf-32be", "UTF-32BE"),
};

static const struct charset *
charset_find(struct slice name)
{
	size_t i;

	name = slice_trim(name);
	for (i = 0; i < ARRAY_LEN(charsets); i++)
		if (slice_equal_nocase(charsets[i].label, name))
			return &charsets[i];
	return NULL;
}

bool
charset_is_known(struct slice name)
{
	return charset_find(name) != NULL;
}

static iconv_t
open_iconv(const struct charset *c)
{
	return iconv_open("UTF-8", c->iconv_name);
}

/*
 * libc unloads a converter some opens after its last close.  One descriptor of
 * each stays open for the life of the process, so that no file is read later.
 */
void
charset_prepare(void)
{
	static iconv_t kept[ARRAY_LEN(charsets)];
	size_t i;

	for (i = 0; i < ARRAY_LEN(charsets); i++)
		if (kept[i] == NULL)
			kept[i] = open_iconv(&charsets[i]);
}

/* Append UTF-8, cut at a character where it does not fit. */
static enum status
append_chars(struct buf *out, struct slice utf8)
{
	size_t room = out->max - out->len;

	if (utf8.len <= room)
		return buf_append(out, utf8);
	(void)buf_append(out, slice_sub(utf8, 0, utf8_cut(utf8, room)));
	out->is_over = true;
	return STATUS_LIMIT;
}

/* Length of the valid UTF-8 that s begins with. */
static size_t
valid_len(struct slice s)
{
	size_t at = 0;

	while (at < s.len) {
		size_t n = ascii_is_8bit(s.ptr[at]) ? utf8_char_len(slice_skip(s, at)) : 1;

		if (n == 0)
			break;
		at += n;
	}
	return at;
}

static enum status
repair_utf8(struct slice bytes, struct buf *out)
{
	enum status st = STATUS_OK;

	while (bytes.len > 0 && st == STATUS_OK) {
		size_t n = valid_len(bytes);

		st = append_chars(out, slice_sub(bytes, 0, n));
		bytes = slice_skip(bytes, n);
		if (bytes.len == 0 || st != STATUS_OK)
			break;
		st = append_chars(out, REPLACEMENT);
		bytes = slice_skip(bytes, 1);
		while (bytes.len > 0 && ((unsigned char)bytes.ptr[0] & 0xc0) == 0x80)
			bytes = slice_skip(bytes, 1);
	}
	return st;
}

/*
 * Run bytes through iconv.  is_strict: stop at the first that is not valid,
 * with SYNTAX; otherwise it becomes U+FFFD.
 */
static enum status
run_iconv(const struct charset *c, struct slice bytes, bool is_strict, struct buf *out)
{
	char chunk[CHUNK];
	char *in = (char *)(uintptr_t)bytes.ptr;	/* iconv() never writes there */
	size_t in_left = bytes.len;
	enum status st = STATUS_OK;
	iconv_t cd = open_iconv(c);

	if (cd == (iconv_t)-1)
		return STATUS_ABSENT;
	while (st == STATUS_OK) {
		char *to = chunk;
		size_t to_left = sizeof(chunk);
		bool is_end = in_left == 0;
		size_t result = iconv(cd, is_end ? NULL : &in, &in_left, &to, &to_left);
		int err = result == (size_t)-1 ? errno : 0;

		st = append_chars(out, slice_make(chunk, sizeof(chunk) - to_left));
		if (st != STATUS_OK || is_end)
			break;
		if (err == 0 || err == E2BIG)
			continue;
		st = is_strict ? STATUS_SYNTAX : append_chars(out, REPLACEMENT);
		if (in_left > 0) {
			in++;
			in_left--;
		}
	}
	(void)iconv_close(cd);
	return st;
}

/* RFC 1843: "~{" and "~}" around bytes of GB 2312 without their high bits; "~~" is a tilde. */
static void
hz_to_gb(struct slice s, struct buf *gb)
{
	bool is_gb = false;
	size_t i;

	for (i = 0; i < s.len; i++) {
		char next = i + 1 < s.len ? s.ptr[i + 1] : '\0';

		if (s.ptr[i] == '~' && (next == '{' || next == '}' || next == '\n')) {
			is_gb = next == '\n' ? is_gb : next == '{';
			i++;
			continue;
		}
		if (s.ptr[i] == '~' && next == '~')
			i++;
		if (s.ptr[i] == '\n')
			is_gb = false;
		(void)buf_append_byte(gb, is_gb && s.ptr[i] > ' ' ? (char)(s.ptr[i] | 0x80) :
		    s.ptr[i]);
	}
}

static enum status
run_hz(const struct charset *c, struct slice bytes, bool is_strict, struct buf *out)
{
	struct buf gb = buf_init(bytes.len);
	enum status st;

	hz_to_gb(bytes, &gb);
	st = run_iconv(c, buf_slice(&gb), is_strict, out);
	buf_clear(&gb);
	return st;
}

static enum status
convert(const struct charset *c, struct slice bytes, bool is_strict, struct buf *out)
{
	if (bytes.len == 0)
		return STATUS_OK;
	if (!c->is_stateful && !lex_has_8bit(bytes))
		return append_chars(out, bytes);
	switch (c->decoder) {
	case DECODER_ICONV:
		return run_iconv(c, bytes, is_strict, out);
	case DECODER_HZ:
		return run_hz(c, bytes, is_strict, out);
	case DECODER_ASCII:
		return STATUS_SYNTAX;
	case DECODER_UTF8:
		break;
	}
	if (is_strict && !utf8_is_valid(bytes))
		return STATUS_SYNTAX;
	return repair_utf8(bytes, out);
}

enum status
charset_to_utf8(struct slice name, struct slice bytes, struct buf *out)
{
	const struct charset *c = charset_find(name);
	enum status st;

	if (c == NULL || (c->decoder == DECODER_ASCII && lex_has_8bit(bytes)))
		c = charset_find(charset_guess(bytes, (struct slice){ NULL, 0 }));
	st = convert(c, bytes, false, out);
	if (st == STATUS_ABSENT)	/* this machine has no such converter */
		st = repair_utf8(bytes, out);
	return st;
}

enum status
charset_to_utf8_strict(struct slice name, struct slice bytes, struct buf *out)
{
	const struct charset *c = charset_find(name);
	size_t before = out->len;
	enum status st;

	if (c == NULL)
		return STATUS_ABSENT;
	st = convert(c, bytes, true, out);
	if (st != STATUS_OK)
		buf_truncate(out, before);
	return st;
}

struct slice
charset_guess(struct slice bytes, struct slice hint)
{
	const struct charset *c = charset_find(hint);
	struct buf scratch;
	enum status st;

	if (!lex_has_8bit(bytes) || utf8_is_valid(bytes))
		return SLICE("utf-8");
	if (c == NULL || c->is_stateful || c->decoder != DECODER_ICONV)
		return SLICE("gb18030");
	scratch = buf_init(bytes.len * 4 + 16);
	st = run_iconv(c, bytes, true, &scratch);
	buf_clear(&scratch);
	return st == STATUS_OK ? hint : SLICE("gb18030");
}

/*
 * Folding by way of upper case takes final sigma and the like along.  One
 * character gives one character, so that a match can be found in the text.
 */
static enum status
fold_char(struct slice one, struct buf *out)
{
	uint8_t folded[6];
	ucs4_t c;
	int n;

	(void)u8_mbtouc(&c, (const uint8_t *)one.ptr, one.len);
	n = u8_uctomb(folded, uc_tolower(uc_toupper(c)), sizeof(folded));
	return append_chars(out, n > 0 ? slice_make(folded, (size_t)n) : one);
}

static enum status
fold_ascii(struct slice s, struct buf *out)
{
	size_t n = s.len < out->max - out->len ? s.len : out->max - out->len;
	size_t i;

	if (buf_reserve(out, n) == STATUS_OK)
		for (i = 0; i < n; i++)
			out->ptr[out->len++] = ascii_lower(s.ptr[i]);
	if (n < s.len)
		out->is_over = true;
	return buf_status(out);
}

enum status
text_fold(struct slice utf8, struct buf *out)
{
	enum status st = STATUS_OK;

	while (utf8.len > 0 && st == STATUS_OK) {
		size_t n = 0;

		while (n < utf8.len && !ascii_is_8bit(utf8.ptr[n]))
			n++;
		if (n > 0) {
			st = fold_ascii(slice_sub(utf8, 0, n), out);
		} else {
			n = utf8_char_len(utf8);
			if (n == 0)
				n = 1;
			st = fold_char(slice_sub(utf8, 0, n), out);
		}
		utf8 = slice_skip(utf8, n);
	}
	return st;
}
