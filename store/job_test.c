#include "store/job.h"

#include "base/check.h"
#include "store/keyword.h"
#include "store/testing_fill.h"

static bool
print_journal(void *ctx, const struct journal_row *row)
{
	struct reader in = reader_of(row->uids);
	struct uidset uids;

	uidset_read(&in, &uids);
	CHECK(reader_at_end(&in));
	buf_printf(ctx, "%u %u ", row->op, row->mailbox);
	uidset_print(&uids, ctx);
	if (row->op == JOURNAL_FLAGGED)
		buf_printf(ctx, " -%x+%x", load_u32le((const uint8_t *)row->before.ptr),
		    load_u32le((const uint8_t *)row->after.ptr));
	buf_append_byte(ctx, '|');
	CHECK_U64(row->actor, ME);
	CHECK_SLICE(row->sid, "k3v7q2m9tzae");
	uidset_clear(&uids);
	return true;
}

static void
check_journal(struct testing *t, uint64_t after, const char *text)
{
	struct buf b = buf_init(1 << 20);
	struct txn *txn = testing_read(t);

	CHECK_STATUS(journal_each(txn, after, print_journal, &b, NULL), STATUS_OK);
	txn_abort(&txn);
	CHECK_SLICE(buf_slice(&b), text);
	buf_clear(&b);
}

static uint64_t
change_now(struct testing *t)
{
	struct txn *txn = testing_read(t);
	uint64_t change = 0;

	CHECK_STATUS(store_change(txn, &change, NULL), STATUS_OK);
	txn_abort(&txn);
	return change;
}

static void
a_new_account_has_its_folders_once(void **state)
{
	struct testing *t = *state;
	struct buf b = buf_init(1000);
	struct store_work w = { 0 };
	struct account_row a;
	struct txn *txn;

	testing_account(t, ME);
	check_mailboxes(t, "Deleted Items|Drafts|INBOX|Junk E-mail|Sent Items|");
	CHECK_U64(testing_work(t, ME, STORE_SESSION, &w)->result.change, 0);
	txn = testing_read(t);
	CHECK_STATUS(account_get(txn, ME, &a, NULL), STATUS_OK);
	CHECK(a.inbox != 0 && a.inbox == a.roles[MAILBOX_INBOX] && a.roles[MAILBOX_ARCHIVE] == 0);
	CHECK_STATUS(account_get(txn, OTHER, &a, NULL), STATUS_ABSENT);
	CHECK_STATUS(subscription_each(txn, ME, print_name, &b, NULL), STATUS_OK);
	CHECK_SLICE(buf_slice(&b), "Deleted Items|Drafts|INBOX|Junk E-mail|Sent Items|");
	txn_abort(&txn);
	buf_clear(&b);
}

static void
appended_messages_come_back_as_they_were(void **state)
{
	struct testing *t = *state;
	static char large[300000];
	const char *texts[] = { "Subject: one\r\n\r\n", "", large };
	uint32_t inbox;
	const struct job *j;
	struct message_row m;
	struct text_row row;
	struct txn *txn;
	uint32_t refs;

	testing_account(t, ME);
	inbox = testing_mailbox(t, ME, "INBOX");
	memset(large, 'x', sizeof(large) - 1);
	j = testing_run(t, testing_append_job(ME, inbox, texts, 3, FLAG_SEEN, "$Label1 work"));
	CHECK_STATUS(j->status, STATUS_OK);
	testing_check_set(&j->result.target, "1:3");
	txn = testing_read(t);
	for (uint32_t uid = 1; uid <= 3; uid++) {
		struct slice text = slice_from_cstr(texts[uid - 1]);
		char *back = mem_zeroed(1, text.len + 1);

		CHECK_STATUS(message_get(txn, inbox, uid, &m, NULL), STATUS_OK);
		CHECK_U64(m.internal_at, 1700000000 + uid - 1);
		CHECK(m.internal_zone == 480 && m.size_bytes == text.len);
		CHECK_STATUS(text_get(txn, m.text, &row, NULL), STATUS_OK);
		CHECK_STATUS(text_read(t->store, &row, 0, (uint32_t)text.len, back, NULL), STATUS_OK);
		CHECK(slice_equal(slice_make(back, text.len), text));
		CHECK_STATUS(text_read(t->store, &row, 1, (uint32_t)text.len, back, NULL), STATUS_LIMIT);
		CHECK_STATUS(text_references(txn, m.text, &refs, NULL), STATUS_OK);
		CHECK_U64(refs, 1);
		mem_free(back);
	}
	txn_abort(&txn);
	check_messages(t, inbox, "1:301 2:301 3:301 ");
	check_counters(t);
}

