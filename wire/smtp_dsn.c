#include "wire/smtp_dsn.h"

#include "base/ascii.h"

static const struct {
	const char *keyword;
	uint8_t bit;
} notify_keywords[] = {
	{ "NEVER", SMTP_NOTIFY_NEVER },
	{ "SUCCESS", SMTP_NOTIFY_SUCCESS },
	{ "FAILURE", SMTP_NOTIFY_FAILURE },
	{ "DELAY", SMTP_NOTIFY_DELAY },
};

enum status
smtp_ret_parse(struct slice value, uint8_t *ret)
{
	if (slice_equal_nocase(value, SLICE("FULL")))
		*ret = SMTP_RET_FULL;
	else if (slice_equal_nocase(value, SLICE("HDRS")))
		*ret = SMTP_RET_HDRS;
	else
		return STATUS_SYNTAX;
	return STATUS_OK;
}

static uint8_t
notify_bit(struct slice word)
{
	for (size_t i = 0; i < ARRAY_LEN(notify_keywords); i++)
		if (slice_equal_nocase(word, slice_from_cstr(notify_keywords[i].keyword)))
			return notify_keywords[i].bit;
	return 0;
}

static bool
notify_is_sound(uint8_t notify)
{
	return notify <= SMTP_NOTIFY_ALL &&
	    ((notify & SMTP_NOTIFY_NEVER) == 0 || notify == SMTP_NOTIFY_NEVER);
}

enum status
smtp_notify_parse(struct slice value, uint8_t *notify)
{
	uint8_t all = 0;

	for (;;) {
		size_t n = slice_find_byte(value, ',');
		uint8_t bit = notify_bit(slice_sub(value, 0, n));

		if (bit == 0)
			return STATUS_SYNTAX;
		all |= bit;
		if (n >= value.len)
			break;
		value = slice_skip(value, n + 1);
	}
	if (!notify_is_sound(all))
		return STATUS_SYNTAX;
	*notify = all;
	return STATUS_OK;
}

/* Upper case only (RFC 3461 s.4); -1: none. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that s begins with, and how many of it say that; 0: no xtext. */
static size_t
xtext_byte(struct slice s, char *out)
{
	int high, low;

	if (s.ptr[0] <= ' ' || s.ptr[0] > '~' || s.ptr[0] == '=')
		return 0;
	*out = s.ptr[0];
	if (s.ptr[0] != '+')
		return 1;
	high = s.len > 2 ? hex_value(s.ptr[1]) : -1;
	low = s.len > 2 ? hex_value(s.ptr[2]) : -1;
	if (high < 0 || low < 0)
		return 0;
	*out = (char)(high << 4 | low);
	return 3;
}

/* Xtext of printable US-ASCII: all that may stand in either parameter. */
static bool
xtext_is_sound(struct slice s)
{
	while (s.len > 0) {
		char c;
		size_t n = xtext_byte(s, &c);

		if (n == 0 || c < ' ' || c > '~')
			return false;
		s = slice_skip(s, n);
	}
	return true;
}

enum status
smtp_envid_check(struct slice value)
{
	if (!xtext_is_sound(value))
		return STATUS_SYNTAX;
	return value.len > SMTP_ENVID_MAX ? STATUS_LIMIT : STATUS_OK;
}

/* atext of RFC 5322 that an address type may have. */
static bool
is_type(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.ptr[i]) && s.ptr[i] != '-' && s.ptr[i] != '_' &&
		    s.ptr[i] != '.')
			return false;
	return s.len > 0;
}

static void
put_point(struct slice c, struct buf *out)
{
	unsigned char first = (unsigned char)c.ptr[0];
	unsigned point = c.len == 2 ? first & 31u : c.len == 3 ? first & 15u : first & 7u;

	for (size_t i = 1; i < c.len; i++)
		point = point << 6 | ((unsigned char)c.ptr[i] & 63u);
	buf_printf(out, "\\x{%X}", point);
}

