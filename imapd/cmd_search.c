#include "base/mem.h"
#include "imapd/command.h"
#include "imapd/search_return.h"
#include "imapd/search_run.h"
#include "imapd/selected.h"
#include "net/conn.h"

#define OUTPUT_MAX (64 * 1024 * 1024)

struct search_answer {
	struct search_result result;
	struct buf out;			/* without RETURN: the numbers */
	bool has_modseq;
};

static void
answer_free(void *data)
{
	struct search_answer *a = data;

	search_result_clear(&a->result);
	buf_clear(&a->out);
	mem_free(a);
}

static enum status
found(struct imap_session *s, void *data, const struct flags_entry *e, uint32_t number,
    struct message_view *view, struct problem *why)
{
	struct search_answer *a = data;
	enum status st = search_result_add(&a->result, e, number);

	(void)view;
	(void)why;
	if (st != STATUS_OK || a->result.wanted != 0)
		return st;
	buf_append_byte(&a->out, ' ');
	return buf_append_u64(&a->out, s->run.is_uid ? e->uid : number);
}

static void
tell(struct imap_session *s, struct search_answer *a)
{
	if (a->result.wanted != 0) {
		search_result_write(&a->result, slice_from_cstr(s->run.tag), a->has_modseq,
		    &a->out);
		conn_write(s->conn, buf_slice(&a->out));
		return;
	}
	conn_write(s->conn, SLICE("* SEARCH"));
	conn_write(s->conn, buf_slice(&a->out));
	if (a->has_modseq && a->result.count > 0)
		conn_printf(s->conn, " (MODSEQ %llu)", (unsigned long long)a->result.modseq);
	conn_write(s->conn, SLICE("\r\n"));
}

/* RFC 5182 s.2.1: a search that fails leaves nothing saved. */
static void
keep_saved(struct imap_session *s, struct search_result *result, enum status st)
{
	struct uidset *saved = &s->selected->view.saved;

	if (!(result->wanted & RETURN_SAVE))
		return;
	uidset_clear(saved);
	if (st != STATUS_OK)
		return;
	*saved = result->saved;
	result->saved = uidset_init();
}

static enum status
end(struct imap_session *s, void *data, enum status st)
{
	struct search_answer *a = data;

	if (st == STATUS_OK)
		tell(s, a);
	keep_saved(s, &a->result, st);
	return st;
}

static const struct search_kind_of_answer kind = { found, end, answer_free };

/* SEARCH: which messages fit.  RFC 3501 s.6.4.4, RFC 4731. */
enum status
cmd_search(struct imap_session *s, struct imap_reader *args)
{
	struct search_program program = { 0 };
	struct search_answer *a;
	unsigned wanted = 0;
	enum status st = search_return_parse(args, &wanted);

	if (st == STATUS_OK)
		st = search_program_parse(args, &s->selected->view, &program);
	a = mem_new(struct search_answer);
	a->result = search_result_init(wanted, s->run.is_uid);
	a->out = buf_init(OUTPUT_MAX);
	a->has_modseq = program.has_modseq;
	if (st == STATUS_OK) {
		search_start(s, &program, &kind, a);
		return STATUS_PENDING;
	}
	if (st != STATUS_SYNTAX)
		keep_saved(s, &a->result, st);
	search_program_clear(&program);
	answer_free(a);
	return search_refuse(s, st);
}
