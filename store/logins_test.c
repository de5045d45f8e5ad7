#include "store/logins.h"

#include "base/check.h"

static const struct login_row all[] = { { 2, 20 }, { 5, 50 }, { 9, LOGIN_NONE } };

static enum status
take(struct logins *l, const struct login_row *rows, uint32_t count, bool is_all)
{
	struct buf b = buf_init(1024);
	enum status st;

	logins_put(rows, count, is_all, &b);
	st = logins_take(l, buf_slice(&b));
	buf_clear(&b);
	return st;
}

static void
every_login_holds_before_anything_was_told(void **state)
{
	struct logins l = { 0 };

	(void)state;
	CHECK(logins_hold(&l, 5, 1));
	CHECK_STATUS(take(&l, &all[1], 1, false), STATUS_OK);	/* a part of what is not known */
	CHECK(logins_hold(&l, 5, 1) && logins_hold(&l, 6, 1));
	CHECK_STATUS(take(&l, all, 0, true), STATUS_OK);
	CHECK(!logins_hold(&l, 5, 1));
	logins_clear(&l);
}

static void
a_login_holds_under_the_mark_of_today_only(void **state)
{
	static const struct login_row changed[] = { { 1, 10 }, { 5, 51 }, { 10, 100 } };
	struct logins l = { 0 };

	(void)state;
	CHECK_STATUS(take(&l, all, 3, true), STATUS_OK);
	CHECK(logins_hold(&l, 2, 20) && logins_hold(&l, 5, 50));
	CHECK(!logins_hold(&l, 5, 20) && !logins_hold(&l, 3, 20));
	CHECK(!logins_hold(&l, 9, LOGIN_NONE));
	CHECK_STATUS(take(&l, changed, 3, false), STATUS_OK);
	CHECK(logins_hold(&l, 1, 10) && logins_hold(&l, 2, 20) && logins_hold(&l, 10, 100));
	CHECK(logins_hold(&l, 5, 51) && !logins_hold(&l, 5, 50));
	CHECK_STATUS(take(&l, all, 1, true), STATUS_OK);
	CHECK(logins_hold(&l, 2, 20) && !logins_hold(&l, 5, 51) && !logins_hold(&l, 10, 100));
	logins_clear(&l);
}

static void
what_is_no_notice_changes_nothing(void **state)
{
	static const struct login_row twice[] = { { 2, 1 }, { 2, 2 } };
	struct logins l = { 0 };
	struct buf b = buf_init(1024);

	(void)state;
	CHECK_STATUS(take(&l, all, 3, true), STATUS_OK);
	CHECK_STATUS(take(&l, twice, 2, true), STATUS_CORRUPT);
	logins_put(all, 1, true, &b);
	for (size_t cut = 0; cut < b.len; cut++)
		CHECK_STATUS(logins_take(&l, slice_make(b.ptr, cut)), STATUS_CORRUPT);
	buf_append_byte(&b, 'x');
	CHECK_STATUS(logins_take(&l, buf_slice(&b)), STATUS_CORRUPT);
	b.len--;
	b.ptr[0] = 2;
	CHECK_STATUS(logins_take(&l, buf_slice(&b)), STATUS_CORRUPT);
	CHECK(logins_hold(&l, 5, 50));
	buf_clear(&b);
	logins_clear(&l);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_login_holds_before_anything_was_told),
		cmocka_unit_test(a_login_holds_under_the_mark_of_today_only),
		cmocka_unit_test(what_is_no_notice_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
