#include "imapd/command.h"
#include "imapd/condstore.h"
#include "imapd/fetch.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/qresync.h"
#include "imapd/selected.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/flags.h"
#include "store/store.h"

#define OUTPUT_MAX (16 * 1024 * 1024)	/* VANISHED of the longest sets */

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

struct parameters {
	bool wants_condstore, has_qresync;
	struct qresync known;
};

/* RFC 7162 s.3.2.5: what has gone, and into *show what has changed since the client was here. */
static enum status
resync(struct selected *sel, struct txn *t, const struct mailbox_row *row,
    const struct qresync *known, struct buf *out, struct fetch *show, struct problem *why)
{
	uint64_t since = qresync_since(row, known->modseq);
	uint32_t matched = qresync_matched(&sel->view, known->numbers, known->uids);
	enum status st = qresync_write_vanished(sel, t, row, since,
	    known->has_known ? &known->known : NULL, matched, out, why);

	if (st != STATUS_OK || (since != 0 && row->modseq <= since))
		return st;
	show->changed_since = since;
	/* What changes while this is sent is told when what goes before it is. */
	show->changed_until = sel->change;
	if (!known->has_known)
		return sequence_within(&sel->view, 1, UINT32_MAX, &show->uids);
	for (uint32_t i = 0; st == STATUS_OK && i < known->known.count; i++)
		st = sequence_within(&sel->view, known->known.ranges[i].first,
		    known->known.ranges[i].last, &show->uids);
	return st;
}

static enum status
open_view(struct imap_session *s, struct slice name, enum access access,
    const struct parameters *p, struct buf *out, struct fetch *show)
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
	if (st == STATUS_OK && p->has_qresync && p->known.uid_validity == row.uid_validity)
		st = resync(sel, t, &row, &p->known, out, show, &why);
	txn_abort(&t);
	if (st != STATUS_OK) {
		selected_close(&sel);
		return st;
	}
	s->selected = sel;
	session_enter(s, IMAP_SELECTED);
	return STATUS_OK;
}

static enum status
read_parameter(struct imap_session *s, struct imap_reader *args, struct parameters *p)
{
	struct slice word;

	if (imap_take_atom(args, &word) != STATUS_OK)
		return STATUS_SYNTAX;
	if (slice_equal_nocase(word, SLICE("CONDSTORE"))) {
		p->wants_condstore = true;
		return STATUS_OK;
	}
	if (!slice_equal_nocase(word, SLICE("QRESYNC")) || p->has_qresync)
		return STATUS_SYNTAX;
	if (!s->has_qresync)
		return command_refuse(s, STATUS_SYNTAX, "QRESYNC is not enabled");
	p->has_qresync = true;
	return qresync_take(args, &p->known);
}

/* RFC 4466 parameters; those we know are RFC 7162's. */
static enum status
read_parameters(struct imap_session *s, struct imap_reader *args, struct parameters *p)
{
	enum status st;

	if (imap_at_end(args))
		return STATUS_OK;
	if (!imap_take_space(args) || !imap_take_byte(args, '('))
		return STATUS_SYNTAX;
	do {
		st = read_parameter(s, args, p);
	} while (st == STATUS_OK && imap_take_space(args));
	if (st == STATUS_OK && !imap_take_byte(args, ')'))
		st = STATUS_SYNTAX;
	return st == STATUS_OK ? parse_end(args) : st;
}

/* RFC 3501 s.6.3.1: a SELECT that fails leaves nothing selected. */
static void
leave(struct imap_session *s)
{
	if (s->state != IMAP_SELECTED)
		return;
	selected_close(&s->selected);
	session_enter(s, IMAP_AUTHENTICATED);
	/* RFC 7162 s.3.2.11: what comes behind this is of the new mailbox. */
	conn_write(s->conn, SLICE("* OK [CLOSED] The mailbox before is closed\r\n"));
}

/* Messages that changed since the client was here, each with all that it keeps of one. */
static enum status
show_changed(struct imap_session *s, struct fetch *show)
{
	static const enum fetch_kind kinds[] = { FETCH_UID, FETCH_FLAGS, FETCH_MODSEQ };

	if (show->uids.count == 0)
		return STATUS_OK;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		fetch_items_add(&show->items, kinds[i]);
	fetch_start(s, show);
	return STATUS_PENDING;
}

static enum status
select_run(struct imap_session *s, struct imap_reader *args, enum access access)
{
	struct buf name = buf_init(NAME_WIRE_MAX);
	struct buf out = buf_init(OUTPUT_MAX);
	struct fetch show = { .uids = uidset_init(), .seen = uidset_init() };
	struct parameters p = { .known.known = uidset_init() };
	enum status st = parse_mailbox(s, args, &name);

	if (st == STATUS_OK)
		st = read_parameters(s, args, &p);
	if (st == STATUS_OK || st == STATUS_DENIED)
		leave(s);
	if (st == STATUS_OK)
		st = open_view(s, buf_slice(&name), access, &p, &out, &show);
	if (st == STATUS_OK) {
		s->has_condstore |= p.wants_condstore;
		conn_write(s->conn, buf_slice(&out));
		buf_append(&s->run.code, access == READ_ONLY ? SLICE("READ-ONLY") :
		    SLICE("READ-WRITE"));
		st = show_changed(s, &show);
	}
	fetch_clear(&show);
	qresync_clear(&p.known);
	buf_clear(&name);
	buf_clear(&out);
	return st;
}

/* SELECT: open a mailbox.  RFC 3501 s.6.3.1, RFC 7162 s.3.2.5. */
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
