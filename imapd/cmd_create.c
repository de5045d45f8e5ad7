#include "base/mem.h"
#include "imapd/change.h"
#include "imapd/command.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/worker.h"
#include "store/store.h"

/*
 * ABSENT: to be made.  OK: another word for a special folder that is there, which
 * is what the client wants.  EXISTS, and errors.
 */
static enum status
look(struct imap_session *s, struct slice name)
{
	struct problem why = { 0 };
	struct mailbox_row row;
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, &why);

	if (st == STATUS_OK)
		st = name_resolve(t, s->account, name, &row, &why);
	if (st == STATUS_OK && slice_equal(row.name, name))
		st = STATUS_EXISTS;
	txn_abort(&t);
	return st;
}

/* " (USE (\\Archive))" of RFC 6154; one role a mailbox. */
static enum status
read_use(struct imap_session *s, struct imap_reader *args, uint8_t *role)
{
	struct slice word;
	unsigned count = 0;
	bool is_known = true;

	*role = MAILBOX_PLAIN;
	if (imap_at_end(args))
		return STATUS_OK;
	if (!imap_take_space(args) || !imap_take_byte(args, '(') ||
	    imap_take_atom(args, &word) != STATUS_OK ||
	    !slice_equal_nocase(word, SLICE("USE")) || !imap_take_space(args) ||
	    !imap_take_byte(args, '('))
		return STATUS_SYNTAX;
	for (bool more = !imap_take_byte(args, ')'); more; more = !imap_take_byte(args, ')')) {
		if (count++ > 0 && !imap_take_space(args))
			return STATUS_SYNTAX;
		if (imap_take_flag(args, &word) != STATUS_OK)
			return STATUS_SYNTAX;
		*role = (uint8_t)role_of_attribute(word);
		is_known &= *role != MAILBOX_PLAIN;
	}
	if (!imap_take_byte(args, ')') || !imap_at_end(args))
		return STATUS_SYNTAX;
	if (count > 1 || !is_known)
		return command_refuse(s, STATUS_DENIED, "[USEATTR] Not for a mailbox of yours");
	return STATUS_OK;
}

static void
made(void *ctx, enum status st, const struct store_result *r, const struct problem *why)
{
	struct imap_session *s = ctx;
	const uint8_t *role = s->run.data;

	if (st == STATUS_EXISTS && *role != MAILBOX_PLAIN)
		st = command_refuse(s, STATUS_EXISTS, "[USEATTR] Another mailbox is that");
	change_done(s, st, r, why);
}

static void
role_free(void **data)
{
	mem_free(*data);
	*data = NULL;
}

/* CREATE: make a mailbox, its parents too.  RFC 3501 s.6.3.3, RFC 6154 s.3. */
enum status
cmd_create(struct imap_session *s, struct imap_reader *args)
{
	struct buf name = buf_init(NAME_WIRE_MAX);
	uint8_t *role = mem_new(uint8_t);
	struct problem why = { 0 };
	enum status st = parse_mailbox(s, args, &name);

	s->run.data = role;
	s->run.data_free = role_free;
	if (st == STATUS_OK)
		st = read_use(s, args, role);
	if (st == STATUS_OK && mailbox_name_check(buf_slice(&name), &why) != STATUS_OK)
		st = command_refuse(s, STATUS_DENIED, "[CANNOT] That cannot be a mailbox name");
	if (st == STATUS_OK)
		st = look(s, buf_slice(&name));
	if (st == STATUS_ABSENT) {
		s->run.call = store_mailbox_make(s->worker->client, buf_slice(&s->grant),
		    buf_slice(&name), *role, made, s);
		st = STATUS_PENDING;
	}
	buf_clear(&name);
	return st;
}
