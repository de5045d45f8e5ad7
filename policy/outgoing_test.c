#include "policy/outgoing.h"

#include "base/check.h"
#include "policy/inside.h"

static const struct audit_note note = { { 0 }, { 0 }, { 0 } };

enum { ZHANG = 1, LI, WANG };

static void
add_route(struct directory *d, const char *name, enum route_kind kind, const char *whom,
    bool is_enabled)
{
	struct route_record r = {
		.name = slice_from_cstr(name),
		.kind = (uint8_t)kind,
		.whom = slice_from_cstr(whom),
		.is_enabled = is_enabled,
	};

	CHECK_STATUS(directory_put_route(d, &r, &note, NULL), STATUS_OK);
}

static struct directory *
company(void)
{
	struct directory *d = directory_new();
	struct domain_record acme = { SLICE("acme.test"), true }, lan = { SLICE("x.lan"), false };
	struct account_record people[] = {
		{ .login = SLICE("zhang@x.lan"), .is_enabled = true, .name_count = 1,
		    .names = { SLICE("Zhang San") }, .outside_address = SLICE("sales@example.com") },
		{ .login = SLICE("li@acme.test"), .is_enabled = true, .name_count = 1,
		    .names = { SLICE("Li Si") } },
		{ .login = SLICE("wang@acme.test"), .is_enabled = true,
		    .outside_name = SLICE("W. Wu"), .outside_address = SLICE("wang@example.com") },
	};
	struct alias_record one = { SLICE("export@acme.test"), 1, { LI } };
	struct alias_record two = { SLICE("all@acme.test"), 2, { LI, WANG } };

	CHECK_STATUS(directory_put_domain(d, &acme, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_domain(d, &lan, &note, NULL), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		CHECK_STATUS(directory_put_account(d, &people[i], &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_alias(d, &one, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_alias(d, &two, &note, NULL), STATUS_OK);
	return d;
}

static void
an_author_is_shown_as_the_directory_says(void **state)
{
	static const struct {
		uint32_t account;
		const char *sender;
		enum outgoing_answer answer;
		uint32_t author;
		const char *name, *address, *envelope;
	} cases[] = {
		{ ZHANG, "zhang@x.lan", OUTGOING_OK, ZHANG, "Zhang San", "sales@example.com",
		    "sales@example.com" },
		{ ZHANG, "", OUTGOING_OK, ZHANG, "Zhang San", "sales@example.com", "" },
		{ WANG, "wang@acme.test", OUTGOING_OK, WANG, "W. Wu", "wang@example.com",
		    "wang@example.com" },
		{ LI, "li@acme.test", OUTGOING_OK, LI, "", "li@acme.test", "li@acme.test" },
		{ LI, "Export@acme.test", OUTGOING_OK, LI, "", "Export@acme.test",
		    "Export@acme.test" },
		{ LI, "", OUTGOING_OK, LI, "", "li@acme.test", "" },
		{ 99, "li@acme.test", OUTGOING_NO_IDENTITY, 0, "", "", "" },
		/* From the LAN. */
		{ 0, "ZHANG@x.lan", OUTGOING_OK, ZHANG, "Zhang San", "sales@example.com",
		    "sales@example.com" },
		{ 0, "export@acme.test", OUTGOING_OK, LI, "", "export@acme.test",
		    "export@acme.test" },
		{ 0, "all@acme.test", OUTGOING_OK, 0, "", "all@acme.test", "all@acme.test" },
		{ 0, "sales@example.com", OUTGOING_OK, 0, "", "sales@example.com",
		    "sales@example.com" },
		{ 0, "scanner@acme.test", OUTGOING_OK, 0, "", "scanner@acme.test",
		    "scanner@acme.test" },
		{ 0, "scanner@x.lan", OUTGOING_NO_IDENTITY, 0, "", "", "" },
		{ 0, "", OUTGOING_OK, 0, "", "", "" },
		{ 0, "someone@example.com", OUTGOING_NOT_OURS, 0, "", "", "" },
	};
	struct directory *d = company();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct outgoing_identity got = { 0 };

		CHECK_U64(outgoing_identity(d, cases[i].account, slice_from_cstr(cases[i].sender),
		    &got), cases[i].answer);
		CHECK_U64(got.account != NULL ? got.account->id : 0, cases[i].author);
		CHECK_SLICE(got.name, cases[i].name);
		CHECK_SLICE(got.address, cases[i].address);
		CHECK_SLICE(got.sender, cases[i].envelope);
	}
	directory_close(&d);
}

static void
the_sender_s_route_comes_before_the_domain_s_and_the_default(void **state)
{
	static const struct {
		uint32_t account;
		const char *sender, *recipient, *route;
	} cases[] = {
		{ LI, "li@acme.test", "x@other.test", "default" },
		{ LI, "li@acme.test", "x@Customer.test", "customer" },
		{ LI, "li@acme.test", "x@mail.customer.test", "default" },
		{ LI, "li@acme.test", "x@off.test", "default" },
		{ WANG, "wang@acme.test", "x@customer.test", "wang" },
		{ WANG, "", "x@customer.test", "wang" },
		{ ZHANG, "Zhang@x.lan", "x@customer.test", "shared" },
		{ LI, "export@acme.test", "x@customer.test", "export" },
		{ LI, "li@acme.test", "x@export.test", "default" },
		{ 0, "scanner@acme.test", "x@customer.test", "customer" },
		{ 0, "export@acme.test", "x@customer.test", "export" },
		{ 0, "", "x@other.test", "default" },
	};
	struct directory *d = company();

	(void)state;
	add_route(d, "off", ROUTE_FOR_DOMAIN, "off.test", false);
	add_route(d, "customer", ROUTE_FOR_DOMAIN, "customer.test", true);
	CHECK_U64(outgoing_check(d, LI, SLICE("li@acme.test"), SLICE("a@b.test")),
	    OUTGOING_NO_ROUTE);
	CHECK_U64(outgoing_check(d, LI, SLICE("li@acme.test"), SLICE("a@off.test")),
	    OUTGOING_NO_ROUTE);
	CHECK_U64(outgoing_check(d, LI, SLICE("li@acme.test"), SLICE("a@customer.test")),
	    OUTGOING_OK);
	add_route(d, "default", ROUTE_DEFAULT, "", true);
	add_route(d, "wang", ROUTE_FOR_SENDER, "wang@acme.test", true);
	add_route(d, "shared", ROUTE_FOR_SENDER, "sales@example.com", true);
	add_route(d, "export", ROUTE_FOR_SENDER, "export@acme.test", true);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice sender = slice_from_cstr(cases[i].sender);
		struct outgoing_identity author;

		CHECK_U64(outgoing_identity(d, cases[i].account, sender, &author), OUTGOING_OK);
		CHECK_SLICE(outgoing_route(d, &author, sender,
		    slice_from_cstr(cases[i].recipient))->name, cases[i].route);
	}
	directory_close(&d);
}

static void
names_that_only_the_office_knows_are_known(void **state)
{
	static const char *const inside[] = { "office", "", "a.local", "a.LAN", "b.a.internal",
		"x.home.arpa", "[192.168.1.5]", "192.168.1.5", "[IPv6:fd00::1]" };
	static const char *const outside[] = { "acme.com", "local.com", "a.plan", "acme.test",
		"arpa.home.com", "a.5b", "163.com" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(inside); i++)
		CHECK(inside_is_internal(slice_from_cstr(inside[i])));
	for (size_t i = 0; i < ARRAY_LEN(outside); i++)
		CHECK(!inside_is_internal(slice_from_cstr(outside[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_author_is_shown_as_the_directory_says),
		cmocka_unit_test(the_sender_s_route_comes_before_the_domain_s_and_the_default),
		cmocka_unit_test(names_that_only_the_office_knows_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