static void
an_append_is_all_or_nothing(void **state)
{
	struct testing *t = *state;
	const char *texts[] = { "one", "two" };
	struct buf many = buf_init(10000);
	struct job *good, *bad, *lie;
	uint32_t inbox;

	testing_account(t, ME);
	testing_account(t, OTHER);
	inbox = testing_mailbox(t, ME, "INBOX");
	for (int i = 0; i <= KEYWORD_COUNT_MAX; i++)
		buf_printf(&many, "k%d ", i);
	buf_append_byte(&many, '\0');
	/* In one batch: the bad ones must not take the good one with them, nor leave a trace. */
	good = testing_append_job(ME, inbox, texts, 2, 0, "");
	bad = testing_append_job(ME, inbox, texts, 2, 0, many.ptr);
	lie = testing_append_job(ME, inbox, texts, 2, 0, "");
	lie->texts[1].is_checked = false;
	lie->texts[1].sha256[0] ^= 1;
	testing_forget(t);
	testing_submit(t, &bad);
	testing_submit(t, &lie);
	testing_submit(t, &good);
	testing_wait(t);
	for (struct job *j = t->done; j != NULL; j = j->next) {
		if (j->work.messages[0].keywords.len > 0)
			CHECK_STATUS(j->status, STATUS_LIMIT);
		else if (j->texts[1].sha256[0] != j->work.messages[1].sha256[0])
			CHECK_STATUS(j->status, STATUS_CORRUPT);
		else
			CHECK_STATUS(j->status, STATUS_OK);
	}
	check_messages(t, inbox, "1:0 2:0 ");
	check_counters(t);
	CHECK_STATUS(testing_run(t, testing_append_job(OTHER, inbox, texts, 1, 0, ""))->status,
	    STATUS_DENIED);
	CHECK_STATUS(testing_run(t, testing_append_job(ME, 999, texts, 1, 0, ""))->status,
	    STATUS_ABSENT);
	CHECK_STATUS(testing_run(t, testing_append_job(ME, inbox, texts, 1, 0, "a(b"))->status,
	    STATUS_SYNTAX);
	check_messages(t, inbox, "1:0 2:0 ");
	buf_clear(&many);
}

static void
copies_keep_flags_and_names_of_keywords(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = ten(t), to, refs;
	struct message_row one, two;
	struct flags_entry e;
	struct txn *txn;
	const struct job *j;
	uint64_t before;

	to = testing_mailbox(t, ME, "Drafts");
	testing_append(t, ME, to, "there", 0, "other");
	testing_append(t, ME, inbox, "eleven", FLAG_FLAGGED, "mine");
	before = change_now(t);
	j = testing_on_uids(t, ME, STORE_COPY, (struct store_work){ .mailbox = inbox, .to = to }, "2:3,11:99");
	CHECK_STATUS(j->status, STATUS_OK);
	testing_check_set(&j->result.source, "2:3,11");
	testing_check_set(&j->result.target, "2:4");
	CHECK_U64(j->result.change, before + 1);
	check_messages(t, to, "1:100 2:1 3:0 4:204 ");
	check_journal(t, before, "1 2 2:4|");
	txn = testing_read(t);
	CHECK_STATUS(message_get(txn, inbox, 2, &one, NULL), STATUS_OK);
	CHECK_STATUS(message_get(txn, to, 2, &two, NULL), STATUS_OK);
	CHECK(one.text == two.text && one.uidl != two.uidl);
	CHECK(one.internal_at == two.internal_at && one.internal_zone == two.internal_zone);
	CHECK_STATUS(text_references(txn, one.text, &refs, NULL), STATUS_OK);
	CHECK_U64(refs, 2);
	CHECK_STATUS(flags_get(txn, to, 2, &e, NULL), STATUS_OK);
	CHECK_U64(e.modseq, before + 1);
	txn_abort(&txn);
	/* Nothing there to copy changes nothing; into itself, only what was there before. */
	j = testing_on_uids(t, ME, STORE_COPY, (struct store_work){ .mailbox = inbox, .to = to }, "500");
	CHECK(j->status == STATUS_OK && j->result.change == 0 && j->result.uid_validity != 0);
	j = testing_on_uids(t, ME, STORE_COPY, (struct store_work){ .mailbox = to, .to = to }, "1:4294967295");
	testing_check_set(&j->result.target, "5:8");
	check_messages(t, to, "1:100 2:1 3:0 4:204 5:100 6:1 7:0 8:204 ");
	j = testing_on_uids(t, ME, STORE_COPY, (struct store_work){ .mailbox = inbox, .to = 999 }, "1");
	CHECK_STATUS(j->status, STATUS_ABSENT);
	check_counters(t);
}

