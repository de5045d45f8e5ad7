#include "base/base64.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* RFC 4648 section 10, and bytes with the high bit. */
static const struct {
	struct slice bytes, text;
} pairs[] = {
	{ SLICE(""), SLICE("") },
	{ SLICE("f"), SLICE("Zg==") },
	{ SLICE("fo"), SLICE("Zm8=") },
	{ SLICE("foo"), SLICE("Zm9v") },
	{ SLICE("foob"), SLICE("Zm9vYg==") },
	{ SLICE("fooba"), SLICE("Zm9vYmE=") },
	{ SLICE("foobar"), SLICE("Zm9vYmFy") },
	{ SLICE("\0user\0pass"), SLICE("AHVzZXIAcGFzcw==") },
	{ SLICE("\xff\xef\xbe\xfb\xef\xbe"), SLICE("/+++++++") },
};

static void
known_pairs_agree_both_ways(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(pairs); i++) {
		struct buf out = buf_init(100);

		CHECK_STATUS(base64_encode(&out, pairs[i].bytes), STATUS_OK);
		CHECK(slice_equal(buf_slice(&out), pairs[i].text));
		buf_reset(&out);
		CHECK_STATUS(base64_decode(&out, pairs[i].text), STATUS_OK);
		CHECK(slice_equal(buf_slice(&out), pairs[i].bytes));
		buf_reset(&out);
		CHECK_STATUS(base64_decode_lenient(&out, pairs[i].text), STATUS_OK);
		CHECK(slice_equal(buf_slice(&out), pairs[i].bytes));
		buf_clear(&out);
	}
}

static void
the_strict_decoder_refuses_what_no_encoder_writes(void **state)
{
	static const struct slice bad[] = {
		SLICE("Z"), SLICE("Zg"), SLICE("Zg="), SLICE("Zm9"), SLICE("="), SLICE("=="),
		SLICE("===="), SLICE("Z==="), SLICE("Zh=="), SLICE("Zm9="), SLICE("Zg==Zg=="),
		SLICE("Zg=v"), SLICE("Z=9v"), SLICE("Zm9v\r\n"), SLICE("Zm 9"), SLICE("Zm9\0"),
		SLICE("Zm-_"), SLICE("Zm9\xf6"), SLICE("*"), SLICE("Zm9v===="),
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct buf out = buf_init(100);

		buf_append(&out, SLICE("kept"));
		if (base64_decode(&out, bad[i]) != STATUS_SYNTAX)
			fail_msg("case %zu was not refused", i);
		CHECK_SLICE(buf_slice(&out), "kept");
		buf_clear(&out);
	}
}

static void
the_lenient_decoder_reads_what_mail_holds(void **state)
{
	static const struct {
		struct slice text, bytes;
	} cases[] = {
		{ SLICE(""), SLICE("") },
		{ SLICE("===="), SLICE("") },
		{ SLICE("Z"), SLICE("") },
		{ SLICE("Zg"), SLICE("f") },
		{ SLICE("Zm8"), SLICE("fo") },
		{ SLICE("Zm9v\r\nYmFy\r\n"), SLICE("foobar") },
		{ SLICE(" Z m\t9 v !?"), SLICE("foo") },
		{ SLICE("Zg==Zm8=Zm9v"), SLICE("ffofoo") },
		{ SLICE("Zh=="), SLICE("f") },
		{ SLICE("Zm\0" "9v\xff"), SLICE("foo") },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = buf_init(100);

		CHECK_STATUS(base64_decode_lenient(&out, cases[i].text), STATUS_OK);
		if (!slice_equal(buf_slice(&out), cases[i].bytes))
			fail_msg("case %zu", i);
		buf_clear(&out);
	}
}

static void
a_full_buf_stays_as_it_was(void **state)
{
	char big[4000];
	struct buf out = buf_init(7);

	(void)state;
	buf_append(&out, SLICE("kept"));
	CHECK_STATUS(base64_decode(&out, SLICE("Zm9v")), STATUS_OK);
	CHECK_STATUS(base64_decode(&out, SLICE("Zg==")), STATUS_LIMIT);
	CHECK_STATUS(base64_encode(&out, SLICE("")), STATUS_OK);
	CHECK_STATUS(base64_encode(&out, SLICE("f")), STATUS_LIMIT);
	CHECK_STATUS(base64_decode_lenient(&out, SLICE("Zg==")), STATUS_LIMIT);
	CHECK_SLICE(buf_slice(&out), "keptfoo");
	CHECK_STATUS(buf_status(&out), STATUS_LIMIT);
	buf_clear(&out);

	memset(big, 'A', sizeof(big));
	out = buf_init(2999);
	CHECK_STATUS(base64_decode_lenient(&out, slice_make(big, sizeof(big))), STATUS_LIMIT);
	CHECK_U64(out.len, 0);
	CHECK_STATUS(base64_decode_lenient(&out, slice_make(big, sizeof(big) - 4)), STATUS_OK);
	CHECK_U64(out.len, 2997);
	buf_clear(&out);
}

static void
random_bytes_of_every_length_come_back(void **state)
{
	unsigned char bytes[400];
	unsigned seed = 4648;
	size_t len, i;

	(void)state;
	for (len = 0; len <= sizeof(bytes); len++) {
		struct buf text = buf_init(1000);
		struct buf back = buf_init(1000);
		struct slice want = slice_make(bytes, len);

		for (i = 0; i < len; i++)
			bytes[i] = (unsigned char)rand_r(&seed);
		CHECK_STATUS(base64_encode(&text, want), STATUS_OK);
		CHECK_STATUS(base64_decode(&back, buf_slice(&text)), STATUS_OK);
		CHECK(slice_equal(buf_slice(&back), want));
		buf_reset(&back);
		CHECK_STATUS(base64_decode_lenient(&back, buf_slice(&text)), STATUS_OK);
		CHECK(slice_equal(buf_slice(&back), want));
		buf_clear(&text);
		buf_clear(&back);
	}
}

/* What the strict decoder accepts is exactly what the encoder would write. */
static void
random_text_is_refused_or_canonical(void **state)
{
	static const char some[] = "ABgw+/=9 \n";
	char text[12];
	unsigned seed = 2045;
	unsigned accepted = 0;
	int round;

	(void)state;
	for (round = 0; round < 50000; round++) {
		size_t len = (size_t)rand_r(&seed) % (sizeof(text) + 1);
		struct slice in = slice_make(text, len);
		struct buf bytes = buf_init(100);
		struct buf again = buf_init(100);
		size_t i;

		for (i = 0; i < len; i++)
			text[i] = some[(size_t)rand_r(&seed) % (sizeof(some) - 1)];
		if (base64_decode(&bytes, in) == STATUS_OK) {
			accepted++;
			base64_encode(&again, buf_slice(&bytes));
			CHECK(slice_equal(buf_slice(&again), in));
		}
		buf_reset(&bytes);
		CHECK_STATUS(base64_decode_lenient(&bytes, in), STATUS_OK);
		CHECK(bytes.len <= len * 3 / 4);
		buf_clear(&bytes);
		buf_clear(&again);
	}
	CHECK(accepted > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_pairs_agree_both_ways),
		cmocka_unit_test(the_strict_decoder_refuses_what_no_encoder_writes),
		cmocka_unit_test(the_lenient_decoder_reads_what_mail_holds),
		cmocka_unit_test(a_full_buf_stays_as_it_was),
		cmocka_unit_test(random_bytes_of_every_length_come_back),
		cmocka_unit_test(random_text_is_refused_or_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
