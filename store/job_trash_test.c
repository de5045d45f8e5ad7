/*
 * What was removed comes back as it was, goes for good, and an account's all
 * goes to its trash: after each the store is verified whole.
 */
#include "store/trash_order.h"

#include "base/bytes.h"
#include "base/check.h"
#include "base/clock.h"
#include "store/account.h"
#include "store/former.h"
#include "store/history.h"
#include "store/key.h"
#include "store/limits.h"
#include "store/message_id.h"
#include "store/testing_fill.h"

static bool
take_id(void *ctx, const struct trash_row *row)
{
	struct trash_order *o = ctx;

	o->ids[o->count++] = trash_id_of(row);
	return o->count < TRASH_ORDER_MAX;
}

/* All that an account has in its trash, the oldest first. */
static void
fill_order(struct testing *t, uint32_t account, uint8_t kind, struct trash_order *o)
{
	struct txn *txn = testing_read(t);

	*o = (struct trash_order){ .kind = kind };
	CHECK_STATUS(trash_each(txn, account, take_id, o, NULL), STATUS_OK);
	txn_abort(&txn);
}

static enum status
run_order(struct testing *t, const struct trash_order *o)
{
	uint64_t keys[TRASH_ORDER_MAX];
	struct txn *txn = testing_read(t);

	trash_keys(t->store, txn, o, keys);
	txn_abort(&txn);
	return testing_run(t, job_of_trash(o, keys))->status;
}

static void
check_trash(struct testing *t, uint32_t account, const char *rows)
{
	struct buf b = buf_init(1 << 16);
	struct txn *txn = testing_read(t);

	CHECK_STATUS(trash_each(txn, account, print_trash, &b, NULL), STATUS_OK);
	txn_abort(&txn);
	CHECK_SLICE(buf_slice(&b), rows);
	buf_clear(&b);
}

static bool
take_row(void *ctx, const struct message_row *row)
{
	*(struct message_row *)ctx = *row;
	return true;
}

static struct message_row
last_message(struct testing *t, uint32_t mailbox)
{
	struct message_row row = { 0 };
	struct txn *txn = testing_read(t);

	CHECK_STATUS(message_each(txn, mailbox, 1, UINT32_MAX, take_row, &row, NULL), STATUS_OK);
	txn_abort(&txn);
	return row;
}

/* So many days in the trash, and a quota of next to nothing. */
static void
set_limits(struct testing *t, uint32_t account, uint32_t days)
{
	struct account_limits l = { .account = account, .trash_days = days, .quota_bytes = 1 };
	struct buf b = buf_init(1024);
	struct job *j = NULL;

	limits_put(&l, 1, &b);
	CHECK_STATUS(job_of_limits(buf_slice(&b), &j, NULL), STATUS_OK);
	CHECK_STATUS(testing_run(t, j)->status, STATUS_OK);
	buf_clear(&b);
}

static void
what_is_restored_is_as_it_was_under_a_new_uid(void **state)
{
	struct testing *t = *state;
	struct message_row before, after;
	struct trash_order o;
	uint32_t inbox = ten(t);

	testing_append(t, ME, inbox, "eleven", FLAG_FLAGGED | FLAG_DELETED, "$Label1 Later");
	before = last_message(t, inbox);
	testing_expunge(t, ME, inbox, "2:11");
	set_limits(t, ME, 30);	/* and a quota that has no room for them */
	fill_order(t, ME, TRASH_RESTORE, &o);
	CHECK_U64(o.count, 10);
	CHECK_STATUS(run_order(t, &o), STATUS_OK);
	check_trash(t, ME, "");
	check_messages(t, inbox, "1:0 12:1 13:0 14:1 15:0 16:1 17:0 18:0 19:0 20:0 21:304 ");
	after = last_message(t, inbox);
	CHECK_U64(after.uid, 21);
	CHECK_U64(after.uidl, before.uidl);
	CHECK_U64(after.text, before.text);
	CHECK(after.internal_at == before.internal_at && after.internal_zone == 480);
	check_counters(t);
	CHECK_STATUS(run_order(t, &o), STATUS_ABSENT);
	testing_check_whole(t);
}