static void
a_move_takes_the_message_with_it(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = ten(t), to = testing_mailbox(t, ME, "Deleted Items"), refs;
	struct message_row before, after;
	struct mailbox_row box;
	const struct job *j;
	uint64_t change = change_now(t);
	struct txn *txn;

	txn = testing_read(t);
	CHECK_STATUS(message_get(txn, inbox, 2, &before, NULL), STATUS_OK);
	txn_abort(&txn);
	j = testing_on_uids(t, ME, STORE_MOVE, (struct store_work){ .mailbox = inbox, .to = to }, "2,4,9");
	testing_check_set(&j->result.source, "2,4,9");
	testing_check_set(&j->result.target, "1:3");
	check_messages(t, inbox, "1:0 3:0 5:0 6:1 7:0 8:0 10:0 ");
	check_messages(t, to, "1:1 2:1 3:0 ");
	check_journal(t, change, "1 4 1:3|3 1 2,4,9|");
	txn = testing_read(t);
	CHECK_STATUS(message_get(txn, to, 1, &after, NULL), STATUS_OK);
	CHECK(after.text == before.text && after.uidl == before.uidl);
	CHECK_STATUS(message_get(txn, inbox, 2, &before, NULL), STATUS_ABSENT);
	CHECK_STATUS(text_references(txn, after.text, &refs, NULL), STATUS_OK);
	CHECK_U64(refs, 1);
	CHECK_STATUS(mailbox_get(txn, inbox, &box, NULL), STATUS_OK);
	CHECK(box.expunge_modseq == change + 1 && box.modseq == change + 1 && box.uid_next == 11);
	txn_abort(&txn);
	j = testing_on_uids(t, ME, STORE_MOVE, (struct store_work){ .mailbox = inbox, .to = inbox }, "1:4294967295");
	testing_check_set(&j->result.target, "11:17");
	check_messages(t, inbox, "11:0 12:0 13:0 14:1 15:0 16:0 17:0 ");
	check_counters(t);
}

static void
flags_change_only_where_they_differ(void **state)
{
	struct testing *t = *state;
	static const struct {
		const char *uids;
		uint8_t mode;
		uint64_t flags;
		const char *keywords, *changed, *journal, *after;
	} rows[] = {
		{ "1:3", STORE_FLAGS_ADD, FLAG_SEEN, "", "1,3", "2 1 1,3 -0+1|", "1:1 2:1 3:1 4:1 " },
		{ "1:3", STORE_FLAGS_ADD, FLAG_SEEN, "", "", "", "1:1 2:1 3:1 4:1 " },
		{ "2:4", STORE_FLAGS_SET, FLAG_DELETED, "a B", "2:4", "2 1 2:4 -1+308|",
		    "1:1 2:308 3:308 4:308 " },
		{ "3", STORE_FLAGS_REMOVE, FLAG_DELETED, "A none", "3", "2 1 3 -108+0|",
		    "1:1 2:308 3:200 4:308 " },
		{ "1:4", STORE_FLAGS_SET, 0, "", "1:4", "2 1 1 -1+0|2 1 2,4 -308+0|2 1 3 -200+0|",
		    "1:0 2:0 3:0 4:0 " },
		{ "1", STORE_FLAGS_ADD, FLAG_SYSTEM << 8 | FLAG_DRAFT, "", "1", "2 1 1 -0+10|",
		    "1:10 2:0 3:0 4:0 " },
		{ "9", STORE_FLAGS_ADD, FLAG_SEEN, "", "", "", "1:10 2:0 3:0 4:0 " },
	};
	uint32_t inbox;

	testing_account(t, ME);
	inbox = testing_mailbox(t, ME, "INBOX");
	for (int i = 1; i <= 4; i++)
		testing_append(t, ME, inbox, "text", i % 2 == 0 ? FLAG_SEEN : 0, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t before = change_now(t);
		const struct job *j = testing_on_uids(t, ME, STORE_FLAGS, (struct store_work){
			.mailbox = inbox,
			.mode = rows[i].mode,
			.flags = rows[i].flags,
			.keywords = slice_from_cstr(rows[i].keywords),
		}, rows[i].uids);

		CHECK_STATUS(j->status, STATUS_OK);
		testing_check_set(&j->result.source, rows[i].changed);
		CHECK_U64(j->result.change, rows[i].journal[0] == '\0' ? 0 : before + 1);
		check_journal(t, before, rows[i].journal);
		check_messages(t, inbox, rows[i].after);
		check_counters(t);
	}
}

