#include "policy/lan.h"

#include "base/buf.h"
#include "base/check.h"

static void
ranges_hold_what_lies_in_them_and_nothing_else(void **state)
{
	static const struct {
		const char *lan, *peer;
		bool is_in;
	} cases[] = {
		{ "", "127.0.0.1", false },
		{ "192.168.1.7", "192.168.1.7", true },
		{ "192.168.1.7", "192.168.1.8", false },
		{ "192.168.0.0/16", "192.168.255.255", true },
		{ "192.168.0.0/16", "192.169.0.0", false },
		{ "192.168.0.0/16", "::ffff:192.168.3.4", true },
		{ "10.32.0.0/11", "10.63.255.255", true },
		{ "10.32.0.0/11", "10.64.0.0", false },
		{ " 10.0.0.0/8 ,fd00::/8 ", "fd12::1", true },
		{ "10.0.0.0/8, fd00::/8", "fe80::1", false },
		{ "fe80::/10", "fe80::1%eth0", false },
		{ "::1", "::1", true },
		{ "10.0.0.0/8", "10.0.0.1.example.com", false },
		{ "10.0.0.0/8", "", false },
		{ "10.0.0.0/8", "unix", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct lan lan;

		CHECK_STATUS(lan_parse(slice_from_cstr(cases[i].lan), &lan, NULL), STATUS_OK);
		CHECK(lan_has(&lan, slice_from_cstr(cases[i].peer)) == cases[i].is_in);
	}
}

static void
what_is_no_list_of_ranges_is_refused(void **state)
{
	static const char *const bad[] = { "0.0.0.0/0", "::/0", "10.0.0.0/7", "fc00::/6",
		"192.168.1.1/16", "fd00::1/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8",
		"lan", "10.0.0.0/8,", ",10.0.0.0/8", "10.0.0.0/8;fd00::/8", "10.0.0.0/8 fd00::/8",
		"0.0.0.0/-1", "/8" };
	struct buf many = buf_init(4096);
	struct lan lan;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_STATUS(lan_parse(slice_from_cstr(bad[i]), &lan, NULL), STATUS_SYNTAX);
	for (unsigned i = 0; i < LAN_RANGES_MAX; i++)
		buf_printf(&many, "%s10.0.0.%u", i > 0 ? "," : "", i);
	CHECK_STATUS(lan_parse(buf_slice(&many), &lan, NULL), STATUS_OK);
	CHECK_U64(lan.count, LAN_RANGES_MAX);
	buf_printf(&many, ",10.0.1.0");
	CHECK_STATUS(lan_parse(buf_slice(&many), &lan, NULL), STATUS_LIMIT);
	buf_clear(&many);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_hold_what_lies_in_them_and_nothing_else),
		cmocka_unit_test(what_is_no_list_of_ranges_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
