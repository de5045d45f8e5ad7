#include "base/mem.h"
#include "imapd/change.h"
#include "imapd/command.h"
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

static void
stored(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;
	struct store_job *job = s->run.data;
	struct fetch show = { .uids = job->uids, .seen = uidset_init() };

	(void)r;
	(void)why;
	change_settle(s);
	if (s->state == IMAP_CLOSED)
		return;
	if (st == STATUS_OK)
		tell_keywords(s);
	if (st != STATUS_OK || job->is_silent) {
		command_finish(s, st);
		return;
	}
	job->uids = uidset_init();
	fetch_items_add(&show.items, FETCH_FLAGS);
	if (s->run.is_uid)
		fetch_items_add(&show.items, FETCH_UID);
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
		st = read_mode(args, &mode);
	if (st == STATUS_OK)
		st = parse_flags(args, FLAG_LIST_BARE, &flags);
	if (st == STATUS_OK)
		st = parse_end(args);
	if (st == STATUS_OK && s->selected->is_read_only)
		st = command_refuse(s, STATUS_DENIED, "[READ-ONLY] The mailbox was only examined");
	if (st == STATUS_OK && job->uids.count > 0) {
		job->is_silent = modes[mode].is_silent;
		s->run.call = store_flags(s->worker->client, buf_slice(&s->grant),
		    s->selected->mailbox, &job->uids, modes[mode].mode, flags.system,
		    buf_slice(&flags.keywords), 0, stored, s);
		st = STATUS_PENDING;
	}
	parsed_flags_clear(&flags);
	return st;
}
