#include "imapd/change.h"
#include "imapd/command.h"
#include "imapd/names.h"
#include "imapd/parse.h"
#include "imapd/worker.h"
#include "store/store.h"

/* Another word for a special folder subscribes that folder. */
static void
settle_name(struct imap_session *s, struct buf *name)
{
	struct problem why = { 0 };
	struct mailbox_row row;
	struct txn *t = NULL;
	enum status st = txn_begin_read(store_env(s->worker->store), &t, &why);

	if (st == STATUS_OK)
		st = name_resolve(t, s->account, buf_slice(name), &row, &why);
	if (st == STATUS_OK) {
		buf_reset(name);
		buf_append(name, row.name);
	}
	txn_abort(&t);
}

typedef uint32_t subscription_call(struct store_client *c, struct slice grant, struct slice name,
    store_done *done, void *ctx);

/*
 * Any name will do: Outlook subscribes the oddest ones and takes NO badly.  What
 * cannot even be stored is answered OK and forgotten.
 */
static enum status
subscription_run(struct imap_session *s, struct imap_reader *args, subscription_call *call)
{
	struct buf name = buf_init(NAME_WIRE_MAX);
	struct problem why = { 0 };
	enum status st = parse_mailbox(s, args, &name);

	if (st == STATUS_OK || st == STATUS_DENIED)
		st = parse_end(args) == STATUS_OK ? st : STATUS_SYNTAX;
	if (st == STATUS_OK)
		settle_name(s, &name);
	if (st == STATUS_DENIED ||
	    (st == STATUS_OK && mailbox_name_check(buf_slice(&name), &why) != STATUS_OK)) {
		st = STATUS_OK;
	} else if (st == STATUS_OK) {
		s->run.call = call(s->worker->client, buf_slice(&s->grant), buf_slice(&name),
		    change_done, s);
		st = STATUS_PENDING;
	}
	buf_clear(&name);
	return st;
}

/* SUBSCRIBE: RFC 3501 s.6.3.6. */
enum status
cmd_subscribe(struct imap_session *s, struct imap_reader *args)
{
	return subscription_run(s, args, store_subscribe);
}

/* UNSUBSCRIBE: RFC 3501 s.6.3.7. */
enum status
cmd_unsubscribe(struct imap_session *s, struct imap_reader *args)
{
	return subscription_run(s, args, store_unsubscribe);
}
