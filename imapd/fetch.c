#include "imapd/fetch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "imapd/command.h"
#include "imapd/condstore.h"
#include "imapd/message_view.h"
#include "imapd/selected.h"
#include "imapd/worker.h"
#include "imapd/write.h"
#include "net/conn.h"
#include "store/flags.h"
#include "store/store.h"
#include "wire/imap_string.h"

#define SLICE_BYTES (1024 * 1024)
#define SLICE_MS 100
#define PIECE_BYTES (128 * 1024)	/* of a text, read at a time */
#define OUTPUT_MAX (16 * 1024 * 1024)	/* a slice and the largest item beside it */
#define CLOCK_EVERY 64			/* items between two looks at the clock; behind a dear one, one */

/* A FETCH in progress, between slices. */
struct fetch_run {
	struct fetch job;
	struct sequence_walk walk;
	uint32_t range;		/* index in job.uids */
	uint32_t next_uid;
	uint32_t met;		/* messages that are still there */
	bool is_damaged;
	/* In the middle of a message: */
	bool in_message;
	struct message_row row;	/* its text stays when the message goes */
	struct flags_entry entry;
	uint32_t item;
	uint32_t text_at, text_left;
};

/* What lives as long as one slice. */
struct fetch_slice {
	struct imap_session *session;
	struct fetch_run *run;
	struct txn *txn;
	struct buf out;
	struct message_view view;
	struct keyword_names keywords;
	struct problem why;
	uint64_t until_ms;
	uint32_t since_clock;
	enum status status;	/* PENDING: the slice is full */
};

void
fetch_clear(struct fetch *f)
{
	fetch_items_clear(&f->items);
	uidset_clear(&f->uids);
	uidset_clear(&f->seen);
}

static void
run_free(void **data)
{
	struct fetch_run *run = *data;

	*data = NULL;
	fetch_clear(&run->job);
	mem_free(run);
}

static bool
slice_is_full(struct fetch_slice *c)
{
	if (c->out.len >= SLICE_BYTES)
		return true;
	if (++c->since_clock < CLOCK_EVERY)
		return false;
	c->since_clock = 0;
	return clock_monotonic_ms() >= c->until_ms;
}

static enum status
put_flags(struct fetch_slice *c)
{
	const struct selected *sel = c->session->selected;
	const struct flags_entry *e = &c->run->entry;
	enum status st = STATUS_OK;

	if (e->flags >> FLAG_KEYWORD_SHIFT != 0 && !c->keywords.is_loaded) {
		st = keyword_list(c->txn, sel->mailbox, c->keywords.names, &c->why);
		c->keywords.is_loaded = st == STATUS_OK;
	}
	if (st != STATUS_OK)
		return st;
	buf_append(&c->out, SLICE("FLAGS "));
	write_flags(&c->out, e->flags, sel->recent.count != 0 && uidset_has(&sel->recent, e->uid),
	    &c->keywords);
	return STATUS_OK;
}

static enum status
put_body_form(struct fetch_slice *c)
{
	struct buf text = buf_init(TEXT_SIZE_MAX);
	enum status st = message_view_text(&c->view, &c->why);

	if (st == STATUS_OK)
		st = message_view_read(&c->view, 0, c->view.text.size_bytes, &text, &c->why);
	if (st == STATUS_OK)
		digest_body_form(buf_slice(&text), &c->out);
	buf_clear(&text);
	return st;
}

/* The label, as asked for but for ".PEEK": Outlook Express looks for its own words. */
static void
put_label(struct fetch_slice *c, const struct fetch_item *item)
{
	buf_append(&c->out, item->label);
	if (item->kind == FETCH_SECTION && item->spelled.ptr != NULL) {
		buf_append_byte(&c->out, '[');
		buf_append(&c->out, item->spelled);
		buf_append_byte(&c->out, ']');
		if (item->section.has_partial) {
			buf_append_byte(&c->out, '<');
			buf_append_u64(&c->out, item->section.from);
			buf_append_byte(&c->out, '>');
		}
	}
	buf_append_byte(&c->out, ' ');
}

