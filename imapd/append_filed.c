#include "imapd/append_filed.h"

#include "imapd/message_view.h"
#include "store/store.h"

#define LOOK_BACK 100			/* messages */
#define PREFIX_MAX (8 * 1024)		/* bytes of the lines in front */

static bool
is_ours(struct slice line)
{
	return slice_starts_nocase(line, SLICE("Return-Path:")) ||
	    slice_starts_nocase(line, SLICE("Received:"));
}

/* Whole header fields of ours and nothing else. */
static bool
is_prefix(struct slice prefix)
{
	bool is_first = true;

	while (prefix.len != 0) {
		size_t lf = slice_find_byte(prefix, '\n');
		bool is_folded = prefix.ptr[0] == ' ' || prefix.ptr[0] == '\t';

		if (lf == prefix.len || (is_first && is_folded) ||
		    (!is_folded && !is_ours(prefix)))
			return false;
		is_first = false;
		prefix = slice_skip(prefix, lf + 1);
	}
	return !is_first;
}

bool
append_is_filed_form(struct slice stored, struct slice text)
{
	size_t more;

	if (text.len == 0 || stored.len <= text.len || stored.len - text.len > PREFIX_MAX)
		return false;
	more = stored.len - text.len;
	return slice_equal(slice_skip(stored, more), text) &&
	    is_prefix(slice_sub(stored, 0, more));
}

struct search {
	struct store *store;
	struct txn *txn;
	uint32_t mailbox;
	struct slice message_id, text;
	uint32_t uid;		/* 0: none found yet */
	enum status status;
	struct problem *why;
};

static enum status
try_message(struct search *s, uint32_t uid)
{
	struct buf stored = buf_init(TEXT_SIZE_MAX);
	struct message_view v;
	enum status st;

	message_view_init(&v, s->store, s->txn, s->mailbox, uid);
	st = message_view_digest(&v, s->why);
	if (st == STATUS_OK && slice_equal(v.digest.message_id, s->message_id)) {
		st = message_view_text(&v, s->why);
		if (st == STATUS_OK)
			st = message_view_read(&v, 0, v.text.size_bytes, &stored, s->why);
		if (st == STATUS_OK && append_is_filed_form(buf_slice(&stored), s->text))
			s->uid = uid;
	}
	buf_clear(&stored);
	message_view_clear(&v);
	return st;
}

static bool
try_row(void *ctx, const struct message_row *row)
{
	struct search *s = ctx;

	if (row->size_bytes > s->text.len && row->size_bytes - s->text.len <= PREFIX_MAX)
		s->status = try_message(s, row->uid);
	return s->status == STATUS_OK && s->uid == 0;
}

enum status
append_filed_find(struct store *store, struct txn *t, const struct mailbox_row *mailbox,
    struct slice message_id, struct slice text, uint32_t *uid, struct problem *why)
{
	struct search s = {
		.store = store, .txn = t, .mailbox = mailbox->id, .message_id = message_id,
		.text = text, .why = why,
	};
	uint32_t first = mailbox->uid_next > LOOK_BACK ? mailbox->uid_next - LOOK_BACK : 1;
	enum status st;

	if (message_id.len == 0)
		return STATUS_ABSENT;
	st = message_each(t, mailbox->id, first, UINT32_MAX, try_row, &s, why);
	if (st == STATUS_OK)
		st = s.status;
	if (st == STATUS_OK && s.uid == 0)
		st = STATUS_ABSENT;
	if (st == STATUS_OK)
		*uid = s.uid;
	return st;
}
