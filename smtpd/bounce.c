#include "smtpd/bounce.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "mime/compose.h"
#include "mime/header.h"
#include "mime/word.h"
#include "smtpd/bounce_text.h"

#define WORDS_MAX (256 * 1024)
#define SUBJECT_MAX 300
#define FIELD_MAX 2048

/* What differs between the kinds. */
static const struct {
	bool is_success;		/* there is nothing to be mended */
	const char *subject;
	const char *action;		/* RFC 3464 s.2.3.3 */
	const char *auto_submitted;	/* RFC 3834 s.5 */
	const char *first_zh, *first_en;
} kinds[] = {
	[BOUNCE_FAILED] = { false, "退信：邮件未能送达 / Undelivered mail", "failed", "auto-replied",
	    "您的邮件没有送达下列收件人，系统不再重试。",
	    "Your message could not be delivered to the recipients below and will not be tried "
	    "again." },
	[BOUNCE_DELAYED] = { false, "延迟通知：邮件还没有送达 / Mail delayed", "delayed",
	    "auto-generated", "您的邮件还没有送达下列收件人。系统会继续重试，您不需要再发一次。",
	    "Your message has not been delivered to the recipients below yet. It is still being "
	    "tried; you need not send it again." },
	[BOUNCE_DELIVERED] = { true, "送达回执：邮件已送达 / Delivery receipt", "delivered",
	    "auto-replied", "您的邮件已经送到下列收件人的邮箱。这不表示对方已经读过。",
	    "Your message has been delivered to the mailboxes of the recipients below. That does "
	    "not mean that they have read it." },
	[BOUNCE_RELAYED] = { true, "送达回执：邮件已转交 / Mail relayed", "relayed", "auto-replied",
	    "您的邮件已经转交给下列收件人的邮件服务器。那台服务器不发送达回执，所以不会再有送达通知。",
	    "Your message has been handed on to a mail server of the recipients below. It does not "
	    "send receipts, so you will not be told when the message is delivered." },
};

/* The words */

static void
put_days(struct buf *out, uint64_t seconds)
{
	buf_printf(out, "%u", (unsigned)((seconds + 86399) / 86400));
}

static void
put_recipient(const struct bounce *b, const struct bounce_recipient *r, bool is_english,
    struct buf *out)
{
	const struct bounce_reason *why = bounce_reason(r->result->enhanced);
	bool is_success = kinds[b->kind].is_success;

	buf_printf(out, "  <%.*s>\n", SLICE_ARG(r->address));
	if (is_success && r->result->text[0] == '\0')
		return;
	if (is_english && !is_success)
		buf_printf(out, "    What happened: %s\n    What to do: %s\n", why->what_en,
		    why->do_en);
	else if (!is_success)
		buf_printf(out, "    原因：%s\n    怎么办：%s\n", why->what_zh, why->do_zh);
	buf_printf(out, is_english ? "    In the server's words" : "    服务器的原话");
	if (b->remote.len > 0)
		buf_printf(out, " (%.*s)", SLICE_ARG(b->remote));
	buf_printf(out, ": %s\n\n", r->result->text);
}

/* A field of the original as text, or nothing. */
static void
put_original(const struct bounce *b, const char *label, struct slice name, struct buf *out)
{
	struct buf text = buf_init(SUBJECT_MAX);
	struct header_field f;
	struct slice header, body;

	header_split(b->text, &header, &body);
	if (header_find(header, name, &f)) {
		(void)word_decode(slice_trim(f.value), SLICE(""), &text);
		buf_printf(out, "  %s%.*s\n", label, SLICE_ARG(buf_slice(&text)));
	}
	buf_clear(&text);
}

static void
put_words_zh(const struct bounce *b, struct buf *out)
{
	buf_printf(out, "这是邮件系统自动发出的通知，请不要直接回复。\n\n%s\n\n", kinds[b->kind].first_zh);
	for (uint32_t i = 0; i < b->count; i++)
		put_recipient(b, &b->recipients[i], false, out);
	if (b->kind == BOUNCE_DELIVERED)
		buf_append_byte(out, '\n');
	if (b->is_expired) {
		buf_printf(out, "系统已经重试了 ");
		put_days(out, b->now_s - b->made_at);
		buf_printf(out, " 天。\n\n");
	}
	if (b->kind == BOUNCE_DELAYED && b->until_s > b->now_s) {
		buf_printf(out, "系统还会重试 ");
		put_days(out, b->until_s - b->now_s);
		buf_printf(out, " 天，之后才会退信。\n\n");
	}
	buf_printf(out, "原邮件：\n");
	put_original(b, "主题：", SLICE("Subject"), out);
	put_original(b, "时间：", SLICE("Date"), out);
}

