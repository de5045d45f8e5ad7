#include "imapd/thread_read.h"

#include "mime/word.h"
#include "wire/imap_token.h"

#define SUBJECT_LOOKED_AT 200	/* bytes: base subjects are cut a little above */

/* Something was taken off the subject on the way to its base: "Re:", "Fwd:", "回复:". */
static bool
has_reply_mark(const struct digest *d)
{
	struct buf memory = buf_init(d->envelope.len + 1), decoded = buf_init(1024);
	struct imap_reader in = imap_reader_init(d->envelope, &memory);
	struct slice date, subject;
	bool is_reply = false;

	if (imap_take_byte(&in, '(') && imap_take_nstring(&in, &date) == STATUS_OK &&
	    imap_take_space(&in) && imap_take_nstring(&in, &subject) == STATUS_OK &&
	    subject.ptr != NULL && d->base_subject.len < SUBJECT_LOOKED_AT) {
		(void)word_decode(slice_sub(subject, 0, 1024), SLICE(""), &decoded);
		is_reply = slice_trim(buf_slice(&decoded)).len > d->base_subject.len;
	}
	buf_clear(&memory);
	buf_clear(&decoded);
	return is_reply;
}

static enum status
put_references(struct thread_list *l, const struct digest *d, struct thread_text *out)
{
	struct thread_text last;
	enum status st = STATUS_OK;

	*out = (struct thread_text){ (uint32_t)l->memory.len, 0 };
	for (unsigned i = 0; st == STATUS_OK && i < d->reference_count; i++) {
		uint64_t id = digest_reference(d, i);

		st = thread_text_put(l, slice_make((const char *)&id, sizeof(id)), &last);
		out->len += (uint32_t)sizeof(id);
	}
	return st;
}

enum status
thread_read(struct thread_list *l, enum thread_use use, uint32_t number,
    struct message_view *view, struct problem *why)
{
	struct thread_message m = { .number = number };
	const struct digest *d = &view->digest;
	enum status st = message_view_digest(view, why);

	if (st != STATUS_OK)
		return st;
	m.arrival = view->row.internal_at;
	m.size_bytes = view->row.size_bytes;
	m.date = d->sent_at == INT64_MIN ? m.arrival : d->sent_at;
	st = thread_text_put(l, d->base_subject, &m.subject);
	if (st == STATUS_OK && use == THREAD_FOR_SORT) {
		st = thread_text_put(l, d->from, &m.from);
		if (st == STATUS_OK)
			st = thread_text_put(l, d->to, &m.to);
		if (st == STATUS_OK)
			st = thread_text_put(l, d->cc, &m.cc);
	} else if (st == STATUS_OK) {
		m.id = d->message_id.len == 0 ? 0 : message_id_key(d->message_id);
		m.is_reply = has_reply_mark(d);
		st = put_references(l, d, &m.references);
	}
	if (st == STATUS_OK)
		thread_list_add(l, &m);
	return st;
}
