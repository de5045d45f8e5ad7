#include "fetchd/listing.h"

#include "base/check.h"
#include "base/mem.h"

static struct listing
listing_of(const char *const *lines, size_t count)
{
	struct listing l = listing_init(10);

	for (size_t i = 0; i < count; i++)
		CHECK_STATUS(listing_add(&l, slice_from_cstr(lines[i]), NULL), STATUS_OK);
	return l;
}

static void
an_empty_mailbox_wants_nothing(void **state)
{
	struct listing l = listing_init(10);
	uint32_t n = 7;

	(void)state;
	CHECK_STATUS(listing_complete(&l, &n, NULL), STATUS_OK);
	CHECK_U64(n, 0);
	CHECK_STATUS(listing_size(&l, SLICE("1 5"), NULL), STATUS_OK);
	CHECK(listing_wanted(&l, &n) == NULL);
	CHECK_U64(n, 0);
	listing_clear(&l);
	listing_clear(&l);
}

static void
small_messages_come_first(void **state)
{
	static const char *const uidls[] = { "3 c", "1 a", "2 b", "4 d", "5 e" };
	static const char *const sizes[] = { "1 500", "2 20", "3 20", "9 1", "5 1" };
	static const uint32_t numbers[] = { 2, 3, 1, 5 };
	struct listing l = listing_of(uidls, ARRAY_LEN(uidls));
	uint32_t *wanted;
	uint32_t n;

	(void)state;
	CHECK_STATUS(listing_complete(&l, &n, NULL), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		CHECK_STATUS(listing_size(&l, slice_from_cstr(sizes[i]), NULL), STATUS_OK);
	CHECK_STATUS(listing_size(&l, SLICE("1 x"), NULL), STATUS_SYNTAX);
	l.entries[3].stored_at = 99;	/* number 4 */
	l.entries[4].is_last = true;	/* number 5 */
	wanted = listing_wanted(&l, &n);
	CHECK_U64(n, 4);
	for (uint32_t i = 0; i < n; i++)
		CHECK_U64(l.entries[wanted[i]].number, numbers[i]);
	CHECK_SLICE(listing_uidl(&l, &l.entries[wanted[0]]), "b");
	mem_free(wanted);
	listing_clear(&l);
}

static void
of_messages_with_one_id_only_the_first_is_wanted(void **state)
{
	static const char *const uidls[] = { "1 x", "2 y", "3 x", "4 x", "5 xx" };
	struct listing l = listing_of(uidls, ARRAY_LEN(uidls));
	uint32_t *wanted;
	uint32_t n;

	(void)state;
	CHECK_STATUS(listing_complete(&l, &n, NULL), STATUS_OK);
	CHECK_U64(n, 2);
	CHECK(!l.entries[0].is_twin && l.entries[0].is_shared);
	CHECK(l.entries[2].is_twin && l.entries[2].is_shared);
	CHECK(l.entries[3].is_twin && !l.entries[1].is_shared);
	wanted = listing_wanted(&l, &n);
	CHECK_U64(n, 3);
	mem_free(wanted);
	listing_clear(&l);
}

static void
a_number_listed_twice_is_refused(void **state)
{
	static const char *const uidls[] = { "1 a", "2 b", "1 c" };
	struct listing l = listing_of(uidls, ARRAY_LEN(uidls));
	uint32_t n;

	(void)state;
	CHECK_STATUS(listing_complete(&l, &n, NULL), STATUS_SYNTAX);
	listing_clear(&l);
}

static void
a_listing_has_a_limit(void **state)
{
	struct listing l = listing_init(2);

	(void)state;
	CHECK_STATUS(listing_add(&l, SLICE("1"), NULL), STATUS_SYNTAX);
	CHECK_STATUS(listing_add(&l, SLICE("1 a"), NULL), STATUS_OK);
	CHECK_STATUS(listing_add(&l, SLICE("2 b"), NULL), STATUS_OK);
	CHECK_STATUS(listing_add(&l, SLICE("3 c"), NULL), STATUS_LIMIT);
	CHECK_U64(l.count, 2);
	listing_clear(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_mailbox_wants_nothing),
		cmocka_unit_test(small_messages_come_first),
		cmocka_unit_test(of_messages_with_one_id_only_the_first_is_wanted),
		cmocka_unit_test(a_number_listed_twice_is_refused),
		cmocka_unit_test(a_listing_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
