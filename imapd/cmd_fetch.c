#include "base/mem.h"
#include "imapd/change.h"
#include "imapd/command.h"
#include "imapd/condstore.h"
#include "imapd/fetch.h"
#include "imapd/parse.h"
#include "imapd/selected.h"
#include "imapd/worker.h"
#include "store/flags.h"
#include "store/store.h"

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
	/* Without stored the mail can be read all the same; it stays unseen. */
	if (st != STATUS_OK) {
		uidset_clear(&job->seen);
		job->seen = uidset_init();
	}
	begin(s);
}

/* RFC 7162 s.3.1.4: with CHANGEDSINCE, MODSEQ is told whether it is asked for or not. */
static enum status
read_modifier(struct imap_session *s, struct imap_reader *args, struct fetch *job)
{
	bool has;
	enum status st = condstore_take_modifier(args, SLICE("CHANGEDSINCE"), &has,
	    &job->changed_since);

	if (st == STATUS_OK)
		st = parse_end(args);
	if (st != STATUS_OK)
		return st;
	if (has && !fetch_items_have(&job->items, FETCH_MODSEQ))
		fetch_items_add(&job->items, FETCH_MODSEQ);
	if (fetch_items_have(&job->items, FETCH_MODSEQ))
		condstore_enable(s);
	return STATUS_OK;
}

/* FETCH: read messages.  RFC 3501 s.6.4.5. */
enum status
cmd_fetch(struct imap_session *s, struct imap_reader *args)
{
	struct fetch *job = mem_new(struct fetch);
	enum status st;

	job->uids = uidset_init();
	job->seen = uidset_init();
	s->run.data = job;
	s->run.data_free = job_free;
	st = parse_set(s, args, &job->uids);
	if (st == STATUS_OK && !imap_take_space(args))
		st = STATUS_SYNTAX;
	if (st == STATUS_OK)
		st = fetch_items_parse(args, &job->items);
	if (st == STATUS_OK)
		st = read_modifier(s, args, job);
	if (st != STATUS_OK)
		return st;
	if (s->run.is_uid)
		put_uid_first(&job->items);
	if (job->items.sets_seen && !s->selected->is_read_only)
		st = find_unseen(s, job, &job->seen);
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
