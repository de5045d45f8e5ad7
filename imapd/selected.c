#include "imapd/selected.h"

#include "base/log.h"
#include "base/mem.h"
#include "imapd/condstore.h"
#include "imapd/qresync.h"
#include "imapd/worker.h"
#include "imapd/write.h"
#include "net/conn.h"
#include "store/client.h"
#include "store/flags.h"
#include "store/journal.h"
#include "store/store.h"

#define REPORT_PIECE (64 * 1024)	/* what is gathered before it goes to the conn */

static bool
add_chunk(void *ctx, const struct flags_chunk *chunk)
{
	struct sequence *view = ctx;

	for (uint32_t i = 0; i < chunk->count; i++)
		sequence_append(view, chunk->entries[i].uid, chunk->entries[i].uid);
	return true;
}

static uint64_t
keyword_bits(const struct keyword_names *keywords)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < KEYWORD_COUNT_MAX; i++)
		if (keywords->names[i].len != 0)
			bits |= UINT64_C(1) << (i + FLAG_KEYWORD_SHIFT);
	return bits;
}

static void
recent_claimed(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	/* Nobody waits for this: at worst another session sees them as recent, too. */
	(void)ctx;
	(void)st;
	(void)r;
	(void)why;
}

/* UIDs of the view from recent_from on are new to everybody; say so once. */
static enum status
claim_recent(struct selected *sel, uint32_t from, uint32_t first)
{
	struct imap_session *s = sel->session;
	uint32_t last = sequence_last(&sel->view);
	enum status st;

	if (first < from)
		first = from;
	if (last < first)
		return STATUS_OK;
	st = sequence_within(&sel->view, first, last, &sel->recent);
	if (!sel->is_read_only && last >= from)
		store_claim_recent(s->worker->client, buf_slice(&s->grant), sel->mailbox, last,
		    recent_claimed, NULL);
	return st;
}

enum status
selected_open(struct imap_session *s, struct txn *t, const struct mailbox_row *row,
    bool is_read_only, struct selected **out, struct problem *why)
{
	struct selected *sel = mem_new(struct selected);
	enum status st;

	sel->session = s;
	sel->mailbox = row->id;
	sel->is_read_only = is_read_only;
	sequence_init(&sel->view);
	sel->recent = uidset_init();
	sel->added = uidset_init();
	sel->flagged = uidset_init();
	sel->gone = uidset_init();
	st = store_change(t, &sel->change, why);
	if (st == STATUS_OK)
		st = flags_each(t, row->id, 1, UINT32_MAX, add_chunk, &sel->view, why);
	if (st == STATUS_OK)
		st = claim_recent(sel, row->recent_from, 1);
	if (st != STATUS_OK) {
		selected_close(&sel);
		return st;
	}
	worker_watch(s->worker, sel);
	*out = sel;
	return STATUS_OK;
}

void
selected_close(struct selected **sel)
{
	struct selected *old = *sel;

	*sel = NULL;
	if (old == NULL)
		return;
	worker_unwatch(old->session->worker, old);
	sequence_clear(&old->view);
	uidset_clear(&old->recent);
	uidset_clear(&old->added);
	uidset_clear(&old->flagged);
	uidset_clear(&old->gone);
	mem_free(old);
}

/*
 * What cannot be noted (sets of more ranges than a set may have) would leave the
 * client with a wrong view: better it comes again.
 */
static void
note(struct selected *sel, struct uidset *set, const struct uidset *uids)
{
	for (uint32_t i = 0; i < uids->count; i++)
		if (uidset_add(set, uids->ranges[i].first, uids->ranges[i].last) != STATUS_OK) {
			session_close(sel->session, "too many changes");
			return;
		}
}

void
selected_note(struct selected *sel, const struct journal_row *row)
{
	struct reader in = reader_of(row->uids);
	struct uidset uids, all;

	if (row->change <= sel->change)
		return;
	uidset_read(&in, &uids);
	switch ((enum journal_op)row->op) {
	case JOURNAL_ADDED:
		note(sel, &sel->added, &uids);
		break;
	case JOURNAL_FLAGGED:
		/* Our own STORE and FETCH tell the flags themselves. */
		if (!journal_is_by(row, slice_from_cstr(sel->session->sid)))
			note(sel, &sel->flagged, &uids);
		break;
	case JOURNAL_EXPUNGED:
		note(sel, &sel->gone, &uids);
		break;
	case JOURNAL_MAILBOX_REMOVED:
		all = uidset_init();
		if (uidset_add(&all, 1, UINT32_MAX) == STATUS_OK)
			note(sel, &sel->gone, &all);
		uidset_clear(&all);
		break;
	case JOURNAL_MAILBOX_MADE:
	case JOURNAL_MAILBOX_RENAMED:
	case JOURNAL_SUBSCRIBED:
	case JOURNAL_UNSUBSCRIBED:
	case JOURNAL_OP_COUNT:
		break;
	}
	uidset_clear(&uids);
}

