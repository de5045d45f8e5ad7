#include "base/mem.h"
#include "imapd/change.h"
#include "imapd/command.h"
#include "imapd/condstore.h"
#include "imapd/fetch.h"
#include "imapd/parse.h"
#include "imapd/qresync.h"
#include "imapd/selected.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/flags.h"
#include "store/store.h"

#define VANISHED_MAX (16 * 1024 * 1024)	/* of the longest sets */

/* Clients look for UID first in the answer to UID FETCH. */
static void
put_uid_first(struct fetch_items *items)
{
	struct fetch_item uid;

	if (fetch_items_have(items, FETCH_UID))
		return;
	fetch_items_add(items, FETCH_UID);
	uid = items->items[items->count - 1];
	for (uint32_t i = items->count - 1; i > 0; i--)
		items->items[i] = items->items[i - 1];
	items->items[0] = uid;
}

struct unseen {
	const struct uidset *of;
	uint64_t changed_since;
	struct uidset found;
	enum status status;
};

static bool
note_unseen(void *ctx, const struct flags_chunk *chunk)
{
	struct unseen *u = ctx;

	for (uint32_t i = 0; u->status == STATUS_OK && i < chunk->count; i++) {
		const struct flags_entry *e = &chunk->entries[i];

		if (!(e->flags & FLAG_SEEN) && e->modseq >= u->changed_since &&
		    uidset_has(u->of, e->uid))
			u->status = uidset_add(&u->found, e->uid, e->uid);
	}
	return u->status == STATUS_OK;
}

static enum status
find_unseen(struct imap_session *s, const struct fetch *job, struct uidset *out)
{
	const struct uidset *uids = &job->uids;
	struct unseen u = { .of = uids, .found = uidset_init() };
	struct problem why = { 0 };
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, &why);

	u.changed_since = job->changed_since == 0 ? 0 : job->changed_since + 1;
	for (uint32_t i = 0; st == STATUS_OK && i < uids->count; i++) {
		st = flags_each(t, s->selected->mailbox, uids->ranges[i].first,
		    uids->ranges[i].last, note_unseen, &u, &why);
		if (st == STATUS_OK)
			st = u.status;
	}
	txn_abort(&t);
	*out = u.found;
	return st;
}

static void
job_free(void **data)
{
	fetch_clear(*data);
	mem_free(*data);
	*data = NULL;
}

static void
begin(struct imap_session *s)
{
	struct fetch job = *(struct fetch *)s->run.data;

	*(struct fetch *)s->run.data = (struct fetch){ 0 };
	fetch_start(s, &job);
}

static void
marked_seen(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;
	struct fetch *job = s->run.data;

	(void)r;
	(void)why;
	change_settle(s);
	if (s->state == IMAP_CLOSED)
		return;
	/* Without stored the mail can be read all the same; it stays unseen. */
	if (st != STATUS_OK) {
		uidset_clear(&job->seen);
		job->seen = uidset_init();
	}
	begin(s);
}

struct modifiers {
	bool has_changed_since, wants_vanished;
};

static enum status
take_modifier(struct imap_reader *args, struct fetch *job, struct modifiers *m)
{
	struct slice word;

	if (imap_take_atom(args, &word) != STATUS_OK)
		return STATUS_SYNTAX;
	if (slice_equal_nocase(word, SLICE("VANISHED"))) {
		m->wants_vanished = true;
		return STATUS_OK;
	}
	if (!slice_equal_nocase(word, SLICE("CHANGEDSINCE")) || m->has_changed_since)
		return STATUS_SYNTAX;
	m->has_changed_since = true;
	return condstore_take_number(args, &job->changed_since);
}

/*
 * RFC 7162 s.3.1.4, s.3.2.6: with CHANGEDSINCE, MODSEQ is told whether it is asked for or not;
 * VANISHED only beside it, in UID FETCH, and when it was enabled.
 */
static enum status
read_modifiers(struct imap_session *s, struct imap_reader *args, struct fetch *job,
    struct modifiers *m)
{
	struct imap_reader ahead = *args;
	enum status st = STATUS_OK;