static void
put_words_en(const struct bounce *b, struct buf *out)
{
	buf_printf(out, "\n----------\n\nThis is a notice of the mail system; please do not answer it."
	    "\n\n%s\n\n", kinds[b->kind].first_en);
	for (uint32_t i = 0; i < b->count; i++)
		put_recipient(b, &b->recipients[i], true, out);
	if (b->kind == BOUNCE_DELIVERED)
		buf_append_byte(out, '\n');
	if (b->is_expired) {
		buf_printf(out, "It was tried for ");
		put_days(out, b->now_s - b->made_at);
		buf_printf(out, " day(s).\n\n");
	}
	if (b->kind == BOUNCE_DELAYED && b->until_s > b->now_s) {
		buf_printf(out, "It will be tried for ");
		put_days(out, b->until_s - b->now_s);
		buf_printf(out, " more day(s) before it is returned.\n\n");
	}
	buf_printf(out, "The message:\n");
	put_original(b, "Subject: ", SLICE("Subject"), out);
	put_original(b, "Date: ", SLICE("Date"), out);
}

/* What programs read */

/* RFC 6533 s.3: an address that is not ASCII, in the form that 7-bit fields can hold. */
static void
put_address(struct slice address, struct buf *out)
{
	bool is_ascii = true;

	for (size_t i = 0; i < address.len; i++)
		is_ascii = is_ascii && !ascii_is_8bit(address.ptr[i]);
	(void)buf_append(out, is_ascii ? SLICE("rfc822; ") : SLICE("utf-8; "));
	while (address.len > 0) {
		size_t n = utf8_char_len(address);
		unsigned char first = (unsigned char)address.ptr[0];
		uint32_t point = n == 2 ? first & 31u : n == 3 ? first & 15u : first & 7u;

		if (n <= 1) {
			(void)buf_append_byte(out, first < 128 ? (char)first : '?');
			address = slice_skip(address, 1);
			continue;
		}
		for (size_t i = 1; i < n; i++)
			point = point << 6 | ((unsigned char)address.ptr[i] & 63u);
		buf_printf(out, "\\x{%X}", (unsigned)point);
		address = slice_skip(address, n);
	}
}

/* "type;xtext" of ORCPT: what cannot be printed was refused when it came, and is shown as '?'. */
static void
put_orcpt(struct slice orcpt, struct buf *out)
{
	size_t semicolon = slice_find_byte(orcpt, ';');

	buf_printf(out, "%.*s; ", SLICE_ARG(slice_sub(orcpt, 0, semicolon)));
	smtp_xtext_show(slice_skip(orcpt, semicolon + 1), out);
}

static void
put_date(struct buf *out, const char *name, uint64_t at_s)
{
	struct buf value = buf_init(64);

	clock_format_rfc5322(at_s, &value);
	compose_field(out, slice_from_cstr(name), buf_slice(&value));
	buf_clear(&value);
}

static void
put_status(const struct bounce *b, const struct bounce_recipient *r, struct buf *out)
{
	struct buf value = buf_init(FIELD_MAX);

	(void)buf_append(out, SLICE("\r\n"));
	if (r->orcpt.len > 0) {
		put_orcpt(r->orcpt, &value);
		compose_field(out, SLICE("Original-Recipient"), buf_slice(&value));
		buf_reset(&value);
	}
	put_address(r->address, &value);
	compose_field(out, SLICE("Final-Recipient"), buf_slice(&value));
	compose_field(out, SLICE("Action"), slice_from_cstr(kinds[b->kind].action));
	compose_field(out, SLICE("Status"), slice_from_cstr(r->result->enhanced));
	if (r->result->code != 0) {
		buf_reset(&value);
		buf_printf(&value, "dns; %.*s", SLICE_ARG(b->remote));
		compose_field(out, SLICE("Remote-MTA"), buf_slice(&value));
	}
	if (r->result->text[0] != '\0') {
		buf_reset(&value);
		buf_printf(&value, "%s; %s", r->result->code != 0 ? "smtp" : "x-tradepost",
		    r->result->text);
		compose_field(out, SLICE("Diagnostic-Code"), buf_slice(&value));
	}
	put_date(out, "Last-Attempt-Date", b->now_s);
	if (b->kind == BOUNCE_DELAYED)
		put_date(out, "Will-Retry-Until", b->until_s);
	buf_clear(&value);
}