bool
selected_has_news(const struct selected *sel)
{
	return sel->added.count != 0 || sel->flagged.count != 0 || sel->gone.count != 0;
}

static void
flush(struct selected *sel, struct buf *out, size_t above)
{
	if (out->len <= above)
		return;
	conn_write(sel->session->conn, buf_slice(out));
	buf_reset(out);
}

/* From the last to the first, so that no number moves before its message is told. */
static void
write_expunges(struct selected *sel, const struct uidset *hit, struct buf *out)
{
	for (uint32_t i = hit->count; i-- > 0;) {
		uint32_t number = sequence_number(&sel->view, hit->ranges[i].last);
		uint32_t left = hit->ranges[i].last - hit->ranges[i].first + 1;

		for (; left > 0; left--, number--) {
			buf_append(out, SLICE("* "));
			buf_append_u64(out, number);
			buf_append(out, SLICE(" EXPUNGE\r\n"));
			flush(sel, out, REPORT_PIECE);
		}
	}
}

/* What has gone is not recent any more: RECENT would count more messages than there are. */
static enum status
forget_recent(struct selected *sel)
{
	struct uidset left = uidset_init();
	enum status st = STATUS_OK;

	for (uint32_t i = 0; st == STATUS_OK && i < sel->recent.count; i++)
		st = sequence_within(&sel->view, sel->recent.ranges[i].first,
		    sel->recent.ranges[i].last, &left);
	uidset_clear(&sel->recent);
	sel->recent = left;
	return st;
}

static enum status
report_gone(struct selected *sel, struct buf *out)
{
	struct uidset hit = uidset_init();
	enum status st = STATUS_OK;

	for (uint32_t i = 0; st == STATUS_OK && i < sel->gone.count; i++)
		st = sequence_within(&sel->view, sel->gone.ranges[i].first,
		    sel->gone.ranges[i].last, &hit);
	if (st == STATUS_OK && sel->session->has_qresync)
		qresync_write_gone(&hit, out);
	else if (st == STATUS_OK)
		write_expunges(sel, &hit, out);
	sequence_remove(&sel->view, &hit);
	uidset_clear(&hit);
	return st == STATUS_OK ? forget_recent(sel) : st;
}

