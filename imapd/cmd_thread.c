#include "base/mem.h"
#include "imapd/command.h"
#include "imapd/search_run.h"
#include "imapd/selected.h"
#include "imapd/thread_read.h"
#include "net/conn.h"

#define OUTPUT_MAX (64 * 1024 * 1024)

struct thread_answer {
	void (*write)(const struct thread_list *l, struct buf *out);
	struct thread_list list;
};

static const struct {
	const char *name;
	void (*write)(const struct thread_list *l, struct buf *out);
} algorithms[] = {
	{ "ORDEREDSUBJECT", thread_by_subject },
	{ "REFERENCES", thread_by_references },
};

static enum status
take_algorithm(struct imap_reader *args, struct thread_answer *out)
{
	struct slice word;

	if (!imap_take_space(args) || imap_take_atom(args, &word) != STATUS_OK)
		return STATUS_SYNTAX;
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
		if (slice_equal_nocase(word, slice_from_cstr(algorithms[i].name))) {
			out->write = algorithms[i].write;
			return STATUS_OK;
		}
	return STATUS_SYNTAX;
}

static void
answer_free(void *data)
{
	struct thread_answer *a = data;

	thread_list_clear(&a->list);
	mem_free(a);
}

static enum status
found(struct imap_session *s, void *data, const struct flags_entry *e, uint32_t number,
    struct message_view *view, struct problem *why)
{
	struct thread_answer *a = data;

	return thread_read(&a->list, THREAD_FOR_THREADS, s->run.is_uid ? e->uid : number, view,
	    why);
}

static enum status
end(struct imap_session *s, void *data, enum status st)
{
	struct thread_answer *a = data;
	struct buf out = buf_init(OUTPUT_MAX);

	if (st != STATUS_OK)
		return st;
	buf_append(&out, SLICE("* THREAD"));
	a->write(&a->list, &out);
	buf_append(&out, SLICE("\r\n"));
	st = buf_status(&out);
	if (st == STATUS_OK)
		conn_write(s->conn, buf_slice(&out));
	buf_clear(&out);
	return st;
}

static const struct search_kind_of_answer kind = { found, end, answer_free };

/* THREAD: a search, and what answers what.  RFC 5256 s.3. */
enum status
cmd_thread(struct imap_session *s, struct imap_reader *args)
{
	struct search_program program = { 0 };
	struct thread_answer *a = mem_new(struct thread_answer);
	enum status st = take_algorithm(args, a);

	a->list = thread_list_init();
	if (st == STATUS_OK)
		st = search_program_parse_in(args, &s->selected->view, &program);
	if (st == STATUS_OK) {
		search_start(s, &program, &kind, a);
		return STATUS_PENDING;
	}
	search_program_clear(&program);
	answer_free(a);
	return search_refuse(s, st);
}
