#include "store/summary.h"

#include "mime/charset.h"
#include "mime/word.h"
#include "wire/imap_token.h"

void
summary_init(struct summary *s)
{
	s->subject = buf_init(SUMMARY_TEXT_MAX);
	s->from = buf_init(SUMMARY_TEXT_MAX);
	s->to = buf_init(SUMMARY_TEXT_MAX);
	s->cc = buf_init(SUMMARY_TEXT_MAX);
	s->bcc = buf_init(SUMMARY_TEXT_MAX);
}

void
summary_clear(struct summary *s)
{
	buf_clear(&s->subject);
	buf_clear(&s->from);
	buf_clear(&s->to);
	buf_clear(&s->cc);
	buf_clear(&s->bcc);
}

/* SP nstring, in a list where each but the first has a blank before it. */
static enum status
take_field(struct imap_reader *in, struct slice *out)
{
	(void)imap_take_space(in);
	return imap_take_nstring(in, out);
}

/* "(" name SP route SP mailbox SP host ")": a group begins and ends with no host. */
static enum status
take_address(struct imap_reader *in, struct buf *out)
{
	struct slice name, route, mailbox, host;

	if (!imap_take_byte(in, '(') || take_field(in, &name) != STATUS_OK ||
	    take_field(in, &route) != STATUS_OK || take_field(in, &mailbox) != STATUS_OK ||
	    take_field(in, &host) != STATUS_OK || !imap_take_byte(in, ')'))
		return STATUS_SYNTAX;
	if (host.ptr == NULL)
		return STATUS_OK;
	if (out->len > 0)
		buf_append(out, SLICE(", "));
	if (name.len > 0) {
		(void)word_decode(name, SLICE(""), out);
		buf_append(out, SLICE(" <"));
	}
	buf_printf(out, "%.*s@%.*s%s", SLICE_ARG(mailbox), SLICE_ARG(host), name.len > 0 ? ">" : "");
	return STATUS_OK;
}

/* SP, then NIL or "(" addresses ")". */
static enum status
take_addresses(struct imap_reader *in, struct buf *out)
{
	struct slice nil;

	(void)imap_take_space(in);
	if (!imap_take_byte(in, '('))
		return imap_take_nstring(in, &nil);
	while (!imap_take_byte(in, ')'))
		if (take_address(in, out) != STATUS_OK)
			return STATUS_SYNTAX;
	return STATUS_OK;
}

enum status
summary_read(struct slice envelope, struct summary *s)
{
	struct buf memory = buf_init(envelope.len + 1), unused = buf_init(SUMMARY_TEXT_MAX);
	/* RFC 3501 s.7.4.2: date, subject, from, sender, reply-to, to, cc, bcc, ... */
	struct buf *lists[] = { &s->from, &unused, &unused, &s->to, &s->cc, &s->bcc };
	struct imap_reader in = imap_reader_init(envelope, &memory);
	struct slice date, subject;
	enum status st = STATUS_SYNTAX;

	buf_reset(&s->subject);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		buf_reset(lists[i]);
	if (imap_take_byte(&in, '(') && take_field(&in, &date) == STATUS_OK)
		st = take_field(&in, &subject);
	if (st == STATUS_OK)
		(void)word_decode(subject, SLICE(""), &s->subject);
	for (size_t i = 0; st == STATUS_OK && i < ARRAY_LEN(lists); i++)
		st = take_addresses(&in, lists[i]);
	buf_clear(&memory);
	buf_clear(&unused);
	return st == STATUS_OK ? STATUS_OK : STATUS_CORRUPT;
}

bool
summary_holds(const struct buf *field, struct slice words)
{
	struct buf text = buf_init(4 * SUMMARY_TEXT_MAX), wanted = buf_init(4 * SUMMARY_TEXT_MAX);
	bool is_there;

	(void)text_fold(buf_slice(field), &text);
	(void)text_fold(words, &wanted);
	is_there = wanted.len == 0 ||
	    slice_find(buf_slice(&text), buf_slice(&wanted)) < text.len;
	buf_clear(&text);
	buf_clear(&wanted);
	return is_there;
}
