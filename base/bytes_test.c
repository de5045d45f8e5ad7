#include "base/bytes.h"

#include "base/check.h"

/* One field of every kind. */
static void
write_all(struct buf *out)
{
	put_u8(out, 0x01);
	put_u16le(out, 0x0302);
	put_u32le(out, 0x07060504);
	put_u64le(out, UINT64_C(0x0f0e0d0c0b0a0908));
	put_slice(out, SLICE("text"));
	put_slice(out, SLICE(""));
}

#define ALL_LEN (1 + 2 + 4 + 8 + 4 + 4 + 4)

/* Whether all fields came back. */
static bool
read_all(struct reader *in)
{
	bool is_same = true;

	is_same &= read_u8(in) == 0x01;
	is_same &= read_u16le(in) == 0x0302;
	is_same &= read_u32le(in) == 0x07060504;
	is_same &= read_u64le(in) == UINT64_C(0x0f0e0d0c0b0a0908);
	is_same &= slice_equal(read_slice(in), SLICE("text"));
	is_same &= slice_equal(read_slice(in), SLICE(""));
	return is_same;
}

static void
fields_come_back_and_lie_in_the_stated_order(void **state)
{
	struct buf b = buf_init(100);
	struct reader in;
	size_t i;

	(void)state;
	write_all(&b);
	CHECK_U64(b.len, ALL_LEN);
	for (i = 0; i < 15; i++)
		CHECK_U64(b.ptr[i], i + 1);
	in = reader_of(buf_slice(&b));
	CHECK(read_all(&in));
	CHECK(reader_at_end(&in));
	CHECK(reader_ok(&in));
	buf_clear(&b);
}

static void
cut_after_any_byte_the_reader_never_reaches_its_end(void **state)
{
	struct buf b = buf_init(100);
	size_t len;

	(void)state;
	write_all(&b);
	for (len = 0; len < b.len; len++) {
		struct reader in = reader_init(b.ptr, len);

		(void)read_all(&in);
		CHECK(!reader_at_end(&in));
		CHECK(!reader_ok(&in));
		CHECK_U64(read_u8(&in), 0);
		CHECK_U64(read_bytes(&in, 0).len, 0);
	}
	buf_clear(&b);
}

static void
bytes_left_over_are_not_the_end(void **state)
{
	struct reader in = reader_of(SLICE("ab"));

	(void)state;
	CHECK_SLICE(read_bytes(&in, 1), "a");
	CHECK(!reader_at_end(&in));
	CHECK(reader_ok(&in));
	reader_fail(&in);
	CHECK(!reader_ok(&in));
	CHECK_U64(read_u8(&in), 0);
}

static void
a_length_beyond_the_data_gives_nothing(void **state)
{
	struct reader in = reader_of(SLICE("\xff\xff\xff\xff" "abc"));

	(void)state;
	CHECK_U64(read_slice(&in).len, 0);
	CHECK(!reader_ok(&in));
}

static void
a_full_buf_is_noticed_once_at_the_end(void **state)
{
	struct buf b = buf_init(ALL_LEN - 1);

	(void)state;
	write_all(&b);
	CHECK_STATUS(buf_status(&b), STATUS_LIMIT);
	buf_clear(&b);
}

static void
fixed_memory_agrees_with_bufs(void **state)
{
	uint8_t m[8];

	(void)state;
	store_u32be(m, 0x01020304);
	CHECK(m[0] == 1 && m[3] == 4);
	CHECK_U64(load_u32be(m), 0x01020304);
	store_u64be(m, UINT64_C(0x0102030405060708));
	CHECK(m[0] == 1 && m[7] == 8);
	CHECK_U64(load_u64be(m), UINT64_C(0x0102030405060708));
	store_u32le(m, 0x01020304);
	CHECK(m[0] == 4 && m[3] == 1);
	CHECK_U64(load_u32le(m), 0x01020304);
	store_u64le(m, UINT64_MAX - 1);
	CHECK(m[0] == 0xfe && m[7] == 0xff);
	CHECK_U64(load_u64le(m), UINT64_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_come_back_and_lie_in_the_stated_order),
		cmocka_unit_test(cut_after_any_byte_the_reader_never_reaches_its_end),
		cmocka_unit_test(bytes_left_over_are_not_the_end),
		cmocka_unit_test(a_length_beyond_the_data_gives_nothing),
		cmocka_unit_test(a_full_buf_is_noticed_once_at_the_end),
		cmocka_unit_test(fixed_memory_agrees_with_bufs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
