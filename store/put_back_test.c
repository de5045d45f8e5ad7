#include <unistd.h>

#include "base/check.h"
#include "store/audit.h"
#include "store/digest.h"
#include "store/keyword.h"
#include "store/put_back.h"
#include "store/testing.h"

static const char text[] = "Subject: again\r\n\r\nx\r\n";

static struct put_back
example(void)
{
	struct put_back p = {
		.account = 7,
		.folder = SLICE("Restored 2026-11-24 14.30/Projects"),
		.mid = SLICE("k3v7q2m9tzae"),
		.size_bytes = sizeof(text) - 1,
		.received_at = 1700000000,
		.internal_at = 1600000000,
		.internal_zone = -330,
		.flags = FLAG_SEEN | FLAG_FLAGGED,
		.keywords = SLICE("Important $Forwarded"),
		.subject = SLICE("zhang@acme.test"),
		.note = SLICE("backup=20261124T103651Z"),
	};

	sha256_of(slice_from_cstr(text), p.sha256);
	return p;
}

static void
a_request_reads_as_it_was_written_and_cut_anywhere_is_none(void **state)
{
	struct buf b = buf_init(4096);
	struct put_back p = example(), back;

	(void)state;
	CHECK_STATUS(put_back_put(&p, &b), STATUS_OK);
	for (size_t cut = 0; cut < b.len; cut++)
		CHECK_STATUS(put_back_read(slice_make(b.ptr, cut), &back), STATUS_CORRUPT);
	CHECK_STATUS(put_back_read(buf_slice(&b), &back), STATUS_OK);
	CHECK_U64(back.internal_zone, p.internal_zone);
	CHECK_SLICE(back.folder, "Restored 2026-11-24 14.30/Projects");
	CHECK_SLICE(back.note, "backup=20261124T103651Z");
	buf_append_byte(&b, 'x');
	CHECK_STATUS(put_back_read(buf_slice(&b), &back), STATUS_CORRUPT);
	buf_clear(&b);
}

/* With a longer one nobody could read the message's row. */
static void
a_digest_is_no_longer_than_a_row_may_say(void **state)
{
	static const char digest[DIGEST_RECORD_MAX + 1];
	struct buf b = buf_init(2 * DIGEST_RECORD_MAX);
	struct put_back p = example(), back;

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		buf_reset(&b);
		p.digest = slice_make(digest, DIGEST_RECORD_MAX + over);
		CHECK_STATUS(put_back_put(&p, &b), STATUS_OK);
		CHECK_STATUS(put_back_read(buf_slice(&b), &back),
		    over == 0 ? STATUS_OK : STATUS_CORRUPT);
	}
	buf_clear(&b);
}

static enum status
put(struct testing *t, const struct put_back *p, const char *bytes)
{
	struct buf b = buf_init(4096);
	struct problem why = { "" };
	struct job *j = NULL;
	int fd = testing_memfd(slice_from_cstr(bytes));
	enum status st;

	CHECK_STATUS(put_back_put(p, &b), STATUS_OK);
	st = job_of_put_back(buf_slice(&b), fd, 1795516611, &j, &why);
	if (st == STATUS_OK)
		st = testing_run(t, j)->status;
	close(fd);
	buf_clear(&b);
	return st;
}

static void
a_message_comes_back_with_all_it_had_in_a_folder_of_its_own(void **state)
{
	struct testing *t = *state;
	struct put_back p = example();
	struct buf keywords = buf_init(256);
	struct message_row row;
	struct flags_entry flags;
	struct text_row found;
	bool has = false;
	uint32_t box;
	struct txn *txn;

	CHECK_STATUS(put(t, &p, text), STATUS_OK);
	CHECK_STATUS(put(t, &p, text), STATUS_OK);
	box = testing_mailbox(t, 7, "Restored 2026-11-24 14.30/Projects");
	CHECK(box != 0 && testing_mailbox(t, 7, "Restored 2026-11-24 14.30") != 0);
	txn = testing_read(t);
	CHECK_STATUS(message_get(txn, box, 2, &row, NULL), STATUS_OK);
	CHECK_U64(row.internal_at, 1600000000);
	CHECK_U64(row.internal_zone, -330);
	CHECK_STATUS(flags_get(txn, box, 2, &flags, NULL), STATUS_OK);
	CHECK_U64(flags.flags & FLAG_SYSTEM, FLAG_SEEN | FLAG_FLAGGED);
	CHECK_STATUS(keyword_print(txn, box, flags.flags, &keywords, NULL), STATUS_OK);
	CHECK_SLICE(buf_slice(&keywords), "Important $Forwarded");
	CHECK_STATUS(text_get(txn, row.text, &found, NULL), STATUS_OK);
	CHECK_SLICE(found.mid, "k3v7q2m9tzae");
	CHECK_U64(found.received_at, 1700000000);
	CHECK_STATUS(subscription_has(txn, 7, p.folder, &has, NULL), STATUS_OK);
	CHECK(has);
	txn_abort(&txn);
	buf_clear(&keywords);
}

static void
what_is_not_as_it_says_is_refused(void **state)
{
	struct testing *t = *state;
	struct put_back p = example();

	CHECK_STATUS(put(t, &p, "Subject: another\r\n\r\n\r\n"), STATUS_CORRUPT);
	p.folder = SLICE("a//b");
	CHECK_STATUS(put(t, &p, text), STATUS_SYNTAX);
	p.folder = SLICE("");
	CHECK_STATUS(put(t, &p, text), STATUS_SYNTAX);
	CHECK(testing_mailbox(t, 7, "INBOX") == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_reads_as_it_was_written_and_cut_anywhere_is_none),
		cmocka_unit_test(a_digest_is_no_longer_than_a_row_may_say),
		cmocka_unit_test_setup_teardown(
		    a_message_comes_back_with_all_it_had_in_a_folder_of_its_own, testing_setup,
		    testing_teardown),
		cmocka_unit_test_setup_teardown(what_is_not_as_it_says_is_refused, testing_setup,
		    testing_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
