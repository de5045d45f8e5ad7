#include "imapd/sequence.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

static struct uidset
set_of(const uint32_t *pairs, size_t count)
{
	struct uidset s = uidset_init();

	for (size_t i = 0; i < count; i += 2)
		CHECK_STATUS(uidset_add(&s, pairs[i], pairs[i + 1]), STATUS_OK);
	return s;
}

/* UIDs 1-3, 5, 10-12. */
static void
fill(struct sequence *s)
{
	sequence_init(s);
	sequence_append(s, 1, 2);
	sequence_append(s, 3, 3);
	sequence_append(s, 5, 5);
	sequence_append(s, 10, 12);
	sequence_append(s, 11, 12);	/* there already */
}

static void
numbers_and_uids_agree(void **state)
{
	static const uint32_t uids[] = { 1, 2, 3, 5, 10, 11, 12 };
	struct sequence_walk walk;
	struct sequence s;

	(void)state;
	fill(&s);
	CHECK_U64(s.count, 3);
	CHECK_U64(s.total, ARRAY_LEN(uids));
	walk = sequence_walk_init(&s);
	for (uint32_t i = 0; i < ARRAY_LEN(uids); i++) {
		CHECK_U64(sequence_uid(&s, i + 1), uids[i]);
		CHECK_U64(sequence_number(&s, uids[i]), i + 1);
		CHECK_U64(sequence_walk_to(&walk, uids[i]), i + 1);
	}
	CHECK_U64(sequence_number(&s, 4), 0);
	CHECK_U64(sequence_number(&s, 13), 0);
	CHECK_U64(sequence_last(&s), 12);
	sequence_clear(&s);
}

static const struct {
	uint32_t gone[4];
	size_t pairs;
	const char *left;
} removals[] = {
	{ { 0 }, 0, "1:3,5,10:12" },
	{ { 1, UINT32_MAX }, 2, "" },
	{ { 2, 2 }, 2, "1,3,5,10:12" },
	{ { 3, 10 }, 2, "1:2,11:12" },
	{ { 4, 4, 13, 20 }, 4, "1:3,5,10:12" },
	{ { 1, 1, 12, 12 }, 4, "2:3,5,10:11" },
	{ { 10, 10, 12, 12 }, 4, "1:3,5,11" },
};

static void
removed_uids_close_the_gap(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(removals); i++) {
		struct uidset gone = set_of(removals[i].gone, removals[i].pairs);
		struct uidset left = uidset_init();
		struct buf text = buf_init(256);
		struct sequence s;

		fill(&s);
		sequence_remove(&s, &gone);
		CHECK_STATUS(sequence_within(&s, 1, UINT32_MAX, &left), STATUS_OK);
		uidset_print(&left, &text);
		CHECK_SLICE(buf_slice(&text), removals[i].left);
		CHECK_U64(uidset_size(&left), s.total);
		if (s.total > 0)
			CHECK_U64(sequence_number(&s, sequence_last(&s)), s.total);
		buf_clear(&text);
		uidset_clear(&left);
		uidset_clear(&gone);
		sequence_clear(&s);
	}
}

static const struct {
	const char *set;
	enum sequence_kind kind;
	enum status status;
	const char *uids;
} selections[] = {
	{ "1", SEQUENCE_NUMBERS, STATUS_OK, "1" },
	{ "4:5", SEQUENCE_NUMBERS, STATUS_OK, "5,10" },
	{ "*", SEQUENCE_NUMBERS, STATUS_OK, "12" },
	{ "*:6", SEQUENCE_NUMBERS, STATUS_OK, "11:12" },
	{ "7:9", SEQUENCE_NUMBERS, STATUS_OK, "12" },
	{ "8:9", SEQUENCE_NUMBERS, STATUS_OK, "" },
	{ "1:4294967295", SEQUENCE_NUMBERS, STATUS_OK, "1:3,5,10:12" },
	{ "3,1,2,1:2", SEQUENCE_NUMBERS, STATUS_OK, "1:3" },
	{ "0", SEQUENCE_NUMBERS, STATUS_SYNTAX, "" },
	{ "1:0", SEQUENCE_UIDS, STATUS_SYNTAX, "" },
	{ "4294967296", SEQUENCE_UIDS, STATUS_SYNTAX, "" },
	{ "", SEQUENCE_UIDS, STATUS_SYNTAX, "" },
	{ "4", SEQUENCE_UIDS, STATUS_OK, "" },
	{ "3:10", SEQUENCE_UIDS, STATUS_OK, "3,5,10" },
	{ "12:*", SEQUENCE_UIDS, STATUS_OK, "12" },
	/* RFC 3501 s.6.4.8: the last one even when the number is above it */
	{ "500:*", SEQUENCE_UIDS, STATUS_OK, "12" },
	{ "4294967295:1,1:*,1:*", SEQUENCE_UIDS, STATUS_OK, "1:3,5,10:12" },
};

