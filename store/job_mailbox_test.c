#include "base/check.h"
#include "store/testing_check.h"

static void
mailboxes_are_made_with_their_parents(void **state)
{
	struct testing *t = *state;
	static const struct {
		const char *name;
		uint8_t role;
		enum status st;
	} rows[] = {
		{ "Customers/Germany/ACME", 0, STATUS_OK },
		{ "Customers/Germany/ACME", 0, STATUS_EXISTS },
		{ "Customers/Germany", 0, STATUS_EXISTS },
		{ "inbox", 0, STATUS_EXISTS },
		{ "Inbox/old", 0, STATUS_OK },
		{ "Archive", MAILBOX_ARCHIVE, STATUS_OK },
		{ "Archive2", MAILBOX_ARCHIVE, STATUS_EXISTS },
		{ "Cafe\xcc\x81", 0, STATUS_OK },
		{ "Caf\xc3\xa9", 0, STATUS_EXISTS },	/* the same in NFC */
		{ "", 0, STATUS_SYNTAX },
		{ "/a", 0, STATUS_SYNTAX },
		{ "a//b", 0, STATUS_SYNTAX },
		{ "a/", 0, STATUS_SYNTAX },
		{ "a/../b", 0, STATUS_SYNTAX },
		{ "a*", 0, STATUS_SYNTAX },
		{ "a%", 0, STATUS_SYNTAX },
		{ "a\x01", 0, STATUS_SYNTAX },
		{ "a\xc2\x85", 0, STATUS_SYNTAX },
		{ "a\xff", 0, STATUS_SYNTAX },
	};

	testing_account(t, ME);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct store_work w = { .name = slice_from_cstr(rows[i].name), .role = rows[i].role };
		const struct job *j = testing_work(t, ME, STORE_MAILBOX_MAKE, &w);

		CHECK_STATUS(j->status, rows[i].st);
		CHECK((j->result.mailbox != 0) == (j->status == STATUS_OK));
	}
	check_mailboxes(t, "Archive|Caf\xc3\xa9|Customers|Customers/Germany|Customers/Germany/ACME|"
	    "Deleted Items|Drafts|INBOX|INBOX/old|Junk E-mail|Sent Items|");
	check_counters(t);
}

static void
names_have_limits(void **state)
{
	struct testing *t = *state;
	char name[MAILBOX_NAME_MAX + 1];
	struct store_work w = { .name = { name, MAILBOX_NAME_MAX } };

	memset(name, 'x', sizeof(name));
	testing_account(t, ME);
	CHECK_STATUS(testing_work(t, ME, STORE_MAILBOX_MAKE, &w)->status, STATUS_OK);
	w.name.len++;
	CHECK_STATUS(testing_work(t, ME, STORE_MAILBOX_MAKE, &w)->status, STATUS_LIMIT);
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 2 == 0 ? 'a' : '/';
	w.name.len = 2 * MAILBOX_LEVELS_MAX - 1;
	CHECK_STATUS(testing_work(t, ME, STORE_MAILBOX_MAKE, &w)->status, STATUS_OK);
	w.name.len += 2;
	CHECK_STATUS(testing_work(t, ME, STORE_MAILBOX_MAKE, &w)->status, STATUS_LIMIT);
}

static void
renaming_takes_what_lies_below(void **state)
{
	struct testing *t = *state;
	static const struct {
		const char *from, *to;
		enum status st;
	} rows[] = {
		{ "a/b", "z/y", STATUS_OK },
		{ "a", "z/y/deep", STATUS_OK },
		{ "none", "x", STATUS_ABSENT },
		{ "z", "z/y2", STATUS_DENIED },
		{ "z", "z", STATUS_EXISTS },
		{ "z", "INBOX", STATUS_EXISTS },
		{ "Drafts", "Entwuerfe", STATUS_DENIED },
		{ "z", "bad*", STATUS_SYNTAX },
		{ "ab", "inbox/ab", STATUS_OK },
	};
	struct buf b = buf_init(1000);
	uint32_t id;
	struct txn *txn;

	testing_account(t, ME);
	CHECK_STATUS(make(t, "a/b/c"), STATUS_OK);
	CHECK_STATUS(make(t, "ab"), STATUS_OK);
	id = testing_mailbox(t, ME, "a/b/c");
	testing_append(t, ME, id, "text", 0, "");
	CHECK_STATUS(testing_work(t, ME, STORE_SUBSCRIBE,
	    &(struct store_work){ .name = SLICE("a/b/c") })->status, STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct store_work w = {
			.name = slice_from_cstr(rows[i].from),
			.new_name = slice_from_cstr(rows[i].to),
		};

		CHECK_STATUS(testing_work(t, ME, STORE_MAILBOX_RENAME, &w)->status, rows[i].st);
		check_counters(t);
	}
	check_mailboxes(t, "Deleted Items|Drafts|INBOX|INBOX/ab|Junk E-mail|Sent Items|"
	    "z|z/y|z/y/c|z/y/deep|");
	CHECK_U64(testing_mailbox(t, ME, "z/y/c"), id);
	check_messages(t, id, "1:0 ");
	txn = testing_read(t);
	CHECK_STATUS(subscription_each(txn, ME, print_name, &b, NULL), STATUS_OK);
	txn_abort(&txn);
	CHECK_SLICE(buf_slice(&b), "Deleted Items|Drafts|INBOX|Junk E-mail|Sent Items|z/y/c|");
	buf_clear(&b);
}

