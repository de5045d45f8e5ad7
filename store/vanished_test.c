#include "store/vanished.h"

#include "base/check.h"
#include "store/folder.h"
#include "store/key.h"
#include "store/testing_fill.h"

static uint32_t
inbox_of(struct testing *t, uint32_t messages)
{
	uint32_t inbox;

	testing_account(t, ME);
	inbox = testing_mailbox(t, ME, "INBOX");
	for (uint32_t i = 0; i < messages; i++)
		testing_append(t, ME, inbox, "Subject: x\r\n\r\n", 0, "");
	return inbox;
}

/* want: the UIDs as text; NULL: it cannot be told. */
static void
check_vanished(struct testing *t, uint32_t mailbox, uint64_t since, const char *want)
{
	struct txn *txn = testing_read(t);
	struct uidset gone = uidset_init();
	struct mailbox_row row;

	CHECK_STATUS(mailbox_get(txn, mailbox, &row, NULL), STATUS_OK);
	CHECK_STATUS(vanished_since(txn, &row, since, &gone, NULL),
	    want == NULL ? STATUS_LIMIT : STATUS_OK);
	if (want != NULL)
		testing_check_set(&gone, want);
	uidset_clear(&gone);
	txn_abort(&txn);
}

static void
each_expunge_is_told_from_before_it_on(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = inbox_of(t, 20);
	uint64_t a, b, c;

	check_vanished(t, inbox, 0, "");
	a = testing_expunge(t, ME, inbox, "5:6");
	testing_append(t, ME, inbox, "Subject: between\r\n\r\n", 0, "");
	b = testing_expunge(t, ME, inbox, "1,5,9");
	c = testing_expunge(t, ME, inbox, "20");
	check_vanished(t, inbox, 0, "1,5:6,9,20");
	check_vanished(t, inbox, a - 1, "1,5:6,9,20");
	check_vanished(t, inbox, a, "1,9,20");
	check_vanished(t, inbox, b - 1, "1,9,20");
	check_vanished(t, inbox, b, "20");
	check_vanished(t, inbox, c - 1, "20");
	check_vanished(t, inbox, c, "");
	check_vanished(t, inbox, UINT64_MAX, "");
}

static void
a_move_vanishes_from_where_it_began_only(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = inbox_of(t, 3), junk = testing_mailbox(t, ME, "Junk E-mail");
	struct store_work w = { .mailbox = inbox, .to = junk };

	CHECK_STATUS(testing_on_uids(t, ME, STORE_MOVE, w, "2")->status, STATUS_OK);
	w.mailbox = junk;	/* and within one mailbox */
	CHECK_STATUS(testing_on_uids(t, ME, STORE_MOVE, w, "1")->status, STATUS_OK);
	check_vanished(t, inbox, 0, "2");
	check_vanished(t, junk, 0, "1");
}

static void
a_change_in_many_parts_is_read_whole(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = inbox_of(t, 900);
	struct buf want = buf_init(1 << 20);
	uint64_t a = testing_expunge(t, ME, inbox, "1");
	const char *text;

	for (uint32_t uid = 3; uid <= 900; uid += 2)
		buf_printf(&want, "%s%u", uid == 3 ? "" : ",", uid);
	CHECK_STATUS(buf_cstr(&want, &text), STATUS_OK);
	testing_expunge(t, ME, inbox, text);	/* 449 ranges: three parts */
	check_vanished(t, inbox, a, text);
	buf_clear(&want);
}

/* Put a row without its link in place of what is there, or take it away. */
static void
journal_spoil(struct testing *t, uint64_t change, bool is_removed)
{
	struct journal_row row = { .op = JOURNAL_EXPUNGED, .mailbox = 3 };
	struct problem why = { "" };
	struct change c = { .number = change, .sid = SLICE("") };
	struct key k;

	CHECK_STATUS(txn_begin_write(store_env(t->store), &c.txn, &why), STATUS_OK);
	CHECK_STATUS(txn_delete(c.txn, TABLE_JOURNAL, key_of_u64_u16(&k, change, 0), NULL),
	    STATUS_OK);
	if (!is_removed)
		CHECK_STATUS(journal_put(&c, &row, NULL, &why), STATUS_OK);
	CHECK_STATUS(txn_commit(&c.txn, &why), STATUS_OK);
}

static void
from_before_the_journals_reach_nothing_can_be_told(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = inbox_of(t, 9);
	uint64_t a = testing_expunge(t, ME, inbox, "1"), b = testing_expunge(t, ME, inbox, "2");
	uint64_t c = testing_expunge(t, ME, inbox, "3");

	journal_spoil(t, a, true);
	check_vanished(t, inbox, a - 1, NULL);
	check_vanished(t, inbox, a, "2:3");
	journal_spoil(t, b, false);	/* as version 1 of the store wrote it */
	check_vanished(t, inbox, a, NULL);
	check_vanished(t, inbox, b, "3");
	check_vanished(t, inbox, c, "");
}

static void
what_would_be_too_much_is_not_told(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = inbox_of(t, 9);
	struct problem why = { "" };
	struct change c = { .number = 1000000, .sid = SLICE("") };
	struct folder *f = mem_zeroed(1, sizeof(*f));
	struct uidset uids = uidset_init();

	CHECK_STATUS(txn_begin_write(store_env(t->store), &c.txn, &why), STATUS_OK);
	CHECK_STATUS(mailbox_get(c.txn, inbox, &f->row, NULL), STATUS_OK);
	for (uint32_t i = 1; i <= 2 * VANISHED_RANGES_MAX; i++)
		CHECK_STATUS(uidset_add(&uids, i * 2, i * 2), STATUS_OK);
	CHECK_STATUS(journal_put_expunged(&c, f, &uids, &why), STATUS_OK);
	f->row.expunge_modseq = c.number;
	CHECK_STATUS(mailbox_put(c.txn, &f->row, &why), STATUS_OK);
	CHECK_STATUS(txn_commit(&c.txn, &why), STATUS_OK);
	check_vanished(t, inbox, 0, NULL);
	check_vanished(t, inbox, c.number, "");
	uidset_clear(&uids);
	mem_free(f);
}

int
main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)
	const struct CMUnitTest tests[] = {
		ROW(each_expunge_is_told_from_before_it_on),
		ROW(a_move_vanishes_from_where_it_began_only),
		ROW(a_change_in_many_parts_is_read_whole),
		ROW(from_before_the_journals_reach_nothing_can_be_told),
		ROW(what_would_be_too_much_is_not_told),
	};
#undef ROW

	return cmocka_run_group_tests(tests, NULL, NULL);
}