static void
cut_partial(const struct section *s, uint32_t *at, uint32_t *len)
{
	if (!s->has_partial)
		return;
	if (s->from >= *len) {
		*len = 0;
		return;
	}
	*at += s->from;
	*len -= s->from;
	if (*len > s->most)
		*len = s->most;
}

static void
put_literal_head(struct buf *out, uint32_t len)
{
	buf_append_byte(out, '{');
	buf_append_u64(out, len);
	buf_append(out, SLICE("}\r\n"));
}

/* RFC 3501 s.9: no NUL in literals; Outlook hangs on one.  0x80 as POP3 sends it. */
static void
replace_nuls(struct buf *out, size_t from)
{
	for (;;) {
		struct slice rest = slice_skip(buf_slice(out), from);
		size_t at = slice_find_byte(rest, '\0');

		if (at == rest.len)
			return;
		from += at;
		out->ptr[from] = (char)0x80;
	}
}

static enum status
put_fields(struct fetch_slice *c, const struct section *s, struct section_range where)
{
	struct buf header = buf_init(VIEW_HEADER_MAX), chosen = buf_init(2 * VIEW_HEADER_MAX);
	uint32_t at = 0, len = where.len < VIEW_HEADER_MAX ? where.len : VIEW_HEADER_MAX;
	enum status st = message_view_read(&c->view, where.at, len, &header, &c->why);
	size_t from;

	if (st == STATUS_OK) {
		section_filter(s, buf_slice(&header), &chosen);
		len = (uint32_t)chosen.len;
		cut_partial(s, &at, &len);
		put_literal_head(&c->out, len);
		from = c->out.len;
		buf_append(&c->out, slice_sub(buf_slice(&chosen), at, len));
		replace_nuls(&c->out, from);
	}
	buf_clear(&header);
	buf_clear(&chosen);
	return st;
}

/* More of the text whose literal has begun.  PENDING: the slice is full before its end. */
static enum status
put_text(struct fetch_slice *c)
{
	struct fetch_run *run = c->run;
	enum status st = STATUS_OK;

	while (st == STATUS_OK && run->text_left > 0) {
		uint32_t n = run->text_left < PIECE_BYTES ? run->text_left : PIECE_BYTES;
		size_t from = c->out.len;

		if (c->out.len >= SLICE_BYTES)
			return STATUS_PENDING;
		st = message_view_read(&c->view, run->text_at, n, &c->out, &c->why);
		if (st != STATUS_OK)
			break;
		replace_nuls(&c->out, from);
		run->text_at += n;
		run->text_left -= n;
	}
	return st;
}

static enum status
put_section(struct fetch_slice *c, const struct fetch_item *item)
{
	const struct section *s = &item->section;
	struct section_range where;
	enum status st = message_view_section(&c->view, s, &where, &c->why);

	if (st != STATUS_OK && st != STATUS_ABSENT)
		return st;
	put_label(c, item);
	if (st == STATUS_ABSENT) {
		buf_append(&c->out, SLICE("NIL"));
		return STATUS_OK;
	}
	if (s->kind == SECTION_FIELDS || s->kind == SECTION_FIELDS_NOT)
		return put_fields(c, s, where);
	cut_partial(s, &where.at, &where.len);
	put_literal_head(&c->out, where.len);
	c->run->text_at = where.at;
	c->run->text_left = where.len;
	return put_text(c);
}

static enum status
put_item(struct fetch_slice *c, const struct fetch_item *item)
{
	struct message_view *v = &c->view;
	enum status st = STATUS_OK;

	switch (item->kind) {
	case FETCH_FLAGS:
		return put_flags(c);
	case FETCH_UID:
		buf_append(&c->out, SLICE("UID "));
		buf_append_u64(&c->out, c->run->entry.uid);
		return STATUS_OK;
	case FETCH_MODSEQ:
		condstore_write(&c->out, c->run->entry.modseq);
		return STATUS_OK;
	case FETCH_INTERNALDATE:
		st = message_view_row(v, &c->why);
		if (st == STATUS_OK) {
			put_label(c, item);
			write_date(&c->out, v->row.internal_at, v->row.internal_zone);
		}
		return st;
	case FETCH_SIZE:
		st = message_view_row(v, &c->why);
		if (st == STATUS_OK) {
			put_label(c, item);
			buf_append_u64(&c->out, v->row.size_bytes);
		}
		return st;
	case FETCH_ENVELOPE:
	case FETCH_BODYSTRUCTURE:
		st = message_view_digest(v, &c->why);
		if (st == STATUS_OK) {
			put_label(c, item);
			buf_append(&c->out, item->kind == FETCH_ENVELOPE ? v->digest.envelope :
			    v->digest.structure);
		}
		return st;
	case FETCH_BODY:
		put_label(c, item);
		return put_body_form(c);
	case FETCH_SECTION:
		return put_section(c, item);
	}
	return st;
}

