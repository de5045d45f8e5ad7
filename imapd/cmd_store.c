#include "base/mem.h"
#include "imapd/change.h"
#include "imapd/command.h"
#include "imapd/condstore.h"
#include "imapd/fetch.h"
#include "imapd/parse.h"
#include "imapd/selected.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/flags.h"
#include "store/store.h"

struct store_job {
	struct uidset uids;
	bool is_silent;
	bool has_unchanged_since;
	uint64_t unchanged_since;
};

static const struct {
	const char *name;
	enum store_flags_mode mode;
	bool is_silent;
} modes[] = {
	{ "FLAGS", STORE_FLAGS_SET, false },
	{ "+FLAGS", STORE_FLAGS_ADD, false },
	{ "-FLAGS", STORE_FLAGS_REMOVE, false },
	{ "FLAGS.SILENT", STORE_FLAGS_SET, true },
	{ "+FLAGS.SILENT", STORE_FLAGS_ADD, true },
	{ "-FLAGS.SILENT", STORE_FLAGS_REMOVE, true },
};

static void
job_free(void **data)
{
	struct store_job *job = *data;

	uidset_clear(&job->uids);
	mem_free(job);
	*data = NULL;
}

/* New keywords are named before the first message has them. */
static void
tell_keywords(struct imap_session *s)
{
	struct selected *sel = s->selected;
	struct buf out = buf_init(16 * 1024);
	uint64_t before = sel->keywords;
	struct problem why = { 0 };
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, &why);

	if (st == STATUS_OK)
		st = selected_write_flags(sel, t, &out, &why);
	txn_abort(&t);
	if (st == STATUS_OK && sel->keywords != before)
		conn_write(s->conn, buf_slice(&out));
	buf_clear(&out);
}

/* RFC 7162 s.3.1.3: which messages somebody else has changed. */
static enum status
note_modified(struct imap_session *s, const struct uidset *failed)
{
	struct uidset numbers = uidset_init();
	enum status st = STATUS_OK;

	if (failed->count == 0)
		return STATUS_OK;
	buf_append(&s->run.code, SLICE("MODIFIED "));
	for (uint32_t i = 0; !s->run.is_uid && i < failed->count; i++)
		for (uint32_t uid = failed->ranges[i].first; st == STATUS_OK; uid++) {
			uint32_t n = sequence_number(&s->selected->view, uid);

			if (n != 0)
				st = uidset_add(&numbers, n, n);
			if (uid == failed->ranges[i].last)
				break;
		}
	uidset_print(s->run.is_uid ? failed : &numbers, &s->run.code);
	uidset_clear(&numbers);
	return st;
}

/* With mod-sequences on, a silent STORE tells those of what it changed. */
static void
choose_shown(const struct imap_session *s, struct store_job *job, const struct uidset *changed,
    struct fetch *show)
{
	if (!job->is_silent) {
		show->uids = job->uids;
		job->uids = uidset_init();
		fetch_items_add(&show->items, FETCH_FLAGS);
	}
	for (uint32_t i = 0; job->is_silent && i < changed->count; i++)
		if (uidset_add(&show->uids, changed->ranges[i].first,
		    changed->ranges[i].last) != STATUS_OK)
			break;
	if (s->run.is_uid || s->has_qresync)
		fetch_items_add(&show->items, FETCH_UID);
	if (s->has_condstore)
		fetch_items_add(&show->items, FETCH_MODSEQ);
}

static void
stored(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;
	struct store_job *job = s->run.data;
	struct fetch show = { .uids = uidset_init(), .seen = uidset_init() };

	(void)why;
	change_settle(s);
	if (s->state == IMAP_CLOSED)
		return;
	if (st == STATUS_OK)
		tell_keywords(s);
	if (st == STATUS_OK)
		st = note_modified(s, &r->failed);
	if (st != STATUS_OK || (job->is_silent && !s->has_condstore)) {
		command_finish(s, st);
		return;
	}
	choose_shown(s, job, &r->source, &show);
	fetch_start(s, &show);
}

static enum status
read_mode(struct imap_reader *args, unsigned *mode)
{
	struct slice word;

	if (!imap_take_space(args) || imap_take_atom(args, &word) != STATUS_OK ||
	    !imap_take_space(args))
		return STATUS_SYNTAX;
	for (*mode = 0; *mode < ARRAY_LEN(modes); ++*mode)
		if (slice_equal_nocase(word, slice_from_cstr(modes[*mode].name)))
			return STATUS_OK;
	return STATUS_SYNTAX;
}

static enum status
begin(struct imap_session *s, const struct store_job *job, enum store_flags_mode mode,
    const struct parsed_flags *flags)
{
	if (job->has_unchanged_since)
		condstore_enable(s);
	if (job->uids.count == 0)
		return STATUS_OK;
	/* Nothing is as old as that; to the store 0 means no condition. */
	if (job->has_unchanged_since && job->unchanged_since == 0)
		return note_modified(s, &job->uids);
	s->run.call = store_flags(s->worker->client, buf_slice(&s->grant), s->selected->mailbox,
	    &job->uids, mode, flags->system, buf_slice(&flags->keywords), job->unchanged_since,
	    stored, s);
	return STATUS_PENDING;
}

/* STORE: change flags.  RFC 3501 s.6.4.6. */
enum status
cmd_store(struct imap_session *s, struct imap_reader *args)
{
	struct store_job *job = mem_new(struct store_job);
	struct parsed_flags flags = parsed_flags_init();
	unsigned mode = 0;
	enum status st;

	job->uids = uidset_init();
	s->run.data = job;
	s->run.data_free = job_free;
	st = parse_set(s, args, &job->uids);
	if (st == STATUS_OK)
		st = condstore_take_modifier(args, SLICE("UNCHANGEDSINCE"),
		    &job->has_unchanged_since, &job->unchanged_since);
	if (st == STATUS_OK)
		st = read_mode(args, &mode);
	if (st == STATUS_OK)
		st = parse_flags(args, FLAG_LIST_BARE, &flags);
	if (st == STATUS_OK)
		st = parse_end(args);
	if (st == STATUS_OK && s->selected->is_read_only)
		st = command_refuse(s, STATUS_DENIED, "[READ-ONLY] The mailbox was only examined");
	job->is_silent = modes[mode].is_silent;
	if (st == STATUS_OK)
		st = begin(s, job, modes[mode].mode, &flags);
	parsed_flags_clear(&flags);
	return st;
}