static void
a_mailbox_that_is_gone_is_made_again(void **state)
{
	struct testing *t = *state;
	struct store_work w = { .name = SLICE("Customers/Li") };
	struct trash_order o;

	testing_account(t, ME);
	CHECK_STATUS(make(t, "Customers/Li"), STATUS_OK);
	testing_append(t, ME, testing_mailbox(t, ME, "Customers/Li"), "x", 0, "k");
	CHECK_STATUS(testing_work(t, ME, STORE_MAILBOX_REMOVE, &w)->status, STATUS_OK);
	w.name = SLICE("Customers");
	CHECK_STATUS(testing_work(t, ME, STORE_MAILBOX_REMOVE, &w)->status, STATUS_OK);
	check_trash(t, ME, "1 Customers/Li 0 k 7|");
	fill_order(t, ME, TRASH_RESTORE, &o);
	CHECK_STATUS(run_order(t, &o), STATUS_OK);
	check_messages(t, testing_mailbox(t, ME, "Customers/Li"), "1:100 ");
	CHECK(testing_mailbox(t, ME, "Customers") != 0);
	check_counters(t);
	testing_check_whole(t);
}

static const struct {
	const char *folder;
	bool is_parent;
	enum status st;
	const char *name;	/* where the message is then */
} places[] = {
	{ "Found", false, STATUS_OK, "Found" },
	{ "inbox", false, STATUS_OK, "INBOX" },
	{ "Restored/li", true, STATUS_OK, "Restored/li/INBOX" },
	{ "a//b", false, STATUS_SYNTAX, NULL },
	{ "a*", true, STATUS_SYNTAX, NULL },
};

static void
a_restore_may_name_another_folder_and_another_account(void **state)
{
	struct testing *t = *state;
	struct trash_order o;
	struct message_row row;
	uint32_t inbox, box;

	testing_account(t, ME);
	inbox = testing_mailbox(t, ME, "INBOX");
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		uint64_t uidl;

		testing_append(t, ME, inbox, "x", 0, "");
		uidl = last_message(t, inbox).uidl;
		testing_expunge(t, ME, inbox, "1:*");
		fill_order(t, ME, TRASH_RESTORE, &o);
		o.folder = slice_from_cstr(places[i].folder);
		o.is_parent = places[i].is_parent;
		o.into = OTHER;
		CHECK_STATUS(run_order(t, &o), places[i].st);
		if (places[i].st == STATUS_OK) {
			box = testing_mailbox(t, OTHER, places[i].name);
			row = last_message(t, box);
			CHECK(row.uid == 1 && row.uidl != uidl);
		} else {
			o.folder = SLICE("");
			CHECK_STATUS(run_order(t, &o), STATUS_OK);
		}
	}
	testing_check_whole(t);
}

/* A text with a Message-ID, delivered to ME, with or without an archive entry. */
static uint64_t
deliver(struct testing *t, unsigned n, uint32_t author, bool is_archived)
{
	struct plan_action actions[] = {
		{ .kind = ACTION_DELIVER, .account = ME, .role = MAILBOX_INBOX },
		{ .kind = ACTION_ARCHIVE, .direction = PLAN_IN, .sender = SLICE("a@b.test"),
		    .recipients = SLICE("c@d.test") },
	};
	struct plan p = { .author = author, .action_count = is_archived ? 2 : 1, .actions = actions };
	struct buf text = buf_init(1 << 16);
	const struct job *j;

	buf_printf(&text, "Message-ID: <%u@b.test>\r\n\r\nx\r\n", n);
	j = testing_plan(t, buf_slice(&text), &p);
	CHECK_STATUS(j->status, STATUS_OK);
	buf_clear(&text);
	return j->text_id;
}

static bool
message_id_is_known(struct testing *t, const char *id, uint64_t text)
{
	struct txn *txn = testing_read(t);
	struct message_id_row row;
	enum status st = message_id_find(txn, message_id_key(slice_from_cstr(id)), text, &row, NULL);

	txn_abort(&txn);
	return st == STATUS_OK;
}

static const struct {
	uint32_t author;
	bool is_archived, text_stays, id_stays;
} purges[] = {
	{ 0, false, false, false },
	{ 0, true, true, true },
	{ ME, false, false, true },	/* an answer to it finds its author */
};