/* What \\Seen, set by this FETCH, has changed. */
static enum status
put_news(struct fetch_slice *c)
{
	const struct fetch_items *items = &c->run->job.items;
	enum status st = STATUS_OK;

	if (c->run->job.seen.count == 0 || !uidset_has(&c->run->job.seen, c->run->entry.uid))
		return STATUS_OK;
	if (!fetch_items_have(items, FETCH_FLAGS)) {
		buf_append_byte(&c->out, ' ');
		st = put_flags(c);
	}
	if (c->session->has_condstore && !fetch_items_have(items, FETCH_MODSEQ)) {
		buf_append_byte(&c->out, ' ');
		condstore_write(&c->out, c->run->entry.modseq);
	}
	return st;
}

/* An item for which the text was read: after some of these others have their turn. */
static bool
is_dear(const struct fetch_item *item)
{
	return item->kind == FETCH_BODY || item->kind == FETCH_SECTION;
}

/* Items from run->item on, then the end of the response. */
static enum status
put_items(struct fetch_slice *c)
{
	struct fetch_run *run = c->run;
	const struct fetch_items *items = &run->job.items;
	enum status st = STATUS_OK;

	for (; st == STATUS_OK && run->item < items->count; run->item++) {
		const struct fetch_item *item = &items->items[run->item];

		if (run->item > 0)
			buf_append_byte(&c->out, ' ');
		st = put_item(c, item);
		if (is_dear(item))
			c->since_clock = CLOCK_EVERY;
		if (st == STATUS_OK && run->item + 1 < items->count && slice_is_full(c))
			st = STATUS_PENDING;
		if (st == STATUS_PENDING)
			return st;
	}
	if (st != STATUS_OK)
		return st;
	st = put_news(c);
	buf_append(&c->out, SLICE(")\r\n"));
	run->met++;
	return st;
}

/* The next slice reads on, even if somebody moves or removes the message meanwhile. */
static enum status
keep_row(struct fetch_slice *c)
{
	enum status st = message_view_row(&c->view, &c->why);

	if (st != STATUS_OK)
		return st;
	c->run->row = c->view.row;
	return STATUS_PENDING;
}

static enum status
put_message(struct fetch_slice *c, const struct flags_entry *e)
{
	struct fetch_run *run = c->run;
	uint32_t number = sequence_walk_to(&run->walk, e->uid);
	size_t from = c->out.len;
	enum status st;

	run->entry = *e;
	run->item = 0;
	message_view_init(&c->view, c->session->worker->store, c->txn,
	    c->session->selected->mailbox, e->uid);
	buf_append(&c->out, SLICE("* "));
	buf_append_u64(&c->out, number);
	buf_append(&c->out, SLICE(" FETCH ("));
	st = put_items(c);
	if (st == STATUS_PENDING)
		st = keep_row(c);
	message_view_clear(&c->view);
	run->in_message = st == STATUS_PENDING;
	if (st == STATUS_OK || st == STATUS_PENDING || c->session->state == IMAP_CLOSED)
		return st;
	/* Damage costs this message only: what was written of it is taken back. */
	buf_truncate(&c->out, from);
	run->is_damaged = true;
	log_event(LOG_ERROR, "imap.message.unreadable", c->session->sid, "why", c->why.text);
	return STATUS_OK;
}

