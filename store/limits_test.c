/* Quotas in the writer's transaction: what is taken in, what is refused, what is counted. */
#include "store/limits.h"

#include "base/check.h"
#include "store/testing_fill.h"

#define TEN "0123456789"

static const struct job *
limit(struct testing *t, const struct account_limits *rows, uint32_t count)
{
	struct buf b = buf_init(REQUEST_MAX);
	struct job *j;

	limits_put(rows, count, &b);
	CHECK_STATUS(job_of_limits(buf_slice(&b), &j, NULL), STATUS_OK);
	buf_clear(&b);
	return testing_run(t, j);
}

static void
quota(struct testing *t, uint64_t bytes)
{
	struct account_limits l = { .account = ME, .quota_bytes = bytes };

	CHECK_STATUS(limit(t, &l, 1)->status, STATUS_OK);
}

static struct account_row
account(struct testing *t, uint32_t id)
{
	struct txn *txn = testing_read(t);
	struct account_row a = { 0 };

	if (account_get(txn, id, &a, NULL) != STATUS_OK)
		a.id = 0;
	txn_abort(&txn);
	return a;
}

static enum status
append(struct testing *t, const char *mailbox, unsigned count)
{
	const char *texts[] = { TEN, TEN, TEN, TEN };

	return testing_run(t, testing_append_job(ME, testing_mailbox(t, ME, mailbox), texts, count,
	    0, ""))->status;
}

static enum status
transfer(struct testing *t, uint16_t type, const char *to, const char *uids)
{
	struct store_work w = { .mailbox = testing_mailbox(t, ME, "INBOX"),
		.to = testing_mailbox(t, ME, to) };

	return testing_on_uids(t, ME, type, w, uids)->status;
}

static enum status
deliver(struct testing *t, const struct plan_action *actions, uint32_t count)
{
	struct plan p = { .action_count = count,
		.actions = (struct plan_action *)(uintptr_t)actions };

	return testing_plan(t, SLICE(TEN), &p)->status;
}

static void
an_append_needs_room_for_all_of_it(void **state)
{
	struct testing *t = *state;

	testing_account(t, ME);
	quota(t, 40);
	CHECK_STATUS(append(t, "INBOX", 4), STATUS_OK);
	CHECK_STATUS(append(t, "INBOX", 1), STATUS_FULL);
	CHECK_U64(account(t, ME).bytes, 40);
	quota(t, 69);
	CHECK_STATUS(append(t, "INBOX", 3), STATUS_FULL);
	CHECK_STATUS(append(t, "INBOX", 2), STATUS_OK);
	quota(t, 0);
	CHECK_STATUS(append(t, "INBOX", 4), STATUS_OK);
	CHECK_U64(account(t, ME).bytes, 100);
	CHECK_U64(account(t, ME).messages, 10);
}

static void
what_was_sent_is_saved_a_little_beyond_the_quota(void **state)
{
	struct testing *t = *state;

	testing_account(t, ME);
	quota(t, 40);
	CHECK_STATUS(append(t, "INBOX", 4), STATUS_OK);
	CHECK_STATUS(append(t, "Sent Items", 1), STATUS_OK);
	CHECK_STATUS(append(t, "Drafts", 1), STATUS_FULL);
	CHECK_U64(account(t, ME).bytes, 50);
}

static void
a_copy_is_made_whole_or_not_at_all_and_a_move_costs_nothing(void **state)
{
	struct testing *t = *state;

	testing_account(t, ME);
	CHECK_STATUS(append(t, "INBOX", 4), STATUS_OK);
	quota(t, 70);
	CHECK_STATUS(transfer(t, STORE_COPY, "Junk E-mail", "1:4"), STATUS_FULL);
	CHECK_U64(account(t, ME).messages, 4);
	CHECK_STATUS(transfer(t, STORE_COPY, "Junk E-mail", "1:3"), STATUS_OK);
	CHECK_U64(account(t, ME).bytes, 70);
	CHECK_STATUS(transfer(t, STORE_COPY, "Junk E-mail", "1"), STATUS_FULL);
	CHECK_STATUS(transfer(t, STORE_COPY, "INBOX", "1"), STATUS_FULL);
	CHECK_STATUS(transfer(t, STORE_COPY, "INBOX", "1000:2000"), STATUS_OK);
	/* Programs that delete by copying can do so in a full mailbox. */
	CHECK_STATUS(transfer(t, STORE_COPY, "Deleted Items", "1:4"), STATUS_OK);
	CHECK_STATUS(transfer(t, STORE_MOVE, "Drafts", "1:4"), STATUS_OK);
	CHECK_U64(account(t, ME).bytes, 110);
}

static void
a_delivery_crosses_the_line_but_does_not_begin_behind_it(void **state)
{
	struct plan_action actions[] = {
		{ .kind = ACTION_DELIVER, .account = OTHER, .role = MAILBOX_INBOX, .needs_room = true },
		{ .kind = ACTION_DELIVER, .account = ME, .role = MAILBOX_INBOX, .needs_room = true },
	};
	struct testing *t = *state;

	quota(t, 15);
	CHECK_STATUS(deliver(t, actions, 2), STATUS_OK);
	CHECK_STATUS(deliver(t, actions, 2), STATUS_OK);
	CHECK_STATUS(deliver(t, actions, 2), STATUS_FULL);
	CHECK_U64(account(t, ME).bytes, 20);
	CHECK_U64(account(t, OTHER).messages, 2);
	actions[1].needs_room = false;
	CHECK_STATUS(deliver(t, actions, 2), STATUS_OK);
	CHECK_U64(account(t, ME).bytes, 30);
	CHECK_U64(account(t, OTHER).messages, 3);
}