static void
a_purge_forgets_the_text_unless_another_row_refers_to_it(void **state)
{
	struct testing *t = *state;
	struct trash_order o;
	uint64_t text;
	uint32_t inbox;
	char id[32];

	testing_account(t, ME);
	inbox = testing_mailbox(t, ME, "INBOX");
	for (unsigned i = 0; i < ARRAY_LEN(purges); i++) {
		text = deliver(t, i, purges[i].author, purges[i].is_archived);
		testing_expunge(t, ME, inbox, "1:*");
		fill_order(t, ME, TRASH_PURGE, &o);
		CHECK_STATUS(run_order(t, &o), STATUS_OK);
		check_trash(t, ME, "");
		CHECK((testing_text(t, text).id != 0) == purges[i].text_stays);
		snprintf(id, sizeof(id), "%u@b.test", i);
		CHECK(message_id_is_known(t, id, text) == purges[i].id_stays);
		testing_check_whole(t);
	}
}

static void
copies_of_a_text_in_one_purge_count_down_together(void **state)
{
	struct testing *t = *state;
	struct store_work w = { 0 };
	struct trash_order o;
	uint64_t text;

	testing_account(t, ME);
	w.mailbox = w.to = testing_mailbox(t, ME, "INBOX");
	text = deliver(t, 1, 0, false);
	CHECK_STATUS(testing_on_uids(t, ME, STORE_COPY, w, "1")->status, STATUS_OK);
	testing_expunge(t, ME, w.mailbox, "1:2");
	fill_order(t, ME, TRASH_PURGE, &o);
	CHECK_U64(o.count, 2);
	o.ids[2] = o.ids[0];	/* named twice */
	o.count = 3;
	CHECK_STATUS(run_order(t, &o), STATUS_OK);
	CHECK(testing_text(t, text).id == 0);
	CHECK(!message_id_is_known(t, "1@b.test", text));
	testing_check_whole(t);
}

/* Slices of the purge at a time so many days from now; how many there were. */
static unsigned
expire(struct testing *t, unsigned days)
{
	unsigned slices = 0;

	for (;;) {
		struct txn *txn = testing_read(t);
		struct job *j = job_of_expired(t->store, txn, clock_now_s() + days * 86400,
		    TRASH_SLICE);

		txn_abort(&txn);
		if (j == NULL)
			return slices;
		CHECK_STATUS(testing_run(t, j)->status, STATUS_OK);
		slices++;
	}
}

static void
trash_expires_when_its_account_says(void **state)
{
	struct testing *t = *state;
	uint32_t inbox;

	testing_account(t, ME);
	testing_account(t, OTHER);
	inbox = testing_mailbox(t, ME, "INBOX");
	for (unsigned i = 0; i < TRASH_SLICE + 5; i++)
		deliver(t, i, 0, i % 2 == 0);
	testing_expunge(t, ME, inbox, "1:*");
	inbox = testing_mailbox(t, OTHER, "INBOX");
	testing_append(t, OTHER, inbox, "x", 0, "");
	testing_expunge(t, OTHER, inbox, "1:*");
	CHECK_U64(expire(t, 10000), 0);	/* nobody said how long: for ever */
	set_limits(t, ME, 30);
	set_limits(t, OTHER, 60);
	CHECK_U64(expire(t, 0), 0);
	CHECK_U64(expire(t, 29), 0);
	CHECK_U64(expire(t, 31), 2);
	check_trash(t, ME, "");
	testing_check_whole(t);
	check_trash(t, OTHER, "1 INBOX 0  8|");
	CHECK_U64(expire(t, 61), 1);
	check_trash(t, OTHER, "");
	testing_check_whole(t);
}

/* Write over a record. */
static void
damage(struct testing *t, enum store_table table, struct slice key)
{
	struct txn *txn = NULL;

	CHECK_STATUS(txn_begin_write(store_env(t->store), &txn, NULL), STATUS_OK);
	CHECK_STATUS(txn_put(txn, table, key, SLICE("\xff"), NULL), STATUS_OK);
	CHECK_STATUS(txn_commit(&txn, NULL), STATUS_OK);
}