enum status
smtp_orcpt_parse(struct slice value, bool is_utf8, struct buf *out)
{
	size_t semicolon = slice_find_byte(value, ';');
	struct slice type = slice_sub(value, 0, semicolon);
	struct slice address = slice_skip(value, semicolon + 1);
	struct buf ascii = buf_init(SMTP_ORCPT_MAX);
	bool may_be_8bit = is_utf8 && slice_equal_nocase(type, SLICE("utf-8"));
	enum status st = STATUS_SYNTAX;

	if (semicolon >= value.len || !is_type(type) || address.len == 0 ||
	    !utf8_is_valid(address))
		goto out;
	(void)buf_append(&ascii, slice_sub(value, 0, semicolon + 1));
	while (address.len > 0) {
		size_t n = utf8_char_len(address);

		if (n > 1 && !may_be_8bit)
			goto out;
		if (n > 1)
			put_point(slice_sub(address, 0, n), &ascii);
		else
			(void)buf_append_byte(&ascii, address.ptr[0]);
		address = slice_skip(address, n > 1 ? n : 1);
	}
	st = buf_status(&ascii);
	if (st == STATUS_OK && !xtext_is_sound(slice_skip(buf_slice(&ascii), semicolon + 1)))
		st = STATUS_SYNTAX;
	if (st == STATUS_OK)
		st = buf_append(out, buf_slice(&ascii));
out:
	buf_clear(&ascii);
	return st;
}

void
smtp_notify_write(uint8_t notify, struct buf *out)
{
	const char *between = "";

	for (size_t i = 0; i < ARRAY_LEN(notify_keywords); i++) {
		if ((notify & notify_keywords[i].bit) == 0)
			continue;
		buf_printf(out, "%s%s", between, notify_keywords[i].keyword);
		between = ",";
	}
}

void
smtp_xtext_write(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c > ' ' && c <= '~' && c != '+' && c != '=')
			(void)buf_append_byte(out, c);
		else
			buf_printf(out, "+%02X", (unsigned char)c);
	}
}

void
smtp_xtext_show(struct slice xtext, struct buf *out)
{
	while (xtext.len > 0) {
		char c = xtext.ptr[0];
		size_t n = xtext_byte(xtext, &c);

		(void)buf_append_byte(out, ascii_is_control(c) ? '?' : c);
		xtext = slice_skip(xtext, n > 1 ? n : 1);
	}
}

bool
smtp_notify_wants(uint8_t notify, enum smtp_notify what)
{
	if (notify == 0)
		return what == SMTP_NOTIFY_FAILURE || what == SMTP_NOTIFY_DELAY;
	return (notify & what) != 0;
}

void
smtp_dsn_mail_put(const struct smtp_dsn_mail *d, struct buf *out)
{
	put_u8(out, d->ret);
	put_slice(out, d->envid);
}

void
smtp_dsn_mail_read(struct reader *in, struct smtp_dsn_mail *d)
{
	d->ret = read_u8(in);
	d->envid = read_slice(in);
	if (d->ret >= SMTP_RET_COUNT || smtp_envid_check(d->envid) != STATUS_OK)
		reader_fail(in);
}

void
smtp_dsn_rcpt_put(const struct smtp_dsn_rcpt *d, struct buf *out)
{
	put_u8(out, d->notify);
	put_slice(out, d->orcpt);
}

void
smtp_dsn_rcpt_read(struct reader *in, struct smtp_dsn_rcpt *d)
{
	struct buf same = buf_init(SMTP_ORCPT_MAX);

	d->notify = read_u8(in);
	d->orcpt = read_slice(in);
	if (!notify_is_sound(d->notify) || (d->orcpt.len > 0 &&
	    smtp_orcpt_parse(d->orcpt, false, &same) != STATUS_OK))
		reader_fail(in);
	buf_clear(&same);
}