/* The literal that the last slice left, and the items behind it. */
static enum status
resume_message(struct fetch_slice *c)
{
	struct fetch_run *run = c->run;
	enum status st;

	message_view_init(&c->view, c->session->worker->store, c->txn,
	    c->session->selected->mailbox, run->entry.uid);
	c->view.row = run->row;
	c->view.has_row = true;
	st = put_text(c);
	if (st == STATUS_OK) {
		run->item++;
		st = put_items(c);
	}
	message_view_clear(&c->view);
	run->in_message = st == STATUS_PENDING;
	/* The client has the beginning and waits for bytes that we have not: only an end can tell it. */
	if (st != STATUS_OK && st != STATUS_PENDING)
		session_close(c->session, "a message cannot be read");
	return st;
}

static bool
is_wanted(const struct fetch *job, uint64_t modseq)
{
	return (modseq > job->changed_since || job->changed_since == 0) &&
	    (modseq <= job->changed_until || job->changed_until == 0);
}

static bool
put_chunk(void *ctx, const struct flags_chunk *chunk)
{
	struct fetch_slice *c = ctx;
	struct fetch_run *run = c->run;

	for (uint32_t i = 0; i < chunk->count; i++) {
		const struct flags_entry *e = &chunk->entries[i];

		if (e->uid < run->next_uid || e->uid > run->job.uids.ranges[run->range].last)
			continue;
		if (!is_wanted(&run->job, e->modseq)) {
			run->met++;
			continue;
		}
		if (slice_is_full(c)) {
			c->status = STATUS_PENDING;
			return false;
		}
		c->status = put_message(c, e);
		/* The last UID of all has no next; the range ends with it anyway. */
		run->next_uid = e->uid == UINT32_MAX ? e->uid : e->uid + 1;
		if (c->status != STATUS_OK)
			return false;
	}
	return true;
}

static enum status
put_ranges(struct fetch_slice *c)
{
	struct fetch_run *run = c->run;
	const struct uidset *uids = &run->job.uids;
	enum status st;

	for (; run->range < uids->count; run->range++) {
		const struct uid_range *r = &uids->ranges[run->range];

		if (run->next_uid < r->first)
			run->next_uid = r->first;
		st = flags_each(c->txn, c->session->selected->mailbox, run->next_uid, r->last,
		    put_chunk, c, &c->why);
		if (c->status != STATUS_OK)
			return c->status;
		if (st != STATUS_OK)
			return st;
	}
	return STATUS_OK;
}

static void
fetch_end(struct imap_session *s, enum status st)
{
	struct fetch_run *run = s->run.data;

	if (st == STATUS_OK && run->is_damaged)
		st = command_refuse(s, STATUS_CORRUPT,
		    "[CORRUPTION] Some messages cannot be read");
	if (st == STATUS_OK && s->run.code.len == 0 && run->met < uidset_size(&run->job.uids))
		buf_append(&s->run.code, SLICE("EXPUNGEISSUED"));
	command_finish(s, st);
}

static void
fetch_step(struct imap_session *s)
{
	struct fetch_slice *c = mem_new(struct fetch_slice);
	enum status st;

	c->session = s;
	c->run = s->run.data;
	c->out = buf_init(OUTPUT_MAX);
	c->until_ms = clock_monotonic_ms() + SLICE_MS;
	st = txn_begin_read(store_env(s->worker->store), &c->txn, &c->why);
	if (st == STATUS_OK && c->run->in_message)
		st = resume_message(c);
	if (st == STATUS_OK)
		st = put_ranges(c);
	txn_abort(&c->txn);
	if (s->state != IMAP_CLOSED && buf_status(&c->out) != STATUS_OK)
		session_close(s, "a response was too long");
	if (s->state != IMAP_CLOSED)
		conn_write(s->conn, buf_slice(&c->out));
	buf_clear(&c->out);
	mem_free(c);
	if (s->state == IMAP_CLOSED)
		return;
	if (st == STATUS_PENDING) {
		s->run.step = fetch_step;
		session_continue(s);
	} else {
		fetch_end(s, st);
	}
}

void
fetch_start(struct imap_session *s, struct fetch *f)
{
	struct fetch_run *run = mem_new(struct fetch_run);

	if (s->run.data_free != NULL)
		s->run.data_free(&s->run.data);
	run->job = *f;
	*f = (struct fetch){ 0 };
	run->walk = sequence_walk_init(&s->selected->view);
	run->next_uid = 1;
	s->run.data = run;
	s->run.data_free = run_free;
	fetch_step(s);
}