static void
what_is_damaged_keeps_nothing_else_from_expiring(void **state)
{
	struct testing *t = *state;
	struct trash_order o;
	struct key k;
	uint64_t text;
	uint32_t inbox;

	testing_account(t, ME);
	testing_account(t, OTHER);
	set_limits(t, ME, 30);
	set_limits(t, OTHER, 30);
	inbox = testing_mailbox(t, ME, "INBOX");
	text = deliver(t, 1, 0, false);
	deliver(t, 2, 0, false);
	deliver(t, 3, 0, false);
	testing_expunge(t, ME, inbox, "1:3");
	testing_append(t, OTHER, testing_mailbox(t, OTHER, "INBOX"), "x", 0, "");
	testing_expunge(t, OTHER, testing_mailbox(t, OTHER, "INBOX"), "1");
	damage(t, TABLE_TEXT, key_of_u64(&k, text));
	fill_order(t, ME, TRASH_PURGE, &o);
	CHECK_U64(o.count, 3);
	CHECK_U64(expire(t, 31), 2);
	check_trash(t, OTHER, "");
	fill_order(t, ME, TRASH_PURGE, &o);
	CHECK_U64(o.count, 1);	/* it is for mailadm repair */
}

static uint32_t
day_in(unsigned days)
{
	return (uint32_t)(clock_now_s() / 86400 + days);
}

static void
history(struct testing *t, uint32_t day)
{
	struct history_row row = { .day = day };
	struct txn *txn = NULL;

	CHECK_STATUS(txn_begin_write(store_env(t->store), &txn, NULL), STATUS_OK);
	CHECK_STATUS(history_put(txn, &row, NULL), STATUS_OK);
	CHECK_STATUS(txn_commit(&txn, NULL), STATUS_OK);
}

/* The first row of the trash was put there so many days from now. */
static void
remove_in_future(struct testing *t, unsigned days)
{
	struct buf bytes = buf_init(ENV_VALUE_MAX);
	struct slice key, value;
	struct cursor *c = NULL;
	struct txn *txn = NULL;
	struct key k;

	CHECK_STATUS(txn_begin_write(store_env(t->store), &txn, NULL), STATUS_OK);
	CHECK_STATUS(cursor_open(txn, TABLE_TRASH, &c, NULL), STATUS_OK);
	CHECK_STATUS(cursor_seek(c, SLICE(""), &key, &value, NULL), STATUS_OK);
	key_init(&k);
	key_bytes(&k, key);
	buf_append(&bytes, value);
	cursor_close(&c);
	store_u64le((uint8_t *)bytes.ptr + bytes.len - 8, (day_in(days)) * UINT64_C(86400));
	CHECK_STATUS(txn_put(txn, TABLE_TRASH, key_slice(&k), buf_slice(&bytes), NULL), STATUS_OK);
	CHECK_STATUS(txn_commit(&txn, NULL), STATUS_OK);
	buf_clear(&bytes);
}

static void
a_clock_that_leaps_costs_nobody_their_trash(void **state)
{
	struct testing *t = *state;
	uint32_t inbox;

	testing_account(t, ME);
	set_limits(t, ME, 30);
	inbox = testing_mailbox(t, ME, "INBOX");
	for (unsigned i = 1; i <= 3; i++)
		deliver(t, i, 0, false);
	testing_expunge(t, ME, inbox, "1:3");
	remove_in_future(t, 5000);
	history(t, day_in(0));
	CHECK_U64(expire(t, 3000), 0);
	history(t, day_in(3000));	/* it was taken for true for a whole day */
	CHECK_U64(expire(t, 3000), 0);
	CHECK_U64(expire(t, 3001), 1);
	check_trash(t, ME, "1 INBOX 0  7|");
	CHECK_U64(expire(t, 5031), 0);
	history(t, day_in(5030));
	CHECK_U64(expire(t, 5031), 1);
	check_trash(t, ME, "");
	testing_check_whole(t);
}

