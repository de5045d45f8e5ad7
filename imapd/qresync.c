#include "imapd/qresync.h"

#include "imapd/condstore.h"
#include "imapd/selected.h"
#include "store/flags.h"
#include "store/vanished.h"

#define LINE_RANGES_MAX 1000	/* of one response: some clients have short lines */

void
qresync_clear(struct qresync *q)
{
	uidset_clear(&q->known);
}

/* SP, then a set without '*'. */
static enum status
take_set(struct imap_reader *args, struct slice *text, struct uidset *out)
{
	struct imap_reader ahead = *args;
	enum status st;

	if (!imap_take_space(&ahead) || imap_take_set(&ahead, text) != STATUS_OK)
		return STATUS_ABSENT;
	st = sequence_read_set(*text, 0, out);
	if (st == STATUS_OK)
		*args = ahead;
	return st;
}

static enum status
take_match(struct imap_reader *args, struct qresync *out)
{
	struct imap_reader ahead = *args;
	struct uidset numbers = uidset_init(), uids = uidset_init();
	enum status st;

	if (!imap_take_space(&ahead) || !imap_take_byte(&ahead, '('))
		return STATUS_OK;
	/* The first set has no SP before it. */
	if (imap_take_set(&ahead, &out->numbers) != STATUS_OK)
		return STATUS_SYNTAX;
	st = sequence_read_set(out->numbers, 0, &numbers);
	if (st == STATUS_OK)
		st = take_set(&ahead, &out->uids, &uids);
	if (st == STATUS_OK && (!imap_take_byte(&ahead, ')') ||
	    uidset_size(&numbers) != uidset_size(&uids)))
		st = STATUS_SYNTAX;
	uidset_clear(&numbers);
	uidset_clear(&uids);
	if (st == STATUS_OK)
		*args = ahead;
	return st == STATUS_ABSENT ? STATUS_SYNTAX : st;
}

enum status
qresync_take(struct imap_reader *args, struct qresync *out)
{
	struct slice text;
	enum status st;

	*out = (struct qresync){ .known = uidset_init(), .numbers = SLICE(""), .uids = SLICE("") };
	if (!imap_take_space(args) || !imap_take_byte(args, '(') ||
	    imap_take_number(args, &out->uid_validity) != STATUS_OK || out->uid_validity == 0 ||
	    condstore_take_number(args, &out->modseq) != STATUS_OK || out->modseq == 0)
		return STATUS_SYNTAX;
	st = take_set(args, &text, &out->known);
	out->has_known = st == STATUS_OK;
	if (st == STATUS_ABSENT)
		st = STATUS_OK;
	if (st == STATUS_OK)
		st = take_match(args, out);
	if (st == STATUS_OK && !imap_take_byte(args, ')'))
		st = STATUS_SYNTAX;
	return st;
}

uint64_t
qresync_since(const struct mailbox_row *row, uint64_t modseq)
{
	return modseq > condstore_highest(row) ? 0 : modseq;
}

/* The highest of length messages from number and uid on that has still that number; or 0. */
static uint32_t
match_run(const struct sequence *view, uint32_t number, uint32_t uid, uint32_t length)
{
	uint32_t low = 0, high = length;	/* so many match, so many might */

	while (low < high) {
		uint32_t mid = low + (high - low - 1) / 2;

		if (sequence_number(view, uid + mid) == number + mid)
			low = mid + 1;
		else
			high = mid;
	}
	return low == 0 ? 0 : uid + low - 1;
}

uint32_t
qresync_matched(const struct sequence *view, struct slice numbers, struct slice uids)
{
	uint32_t number = 1, number_last = 0, uid = 1, uid_last = 0, matched = 0;

	for (;;) {
		uint32_t length, found;

		if (number > number_last &&
		    imap_set_next(&numbers, &number, &number_last) != STATUS_OK)
			return matched;
		if (uid > uid_last && imap_set_next(&uids, &uid, &uid_last) != STATUS_OK)
			return matched;
		/* A range that runs downwards ends it. */
		if (number > number_last || uid > uid_last)
			return matched;
		length = number_last - number < uid_last - uid ? number_last - number :
		    uid_last - uid;
		length++;
		found = match_run(view, number, uid, length);
		if (found > matched)
			matched = found;
		if (found != uid + length - 1)
			return matched;
		number += length;
		uid += length;
		if (uid == 0)
			return matched;
	}
}

