#include "base/mem.h"
#include "imapd/command.h"
#include "imapd/listing.h"
#include "imapd/names.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/store.h"

#define OUTPUT_MAX (8 * 1024 * 1024)	/* MAILBOX_COUNT_MAX long names fit */

/*
 * One name without wildcards: answered as it was asked for (Outlook 2003 wants
 * its own spelling of inbox back), also when it is another word for a special
 * folder.
 */
static enum status
list_direct(struct imap_session *s, struct txn *t, const char *command,
    const struct list_names *names, struct slice asked, struct buf *out)
{
	struct problem why = { 0 };
	struct mailbox_row row;
	const struct list_name *n;
	enum status st = name_resolve(t, s->account, asked, &row, &why);

	if (st == STATUS_ABSENT)
		return STATUS_OK;
	if (st != STATUS_OK)
		return st;
	n = list_names_find(names, row.name);
	if (n != NULL)
		list_write(out, command, n, asked);
	return STATUS_OK;
}

static void
list_matching(const char *command, const struct list_names *names, struct slice pattern,
    struct buf *out)
{
	struct match_pattern *p = mem_new(struct match_pattern);

	match_compile(pattern, p);
	for (uint32_t i = 0; i < names->count; i++) {
		struct slice name = slice_make(names->names[i].name, names->names[i].len);

		if (match_name(p, name))
			list_write(out, command, &names->names[i], name);
	}
	mem_free(p);
}

static enum status
list_read(struct imap_session *s, const char *command, const struct list_query *q,
    struct buf *out)
{
	struct problem why = { 0 };
	struct list_names names = { 0 };
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, &why);

	if (st == STATUS_OK)
		st = list_names_read(s, t, &names, &why);
	if (st == STATUS_OK && q->is_direct)
		st = list_direct(s, t, command, &names, buf_slice(&q->pattern), out);
	else if (st == STATUS_OK)
		list_matching(command, &names, buf_slice(&q->pattern), out);
	txn_abort(&t);
	list_names_clear(&names);
	return st;
}

static enum status
list_run(struct imap_session *s, struct imap_reader *args, const char *command)
{
	struct list_query q;
	struct buf out = buf_init(OUTPUT_MAX);
	enum status st = list_query_parse(s, args, &q);

	if (st != STATUS_OK)
		return st;
	if (q.is_separator_query)
		buf_printf(&out, "* %s (\\Noselect) \"/\" \"\"\r\n", command);
	else
		st = list_read(s, command, &q, &out);
	list_query_clear(&q);
	if (st == STATUS_OK)
		conn_write(s->conn, buf_slice(&out));
	else
		/* NO would make Outlook forget its folders: it had better come again. */
		session_bye(s, "Folders cannot be read now");
	buf_clear(&out);
	return st;
}

/* LIST: mailboxes whose names match.  RFC 3501 s.6.3.8, RFC 6154. */
enum status
cmd_list(struct imap_session *s, struct imap_reader *args)
{
	return list_run(s, args, "LIST");
}

/* XLIST: the same, as Outlook 2013 asks for it. */
enum status
cmd_xlist(struct imap_session *s, struct imap_reader *args)
{
	return list_run(s, args, "XLIST");
}