/* What came and has not gone again before anybody was told. */
static enum status
report_added(struct selected *sel, struct txn *t, struct buf *out, struct problem *why)
{
	struct mailbox_row row;
	struct sequence came;
	uint32_t first = sequence_last(&sel->view) + 1;
	enum status st;

	sequence_init(&came);
	for (uint32_t i = 0; i < sel->added.count; i++)
		sequence_append(&came, sel->added.ranges[i].first, sel->added.ranges[i].last);
	sequence_remove(&came, &sel->gone);
	for (uint32_t i = 0; i < came.count; i++)
		sequence_append(&sel->view, came.ranges[i].first, came.ranges[i].last);
	sequence_clear(&came);
	uidset_clear(&sel->added);
	sel->added = uidset_init();
	if (sequence_last(&sel->view) < first)
		return STATUS_OK;
	st = mailbox_get(t, sel->mailbox, &row, why);
	if (st == STATUS_OK)
		st = claim_recent(sel, row.recent_from, first);
	buf_printf(out, "* %u EXISTS\r\n* %u RECENT\r\n", sel->view.total,
	    (unsigned)uidset_size(&sel->recent));
	sel->exists_may_be_missed = sel->session->run.is_uid &&
	    sel->session->run.command->run == cmd_fetch;
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

struct flag_report {
	struct selected *sel;
	struct buf *out;
	const struct keyword_names *keywords;
};

static bool
report_chunk(void *ctx, const struct flags_chunk *chunk)
{
	struct flag_report *r = ctx;
	struct selected *sel = r->sel;

	for (uint32_t i = 0; i < chunk->count; i++) {
		const struct flags_entry *e = &chunk->entries[i];
		uint32_t number = sequence_number(&sel->view, e->uid);

		if (number == 0)
			continue;
		buf_printf(r->out, "* %u FETCH (UID %u FLAGS ", number, e->uid);
		write_flags(r->out, e->flags, uidset_has(&sel->recent, e->uid), r->keywords);
		if (sel->session->has_condstore) {
			buf_append_byte(r->out, ' ');
			condstore_write(r->out, e->modseq);
		}
		buf_append(r->out, SLICE(")\r\n"));
		flush(sel, r->out, REPORT_PIECE);
	}
	return true;
}

static enum status
report_flags(struct selected *sel, struct txn *t, struct buf *out, struct problem *why)
{
	struct keyword_names keywords = { 0 };
	struct flag_report report = { sel, out, &keywords };
	enum status st;

	if (sel->flagged.count == 0)
		return STATUS_OK;
	st = keyword_list(t, sel->mailbox, keywords.names, why);
	if (st == STATUS_OK && (keyword_bits(&keywords) & ~sel->keywords))
		st = selected_write_flags(sel, t, out, why);
	for (uint32_t i = 0; st == STATUS_OK && i < sel->flagged.count; i++)
		st = flags_each(t, sel->mailbox, sel->flagged.ranges[i].first,
		    sel->flagged.ranges[i].last, report_chunk, &report, why);
	uidset_clear(&sel->flagged);
	sel->flagged = uidset_init();
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

enum status
selected_write_flags(struct selected *sel, struct txn *t, struct buf *out, struct problem *why)
{
	struct keyword_names keywords = { 0 };
	uint64_t system = FLAG_SYSTEM, bits;
	enum status st = keyword_list(t, sel->mailbox, keywords.names, why);

	if (st != STATUS_OK)
		return st;
	bits = keyword_bits(&keywords);
	buf_append(out, SLICE("* FLAGS "));
	write_flags(out, system | bits, false, &keywords);
	buf_append(out, SLICE("\r\n* OK [PERMANENTFLAGS "));
	if (sel->is_read_only) {
		buf_append(out, SLICE("()] Nothing can be changed\r\n"));
	} else {
		write_flags(out, system | bits, false, &keywords);
		buf_truncate(out, out->len - 1);
		/* With all places taken there is none for a new keyword. */
		buf_append(out, bits >> FLAG_KEYWORD_SHIFT == UINT64_MAX >> FLAG_KEYWORD_SHIFT ?
		    SLICE(")] These stay\r\n") : SLICE(" \\*)] These stay\r\n"));
	}
	sel->keywords = bits;
	return STATUS_OK;
}

/*
 * A mod-sequence says to such a client that it knows all up to there: what has gone before
 * is told first.
 */
static bool
must_hold_flags(const struct selected *sel, enum command_updates updates)
{
	return updates != UPDATES_ALL && sel->session->has_qresync && sel->gone.count > 0;
}

void
selected_repeat(struct selected *sel)
{
	if (sel->exists_may_be_missed)
		conn_printf(sel->session->conn, "* %u EXISTS\r\n", sel->view.total);
	sel->exists_may_be_missed = false;
}

void
selected_report(struct selected *sel, enum command_updates updates)
{
	struct imap_session *s = sel->session;
	struct buf out = buf_init(64 * 1024 * 1024);
	struct problem why = { 0 };
	struct txn *t = NULL;
	enum status st;

	/* What this command told may be newer than what the worker has read of the journal. */
	if (updates == UPDATES_NONE || (!selected_has_news(sel) && !s->has_qresync))
		return;
	st = txn_begin_read(store_env(s->worker->store), &t, &why);
	if (st == STATUS_OK)
		worker_read_journal(s->worker, t);
	if (s->state == IMAP_CLOSED) {
		txn_abort(&t);
		return;
	}
	if (st == STATUS_OK && updates == UPDATES_ALL)
		st = report_gone(sel, &out);
	if (st == STATUS_OK)
		st = report_added(sel, t, &out, &why);
	if (st == STATUS_OK && !must_hold_flags(sel, updates))
		st = report_flags(sel, t, &out, &why);
	txn_abort(&t);
	if (updates == UPDATES_ALL) {
		uidset_clear(&sel->gone);
		sel->gone = uidset_init();
	}
	flush(sel, &out, 0);
	buf_clear(&out);
	if (st != STATUS_OK) {
		struct log_line l;

		log_begin(&l, LOG_ERROR, "imap.mailbox.unreadable", s->sid);
		log_u64(&l, "mailbox", sel->mailbox);
		log_status(&l, st, &why);
		log_end(&l);
	}
}
