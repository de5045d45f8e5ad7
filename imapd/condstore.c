#include "imapd/condstore.h"

#include "base/ascii.h"
#include "base/log.h"
#include "imapd/selected.h"
#include "imapd/worker.h"
#include "net/conn.h"
#include "store/store.h"

uint64_t
condstore_highest(const struct mailbox_row *row)
{
	uint64_t highest = row->modseq > row->expunge_modseq ? row->modseq : row->expunge_modseq;

	return highest == 0 ? 1 : highest;
}

void
condstore_enable(struct imap_session *s)
{
	struct worker *w = s->worker;
	struct problem why = { 0 };
	struct mailbox_row row;
	struct txn *t = NULL;
	uint64_t highest;
	enum status st;

	if (s->has_condstore)
		return;
	s->has_condstore = true;
	if (s->state != IMAP_SELECTED)
		return;
	st = txn_begin_read(store_env(w->store), &t, &why);
	if (st == STATUS_OK)
		st = mailbox_get(t, s->selected->mailbox, &row, &why);
	txn_abort(&t);
	if (st != STATUS_OK)
		return;
	/* Of later changes this session does not know yet: it will be told. */
	highest = condstore_highest(&row);
	if (highest > w->change && w->change > 0)
		highest = w->change;
	conn_printf(s->conn, "* OK [HIGHESTMODSEQ %llu] Changes are numbered\r\n",
	    (unsigned long long)highest);
}

enum status
condstore_take_number(struct imap_reader *args, uint64_t *out)
{
	struct imap_reader ahead = *args;
	struct slice word;
	enum status st;

	if (!imap_take_space(&ahead) || imap_take_atom(&ahead, &word) != STATUS_OK)
		return STATUS_SYNTAX;
	st = parse_u64(word, 0, INT64_MAX, out);
	if (st == STATUS_OK)
		*args = ahead;
	return st == STATUS_OK ? st : STATUS_SYNTAX;
}

enum status
condstore_take_modifier(struct imap_reader *args, struct slice name, bool *has, uint64_t *out)
{
	struct imap_reader ahead = *args;
	struct slice word;

	*has = false;
	if (!imap_take_space(&ahead) || !imap_take_byte(&ahead, '('))
		return STATUS_OK;
	if (imap_take_atom(&ahead, &word) != STATUS_OK || !slice_equal_nocase(word, name) ||
	    condstore_take_number(&ahead, out) != STATUS_OK || !imap_take_byte(&ahead, ')'))
		return STATUS_SYNTAX;
	*has = true;
	*args = ahead;
	return STATUS_OK;
}

void
condstore_put_code(struct imap_session *s, uint64_t change)
{
	if (!s->has_condstore)
		return;
	buf_append(&s->run.code, SLICE("HIGHESTMODSEQ "));
	buf_append_u64(&s->run.code, change);
}

void
condstore_write(struct buf *out, uint64_t modseq)
{
	buf_append(out, SLICE("MODSEQ ("));
	/* A message of before the first change number counts as changed at 1. */
	buf_append_u64(out, modseq == 0 ? 1 : modseq);
	buf_append_byte(out, ')');
}
