/*
 * What senders want to hear, as the next server is told of it.  The author's own ENVID and ORCPT
 * stay here: they may hold addresses and names that only the office knows, and the reports that
 * we make ourselves are where they are shown again.  Outside the envelope's id is the message's,
 * by which a report finds its author, and the original recipient is the one we send to.
 */
#include "base/ascii.h"
#include "base/mem.h"
#include "mime/header.h"
#include "smtpd/relay_internal.h"

bool
relay_entry_wants(const struct relay_entry *e, enum smtp_notify what)
{
	return e->batch->sender_len > 0 && smtp_notify_wants(e->wish.notify, what);
}

static struct slice
keep(struct buf *memory, const struct buf *value)
{
	size_t at = memory->len;

	if (buf_status(value) != STATUS_OK || buf_append(memory, buf_slice(value)) != STATUS_OK)
		return SLICE("");
	return slice_skip(buf_slice(memory), at);
}

/* The Message-ID without its brackets; our own id where it is none, or too long. */
static struct slice
envid_of(const struct relay_batch *b, struct buf *memory)
{
	struct buf value = buf_init(SMTP_ENVID_MAX);
	struct slice header, body, id = { 0 }, kept;
	struct header_field f;

	header_split(b->text.bytes, &header, &body);
	if (header_find(header, SLICE("Message-ID"), &f))
		id = slice_trim(f.value);
	if (id.len > 2 && id.ptr[0] == '<' && id.ptr[id.len - 1] == '>')
		smtp_xtext_write(slice_sub(id, 1, id.len - 2), &value);
	if (value.len == 0 || buf_status(&value) != STATUS_OK ||
	    smtp_envid_check(buf_slice(&value)) != STATUS_OK) {
		buf_clear(&value);
		value = buf_init(SMTP_ENVID_MAX);
		smtp_xtext_write(slice_from_cstr(b->mid), &value);
	}
	kept = keep(memory, &value);
	buf_clear(&value);
	return kept;
}

static struct slice
orcpt_of(const struct relay_entry *e, struct buf *memory)
{
	struct slice address = slice_make(e->recipient, e->recipient_len), kept;
	struct buf value = buf_init(SMTP_ORCPT_MAX);

	for (size_t i = 0; i < address.len; i++)
		if (ascii_is_8bit(address.ptr[i]))
			return SLICE("");
	(void)buf_append(&value, SLICE("rfc822;"));
	smtp_xtext_write(address, &value);
	kept = keep(memory, &value);
	buf_clear(&value);
	return kept;
}

static bool
has_wish(const struct relay_entry *e)
{
	return e->wish.notify != 0 || e->wish.orcpt.len > 0;
}

struct relay_wishes *
relay_wishes_of(const struct relay_batch *b)
{
	bool has = b->dsn.ret != SMTP_RET_UNSAID || b->dsn.envid.len > 0;
	struct relay_wishes *w;

	for (uint32_t i = 0; i < b->count; i++)
		has = has || has_wish(b->entries[i]);
	if (!has)
		return NULL;
	w = mem_new(struct relay_wishes);
	w->memory = buf_init(SMTP_ENVID_MAX + RELAY_RECIPIENTS_MAX * SMTP_ORCPT_MAX);
	/* Slices of it must not move. */
	if (buf_reserve(&w->memory, w->memory.max) != STATUS_OK)
		mem_assert_failed("a buffer holds its own maximum", __FILE__, __LINE__);
	w->mail.ret = b->dsn.ret;
	if (b->dsn.envid.len > 0)
		w->mail.envid = envid_of(b, &w->memory);
	for (uint32_t i = 0; i < b->count; i++) {
		const struct relay_entry *e = b->entries[i];

		w->recipients[i].notify = e->wish.notify;
		if (has_wish(e))
			w->recipients[i].orcpt = orcpt_of(e, &w->memory);
	}
	return w;
}

void
relay_wishes_free(struct relay_wishes **wp)
{
	struct relay_wishes *w = *wp;

	*wp = NULL;
	if (w == NULL)
		return;
	buf_clear(&w->memory);
	mem_free(w);
}