static void
put_statuses(const struct bounce *b, struct buf *out)
{
	struct buf status = buf_init(BOUNCE_MAX), value = buf_init(FIELD_MAX);

	if (b->dsn.envid.len > 0) {
		smtp_xtext_show(b->dsn.envid, &value);
		compose_field(&status, SLICE("Original-Envelope-Id"), buf_slice(&value));
		buf_reset(&value);
	}
	buf_printf(&value, "dns; %.*s", SLICE_ARG(b->hostname));
	compose_field(&status, SLICE("Reporting-MTA"), buf_slice(&value));
	put_date(&status, "Arrival-Date", b->made_at);
	for (uint32_t i = 0; i < b->count; i++)
		put_status(b, &b->recipients[i], &status);
	compose_bytes(out, SLICE("message/delivery-status"), buf_slice(&status));
	buf_clear(&value);
	buf_clear(&status);
}

/* Header of the original, cut at the end of a line where it is too long. */
static struct slice
quoted_header(struct slice text)
{
	struct slice header, body;
	size_t n;

	header_split(text, &header, &body);
	if (header.len <= BOUNCE_HEADER_MAX)
		return header;
	header.len = BOUNCE_HEADER_MAX;
	n = slice_find_last_byte(header, '\n');
	if (n < header.len)
		header.len = n + 1;
	return header;
}

/* RFC 3461 s.4.3: RET speaks of failures; a message part has no encoding (RFC 2046 s.5.2.1). */
static bool
goes_back_whole(const struct bounce *b)
{
	return b->kind == BOUNCE_FAILED && b->dsn.ret == SMTP_RET_FULL &&
	    b->text.len <= BOUNCE_FULL_MAX && compose_is_7bit(b->text);
}

static void
put_header(const struct bounce *b, const char *boundary, struct buf *out)
{
	struct buf value = buf_init(FIELD_MAX);
	struct header_field id;

	/* RFC 5321 s.4.4: as for mail that comes by SMTP, so that no program answers it. */
	compose_field(out, SLICE("Return-Path"), SLICE("<>"));
	buf_printf(&value, "mailer-daemon@%.*s", SLICE_ARG(b->domain));
	compose_field_mailbox(out, SLICE("From"), SLICE("邮件系统 Mail System"), buf_slice(&value));
	compose_field_mailbox(out, SLICE("To"), SLICE(""), b->author);
	compose_field_text(out, SLICE("Subject"), slice_from_cstr(kinds[b->kind].subject));
	compose_field_date(out, b->now_s);
	buf_reset(&value);
	buf_printf(&value, "<%.*s@%.*s>", SLICE_ARG(b->mid), SLICE_ARG(b->domain));
	compose_field(out, SLICE("Message-ID"), buf_slice(&value));
	if (header_find(quoted_header(b->text), SLICE("Message-ID"), &id) && id.value.len < 900) {
		compose_field(out, SLICE("In-Reply-To"), id.value);
		compose_field(out, SLICE("References"), id.value);
	}
	compose_field(out, SLICE("Auto-Submitted"),
	    slice_from_cstr(kinds[b->kind].auto_submitted));
	compose_field(out, SLICE("MIME-Version"), SLICE("1.0"));
	buf_reset(&value);
	buf_printf(&value, "multipart/report; report-type=delivery-status; boundary=\"%s\"",
	    boundary);
	compose_field(out, SLICE("Content-Type"), buf_slice(&value));
	compose_header_end(out);
	buf_clear(&value);
}

void
bounce_write(const struct bounce *b, struct buf *out)
{
	struct buf words = buf_init(WORDS_MAX);
	char boundary[COMPOSE_BOUNDARY_LEN + 1];

	compose_boundary(boundary);
	put_header(b, boundary, out);
	put_words_zh(b, &words);
	put_words_en(b, &words);
	compose_part_begin(out, boundary);
	compose_text(out, buf_slice(&words));
	compose_part_begin(out, boundary);
	put_statuses(b, out);
	compose_part_begin(out, boundary);
	if (goes_back_whole(b))
		compose_bytes(out, SLICE("message/rfc822"), b->text);
	else
		compose_bytes(out, SLICE("text/rfc822-headers"), quoted_header(b->text));
	compose_parts_end(out, boundary);
	buf_clear(&words);
}