	if (imap_take_space(&ahead) && imap_take_byte(&ahead, '(')) {
		do {
			st = take_modifier(&ahead, job, m);
		} while (st == STATUS_OK && imap_take_space(&ahead));
		if (st == STATUS_OK && !imap_take_byte(&ahead, ')'))
			st = STATUS_SYNTAX;
		*args = ahead;
	}
	if (st == STATUS_OK)
		st = parse_end(args);
	if (st != STATUS_OK)
		return st;
	if (m->wants_vanished && !(s->run.is_uid && m->has_changed_since && s->has_qresync))
		return command_refuse(s, STATUS_SYNTAX,
		    "VANISHED is for UID FETCH with CHANGEDSINCE once QRESYNC is enabled");
	if (m->has_changed_since && !fetch_items_have(&job->items, FETCH_MODSEQ))
		fetch_items_add(&job->items, FETCH_MODSEQ);
	if (fetch_items_have(&job->items, FETCH_MODSEQ))
		condstore_enable(s);
	return STATUS_OK;
}

/* What of the client's set has gone since; it need not be in the view. */
static enum status
tell_vanished(struct imap_session *s, struct slice set, struct fetch *job)
{
	struct selected *sel = s->selected;
	struct buf out = buf_init(VANISHED_MAX);
	struct uidset among = uidset_init();
	struct problem why = { 0 };
	struct mailbox_row row;
	struct txn *t = NULL;
	bool is_saved = slice_equal(set, SLICE("$"));
	enum status st = is_saved ? STATUS_OK : sequence_read_set(set, UINT32_MAX, &among);

	if (st == STATUS_OK)
		st = txn_begin_read(store_env(s->worker->store), &t, &why);
	if (st == STATUS_OK)
		st = mailbox_get(t, sel->mailbox, &row, &why);
	if (st == STATUS_OK) {
		job->changed_since = qresync_since(&row, job->changed_since);
		st = qresync_write_vanished(sel, t, &row, job->changed_since,
		    is_saved ? &sel->view.saved : &among, 0, &out, &why);
	}
	txn_abort(&t);
	if (st == STATUS_OK)
		conn_write(s->conn, buf_slice(&out));
	uidset_clear(&among);
	buf_clear(&out);
	/* A mailbox that is gone has told so, or will. */
	return st == STATUS_ABSENT ? STATUS_OK : st;
}

static enum status
read_arguments(struct imap_session *s, struct imap_reader *args, struct fetch *job,
    struct modifiers *m, struct slice *set)
{
	struct imap_reader ahead = *args;
	enum status st = parse_set(s, args, &job->uids);

	/* Read already: as the client wrote it. */
	if (st == STATUS_OK && (!imap_take_space(&ahead) ||
	    imap_take_set(&ahead, set) != STATUS_OK || !imap_take_space(args)))
		st = STATUS_SYNTAX;
	if (st == STATUS_OK)
		st = fetch_items_parse(args, &job->items);
	if (st == STATUS_OK)
		st = read_modifiers(s, args, job, m);
	return st;
}

/* FETCH: read messages.  RFC 3501 s.6.4.5, RFC 7162 s.3.2.6. */
enum status
cmd_fetch(struct imap_session *s, struct imap_reader *args)
{
	struct fetch *job = mem_new(struct fetch);
	struct modifiers m = { 0 };
	struct slice set;
	enum status st;

	job->uids = uidset_init();
	job->seen = uidset_init();
	s->run.data = job;
	s->run.data_free = job_free;
	st = read_arguments(s, args, job, &m, &set);
	if (st != STATUS_OK)
		return st;
	if (s->run.is_uid)
		put_uid_first(&job->items);
	if (job->items.sets_seen && !s->selected->is_read_only)
		st = find_unseen(s, job, &job->seen);
	if (st == STATUS_OK && m.wants_vanished)
		st = tell_vanished(s, set, job);
	if (st != STATUS_OK)
		return st;
	if (job->seen.count == 0)
		begin(s);
	else
		s->run.call = store_flags(s->worker->client, buf_slice(&s->grant),
		    s->selected->mailbox, &job->seen, STORE_FLAGS_ADD, FLAG_SEEN, SLICE(""), 0,
		    marked_seen, s);
	return STATUS_PENDING;
}
