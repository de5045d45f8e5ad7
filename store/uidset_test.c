#include "store/uidset.h"

#include <string.h>

#include "base/check.h"

static void
check_set(const struct uidset *s, const char *text)
{
	struct buf b = buf_init(1 << 20);

	uidset_print(s, &b);
	CHECK_SLICE(buf_slice(&b), text);
	buf_clear(&b);
}

static void
ranges_are_sorted_and_melt_together(void **state)
{
	static const struct {
		uint32_t add[8][2];
		const char *set;
	} rows[] = {
		{ { { 0 } }, "" },
		{ { { 5, 5 } }, "5" },
		{ { { 5, 5 }, { 6, 6 } }, "5:6" },
		{ { { 5, 5 }, { 7, 9 } }, "5,7:9" },
		{ { { 7, 9 }, { 5, 5 } }, "5,7:9" },
		{ { { 7, 9 }, { 5, 5 }, { 6, 6 } }, "5:9" },
		{ { { 1, 2 }, { 4, 5 }, { 7, 8 }, { 2, 7 } }, "1:8" },
		{ { { 1, 2 }, { 4, 5 }, { 7, 8 }, { 5, 20 } }, "1:2,4:20" },
		{ { { 4, 5 }, { 7, 8 }, { 1, 9 } }, "1:9" },
		{ { { 1, 9 }, { 3, 4 } }, "1:9" },
		{ { { 1, 1 }, { UINT32_MAX, UINT32_MAX } }, "1,4294967295" },
		{ { { UINT32_MAX, UINT32_MAX }, { 2, UINT32_MAX } }, "2:4294967295" },
		{ { { 9, 9 }, { 3, 3 }, { 6, 6 }, { 1, 1 }, { 12, 12 } }, "1,3,6,9,12" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct uidset s = uidset_init();

		for (size_t j = 0; j < 8 && rows[i].add[j][1] != 0; j++)
			CHECK_STATUS(uidset_add(&s, rows[i].add[j][0], rows[i].add[j][1]),
			    STATUS_OK);
		check_set(&s, rows[i].set);
		uidset_clear(&s);
	}
}

/* A bitmap says the same as the set, whatever is added in whatever order. */
static void
the_set_agrees_with_a_bitmap(void **state)
{
	uint32_t seed = 1, first, len;
	bool bits[256];

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct uidset s = uidset_init();
		uint64_t size = 0;

		memset(bits, 0, sizeof(bits));
		for (int i = 0; i < 20; i++) {
			seed = seed * 1103515245 + 12345;
			first = seed >> 16 & 0xff;
			len = (seed >> 24) % 6;
			if (first + len > 255)
				continue;
			CHECK_STATUS(uidset_add(&s, first, first + len), STATUS_OK);
			memset(bits + first, 1, len + 1);
		}
		for (uint32_t n = 0; n < 256; n++) {
			CHECK(uidset_has(&s, n) == bits[n]);
			size += bits[n];
		}
		CHECK_U64(uidset_size(&s), size);
		for (uint32_t i = 1; i < s.count; i++)
			CHECK(s.ranges[i].first > s.ranges[i - 1].last + 1);
		uidset_clear(&s);
	}
}

static void
records_come_back_and_bad_ones_are_refused(void **state)
{
	static const uint32_t bad[][4] = {
		{ 5, 4, 0, 0 },			/* backwards */
		{ 5, 6, 7, 8 },			/* touching */
		{ 5, 6, 1, 2 },			/* descending */
		{ 1, UINT32_MAX, 1, 1 },	/* behind the last number */
	};
	struct buf b = buf_init(1000);
	struct uidset s = uidset_init(), back;
	struct reader in;

	(void)state;
	CHECK_STATUS(uidset_add(&s, 1, 3), STATUS_OK);
	CHECK_STATUS(uidset_add(&s, 9, 9), STATUS_OK);
	uidset_put(&s, &b);
	for (size_t cut = 0; cut <= b.len; cut++) {
		in = reader_init(b.ptr, cut);
		uidset_read(&in, &back);
		CHECK(reader_at_end(&in) == (cut == b.len));
		if (cut == b.len)
			check_set(&back, "1:3,9");
		uidset_clear(&back);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_reset(&b);
		put_u32le(&b, 2);
		for (int j = 0; j < 4; j++)
			put_u32le(&b, bad[i][j]);
		in = reader_of(buf_slice(&b));
		uidset_read(&in, &back);
		CHECK(!reader_ok(&in));
		uidset_clear(&back);
	}
	uidset_clear(&s);
	buf_clear(&b);
}

static void
the_number_of_ranges_has_a_limit(void **state)
{
	struct uidset s = uidset_init();

	(void)state;
	for (uint32_t i = 0; i < UIDSET_RANGES_MAX; i++)
		CHECK_STATUS(uidset_add(&s, i * 2, i * 2), STATUS_OK);
	CHECK_STATUS(uidset_add(&s, UIDSET_RANGES_MAX * 2, UIDSET_RANGES_MAX * 2), STATUS_LIMIT);
	CHECK_STATUS(uidset_add(&s, 1, 1), STATUS_OK);
	uidset_clear(&s);
}

static void
a_set_that_is_full_widens(void **state)
{
	static const struct {
		uint32_t n;
		const char *after;
	} rows[] = {
		{ 1, "1" }, { 3, "1,3" }, { 4, "1,3:4" }, { 7, "1,3:4,7" }, { 8, "1,3:4,7:8" },
		{ 20, "1,3:4,7:20" }, { UINT32_MAX, "1,3:4,7:4294967295" },
	};
	struct uidset s = uidset_init();
	struct buf b = buf_init(100);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&b);
		uidset_widen(&s, rows[i].n, 3);
		uidset_print(&s, &b);
		CHECK_SLICE(buf_slice(&b), rows[i].after);
	}
	uidset_clear(&s);
	buf_clear(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_sorted_and_melt_together),
		cmocka_unit_test(the_set_agrees_with_a_bitmap),
		cmocka_unit_test(records_come_back_and_bad_ones_are_refused),
		cmocka_unit_test(the_number_of_ranges_has_a_limit),
		cmocka_unit_test(a_set_that_is_full_widens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
