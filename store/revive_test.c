#include "base/check.h"
#include "store/counters.h"
#include "store/revive.h"
#include "store/testing_fill.h"

struct seen {
	uint64_t change;
	uint32_t expunged;
};

static bool
on_row(void *ctx, const struct journal_row *row)
{
	struct seen *s = ctx;

	s->change = row->change;
	s->expunged += row->op == JOURNAL_EXPUNGED;
	return true;
}

static void
counters_read(struct testing *t, struct counters *out)
{
	struct txn *txn = testing_read(t);

	CHECK_STATUS(counters_get(txn, out, NULL), STATUS_OK);
	txn_abort(&txn);
}

static void
box_read(struct testing *t, uint32_t id, struct mailbox_row *out, struct flags_entry *flags)
{
	struct txn *txn = testing_read(t);

	CHECK_STATUS(mailbox_get(txn, id, out, NULL), STATUS_OK);
	CHECK_STATUS(flags_get(txn, id, 1, flags, NULL), STATUS_OK);
	txn_abort(&txn);
}

static void
clients_see_neither_old_uids_nor_old_changes(void **state)
{
	struct testing *t = *state;
	struct counters before, after;
	struct mailbox_row old, new;
	struct flags_entry flags;
	struct seen seen = { 0, 0 };
	struct problem why = { "" };
	struct txn *txn;
	uint32_t box;

	testing_account(t, 7);
	box = testing_mailbox(t, 7, "INBOX");
	testing_append(t, 7, box, "Subject: one\r\n\r\n", FLAG_SEEN, "Important");
	counters_read(t, &before);
	box_read(t, box, &old, &flags);
	testing_close(t);
	if (store_revive(t->path, SLICE("backup 20261124T103651Z"), &why) != STATUS_OK)
		fail_msg("%s", why.text);
	testing_verify(t->path);
	testing_open(t);
	counters_read(t, &after);
	CHECK(after.change >= before.change + REVIVE_CHANGES);
	CHECK_U64(after.segment, before.segment + 1);
	box_read(t, box, &new, &flags);
	CHECK_U64(new.uid_next, old.uid_next + REVIVE_UIDS);
	CHECK_U64(new.uid_validity, old.uid_validity);
	CHECK_U64(flags.modseq, new.modseq);
	CHECK(flags.flags & FLAG_SEEN);
	txn = testing_read(t);
	CHECK_STATUS(journal_each(txn, before.change, on_row, &seen, NULL), STATUS_OK);
	CHECK_U64(seen.expunged, 5);	/* each of the account's folders */
	CHECK(seen.change >= before.change + REVIVE_CHANGES);
	txn_abort(&txn);
	CHECK_U64(testing_append(t, 7, box, "Subject: two\r\n\r\n", 0, ""), old.uid_next + REVIVE_UIDS);
	testing_check_whole(t);
}

static void
an_empty_store_is_revived_too(void **state)
{
	struct testing *t = *state;

	testing_close(t);
	CHECK_STATUS(store_revive(t->path, SLICE("nothing"), NULL), STATUS_OK);
	testing_open(t);
	testing_account(t, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(clients_see_neither_old_uids_nor_old_changes,
		    testing_setup, testing_teardown),
		cmocka_unit_test_setup_teardown(an_empty_store_is_revived_too, testing_setup,
		    testing_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