static void
unchanged_since_spares_what_changed_later(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = ten(t);
	uint64_t since;
	const struct job *j;

	since = change_now(t);
	testing_on_uids(t, ME, STORE_FLAGS, (struct store_work){ .mailbox = inbox, .flags = FLAG_FLAGGED }, "5");
	j = testing_on_uids(t, ME, STORE_FLAGS, (struct store_work){ .mailbox = inbox, .flags = FLAG_ANSWERED,
	    .unchanged_since = since }, "4:6");
	testing_check_set(&j->result.source, "4,6");
	testing_check_set(&j->result.failed, "5");
	check_messages(t, inbox, "1:0 2:1 3:0 4:3 5:4 6:3 7:0 8:0 9:0 10:0 ");
}

static void
expunged_messages_lie_in_the_trash_area(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = ten(t);
	struct buf b = buf_init(10000);
	const struct job *j;
	struct txn *txn;

	testing_on_uids(t, ME, STORE_FLAGS, (struct store_work){ .mailbox = inbox, .flags = FLAG_DELETED,
	    .keywords = SLICE("a b") }, "2:4,9");
	j = testing_on_uids(t, ME, STORE_EXPUNGE, (struct store_work){ .mailbox = inbox, .mode = EXPUNGE_DELETED },
	    "3:10");
	testing_check_set(&j->result.source, "3:4,9");
	check_messages(t, inbox, "1:0 2:309 5:0 6:1 7:0 8:0 10:0 ");
	j = testing_on_uids(t, ME, STORE_EXPUNGE, (struct store_work){ .mailbox = inbox, .mode = EXPUNGE_ALL },
	    "1,7:8");
	testing_check_set(&j->result.source, "1,7:8");
	check_messages(t, inbox, "2:309 5:0 6:1 10:0 ");
	txn = testing_read(t);
	CHECK_STATUS(trash_each(txn, ME, print_trash, &b, NULL), STATUS_OK);
	txn_abort(&txn);
	CHECK_SLICE(buf_slice(&b), "3 INBOX 8 a b 7|4 INBOX 9 a b 7|9 INBOX 8 a b 7|"
	    "1 INBOX 0  7|7 INBOX 0  7|8 INBOX 0  7|");
	check_counters(t);
	buf_clear(&b);
}

