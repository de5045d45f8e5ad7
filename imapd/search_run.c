#include "imapd/search_run.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "imapd/command.h"
#include "imapd/condstore.h"
#include "imapd/search_match.h"
#include "imapd/selected.h"
#include "imapd/worker.h"
#include "store/store.h"

#define SLICE_MS 100
#define SLICE_READS 64		/* messages between two looks at the clock; behind a text, one */

struct search_run {
	struct search_program program;
	const struct search_kind_of_answer *kind;
	void *data;
	struct sequence_walk walk;
	uint32_t next_uid;
	enum status status;	/* of found() */
	bool is_damaged;
};

struct search_slice {
	struct imap_session *session;
	struct search_run *run;
	struct txn *txn;
	struct keyword_names keywords;
	uint64_t until_ms;
	uint32_t since_clock;
	bool is_full;
};

static void
run_free(void **data)
{
	struct search_run *run = *data;

	*data = NULL;
	search_program_clear(&run->program);
	run->kind->free(run->data);
	mem_free(run);
}

static void
try_message(struct search_slice *c, const struct flags_entry *e)
{
	const struct selected *sel = c->session->selected;
	struct search_run *run = c->run;
	uint32_t number = sequence_walk_to(&run->walk, e->uid);
	struct search_subject subject;
	struct message_view view;
	struct problem why = { 0 };
	bool fits = false;
	enum status st;

	if (number == 0)
		return;
	message_view_init(&view, c->session->worker->store, c->txn, sel->mailbox, e->uid);
	search_subject_init(&subject, &run->program, e, &c->keywords,
	    uidset_has(&sel->recent, e->uid), &view);
	st = search_match(&subject, &fits, &why);
	search_subject_clear(&subject);
	if (st == STATUS_OK && fits)
		st = run->kind->found(c->session, run->data, e, number, &view, &why);
	if (st == STATUS_LIMIT)
		run->status = st;
	/* Texts take long; a scan of flags does not. */
	c->since_clock += view.has_digest ? SLICE_READS : 1;
	message_view_clear(&view);
	if (st == STATUS_OK || st == STATUS_LIMIT)
		return;
	run->is_damaged = true;
	log_event(LOG_ERROR, "imap.message.unreadable", c->session->sid, "why", why.text);
}

static bool
slice_is_full(struct search_slice *c)
{
	if (c->since_clock < SLICE_READS)
		return false;
	c->since_clock = 0;
	return clock_monotonic_ms() >= c->until_ms;
}

static bool
try_chunk(void *ctx, const struct flags_chunk *chunk)
{
	struct search_slice *c = ctx;

	for (uint32_t i = 0; c->run->status == STATUS_OK && i < chunk->count; i++) {
		const struct flags_entry *e = &chunk->entries[i];

		if (e->uid < c->run->next_uid)
			continue;
		if (slice_is_full(c)) {
			c->is_full = true;
			return false;
		}
		try_message(c, e);
		c->run->next_uid = e->uid + 1;
	}
	return c->run->status == STATUS_OK;
}

static void
search_end(struct imap_session *s, enum status st)
{
	struct search_run *run = s->run.data;

	if (st == STATUS_OK)
		st = run->status;
	st = run->kind->end(s, run->data, st);
	if (st == STATUS_OK && run->is_damaged)
		st = command_refuse(s, STATUS_CORRUPT,
		    "[CORRUPTION] Some messages cannot be read");
	command_finish(s, st);
}

static void
search_step(struct imap_session *s)
{
	struct search_slice c = { .session = s, .run = s->run.data };
	struct problem why = { 0 };
	enum status st;

	c.until_ms = clock_monotonic_ms() + SLICE_MS;
	st = txn_begin_read(store_env(s->worker->store), &c.txn, &why);
	if (st == STATUS_OK)
		st = keyword_list(c.txn, s->selected->mailbox, c.keywords.names, &why);
	if (st == STATUS_OK)
		st = flags_each(c.txn, s->selected->mailbox, c.run->next_uid,
		    sequence_last(&s->selected->view), try_chunk, &c, &why);
	txn_abort(&c.txn);
	if (st == STATUS_OK && c.is_full) {
		s->run.step = search_step;
		session_continue(s);
	} else {
		search_end(s, st);
	}
}

void
search_start(struct imap_session *s, struct search_program *program,
    const struct search_kind_of_answer *kind, void *data)
{
	struct search_run *run = mem_new(struct search_run);

	if (program->has_modseq)
		condstore_enable(s);
	run->program = *program;
	*program = (struct search_program){ 0 };
	run->kind = kind;
	run->data = data;
	run->next_uid = 1;
	run->walk = sequence_walk_init(&s->selected->view);
	s->run.data = run;
	s->run.data_free = run_free;
	search_step(s);
}

enum status
search_refuse(struct imap_session *s, enum status st)
{
	if (st != STATUS_ABSENT)
		return st;
	return command_refuse(s, STATUS_DENIED,
	    "[BADCHARSET (US-ASCII UTF-8 GB2312 GBK GB18030 BIG5)] Unknown charset");
}