static void
sets_select_what_is_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(selections); i++) {
		struct uidset out = uidset_init();
		struct buf text = buf_init(256);
		struct sequence s;

		fill(&s);
		CHECK_STATUS(sequence_select(&s, slice_from_cstr(selections[i].set),
		    selections[i].kind, &out), selections[i].status);
		if (selections[i].status == STATUS_OK) {
			uidset_print(&out, &text);
			CHECK_SLICE(buf_slice(&text), selections[i].uids);
		}
		buf_clear(&text);
		uidset_clear(&out);
		sequence_clear(&s);
	}
}

static void
an_empty_view_has_nothing_to_select(void **state)
{
	static const char *const sets[] = { "1:*", "*", "1", "1:4294967295" };
	struct sequence s;

	(void)state;
	sequence_init(&s);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		struct uidset out = uidset_init();

		CHECK_STATUS(sequence_select(&s, slice_from_cstr(sets[i]), SEQUENCE_NUMBERS,
		    &out), STATUS_OK);
		CHECK_U64(out.count, 0);
		CHECK_STATUS(sequence_select(&s, slice_from_cstr(sets[i]), SEQUENCE_UIDS, &out),
		    STATUS_OK);
		CHECK_U64(out.count, 0);
	}
}

static void
ten_thousand_ranges_are_merged(void **state)
{
	struct buf text = buf_init(128 * 1024);
	struct uidset out = uidset_init();
	struct sequence s;

	(void)state;
	for (unsigned i = 10000; i > 0; i--)
		buf_printf(&text, "%u:*,%u,", i, i);
	buf_append(&text, SLICE("1"));
	sequence_init(&s);
	sequence_append(&s, 1, 1000000);
	CHECK_STATUS(sequence_select(&s, buf_slice(&text), SEQUENCE_UIDS, &out), STATUS_OK);
	CHECK_U64(out.count, 1);
	CHECK_U64(uidset_size(&out), 1000000);
	uidset_clear(&out);
	sequence_clear(&s);
	buf_clear(&text);
}

static bool
print_range(void *ctx, uint32_t first, uint32_t last)
{
	buf_printf(ctx, "%u-%u,", first, last);
	return first != 13;	/* stop there */
}

static void
what_is_missing_is_named(void **state)
{
	static const struct {
		uint32_t first, last;
		const char *gaps;
	} cases[] = {
		{ 1, 12, "4-4,6-9," }, { 4, 4, "4-4," }, { 1, 3, "" }, { 2, 6, "4-4,6-6," },
		{ 7, 8, "7-8," }, { 12, 13, "13-13," }, { 13, UINT32_MAX, "13-4294967295," },
		{ 20, UINT32_MAX, "20-4294967295," }, { 5, 5, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf text = buf_init(256);
		struct sequence s;

		fill(&s);
		CHECK(sequence_gaps(&s, cases[i].first, cases[i].last, print_range, &text) ==
		    (strstr(cases[i].gaps, "13-") == NULL));
		CHECK_SLICE(buf_slice(&text), cases[i].gaps);
		buf_clear(&text);
		sequence_clear(&s);
	}
}

static void
sets_are_read_in_any_order(void **state)
{
	static const struct {
		const char *set;
		uint32_t star;
		enum status status;
		const char *uids;
	} cases[] = {
		{ "1:5,9", 0, STATUS_OK, "1:5,9" },
		{ "9,5:1,3:6,7", 0, STATUS_OK, "1:7,9" },
		{ "4294967295:1,2", 0, STATUS_OK, "1:4294967295" },
		{ "7:*", 9, STATUS_OK, "7:9" }, { "*", 9, STATUS_OK, "9" },
		{ "7:*", 0, STATUS_SYNTAX, "" }, { "*", 0, STATUS_SYNTAX, "" },
		{ "", 9, STATUS_SYNTAX, "" }, { "0", 9, STATUS_SYNTAX, "" }, { "1,", 9, STATUS_SYNTAX, "" },
		{ "$", 9, STATUS_SYNTAX, "" }, { "4294967296", 9, STATUS_SYNTAX, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct uidset out = uidset_init();
		struct buf text = buf_init(256);

		CHECK_STATUS(sequence_read_set(slice_from_cstr(cases[i].set), cases[i].star, &out),
		    cases[i].status);
		if (cases[i].status == STATUS_OK)
			uidset_print(&out, &text);
		CHECK_SLICE(buf_slice(&text), cases[i].uids);
		buf_clear(&text);
		uidset_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_uids_agree),
		cmocka_unit_test(removed_uids_close_the_gap),
		cmocka_unit_test(sets_select_what_is_there),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(sets_are_read_in_any_order),
		cmocka_unit_test(an_empty_view_has_nothing_to_select),
		cmocka_unit_test(ten_thousand_ranges_are_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