static void
recent_messages_are_claimed_once(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = ten(t);
	static const struct {
		uint32_t uid, from;
	} rows[] = { { 3, 4 }, { 2, 4 }, { 10, 11 }, { UINT32_MAX, 11 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct store_work w = { .mailbox = inbox, .uid = rows[i].uid };
		struct mailbox_row row;
		struct txn *txn;

		CHECK_STATUS(testing_work(t, ME, STORE_CLAIM_RECENT, &w)->status, STATUS_OK);
		txn = testing_read(t);
		CHECK_STATUS(mailbox_get(txn, inbox, &row, NULL), STATUS_OK);
		CHECK_U64(row.recent_from, rows[i].from);
		txn_abort(&txn);
	}
}

/* More messages than one transaction takes: answered once, all done. */
static void
large_commands_are_done_in_parts(void **state)
{
	struct testing *t = *state;
	enum { COUNT = 2 * JOB_SLICE + 500 };
	static const char *texts[STORE_APPEND_MAX];
	uint32_t inbox, to;
	const struct job *j;

	testing_account(t, ME);
	inbox = testing_mailbox(t, ME, "INBOX");
	to = testing_mailbox(t, ME, "Drafts");
	for (int i = 0; i < STORE_APPEND_MAX; i++)
		texts[i] = "t";
	for (int n = 0; n < COUNT; n += 500)
		CHECK_STATUS(testing_run(t, testing_append_job(ME, inbox, texts, 500, 0, ""))->status,
		    STATUS_OK);
	j = testing_on_uids(t, ME, STORE_FLAGS, (struct store_work){ .mailbox = inbox, .flags = FLAG_DELETED },
	    "1:4294967295");
	testing_check_set(&j->result.source, "1:20500");
	j = testing_on_uids(t, ME, STORE_COPY, (struct store_work){ .mailbox = inbox, .to = inbox },
	    "1:4294967295");
	testing_check_set(&j->result.target, "20501:41000");
	j = testing_on_uids(t, ME, STORE_MOVE, (struct store_work){ .mailbox = inbox, .to = to }, "20501:99999");
	CHECK_STATUS(j->status, STATUS_OK);
	testing_check_set(&j->result.source, "20501:41000");
	testing_check_set(&j->result.target, "1:20500");
	j = testing_on_uids(t, ME, STORE_EXPUNGE, (struct store_work){ .mailbox = inbox }, "1:4294967295");
	testing_check_set(&j->result.source, "1:20500");
	check_counters(t);
	CHECK_STATUS(make(t, "old"), STATUS_OK);
	j = testing_on_uids(t, ME, STORE_MOVE, (struct store_work){ .mailbox = to,
	    .to = testing_mailbox(t, ME, "old") }, "1:4294967295");
	CHECK_STATUS(j->status, STATUS_OK);
	CHECK_STATUS(testing_work(t, ME, STORE_MAILBOX_REMOVE,
	    &(struct store_work){ .name = SLICE("old") })->status, STATUS_OK);
	check_mailboxes(t, "Deleted Items|Drafts|INBOX|Junk E-mail|Sent Items|");
	check_counters(t);
}

/* The job of a request on these UIDs, whose answer names no more than 2 ranges in a set. */
static const struct job *
on_two_ranges(struct testing *t, uint16_t type, struct store_work w, const char *uids)
{
	struct job *j;

	w.uids = testing_uids(uids);
	j = testing_job(ME, type, &w, -1);
	uidset_clear(&w.uids);
	j->ranges_max = 2;
	j->slice = 3;
	return testing_run(t, j);
}

static void
a_copy_of_too_many_ranges_copies_nothing(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = ten(t), to = testing_mailbox(t, ME, "Drafts");
	static const uint16_t types[] = { STORE_COPY, STORE_MOVE };
	struct store_work w = { .mailbox = inbox, .to = to };
	uint64_t before;
	const struct job *j;

	testing_expunge(t, ME, inbox, "3,6");	/* 1:2,4:5,7:10 */
	before = change_now(t);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		j = on_two_ranges(t, types[i], w, "1:4294967295");
		CHECK_STATUS(j->status, STATUS_LIMIT);
		CHECK(strstr(j->why.text, "2 ranges") != NULL);
		CHECK_U64(change_now(t), before);
	}
	j = on_two_ranges(t, STORE_COPY, w, "1:3,5:6,11:4294967295");
	CHECK_STATUS(j->status, STATUS_OK);
	testing_check_set(&j->result.source, "1:2,5");
	testing_check_set(&j->result.target, "1:3");
	check_counters(t);
}

static void
changes_of_more_ranges_than_are_named_are_all_done(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = ten(t);
	struct store_work w = { .mailbox = inbox, .flags = FLAG_DELETED };
	uint64_t since = change_now(t);
	const struct job *j;

	j = on_two_ranges(t, STORE_FLAGS, w, "1,3:4,6,9");
	CHECK_STATUS(j->status, STATUS_OK);
	testing_check_set(&j->result.source, "1,3:9");
	check_messages(t, inbox, "1:8 2:1 3:8 4:9 5:0 6:9 7:0 8:0 9:8 10:0 ");
	w.flags = FLAG_ANSWERED;
	w.unchanged_since = since;
	j = on_two_ranges(t, STORE_FLAGS, w, "1:4294967295");
	CHECK_STATUS(j->status, STATUS_OK);
	testing_check_set(&j->result.source, "2,5:10");
	testing_check_set(&j->result.failed, "1,3:9");
	j = on_two_ranges(t, STORE_EXPUNGE, (struct store_work){ .mailbox = inbox,
	    .mode = EXPUNGE_DELETED }, "1:4294967295");
	CHECK_STATUS(j->status, STATUS_OK);
	testing_check_set(&j->result.source, "1,3:9");
	check_counters(t);
}

