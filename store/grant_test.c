#include "store/grant.h"

#include "base/check.h"
#include "base/hash.h"

static const struct grant granted = {
	.account = 7,
	.rights = GRANT_CHANGE,
	.issued_at = 1795516611,
	.login = { "zhang@acme.test", 15 },
	.sid = { "k3v7q2m9tzae", 12 },
	.login_mark = 0x1122334455667788,
};

static void
a_sealed_grant_opens_with_its_key_only(void **state)
{
	struct buf b = buf_init(GRANT_MAX);
	struct grant g = { 0 };

	(void)state;
	grant_seal(&granted, SLICE("key"), &b);
	CHECK_STATUS(grant_open(buf_slice(&b), SLICE("key"), &g), STATUS_OK);
	CHECK_U64(g.account, 7);
	CHECK_U64(g.rights, GRANT_CHANGE);
	CHECK_U64(g.issued_at, 1795516611);
	CHECK_SLICE(g.login, "zhang@acme.test");
	CHECK_SLICE(g.sid, "k3v7q2m9tzae");
	CHECK_U64(g.login_mark, 0x1122334455667788);
	CHECK_STATUS(grant_open(buf_slice(&b), SLICE("other"), &g), STATUS_DENIED);
	CHECK_STATUS(grant_peek(buf_slice(&b), &g), STATUS_OK);
	buf_clear(&b);
}

static void
a_session_and_its_address_are_told_apart(void **state)
{
	struct grant from = granted, g = { 0 };
	struct buf b = buf_init(GRANT_MAX);

	(void)state;
	from.origin = SLICE("k3v7q2m9tzae 192.0.2.7");
	grant_seal(&from, SLICE("key"), &b);
	CHECK_STATUS(grant_peek(buf_slice(&b), &g), STATUS_OK);
	CHECK_SLICE(g.sid, "k3v7q2m9tzae");
	CHECK_SLICE(g.origin, "k3v7q2m9tzae 192.0.2.7");
	buf_reset(&b);
	grant_seal(&granted, SLICE("key"), &b);
	CHECK_STATUS(grant_peek(buf_slice(&b), &g), STATUS_OK);
	CHECK_SLICE(g.origin, "k3v7q2m9tzae");
	buf_clear(&b);
}

/* What a version 1 was: no mark between the origin and the seal. */
static void
a_grant_of_version_1_has_no_mark(void **state)
{
	static const char golden[] = "\x01\7\0\0\0\1\0\0\0\x83\xf2\x04\x6b\0\0\0\0"
	    "\2\0\0\0me" "\1\0\0\0s";
	struct buf b = buf_init(GRANT_MAX);
	uint8_t seal[SHA256_LEN];
	struct grant g = { .login_mark = 1 };

	(void)state;
	buf_append(&b, slice_make(golden, sizeof(golden) - 1));
	hmac_sha256(SLICE("key"), buf_slice(&b), seal);
	buf_append(&b, slice_make(seal, sizeof(seal)));
	CHECK_STATUS(grant_open(buf_slice(&b), SLICE("key"), &g), STATUS_OK);
	CHECK(g.account == 7 && g.login_mark == 0);
	CHECK_SLICE(g.login, "me");
	CHECK_SLICE(g.sid, "s");
	buf_clear(&b);
}

static void
no_changed_or_cut_grant_opens(void **state)
{
	struct buf b = buf_init(GRANT_MAX + 10);
	struct grant g;

	(void)state;
	grant_seal(&granted, SLICE("key"), &b);
	for (size_t i = 0; i < b.len; i++) {
		CHECK_STATUS(grant_open(slice_make(b.ptr, i), SLICE("key"), &g), STATUS_CORRUPT);
		b.ptr[i] ^= 1;
		CHECK(grant_open(buf_slice(&b), SLICE("key"), &g) != STATUS_OK);
		b.ptr[i] ^= 1;
	}
	buf_append_byte(&b, 'x');
	CHECK_STATUS(grant_open(buf_slice(&b), SLICE("key"), &g), STATUS_CORRUPT);
	CHECK_STATUS(grant_peek(buf_slice(&b), &g), STATUS_CORRUPT);
	buf_clear(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sealed_grant_opens_with_its_key_only),
		cmocka_unit_test(a_session_and_its_address_are_told_apart),
		cmocka_unit_test(a_grant_of_version_1_has_no_mark),
		cmocka_unit_test(no_changed_or_cut_grant_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
