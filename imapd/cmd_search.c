#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "imapd/command.h"
#include "imapd/condstore.h"
#include "imapd/search_match.h"
#include "imapd/search_return.h"
#include "imapd/selected.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/store.h"

#define SLICE_MS 100
#define SLICE_READS 64		/* messages between two looks at the clock */
#define OUTPUT_MAX (64 * 1024 * 1024)

struct search_run {
	struct search_program program;
	struct sequence_walk walk;
	uint32_t next_uid;
	struct buf out;			/* without RETURN: the numbers */
	struct search_result result;
	enum status status;		/* the result has too many ranges */
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
	buf_clear(&run->out);
	search_result_clear(&run->result);
	mem_free(run);
}

static void
try_message(struct search_slice *c, const struct flags_entry *e)
{
	const struct selected *sel = c->session->selected;
	uint32_t number = sequence_walk_to(&c->run->walk, e->uid);
	struct search_subject subject;
	struct message_view view;
	struct problem why = { 0 };
	bool fits = false;
	enum status st;

	if (number == 0)
		return;
	message_view_init(&view, c->session->worker->store, c->txn, sel->mailbox, e->uid);
	search_subject_init(&subject, &c->run->program, e, &c->keywords,
	    uidset_has(&sel->recent, e->uid), &view);
	st = search_match(&subject, &fits, &why);
	/* Texts take long; a scan of flags does not. */
	c->since_clock += view.has_digest ? SLICE_READS / 8 : 1;
	search_subject_clear(&subject);
	message_view_clear(&view);
	if (st != STATUS_OK) {
		c->run->is_damaged = true;
		log_event(LOG_ERROR, "imap.message.unreadable", c->session->sid, "why", why.text);
		return;
	}
	if (!fits)
		return;
	if (c->run->status == STATUS_OK)
		c->run->status = search_result_add(&c->run->result, e, number);
	if (c->run->result.wanted != 0)
		return;
	buf_append_byte(&c->run->out, ' ');
	buf_append_u64(&c->run->out, c->session->run.is_uid ? e->uid : number);
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

	for (uint32_t i = 0; i < chunk->count; i++) {
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
	return true;
}

static void
tell(struct imap_session *s, struct search_run *run)
{
	bool has_modseq = run->program.has_modseq;

	if (run->result.wanted != 0) {
		search_result_write(&run->result, slice_from_cstr(s->run.tag), has_modseq, &run->out);
		conn_write(s->conn, buf_slice(&run->out));
		return;
	}
	conn_write(s->conn, SLICE("* SEARCH"));
	conn_write(s->conn, buf_slice(&run->out));
	if (has_modseq && run->result.count > 0)
		conn_printf(s->conn, " (MODSEQ %llu)", (unsigned long long)run->result.modseq);
	conn_write(s->conn, SLICE("\r\n"));
}

/* RFC 5182 s.2.1: a search that fails leaves nothing saved. */
static void
keep_saved(struct imap_session *s, struct search_run *run, enum status st)
{
	struct uidset *saved = &s->selected->view.saved;

	if (!(run->result.wanted & RETURN_SAVE))
		return;
	uidset_clear(saved);
	if (st != STATUS_OK)
		return;
	*saved = run->result.saved;
	run->result.saved = uidset_init();
}

static void
search_end(struct imap_session *s, enum status st)
{
	struct search_run *run = s->run.data;

	if (st == STATUS_OK)
		st = run->status;
	if (st == STATUS_OK)
		st = buf_status(&run->out);
	if (st == STATUS_OK)
		tell(s, run);
	if (st == STATUS_OK && run->is_damaged)
		st = command_refuse(s, STATUS_CORRUPT,
		    "[CORRUPTION] Some messages cannot be read");
	keep_saved(s, run, st);
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

/* SEARCH: which messages fit.  RFC 3501 s.6.4.4, RFC 4731. */
enum status
cmd_search(struct imap_session *s, struct imap_reader *args)
{
	struct search_run *run = mem_new(struct search_run);
	unsigned wanted = 0;
	enum status st;

	run->out = buf_init(OUTPUT_MAX);
	run->next_uid = 1;
	run->walk = sequence_walk_init(&s->selected->view);
	s->run.data = run;
	s->run.data_free = run_free;
	st = search_return_parse(args, &wanted);
	run->result = search_result_init(wanted, s->run.is_uid);
	if (st == STATUS_OK)
		st = search_program_parse(args, &s->selected->view, &run->program);
	if (st == STATUS_ABSENT || st == STATUS_LIMIT)
		keep_saved(s, run, st);
	if (st == STATUS_ABSENT)
		st = command_refuse(s, STATUS_DENIED,
		    "[BADCHARSET (US-ASCII UTF-8 GB2312 GBK GB18030 BIG5)] Unknown charset");
	if (st != STATUS_OK)
		return st;
	if (run->program.has_modseq)
		condstore_enable(s);
	search_step(s);
	return STATUS_PENDING;
}