static void
below_the_floor_no_text_is_taken_but_deleting_goes_on(void **state)
{
	struct testing *t = *state;
	const char *text = "text";
	uint32_t inbox = ten(t);
	const struct job *j;

	testing_close(t);
	t->floor_bytes = UINT64_MAX;
	testing_open(t);
	j = testing_run(t, testing_append_job(ME, inbox, &text, 1, 0, ""));
	CHECK_STATUS(j->status, STATUS_BUSY);
	CHECK(strstr(j->why.text, "floor") != NULL);
	j = testing_on_uids(t, ME, STORE_EXPUNGE, (struct store_work){ .mailbox = inbox, .mode = EXPUNGE_ALL },
	    "1:9");
	CHECK_STATUS(j->status, STATUS_OK);
	check_messages(t, inbox, "10:0 ");
	testing_close(t);
	t->floor_bytes = 0;
	testing_open(t);
	CHECK_U64(testing_append(t, ME, inbox, "next", 0, ""), 11);
	check_counters(t);
}

static void
a_request_needs_a_good_grant_and_text(void **state)
{
	struct store_append_message m = { .size_bytes = 4 };
	struct store_work w = { .message_count = 1, .messages = &m };
	struct grant mute = { .account = ME };
	struct buf grant = buf_init(GRANT_MAX), b = buf_init(REQUEST_MAX);
	struct job *j = NULL;
	int good = testing_memfd(SLICE("text")), short_one = testing_memfd(SLICE("tex")), open_one;

	(void)state;
	CHECK_STATUS(memfd_new(&open_one, NULL), STATUS_OK);
	CHECK(write(open_one, "text", 4) == 4);
	sha256_of(SLICE("text"), m.sha256);
	testing_grant(ME, &grant);
	w.grant = buf_slice(&grant);
	CHECK_STATUS(work_encode(STORE_APPEND, &w, &b), STATUS_OK);
#define TRY(fd, key) job_of_work(STORE_APPEND, buf_slice(&b), fd, key, 0, &j, NULL)
	CHECK_STATUS(TRY(good, SLICE("other")), STATUS_DENIED);
	CHECK_STATUS(TRY(-1, TESTING_KEY), STATUS_CORRUPT);
	CHECK_STATUS(TRY(short_one, TESTING_KEY), STATUS_CORRUPT);
	CHECK_STATUS(TRY(open_one, TESTING_KEY), STATUS_CORRUPT);
	CHECK_STATUS(TRY(good, TESTING_KEY), STATUS_OK);
	job_free(&j);
	for (size_t len = b.len; len-- > 0;) {
		b.len = len;
		CHECK_STATUS(TRY(good, TESTING_KEY), STATUS_CORRUPT);
	}
	buf_reset(&b);
	m.sha256[0] ^= 1;
	CHECK_STATUS(work_encode(STORE_APPEND, &w, &b), STATUS_OK);
	CHECK_STATUS(TRY(good, TESTING_KEY), STATUS_CORRUPT);
#undef TRY
	buf_reset(&grant);
	grant_seal(&mute, TESTING_KEY, &grant);
	w.grant = buf_slice(&grant);
	buf_reset(&b);
	CHECK_STATUS(work_encode(STORE_SESSION, &w, &b), STATUS_OK);
	CHECK_STATUS(job_of_work(STORE_SESSION, buf_slice(&b), -1, TESTING_KEY, 0, &j, NULL),
	    STATUS_DENIED);
	close(good);
	close(short_one);
	close(open_one);
	buf_clear(&grant);
	buf_clear(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)
		ROW(a_new_account_has_its_folders_once),
		ROW(appended_messages_come_back_as_they_were),
		ROW(an_append_is_all_or_nothing),
		ROW(copies_keep_flags_and_names_of_keywords),
		ROW(a_move_takes_the_message_with_it),
		ROW(flags_change_only_where_they_differ),
		ROW(unchanged_since_spares_what_changed_later),
		ROW(expunged_messages_lie_in_the_trash_area),
		ROW(recent_messages_are_claimed_once),
		ROW(large_commands_are_done_in_parts),
		ROW(a_copy_of_too_many_ranges_copies_nothing),
		ROW(changes_of_more_ranges_than_are_named_are_all_done),
		ROW(below_the_floor_no_text_is_taken_but_deleting_goes_on),
#undef ROW
		cmocka_unit_test(a_request_needs_a_good_grant_and_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
