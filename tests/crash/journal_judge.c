/* What crash.h promises of the journal. */
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "store/account.h"
#include "store/message.h"
#include "store/sealed.h"
#include "store/vanished.h"
#include "tests/crash/crash.h"

#define UIDS_MAX 65536u
#define CHANGES_MAX 1000000u

struct journal_judge {
	struct txn *txn;
	struct mailbox_row box;
	uint64_t change, sealed_last;
	uint32_t part;
	bool *is_told;		/* change numbers that have a row */
	bool *is_added;		/* by UID, in that mailbox */
	uint64_t *gone_at;	/* by UID: the change; 0: it has not gone */
	unsigned mistakes;
};

static void mistake(struct journal_judge *j, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
mistake(struct journal_judge *j, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	j->mistakes++;
}

static void
see_uid(struct journal_judge *j, const struct journal_row *row, uint32_t uid)
{
	if (uid >= UIDS_MAX || (row->op == JOURNAL_ADDED) == j->is_added[uid])
		mistake(j, "the journal's change %llu has UID %u of mailbox %u at a wrong time",
		    (unsigned long long)row->change, uid, row->mailbox);
	else if (row->op == JOURNAL_ADDED)
		j->is_added[uid] = true;
	else
		j->gone_at[uid] = row->change;
}

static bool
see_row(void *ctx, const struct journal_row *row)
{
	struct journal_judge *j = ctx;
	struct reader in = reader_of(row->uids);
	struct uidset uids;

	if (row->change < j->change || (row->change == j->change && row->part <= j->part))
		mistake(j, "the journal has change %llu behind %llu",
		    (unsigned long long)row->change, (unsigned long long)j->change);
	j->change = row->change;
	j->part = row->part;
	if (row->change < CHANGES_MAX)
		j->is_told[row->change] = true;
	if (row->mailbox != j->box.id ||
	    (row->op != JOURNAL_ADDED && row->op != JOURNAL_EXPUNGED))
		return true;
	uidset_read(&in, &uids);
	for (uint32_t i = 0; i < uids.count; i++)
		for (uint32_t uid = uids.ranges[i].first; uid <= uids.ranges[i].last; uid++)
			see_uid(j, row, uid);
	uidset_clear(&uids);
	return true;
}

static bool
see_message(void *ctx, const struct message_row *row)
{
	struct journal_judge *j = ctx;

	if (row->uid >= UIDS_MAX || !j->is_added[row->uid] || j->gone_at[row->uid] != 0)
		mistake(j, "UID %u is there, but not by the journal", row->uid);
	else
		j->is_added[row->uid] = false;
	return true;
}

/* What QRESYNC is answered: all that has gone since, and nothing else, or that it cannot be told. */
static void
judge_since(struct journal_judge *j, uint64_t since)
{
	struct uidset gone = uidset_init();
	bool is_sealed = false, is_missed = false;
	uint64_t count = 0;
	enum status st = vanished_since(j->txn, &j->box, since, &gone, NULL);

	for (uint32_t uid = 1; uid < UIDS_MAX; uid++) {
		if (j->gone_at[uid] <= since)
			continue;
		count++;
		is_missed |= !uidset_has(&gone, uid);
		is_sealed |= j->gone_at[uid] <= j->sealed_last;
	}
	if (st == STATUS_OK ? is_missed || uidset_size(&gone) != count : !is_sealed)
		mistake(j, "what has gone since change %llu is told wrongly: %s",
		    (unsigned long long)since, status_name(st));
	uidset_clear(&gone);
}

static enum status
judge_box(struct journal_judge *j, struct store *s, uint32_t mailbox, struct problem *why)
{
	enum status st = mailbox_get(j->txn, mailbox, &j->box, why);

	if (st == STATUS_OK)
		st = sealed_journal_each(s, j->txn, 0, see_row, j, why);
	if (st == STATUS_OK)
		st = message_each(j->txn, mailbox, 0, UINT32_MAX, see_message, j, why);
	for (uint32_t uid = 1; st == STATUS_OK && uid < UIDS_MAX; uid++) {
		if (j->is_added[uid] && j->gone_at[uid] == 0)
			mistake(j, "UID %u is not there, but by the journal", uid);
		if (j->gone_at[uid] != 0)
			judge_since(j, j->gone_at[uid] - 1);
	}
	return st;
}

unsigned
crash_judge_journal(struct store *s, struct txn *t, uint32_t mailbox, const uint64_t *promised,
    size_t count)
{
	struct journal_judge j = { .txn = t, .is_told = mem_array(bool, CHANGES_MAX),
		.is_added = mem_array(bool, UIDS_MAX), .gone_at = mem_array(uint64_t, UIDS_MAX) };
	struct problem why = { "" };
	struct sealed_row last;
	enum status st = sealed_before(t, UINT64_MAX, &last, &why);

	if (st == STATUS_OK)
		j.sealed_last = last.last;
	if (st == STATUS_OK || st == STATUS_ABSENT)
		st = judge_box(&j, s, mailbox, &why);
	if (st != STATUS_OK)
		mistake(&j, "journal: %s %s", status_name(st), why.text);
	for (size_t i = 0; st == STATUS_OK && i < count; i++)
		if (promised[i] >= CHANGES_MAX || !j.is_told[promised[i]])
			mistake(&j, "the journal has lost change %llu",
			    (unsigned long long)promised[i]);
	mem_free(j.is_told);
	mem_free(j.is_added);
	mem_free(j.gone_at);
	return j.mistakes;
}
