/*
 * testing_check.h -- what tests of jobs look at: mailboxes, messages with their
 * flags, and every counter against a recount.  Include base/check.h first.
 */
#ifndef STORE_TESTING_CHECK_H
#define STORE_TESTING_CHECK_H

#include "store/account.h"
#include "store/flags.h"
#include "store/testing.h"
#include "store/trash.h"

#define ME 7
#define OTHER 8

/* Prints names of mailboxes into the buf ctx. */
static inline bool
print_row(void *ctx, const struct mailbox_row *row)
{
	buf_printf(ctx, "%.*s|", SLICE_ARG(row->name));
	return true;
}

/* The same for subscriptions. */
static inline bool
print_name(void *ctx, struct slice name)
{
	buf_printf(ctx, "%.*s|", SLICE_ARG(name));
	return true;
}

/* The names of all mailboxes of ME, each with | behind it. */
static inline void
check_mailboxes(struct testing *t, const char *names)
{
	struct buf b = buf_init(1 << 20);
	struct txn *txn = testing_read(t);

	CHECK_STATUS(mailbox_each(txn, ME, print_row, &b, NULL), STATUS_OK);
	txn_abort(&txn);
	CHECK_SLICE(buf_slice(&b), names);
	buf_clear(&b);
}

/* Prints "uid:flags " of messages into the buf ctx. */
static inline bool
print_chunk(void *ctx, const struct flags_chunk *c)
{
	for (uint32_t i = 0; i < c->count; i++)
		buf_printf(ctx, "%u:%llx ", c->entries[i].uid,
		    (unsigned long long)c->entries[i].flags);
	return true;
}

/* What a mailbox holds, "uid:flags " each. */
static inline void
check_messages(struct testing *t, uint32_t mailbox, const char *text)
{
	struct buf b = buf_init(1 << 20);
	struct txn *txn = testing_read(t);
	struct mailbox_row row;

	CHECK_STATUS(flags_each(txn, mailbox, 1, UINT32_MAX, print_chunk, &b, NULL), STATUS_OK);
	CHECK_SLICE(buf_slice(&b), text);
	CHECK_STATUS(mailbox_get(txn, mailbox, &row, NULL), STATUS_OK);
	txn_abort(&txn);
	buf_clear(&b);
}

/* A recount of ME. */
struct sums {
	struct txn *txn;
	uint32_t mailbox;
	uint64_t bytes, messages, mailboxes, unseen, deleted, modseq;
	uint32_t box_messages;
	uint64_t box_bytes;
};

/* Recounts one message. */
static inline bool
sum_message(void *ctx, const struct message_row *row)
{
	struct sums *s = ctx;
	struct flags_entry e;

	CHECK_STATUS(flags_get(s->txn, s->mailbox, row->uid, &e, NULL), STATUS_OK);
	s->box_messages++;
	s->box_bytes += row->size_bytes;
	s->unseen += !(e.flags & FLAG_SEEN);
	s->deleted += (e.flags & FLAG_DELETED) != 0;
	if (e.modseq > s->modseq)
		s->modseq = e.modseq;
	return true;
}

/* Recounts one mailbox and checks its row. */
static inline bool
sum_mailbox(void *ctx, const struct mailbox_row *row)
{
	struct sums *s = ctx;

	s->mailbox = row->id;
	s->box_messages = 0;
	s->box_bytes = s->unseen = s->deleted = s->modseq = 0;
	CHECK_STATUS(message_each(s->txn, row->id, 1, UINT32_MAX, sum_message, s, NULL), STATUS_OK);
	CHECK_U64(row->messages, s->box_messages);
	CHECK_U64(row->bytes, s->box_bytes);
	CHECK_U64(row->unseen, s->unseen);
	CHECK_U64(row->deleted, s->deleted);
	CHECK(row->modseq >= s->modseq);
	s->messages += s->box_messages;
	s->bytes += s->box_bytes;
	s->mailboxes++;
	return true;
}

/* Every counter equals a recount. */
static inline void
check_counters(struct testing *t)
{
	struct sums s = { .txn = testing_read(t) };
	struct account_row a;

	CHECK_STATUS(mailbox_each(s.txn, ME, sum_mailbox, &s, NULL), STATUS_OK);
	CHECK_STATUS(account_get(s.txn, ME, &a, NULL), STATUS_OK);
	CHECK_U64(a.messages, s.messages);
	CHECK_U64(a.bytes, s.bytes);
	CHECK_U64(a.mailboxes, s.mailboxes);
	txn_abort(&s.txn);
}

/* Ten messages in the inbox, 2, 4, 6 seen. */
static inline uint32_t
ten(struct testing *t)
{
	uint32_t inbox;

	testing_account(t, ME);
	inbox = testing_mailbox(t, ME, "INBOX");
	for (int i = 1; i <= 10; i++)
		testing_append(t, ME, inbox, "text", i % 2 == 0 && i < 8 ? FLAG_SEEN : 0, "");
	return inbox;
}

/* Prints rows of the trash area into the buf ctx. */
static inline bool
print_trash(void *ctx, const struct trash_row *row)
{
	buf_printf(ctx, "%u %.*s %llx %.*s %u|", row->message.uid, SLICE_ARG(row->mailbox),
	    (unsigned long long)row->flags, SLICE_ARG(row->keywords), row->actor);
	return true;
}

/* Make a mailbox of ME. */
static inline enum status
make(struct testing *t, const char *name)
{
	struct store_work w = { .name = slice_from_cstr(name) };

	return testing_work(t, ME, STORE_MAILBOX_MAKE, &w)->status;
}

#endif