static void
renaming_the_inbox_moves_its_messages(void **state)
{
	struct testing *t = *state;
	uint32_t inbox = ten(t), to;
	struct store_work w = { .name = SLICE("InBox"), .new_name = SLICE("old/2026") };

	CHECK_STATUS(make(t, "INBOX/sub"), STATUS_OK);
	CHECK_STATUS(testing_work(t, ME, STORE_MAILBOX_RENAME, &w)->status, STATUS_OK);
	to = testing_mailbox(t, ME, "old/2026");
	check_messages(t, inbox, "");
	check_messages(t, to, "1:0 2:1 3:0 4:1 5:0 6:1 7:0 8:0 9:0 10:0 ");
	check_mailboxes(t, "Deleted Items|Drafts|INBOX|INBOX/sub|Junk E-mail|Sent Items|old|old/2026|");
	CHECK_U64(testing_append(t, ME, inbox, "next", 0, ""), 11);
	check_counters(t);
}

static uint32_t
uid_validity(struct testing *t, const char *name)
{
	struct mailbox_row row = { 0 };
	struct txn *txn = testing_read(t);

	CHECK_STATUS(mailbox_find(txn, ME, slice_from_cstr(name), &row, NULL), STATUS_OK);
	txn_abort(&txn);
	return row.uid_validity;
}

static void
a_removed_mailbox_is_another_when_it_comes_again(void **state)
{
	struct testing *t = *state;
	static const struct {
		const char *name;
		enum status st;
	} rows[] = {
		{ "a", STATUS_EXISTS }, { "INBOX", STATUS_DENIED }, { "Drafts", STATUS_DENIED },
		{ "none", STATUS_ABSENT }, { "", STATUS_ABSENT }, { "a/b", STATUS_OK },
		{ "a", STATUS_OK },
	};
	struct buf b = buf_init(1000);
	uint32_t validity;
	struct txn *txn;

	testing_account(t, ME);
	CHECK_STATUS(make(t, "a/b"), STATUS_OK);
	validity = uid_validity(t, "a/b");
	testing_append(t, ME, testing_mailbox(t, ME, "a/b"), "text", FLAG_SEEN, "word");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct store_work w = { .name = slice_from_cstr(rows[i].name) };

		CHECK_STATUS(testing_work(t, ME, STORE_MAILBOX_REMOVE, &w)->status, rows[i].st);
	}
	check_mailboxes(t, "Deleted Items|Drafts|INBOX|Junk E-mail|Sent Items|");
	check_counters(t);
	txn = testing_read(t);
	CHECK_STATUS(trash_each(txn, ME, print_trash, &b, NULL), STATUS_OK);
	txn_abort(&txn);
	CHECK_SLICE(buf_slice(&b), "1 a/b 1 word 7|");
	CHECK_STATUS(make(t, "a/b"), STATUS_OK);
	CHECK(uid_validity(t, "a/b") > validity);
	buf_clear(&b);
}

static void
any_valid_name_can_be_subscribed(void **state)
{
	struct testing *t = *state;
	struct store_work w = { .name = SLICE("not/there") }, bad = { .name = SLICE("a*") };
	struct txn *txn;
	bool has = false;

	testing_account(t, ME);
	CHECK(testing_work(t, ME, STORE_SUBSCRIBE, &w)->result.change != 0);
	CHECK(testing_work(t, ME, STORE_SUBSCRIBE, &w)->result.change == 0);
	txn = testing_read(t);
	CHECK_STATUS(subscription_has(txn, ME, SLICE("not/there"), &has, NULL), STATUS_OK);
	CHECK(has);
	CHECK_STATUS(subscription_has(txn, OTHER, SLICE("not/there"), &has, NULL), STATUS_OK);
	CHECK(!has);
	txn_abort(&txn);
	CHECK(testing_work(t, ME, STORE_UNSUBSCRIBE, &w)->result.change != 0);
	CHECK(testing_work(t, ME, STORE_UNSUBSCRIBE, &w)->result.change == 0);
	CHECK_STATUS(testing_work(t, ME, STORE_SUBSCRIBE, &bad)->status, STATUS_SYNTAX);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)
		ROW(mailboxes_are_made_with_their_parents),
		ROW(names_have_limits),
		ROW(renaming_takes_what_lies_below),
		ROW(renaming_the_inbox_moves_its_messages),
		ROW(a_removed_mailbox_is_another_when_it_comes_again),
		ROW(any_valid_name_can_be_subscribed),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