static void
jobs_of_one_batch_see_each_others_bytes(void **state)
{
	const char *texts[] = { TEN };
	struct testing *t = *state;
	struct job *j;
	unsigned done = 0;

	testing_account(t, ME);
	quota(t, 55);
	testing_forget(t);
	for (unsigned i = 0; i < 20; i++) {
		j = testing_append_job(ME, testing_mailbox(t, ME, "INBOX"), texts, 1, 0, "");
		testing_submit(t, &j);
	}
	testing_wait(t);
	for (j = t->done; j != NULL; j = j->next) {
		CHECK(j->status == STATUS_OK || j->status == STATUS_FULL);
		done += j->status == STATUS_OK;
	}
	CHECK_U64(done, 5);
	CHECK_U64(account(t, ME).bytes, 50);
}

static void
coming_near_the_quota_is_told(void **state)
{
	struct testing *t = *state;

	testing_account(t, ME);
	quota(t, 40);
	CHECK_STATUS(append(t, "INBOX", 3), STATUS_OK);
	CHECK_U64(t->done->filling.account, 0);
	CHECK_STATUS(append(t, "INBOX", 1), STATUS_OK);
	CHECK(t->done->filling.account == ME && t->done->filling.bytes == 40 &&
	    t->done->filling.quota_bytes == 40);
	CHECK_STATUS(append(t, "Sent Items", 1), STATUS_OK);
	CHECK_U64(t->done->filling.account, 0);
}

static void
limits_are_written_where_they_differ(void **state)
{
	static struct account_limits many[1200];
	struct testing *t = *state;
	const struct job *j;
	struct account_row a;

	for (uint32_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct account_limits){ i + 1, 30, i * 100 };
	CHECK_STATUS(limit(t, many, ARRAY_LEN(many))->status, STATUS_OK);
	a = account(t, 1200);
	CHECK(a.id == 1200 && a.trash_days == 30 && a.quota_bytes == 119900 && a.inbox == 0);
	j = limit(t, many, ARRAY_LEN(many));
	CHECK_STATUS(j->status, STATUS_OK);
	CHECK_U64(j->result.change, 0);
	/* The folders come with the first session, and the limits stay. */
	testing_account(t, ME);
	a = account(t, ME);
	CHECK(a.inbox != 0 && a.mailboxes == 5 && a.quota_bytes == 600 && a.trash_days == 30);
	many[0] = (struct account_limits){ 5000, 0, 0 };
	CHECK_STATUS(limit(t, many, 1)->status, STATUS_OK);
	CHECK_U64(account(t, 5000).id, 0);
}

static void
what_accounts_use_is_told(void **state)
{
	uint32_t ids[] = { OTHER, ME };
	struct account_use *use = NULL;
	uint32_t count = 0;
	struct buf question = buf_init(100), answer = buf_init(100);
	struct testing *t = *state;
	struct reader in;
	struct txn *txn;

	testing_account(t, ME);
	quota(t, 40);
	CHECK_STATUS(append(t, "INBOX", 2), STATUS_OK);
	use_ask_put(ids, 2, &question);
	txn = testing_read(t);
	CHECK_STATUS(use_answer(txn, buf_slice(&question), &answer, NULL), STATUS_OK);
	in = reader_of(buf_slice(&answer));
	CHECK_STATUS(use_read(&in, &use, &count), STATUS_OK);
	CHECK_U64(count, 2);
	CHECK(use[0].bytes == 0 && use[0].messages == 0 && use[0].quota_bytes == 0);
	CHECK(use[1].bytes == 20 && use[1].messages == 2 && use[1].quota_bytes == 40);
	for (size_t cut = 0; cut < question.len; cut++) {
		buf_reset(&answer);
		CHECK_STATUS(use_answer(txn, slice_make(question.ptr, cut), &answer, NULL),
		    STATUS_CORRUPT);
	}
	txn_abort(&txn);
	mem_free(use);
	buf_reset(&answer);
	put_u32le(&answer, 2);
	in = reader_of(buf_slice(&answer));
	CHECK_STATUS(use_read(&in, &use, &count), STATUS_CORRUPT);
	buf_clear(&question);
	buf_clear(&answer);
}

static void
limits_that_are_cut_are_refused(void **state)
{
	struct account_limits rows[] = { { 1, 2, 3 }, { 4, 5, 6 } };
	struct buf b = buf_init(100);
	struct job *j;

	(void)state;
	limits_put(rows, 2, &b);
	for (size_t cut = 0; cut < b.len; cut++)
		CHECK_STATUS(job_of_limits(slice_make(b.ptr, cut), &j, NULL), STATUS_CORRUPT);
	put_u8(&b, 0);
	CHECK_STATUS(job_of_limits(buf_slice(&b), &j, NULL), STATUS_CORRUPT);
	buf_reset(&b);
	put_u32le(&b, ACCOUNTS_MAX + 1);
	CHECK_STATUS(job_of_limits(buf_slice(&b), &j, NULL), STATUS_CORRUPT);
	buf_clear(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)
		ROW(an_append_needs_room_for_all_of_it),
		ROW(what_was_sent_is_saved_a_little_beyond_the_quota),
		ROW(a_copy_is_made_whole_or_not_at_all_and_a_move_costs_nothing),
		ROW(a_delivery_crosses_the_line_but_does_not_begin_behind_it),
		ROW(jobs_of_one_batch_see_each_others_bytes),
		ROW(coming_near_the_quota_is_told),
		ROW(limits_are_written_where_they_differ),
		ROW(what_accounts_use_is_told),
#undef ROW
		cmocka_unit_test(limits_that_are_cut_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
