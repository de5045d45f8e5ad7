#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

static void
check_hex(const uint8_t hash[SHA256_LEN], const char *want)
{
	struct buf hex = buf_init(2 * SHA256_LEN);

	buf_append_hex(&hex, slice_make(hash, SHA256_LEN));
	CHECK_SLICE(buf_slice(&hex), want);
	buf_clear(&hex);
}

/* FIPS 180-4 examples. */
static void
sha256_gives_the_published_hashes(void **state)
{
	uint8_t out[SHA256_LEN];

	(void)state;
	sha256_of(slice_make(NULL, 0), out);
	check_hex(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_of(SLICE("abc"), out);
	check_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void
a_hash_in_pieces_is_the_hash_of_the_whole_and_starts_anew(void **state)
{
	struct slice text = SLICE("the quick brown fox jumps over the lazy dog");
	struct sha256 *h = sha256_new();
	uint8_t want[SHA256_LEN], got[SHA256_LEN];
	size_t cut;

	(void)state;
	sha256_of(text, want);
	for (cut = 0; cut <= text.len; cut++) {
		sha256_update(h, slice_sub(text, 0, cut));
		sha256_update(h, slice_skip(text, cut));
		sha256_final(h, got);
		assert_memory_equal(got, want, SHA256_LEN);
	}
	sha256_free(&h);
	CHECK(h == NULL);
	sha256_free(&h);
}

/* RFC 4231, cases 1, 2 and 6; and an empty key. */
static void
hmac_gives_the_published_codes(void **state)
{
	uint8_t out[SHA256_LEN];
	char key[131];

	(void)state;
	memset(key, 0x0b, 20);
	hmac_sha256(slice_make(key, 20), SLICE("Hi There"), out);
	check_hex(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), out);
	check_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	hmac_sha256(slice_make(key, sizeof(key)),
	    SLICE("Test Using Larger Than Block-Size Key - Hash Key First"), out);
	check_hex(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac_sha256(slice_make(NULL, 0), slice_make(NULL, 0), out);
	check_hex(out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void
hashes_compare_by_every_byte(void **state)
{
	uint8_t a[SHA256_LEN] = { 0 };
	uint8_t b[SHA256_LEN] = { 0 };
	size_t i;

	(void)state;
	CHECK(hash_equal(a, b, SHA256_LEN));
	for (i = 0; i < SHA256_LEN; i++) {
		b[i] = 1;
		CHECK(!hash_equal(a, b, SHA256_LEN));
		CHECK(hash_equal(a, b, i));
		b[i] = 0;
	}
}

/* RFC 3720 B.4, and the usual check value. */
static void
crc32c_gives_the_published_sums(void **state)
{
	char zeros[32], ones[32], rising[32];
	size_t i;

	(void)state;
	memset(zeros, 0, sizeof(zeros));
	memset(ones, 0xff, sizeof(ones));
	for (i = 0; i < sizeof(rising); i++)
		rising[i] = (char)i;
	CHECK_U64(crc32c(0, slice_make(NULL, 0)), 0);
	CHECK_U64(crc32c(0, SLICE("123456789")), 0xe3069283);
	CHECK_U64(crc32c(0, slice_make(zeros, 32)), 0x8a9136aa);
	CHECK_U64(crc32c(0, slice_make(ones, 32)), 0x62a8ab43);
	CHECK_U64(crc32c(0, slice_make(rising, 32)), 0x46dd794e);
}

static void
crc32c_is_one_function_on_every_machine(void **state)
{
	char text[300];
	unsigned seed = 3720;
	size_t len, i;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)rand_r(&seed);
	for (len = 0; len <= sizeof(text); len++) {
		struct slice s = slice_make(text, len);
		uint32_t want = crc32c_portable(7, s);

		CHECK_U64(crc32c(7, s), want);
		CHECK_U64(crc32c(crc32c(7, slice_sub(s, 0, len / 3)), slice_skip(s, len / 3)),
		    want);
	}
}

/* The vectors of the SipHash paper's reference: key 00..0f, texts 00, 00 01, ... */
static void
siphash_gives_the_published_values(void **state)
{
	static const struct {
		size_t len;
		uint64_t want;
	} cases[] = {
		{ 0, UINT64_C(0x726fdb47dd0e0e31) },
		{ 1, UINT64_C(0x74f839c593dc67fd) },
		{ 7, UINT64_C(0xab0200f58b01d137) },
		{ 8, UINT64_C(0x93f5f5799a932462) },
		{ 15, UINT64_C(0xa129ca6149be45e5) },
		{ 63, UINT64_C(0x958a324ceb064572) },
	};
	uint8_t bytes[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_U64(siphash(bytes, slice_make(bytes, cases[i].len)), cases[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_published_hashes),
		cmocka_unit_test(a_hash_in_pieces_is_the_hash_of_the_whole_and_starts_anew),
		cmocka_unit_test(hmac_gives_the_published_codes),
		cmocka_unit_test(hashes_compare_by_every_byte),
		cmocka_unit_test(crc32c_gives_the_published_sums),
		cmocka_unit_test(crc32c_is_one_function_on_every_machine),
		cmocka_unit_test(siphash_gives_the_published_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
