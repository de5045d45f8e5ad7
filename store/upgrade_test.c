/* What an upgrade makes of what an older version left out. */
#include <unistd.h>

#include "base/check.h"
#include "store/identity.h"
#include "store/testing_fill.h"
#include "store/upgrade.h"

#define TEXTS 40
#define TEXT_LEN (100 * 1024)	/* enough of them for several segments */

/* Texts that do not get smaller; two of three are gone again, all of the first segment's too. */
static void
fill(struct testing *t)
{
	uint32_t inbox;

	testing_account(t, ME);
	inbox = testing_mailbox(t, ME, "INBOX");
	for (uint32_t id = 1; id <= TEXTS; id++) {
		char *text = testing_noise(id, TEXT_LEN);

		testing_append(t, ME, inbox, text, 0, "");
		mem_free(text);
	}
	for (uint64_t id = 1; id <= TEXTS; id++)
		if (id <= 12 || id % 3 != 0)
			testing_refer(t, id, -1);
}

/* The store as version 1 kept it: nobody counted segments. */
static void
make_old(struct testing *t, uint32_t last)
{
	struct identity i;
	struct txn *txn;

	CHECK_STATUS(txn_begin_write(store_env(t->store), &txn, NULL), STATUS_OK);
	for (uint32_t n = 1; n <= last; n++)
		CHECK_STATUS(segment_row_delete(txn, n, NULL), STATUS_OK);
	CHECK_STATUS(identity_get(txn, &i, NULL), STATUS_OK);
	i.version = 1;
	CHECK_STATUS(identity_put(txn, &i, NULL), STATUS_OK);
	CHECK_STATUS(txn_commit(&txn, NULL), STATUS_OK);
}

static uint32_t
segments(struct testing *t)
{
	struct txn *txn = testing_read(t);
	struct counters n;

	CHECK_STATUS(counters_get(txn, &n, NULL), STATUS_OK);
	txn_abort(&txn);
	return n.segment;
}

static void
upgrade(struct testing *t)
{
	struct upgrade_hooks silent = { NULL, NULL };
	struct problem why = { "" };
	uint32_t from = 0;

	testing_close(t);
	if (store_upgrade(t->path, &silent, &from, &why) != STATUS_OK)
		fail_msg("%s", why.text);
	CHECK_U64(from, 1);
	testing_open(t);
}

static void
what_was_dead_before_counts_as_dead(void **state)
{
	struct testing *t = *state;
	struct segment_row before[8] = { { 0 } };
	uint32_t last;

	fill(t);
	last = segments(t);
	CHECK(last > 3 && last < ARRAY_LEN(before));
	for (uint32_t n = 1; n <= last; n++)
		before[n] = testing_segment(t, n);
	CHECK(before[1].live_bytes == 0 && before[1].dead_bytes > 0);
	make_old(t, last);
	upgrade(t);
	for (uint32_t n = 1; n <= last; n++) {
		CHECK_U64(testing_segment(t, n).live_bytes, before[n].live_bytes);
		CHECK_U64(testing_segment(t, n).dead_bytes, before[n].dead_bytes);
	}
}

/* A damaged head hides what lies behind it; what is known to be live stays so. */
static void
a_damaged_segment_is_counted_as_far_as_it_can_be_read(void **state)
{
	struct testing *t = *state;
	struct segment_row before;
	uint32_t last;
	char zeros[RECORD_HEAD_LEN] = "";
	int fd;

	fill(t);
	last = segments(t);
	before = testing_segment(t, 2);
	make_old(t, last);
	CHECK_STATUS(segment_open(store_segments_fd(t->store), 2, store_id(t->store), SEGMENT_WRITE,
	    &fd, NULL), STATUS_OK);
	CHECK(pwrite(fd, zeros, sizeof(zeros), SEGMENT_HEAD_LEN) == (ssize_t)sizeof(zeros));
	close(fd);
	upgrade(t);
	CHECK_U64(testing_segment(t, 2).live_bytes, before.live_bytes);
	CHECK_U64(testing_segment(t, 2).dead_bytes, 0);
	CHECK(testing_segment(t, 1).dead_bytes > 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_dead_before_counts_as_dead, testing_setup,
		    testing_teardown),
		cmocka_unit_test_setup_teardown(a_damaged_segment_is_counted_as_far_as_it_can_be_read,
		    testing_setup, testing_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
