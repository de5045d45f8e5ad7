#include "imapd/command.h"
#include "imapd/condstore.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/selected.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/flags.h"
#include "store/store.h"

enum access { READ_WRITE, READ_ONLY };

struct first_unseen {
	uint32_t uid;
};

static bool
find_unseen(void *ctx, const struct flags_chunk *chunk)
{
	struct first_unseen *first = ctx;

	for (uint32_t i = 0; i < chunk->count; i++)
		if (!(chunk->entries[i].flags & FLAG_SEEN)) {
			first->uid = chunk->entries[i].uid;
			return false;
		}
	return true;
}

/* All that clients ask for: Outlook needs EXISTS and UIDVALIDITY, others UIDNEXT. */
static enum status
describe(struct selected *sel, struct txn *t, const struct mailbox_row *row, struct buf *out,
    struct problem *why)
{
	struct first_unseen first = { 0 };
	enum status st = selected_write_flags(sel, t, out, why);

	if (st == STATUS_OK && row->unseen > 0)
		st = flags_each(t, row->id, 1, UINT32_MAX, find_unseen, &first, why);
	if (st != STATUS_OK)
		return st;
	buf_printf(out, "* %u EXISTS\r\n* %u RECENT\r\n", sel->view.total,
	    (unsigned)uidset_size(&sel->recent));
	if (first.uid != 0)
		buf_printf(out, "* OK [UNSEEN %u] First unseen\r\n",
		    sequence_number(&sel->view, first.uid));
	buf_printf(out, "* OK [UIDVALIDITY %u] UIDs are valid\r\n* OK [UIDNEXT %u] Next UID\r\n"
	    "* OK [HIGHESTMODSEQ %llu] Changes are numbered\r\n",
	    row->uid_validity, row->uid_next, (unsigned long long)condstore_highest(row));
	return STATUS_OK;
}

static enum status
open_view(struct imap_session *s, struct slice name, enum access access, struct buf *out)
{
	struct problem why = { 0 };
	struct mailbox_row row;
	struct selected *sel = NULL;
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, &why);

	if (st == STATUS_OK)
		st = name_resolve(t, s->account, name, &row, &why);
	if (st == STATUS_OK)
		st = selected_open(s, t, &row, access == READ_ONLY, &sel, &why);
	if (st == STATUS_OK)
		st = describe(sel, t, &row, out, &why);
	txn_abort(&t);
	if (st != STATUS_OK) {
		selected_close(&sel);
		return st;
	}
	s->selected = sel;
	session_enter(s, IMAP_SELECTED);
	return STATUS_OK;
}

/* RFC 4466 parameters; the one we know is RFC 7162's. */
static enum status
read_parameters(struct imap_reader *args, bool *wants_condstore)
{
	struct slice word;

	*wants_condstore = false;
	if (imap_at_end(args))
		return STATUS_OK;
	if (!imap_take_space(args) || !imap_take_byte(args, '(') ||
	    imap_take_atom(args, &word) != STATUS_OK ||
	    !slice_equal_nocase(word, SLICE("CONDSTORE")) || !imap_take_byte(args, ')'))
		return STATUS_SYNTAX;
	*wants_condstore = true;
	return parse_end(args);
}

static enum status
select_run(struct imap_session *s, struct imap_reader *args, enum access access)
{
	struct buf name = buf_init(NAME_WIRE_MAX);
	struct buf out = buf_init(64 * 1024);
	bool wants_condstore;
	enum status st = parse_mailbox(s, args, &name);

	if (st == STATUS_OK)
		st = read_parameters(args, &wants_condstore);
	if (st == STATUS_OK || st == STATUS_DENIED) {
		/* RFC 3501 s.6.3.1: a SELECT that fails leaves nothing selected. */
		selected_close(&s->selected);
		if (s->state == IMAP_SELECTED)
			session_enter(s, IMAP_AUTHENTICATED);
	}
	if (st == STATUS_OK)
		st = open_view(s, buf_slice(&name), access, &out);
	if (st == STATUS_OK) {
		s->has_condstore |= wants_condstore;
		conn_write(s->conn, buf_slice(&out));
		buf_append(&s->run.code, access == READ_ONLY ? SLICE("READ-ONLY") :
		    SLICE("READ-WRITE"));
	}
	buf_clear(&name);
	buf_clear(&out);
	return st;
}

/* SELECT: open a mailbox.  RFC 3501 s.6.3.1. */
enum status
cmd_select(struct imap_session *s, struct imap_reader *args)
{
	return select_run(s, args, READ_WRITE);
}

/* EXAMINE: open it without changing anything.  RFC 3501 s.6.3.2. */
enum status
cmd_examine(struct imap_session *s, struct imap_reader *args)
{
	return select_run(s, args, READ_ONLY);
}