/* A response being written, and what the UIDs pass on their way into it. */
struct vanishing {
	struct buf *out;
	unsigned ranges;	/* in the line so far */
	const char *head;
	const struct sequence *view;	/* what it holds is not told */
	const struct uidset *among;	/* NULL: all */
	uint32_t above;
};

static bool
put_range(void *ctx, uint32_t first, uint32_t last)
{
	struct vanishing *v = ctx;

	if (v->ranges == LINE_RANGES_MAX) {
		buf_append(v->out, SLICE("\r\n"));
		v->ranges = 0;
	}
	buf_append(v->out, v->ranges++ == 0 ? slice_from_cstr(v->head) : SLICE(","));
	buf_append_u64(v->out, first);
	if (last != first)
		buf_printf(v->out, ":%u", last);
	return true;
}

static void
put_end(struct vanishing *v)
{
	if (v->ranges > 0)
		buf_append(v->out, SLICE("\r\n"));
}

/* [first, last] is not there: tell what of it is asked for. */
static bool
put_missing(void *ctx, uint32_t first, uint32_t last)
{
	struct vanishing *v = ctx;

	if (first <= v->above)
		first = v->above + 1;
	if (first > last || first == 0)
		return true;
	if (v->among == NULL)
		return sequence_gaps(v->view, first, last, put_range, v);
	for (uint32_t i = uidset_find(v->among, first); i < v->among->count; i++) {
		const struct uid_range *r = &v->among->ranges[i];

		if (r->first > last)
			break;
		(void)sequence_gaps(v->view, r->first > first ? r->first : first,
		    r->last < last ? r->last : last, put_range, v);
	}
	return true;
}

static bool
add_chunk(void *ctx, const struct flags_chunk *chunk)
{
	for (uint32_t i = 0; i < chunk->count; i++)
		sequence_append(ctx, chunk->entries[i].uid, chunk->entries[i].uid);
	return true;
}

/* All that was given out and is not there: it has vanished, if not since, then before. */
static enum status
put_complement(struct vanishing *v, struct txn *t, const struct mailbox_row *row,
    struct problem *why)
{
	struct sequence there;
	enum status st;

	sequence_init(&there);
	st = flags_each(t, row->id, 1, UINT32_MAX, add_chunk, &there, why);
	if (st == STATUS_OK && row->uid_next > 1)
		(void)sequence_gaps(&there, 1, row->uid_next - 1, put_missing, v);
	sequence_clear(&there);
	return st;
}

enum status
qresync_write_vanished(const struct selected *sel, struct txn *t, const struct mailbox_row *row,
    uint64_t since, const struct uidset *among, uint32_t above, struct buf *out,
    struct problem *why)
{
	struct vanishing v = { out, 0, "* VANISHED (EARLIER) ", &sel->view, among, above };
	struct uidset gone = uidset_init();
	enum status st = since == 0 ? STATUS_LIMIT : vanished_since(t, row, since, &gone, why);

	if (st == STATUS_LIMIT) {
		st = put_complement(&v, t, row, why);
	} else {
		/* What the journal names is exact: the match has nothing to add. */
		v.above = 0;
		for (uint32_t i = 0; st == STATUS_OK && i < gone.count; i++)
			(void)put_missing(&v, gone.ranges[i].first, gone.ranges[i].last);
	}
	put_end(&v);
	uidset_clear(&gone);
	return st;
}

void
qresync_write_gone(const struct uidset *gone, struct buf *out)
{
	struct vanishing v = { .out = out, .head = "* VANISHED " };

	for (uint32_t i = 0; i < gone->count; i++)
		(void)put_range(&v, gone->ranges[i].first, gone->ranges[i].last);
	put_end(&v);
}
