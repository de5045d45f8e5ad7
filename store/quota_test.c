#include "store/quota.h"

#include "base/check.h"

static void
a_mailbox_takes_in_what_its_quota_and_role_allow(void **state)
{
	static const struct {
		uint64_t quota, bytes, more;
		uint8_t role;
		enum status st;
	} rows[] = {
		{ 0, UINT64_MAX, UINT64_MAX, MAILBOX_INBOX, STATUS_OK },
		{ 1000, 0, 0, MAILBOX_INBOX, STATUS_OK },
		{ 1000, 0, 1000, MAILBOX_INBOX, STATUS_OK },
		{ 1000, 0, 1001, MAILBOX_INBOX, STATUS_FULL },
		{ 1000, 999, 1, MAILBOX_PLAIN, STATUS_OK },
		{ 1000, 1000, 1, MAILBOX_PLAIN, STATUS_FULL },
		{ 1000, 1000, UINT64_MAX, MAILBOX_JUNK, STATUS_FULL },
		{ 1000, 1001, 0, MAILBOX_PLAIN, STATUS_FULL },
		{ 1000, 1000, 5000, MAILBOX_SENT, STATUS_OK },
		{ 1000, 1099, 5000, MAILBOX_DRAFTS, STATUS_OK },
		{ 1000, 1100, 1, MAILBOX_DRAFTS, STATUS_FULL },
		{ 1000, 1999, 1, MAILBOX_TRASH, STATUS_OK },
		{ 1000, 2000, 1, MAILBOX_TRASH, STATUS_FULL },
		{ 1, 1, 1, MAILBOX_SENT, STATUS_FULL },
		{ UINT64_MAX, UINT64_MAX, 1, MAILBOX_TRASH, STATUS_OK },
		{ UINT64_MAX, UINT64_MAX, 1, MAILBOX_INBOX, STATUS_FULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct account_row a = { .quota_bytes = rows[i].quota, .bytes = rows[i].bytes };
		struct problem why = { "" };

		CHECK_STATUS(quota_check(&a, rows[i].role, rows[i].more, &why), rows[i].st);
		CHECK((why.text[0] != '\0') == (rows[i].st == STATUS_FULL));
	}
}

static void
a_mailbox_is_full_when_its_quota_is_reached(void **state)
{
	struct account_row a = { .bytes = 1000 };

	(void)state;
	CHECK(!quota_is_full(&a));
	a.quota_bytes = 1001;
	CHECK(!quota_is_full(&a));
	a.quota_bytes = 1000;
	CHECK(quota_is_full(&a));
}

static void
coming_near_the_quota_is_seen_once(void **state)
{
	struct account_row a = { .bytes = 900, .quota_bytes = 1000 };

	(void)state;
	CHECK(quota_is_crossed(&a, 899));
	CHECK(!quota_is_crossed(&a, 900));
	a.bytes = 899;
	CHECK(!quota_is_crossed(&a, 0));
	a = (struct account_row){ .bytes = 10 };
	CHECK(!quota_is_crossed(&a, 0));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mailbox_takes_in_what_its_quota_and_role_allow),
		cmocka_unit_test(a_mailbox_is_full_when_its_quota_is_reached),
		cmocka_unit_test(coming_near_the_quota_is_seen_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
