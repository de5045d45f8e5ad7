#include "base/mem.h"
#include "imapd/command.h"
#include "imapd/condstore.h"
#include "imapd/list_options.h"
#include "imapd/listing.h"
#include "imapd/names.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/store.h"

#define OUTPUT_MAX (24 * 1024 * 1024)	/* MAILBOX_COUNT_MAX long names with STATUS fit */

struct list_job {
	const char *command;
	struct list_options options;
	struct slice reference;
	struct slice patterns[LIST_PATTERNS_MAX];
	unsigned count;
	struct list_names names;
	struct txn *txn;
	struct buf *out;
};

/* One line, and with RETURN (STATUS) the numbers of the mailbox. */
static enum status
tell(struct imap_session *s, const struct list_job *job, const struct list_name *n,
    struct slice shown_as)
{
	struct problem why = { 0 };
	struct mailbox_row row;
	enum status st;

	list_write(job->out, job->command, n, shown_as);
	if (!(job->options.tell & LIST_STATUS) || !n->is_real)
		return STATUS_OK;
	st = mailbox_find(job->txn, s->account, slice_make(n->name, n->len), &row, &why);
	if (st != STATUS_OK)
		return st;
	return status_items_write(job->txn, &row, &job->options.status, shown_as, job->out, &why);
}

/*
 * One name without wildcards: answered as it was asked for (Outlook 2003 wants
 * its own spelling of inbox back), also when it is another word for a special
 * folder.
 */
static enum status
list_direct(struct imap_session *s, const struct list_job *job, struct slice asked)
{
	struct problem why = { 0 };
	struct mailbox_row row;
	const struct list_name *n;
	enum status st = name_resolve(job->txn, s->account, asked, &row, &why);

	if (st == STATUS_ABSENT)
		return STATUS_OK;
	if (st != STATUS_OK)
		return st;
	n = list_names_find(&job->names, row.name);
	return n == NULL ? STATUS_OK : tell(s, job, n, asked);
}

static void
note_matches(struct list_job *job, struct slice pattern)
{
	struct match_pattern *p = mem_new(struct match_pattern);

	match_compile(pattern, p);
	for (uint32_t i = 0; i < job->names.count; i++) {
		struct list_name *n = &job->names.names[i];

		n->is_matched |= match_name(p, slice_make(n->name, n->len));
	}
	mem_free(p);
}

static bool
is_listed(const struct list_job *job, const struct list_name *n)
{
	if (!n->is_matched)
		return false;
	return n->is_chosen ||
	    (job->options.select & LIST_RECURSIVE_MATCH && n->child_info != NULL);
}

static enum status
list_matching(struct imap_session *s, struct list_job *job)
{
	enum status st = STATUS_OK;

	for (unsigned i = 0; i < job->count; i++) {
		struct list_query q;

		list_query_make(job->reference, job->patterns[i], &q);
		note_matches(job, buf_slice(&q.pattern));
		list_query_clear(&q);
	}
	for (uint32_t i = 0; st == STATUS_OK && i < job->names.count; i++) {
		const struct list_name *n = &job->names.names[i];

		if (is_listed(job, n))
			st = tell(s, job, n, slice_make(n->name, n->len));
	}
	return st;
}

static enum status
list_read(struct imap_session *s, struct list_job *job)
{
	unsigned select = job->options.select;
	struct problem why = { 0 };
	struct list_query q;
	enum status st = txn_begin_read(store_env(s->worker->store), &job->txn, &why);

	list_query_make(job->reference, job->patterns[0], &q);
	if (st == STATUS_OK)
		st = list_names_read(s, job->txn, &job->names, &why);
	if (st == STATUS_OK && (select | job->options.tell) & LIST_SUBSCRIBED)
		st = list_names_subscribed(s, job->txn, select, &job->names, &why);
	if (st == STATUS_OK)
		list_names_choose(&job->names, select);
	if (st == STATUS_OK && select == 0 && job->count == 1 && q.is_direct)
		st = list_direct(s, job, buf_slice(&q.pattern));
	else if (st == STATUS_OK)
		st = list_matching(s, job);
	txn_abort(&job->txn);
	list_names_clear(&job->names);
	list_query_clear(&q);
	return st;
}

static enum status
list_answer(struct imap_session *s, struct list_job *job)
{
	struct buf out = buf_init(OUTPUT_MAX);
	enum status st = STATUS_OK;

	job->out = &out;
	if (job->options.status.has_modseq)
		condstore_enable(s);
	if (job->count == 1 && job->patterns[0].len == 0 && job->options.select == 0)
		buf_printf(&out, "* %s (\\Noselect) \"/\" \"\"\r\n", job->command);
	else
		st = list_read(s, job);
	if (st == STATUS_OK)
		st = buf_status(&out);
	if (st == STATUS_OK)
		conn_write(s->conn, buf_slice(&out));
	else
		/* NO would make Outlook forget its folders: it had better come again. */
		session_bye(s, "Folders cannot be read now");
	buf_clear(&out);
	return st;
}

/* LIST: mailboxes whose names match.  RFC 3501 s.6.3.8, RFC 5258, RFC 5819, RFC 6154. */
enum status
cmd_list(struct imap_session *s, struct imap_reader *args)
{
	struct list_job *job = mem_new(struct list_job);
	enum status st;

	job->command = "LIST";
	st = imap_take_space(args) ? list_select_parse(args, &job->options) : STATUS_SYNTAX;
	if (st == STATUS_OK && (imap_take_astring(args, &job->reference) != STATUS_OK ||
	    !imap_take_space(args)))
		st = STATUS_SYNTAX;
	if (st == STATUS_OK)
		st = list_patterns_parse(args, job->patterns, &job->count);
	if (st == STATUS_OK)
		st = list_return_parse(args, &job->options);
	if (st == STATUS_OK && !imap_at_end(args))
		st = STATUS_SYNTAX;
	if (st == STATUS_OK)
		st = list_answer(s, job);
	mem_free(job);
	return st;
}

/* XLIST: the plain form, as Outlook 2013 asks for it. */
enum status
cmd_xlist(struct imap_session *s, struct imap_reader *args)
{
	struct list_job *job = mem_new(struct list_job);
	enum status st = STATUS_OK;

	job->command = "XLIST";
	job->count = 1;
	if (!imap_take_space(args) || imap_take_astring(args, &job->reference) != STATUS_OK ||
	    !imap_take_space(args) || imap_take_pattern(args, &job->patterns[0]) != STATUS_OK ||
	    !imap_at_end(args))
		st = STATUS_SYNTAX;
	if (st == STATUS_OK)
		st = list_answer(s, job);
	mem_free(job);
	return st;
}
