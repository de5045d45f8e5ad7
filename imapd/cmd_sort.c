#include "base/mem.h"
#include "imapd/command.h"
#include "imapd/search_run.h"
#include "imapd/selected.h"
#include "imapd/thread_read.h"
#include "net/conn.h"

#define OUTPUT_MAX (64 * 1024 * 1024)

struct sort_answer {
	struct sort_order order;
	struct thread_list list;
	bool has_modseq;
	uint64_t modseq;	/* the highest of what is told */
};

static const char *const names[SORT_KEY_COUNT] = {
	[SORT_ARRIVAL] = "ARRIVAL",
	[SORT_CC] = "CC",
	[SORT_DATE] = "DATE",
	[SORT_FROM] = "FROM",
	[SORT_SIZE] = "SIZE",
	[SORT_SUBJECT] = "SUBJECT",
	[SORT_TO] = "TO",
};

static enum status
take_key(struct imap_reader *args, struct sort_order *out)
{
	struct slice word;
	bool is_reverse = false;
	unsigned key = 0;

	if (imap_take_atom(args, &word) != STATUS_OK)
		return STATUS_SYNTAX;
	if (slice_equal_nocase(word, SLICE("REVERSE"))) {
		is_reverse = true;
		if (!imap_take_space(args) || imap_take_atom(args, &word) != STATUS_OK)
			return STATUS_SYNTAX;
	}
	while (key < SORT_KEY_COUNT && !slice_equal_nocase(word, slice_from_cstr(names[key])))
		key++;
	if (key == SORT_KEY_COUNT)
		return STATUS_SYNTAX;
	if (out->count == SORT_KEYS_MAX)
		return STATUS_LIMIT;
	out->keys[out->count] = (enum sort_key)key;
	out->is_reverse[out->count++] = is_reverse;
	return STATUS_OK;
}

static enum status
take_order(struct imap_reader *args, struct sort_order *out)
{
	enum status st;

	if (!imap_take_space(args) || !imap_take_byte(args, '('))
		return STATUS_SYNTAX;
	do
		st = take_key(args, out);
	while (st == STATUS_OK && imap_take_space(args));
	if (st == STATUS_OK && !imap_take_byte(args, ')'))
		st = STATUS_SYNTAX;
	return st;
}

static void
answer_free(void *data)
{
	struct sort_answer *a = data;

	thread_list_clear(&a->list);
	mem_free(a);
}

static enum status
found(struct imap_session *s, void *data, const struct flags_entry *e, uint32_t number,
    struct message_view *view, struct problem *why)
{
	struct sort_answer *a = data;

	if (e->modseq > a->modseq)
		a->modseq = e->modseq;
	return thread_read(&a->list, THREAD_FOR_SORT, s->run.is_uid ? e->uid : number, view, why);
}

static enum status
end(struct imap_session *s, void *data, enum status st)
{
	struct sort_answer *a = data;
	struct buf out = buf_init(OUTPUT_MAX);

	if (st != STATUS_OK)
		return st;
	thread_sort(&a->list, &a->order);
	buf_append(&out, SLICE("* SORT"));
	for (uint32_t i = 0; i < a->list.count; i++) {
		buf_append_byte(&out, ' ');
		buf_append_u64(&out, a->list.messages[i].number);
	}
	/* RFC 7162 s.3.1.6 */
	if (a->has_modseq && a->list.count > 0)
		buf_printf(&out, " (MODSEQ %llu)", (unsigned long long)a->modseq);
	buf_append(&out, SLICE("\r\n"));
	st = buf_status(&out);
	if (st == STATUS_OK)
		conn_write(s->conn, buf_slice(&out));
	buf_clear(&out);
	return st;
}

static const struct search_kind_of_answer kind = { found, end, answer_free };

/* SORT: a search in an order.  RFC 5256 s.3. */
enum status
cmd_sort(struct imap_session *s, struct imap_reader *args)
{
	struct search_program program = { 0 };
	struct sort_answer *a = mem_new(struct sort_answer);
	enum status st = take_order(args, &a->order);

	a->list = thread_list_init();
	if (st == STATUS_OK)
		st = search_program_parse_in(args, &s->selected->view, &program);
	a->has_modseq = program.has_modseq;
	if (st == STATUS_OK) {
		search_start(s, &program, &kind, a);
		return STATUS_PENDING;
	}
	search_program_clear(&program);
	answer_free(a);
	return search_refuse(s, st);
}