static void
orders_are_read_as_they_were_written(void **state)
{
	struct trash_order o = { .kind = TRASH_RESTORE, .into = 9, .is_parent = true,
		.folder = SLICE("Restored"), .count = 2, .ids = { { 1, 2, 3 }, { 4, 5, 6 } } };
	struct trash_order got;
	struct buf b = buf_init(1 << 16);

	(void)state;
	trash_order_put(&o, &b);
	for (size_t cut = 0; cut < b.len; cut++)
		CHECK_STATUS(trash_order_read(slice_sub(buf_slice(&b), 0, cut), &got),
		    STATUS_CORRUPT);
	CHECK_STATUS(trash_order_read(buf_slice(&b), &got), STATUS_OK);
	CHECK(got.kind == TRASH_RESTORE && got.into == 9 && got.is_parent && got.count == 2);
	CHECK_SLICE(got.folder, "Restored");
	CHECK(got.ids[1].account == 4 && got.ids[1].change == 5 && got.ids[1].part == 6);
	for (uint8_t kind = 0; kind < 5; kind++) {
		b.ptr[0] = (char)kind;
		CHECK((trash_order_read(buf_slice(&b), &got) == STATUS_OK) ==
		    (kind == TRASH_RESTORE || kind == TRASH_PURGE));
	}
	b.len = 0;
	o.count = 0;
	trash_order_put(&o, &b);
	CHECK_STATUS(trash_order_read(buf_slice(&b), &got), STATUS_CORRUPT);
	buf_clear(&b);
}

static enum status
remove_account(struct testing *t, uint32_t account)
{
	struct buf b = buf_init(1024);
	struct job *j = NULL;

	account_remove_put(account, SLICE("zhang@acme.test"), &b);
	for (size_t cut = 0; cut < b.len; cut++)
		CHECK_STATUS(job_of_account_remove(slice_sub(buf_slice(&b), 0, cut), &j, NULL),
		    STATUS_CORRUPT);
	CHECK_STATUS(job_of_account_remove(buf_slice(&b), &j, NULL), STATUS_OK);
	buf_clear(&b);
	return testing_run(t, j)->status;
}

/* One slice of what a removed account still has; false: nothing was left. */
static bool
leave(struct testing *t)
{
	struct txn *txn = testing_read(t);
	struct job *j = job_of_leaving(txn);

	txn_abort(&txn);
	if (j == NULL)
		return false;
	j->slice = 4;
	CHECK_STATUS(testing_run(t, j)->status, STATUS_OK);
	return true;
}

static void
all_of_a_removed_account_goes_to_its_trash_whatever_comes_between(void **state)
{
	struct testing *t = *state;
	struct store_work w = { 0 };
	struct former_row row;
	struct trash_order o;
	struct txn *txn;
	unsigned slices = 0;

	ten(t);
	CHECK_STATUS(make(t, "Customers/Li"), STATUS_OK);
	testing_append(t, ME, testing_mailbox(t, ME, "Customers/Li"), "x", FLAG_SEEN, "k");
	CHECK_STATUS(remove_account(t, ME), STATUS_OK);
	CHECK_STATUS(testing_work(t, ME, STORE_SESSION, &w)->status, STATUS_DENIED);
	testing_check_whole(t);
	while (leave(t)) {
		slices++;
		testing_check_whole(t);	/* and a start of its own behind each slice */
		CHECK_STATUS(remove_account(t, ME), STATUS_OK);
	}
	CHECK(slices > 7);
	check_mailboxes(t, "");
	check_counters(t);
	txn = testing_read(t);
	CHECK_STATUS(former_get(txn, ME, &row, NULL), STATUS_OK);
	CHECK_SLICE(row.login, "zhang@acme.test");
	CHECK_STATUS(former_get(txn, OTHER, &row, NULL), STATUS_ABSENT);
	txn_abort(&txn);
	fill_order(t, ME, TRASH_RESTORE, &o);
	CHECK_U64(o.count, 11);
	CHECK_STATUS(run_order(t, &o), STATUS_DENIED);
	o.into = OTHER;
	CHECK_STATUS(run_order(t, &o), STATUS_OK);
	CHECK(last_message(t, testing_mailbox(t, OTHER, "Customers/Li")).uid == 1);
	CHECK(last_message(t, testing_mailbox(t, OTHER, "INBOX")).uid == 10);
	testing_check_whole(t);
}

/* Or upkeep would ask for it again and again, and come to nothing else. */
static void
a_removed_account_with_mailboxes_that_are_not_there_is_said_to_be_damaged(void **state)
{
	struct testing *t = *state;
	struct account_row a;
	struct txn *txn = NULL;
	struct job *j;

	testing_account(t, ME);
	CHECK_STATUS(remove_account(t, ME), STATUS_OK);
	while (leave(t))
		;
	CHECK_STATUS(txn_begin_write(store_env(t->store), &txn, NULL), STATUS_OK);
	CHECK_STATUS(account_get(txn, ME, &a, NULL), STATUS_OK);
	a.mailboxes = 1;
	CHECK_STATUS(account_put(txn, &a, NULL), STATUS_OK);
	CHECK_STATUS(txn_commit(&txn, NULL), STATUS_OK);
	txn = testing_read(t);
	j = job_of_leaving(txn);
	txn_abort(&txn);
	CHECK(j != NULL);
	CHECK_STATUS(testing_run(t, j)->status, STATUS_CORRUPT);
}

static void
mail_for_an_account_that_was_removed_is_decided_again(void **state)
{
	struct testing *t = *state;
	struct plan_action action = { .kind = ACTION_DELIVER, .account = ME, .role = MAILBOX_INBOX };
	struct plan p = { .action_count = 1, .actions = &action };

	CHECK_STATUS(remove_account(t, ME), STATUS_OK);	/* one that never had anything */
	CHECK(!leave(t));
	CHECK_STATUS(testing_plan(t, SLICE("x"), &p)->status, STATUS_STALE);
	testing_check_whole(t);
}

static bool
print_id(void *ctx, const struct trash_row *row)
{
	struct trash_id id = trash_id_of(row);

	trash_id_print(&id, ctx);
	buf_append_byte(ctx, ' ');
	return true;
}

static void
trash_is_told_newest_first_and_account_by_account(void **state)
{
	struct testing *t = *state;
	struct buf b = buf_init(1 << 16);
	struct trash_order o;
	struct txn *txn;
	uint32_t inbox = ten(t), account = 0;

	testing_expunge(t, ME, inbox, "3:4");
	testing_expunge(t, ME, inbox, "1");
	testing_account(t, OTHER);
	inbox = testing_mailbox(t, OTHER, "INBOX");
	testing_append(t, OTHER, inbox, "x", 0, "");
	testing_expunge(t, OTHER, inbox, "1");
	fill_order(t, ME, TRASH_PURGE, &o);
	txn = testing_read(t);
	CHECK_STATUS(trash_each_newest(txn, ME, NULL, print_id, &b, NULL), STATUS_OK);
	CHECK_SLICE(buf_slice(&b), "7/13/0 7/12/1 7/12/0 ");
	buf_reset(&b);
	CHECK_STATUS(trash_each_newest(txn, ME, &o.ids[1], print_id, &b, NULL), STATUS_OK);
	CHECK_SLICE(buf_slice(&b), "7/12/0 ");
	CHECK_STATUS(trash_next_account(txn, 0, &account, NULL), STATUS_OK);
	CHECK_U64(account, ME);
	CHECK_STATUS(trash_next_account(txn, ME + 1, &account, NULL), STATUS_OK);
	CHECK_U64(account, OTHER);
	CHECK_STATUS(trash_next_account(txn, OTHER + 1, &account, NULL), STATUS_ABSENT);
	txn_abort(&txn);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define ROW(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)
		ROW(what_is_restored_is_as_it_was_under_a_new_uid),
		ROW(a_mailbox_that_is_gone_is_made_again),
		ROW(a_restore_may_name_another_folder_and_another_account),
		ROW(a_purge_forgets_the_text_unless_another_row_refers_to_it),
		ROW(copies_of_a_text_in_one_purge_count_down_together),
		ROW(trash_expires_when_its_account_says),
		ROW(what_is_damaged_keeps_nothing_else_from_expiring),
		ROW(a_clock_that_leaps_costs_nobody_their_trash),
		cmocka_unit_test(orders_are_read_as_they_were_written),
		ROW(all_of_a_removed_account_goes_to_its_trash_whatever_comes_between),
		ROW(mail_for_an_account_that_was_removed_is_decided_again),
		ROW(a_removed_account_with_mailboxes_that_are_not_there_is_said_to_be_damaged),
		ROW(trash_is_told_newest_first_and_account_by_account),
#undef ROW
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
