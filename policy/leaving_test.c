#include "policy/leaving.h"

#include "base/check.h"
#include "base/mem.h"

static const struct audit_note note = { { 0 }, { 0 }, { 0 } };

enum { ZHANG = 1, LI, WANG, INNER };
enum { ISP = 1, CUSTOMER };

static struct directory *
company(void)
{
	struct directory *d = directory_new();
	struct domain_record acme = { SLICE("acme.test"), true }, lan = { SLICE("x.lan"), false };
	struct account_record people[] = {
		{ .login = SLICE("zhang@acme.test"), .is_enabled = true, .name_count = 1,
		    .names = { SLICE("Zhang San") }, .outside_address = SLICE("sales@example.com") },
		{ .login = SLICE("li@acme.test"), .outside_name = SLICE("Li"),
		    .outside_address = SLICE("sales@example.com") },	/* switched off */
		{ .login = SLICE("wang@acme.test"), .is_enabled = true },
		{ .login = SLICE("inner@x.lan"), .is_enabled = true, .name_count = 1,
		    .names = { SLICE("Inner") } },
	};
	struct route_record isp = { .name = SLICE("isp"), .is_enabled = true, .user = SLICE("u"),
		.secret = SLICE("s"), .host = SLICE("h"), .port = 587 };
	struct route_record customer = { .name = SLICE("customer"), .is_enabled = true,
		.kind = ROUTE_FOR_DOMAIN, .whom = SLICE("customer.test"), .port = 25 };
	struct alias_record all = { SLICE("all@acme.test"), 2, { ZHANG, WANG } };

	CHECK_STATUS(directory_put_domain(d, &acme, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_domain(d, &lan, &note, NULL), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		CHECK_STATUS(directory_put_account(d, &people[i], &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_route(d, &isp, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_route(d, &customer, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_alias(d, &all, &note, NULL), STATUS_OK);
	return d;
}

static void
recipients_are_parted_and_each_outside_gets_its_route_once(void **state)
{
	const struct slice to[] = { SLICE("li@acme.test"), SLICE("a@customer.test"),
		SLICE("b@other.test"), SLICE("A@Customer.test"), SLICE("wang@acme.test") };
	struct directory *d = company();
	struct leaving l;

	(void)state;
	CHECK_STATUS(leaving_decide(d, ZHANG, SLICE("zhang@acme.test"), to, ARRAY_LEN(to), &l),
	    STATUS_OK);
	CHECK_U64(l.author, ZHANG);
	CHECK_U64(l.inside_count, 2);
	CHECK_SLICE(l.inside[1], "wang@acme.test");
	CHECK(l.inside_at[0] == 0 && l.inside_at[1] == 4);
	CHECK_U64(l.count, 2);
	CHECK(l.recipients[0].at == 1 && l.recipients[1].at == 2);
	CHECK(l.recipients[0].route == CUSTOMER && l.recipients[0].credential == 0);
	CHECK(l.recipients[1].route == ISP && l.recipients[1].credential == ISP);
	CHECK_SLICE(slice_from_cstr(l.name), "Zhang San");
	CHECK_SLICE(slice_from_cstr(l.sender), "sales@example.com");
	CHECK_SLICE(slice_from_cstr(l.domain), "example.com");
	CHECK_SLICE(buf_slice(&l.reasons),
	    "step=outgoing to=\"a@customer.test\" route=customer (for domain customer.test) "
	    "as=\"sales@example.com\"\n"
	    "step=outgoing to=\"b@other.test\" route=isp (default) as=\"sales@example.com\"\n");
	leaving_clear(&l);
	CHECK_STATUS(leaving_decide(d, ZHANG, SLICE("zhang@acme.test"), to, 1, &l), STATUS_OK);
	CHECK(l.author == ZHANG && l.count == 0 && l.inside_count == 1);
	leaving_clear(&l);
	/* From the LAN: as whoever has the sender's address; without one, as nobody. */
	CHECK_STATUS(leaving_decide(d, 0, SLICE("zhang@acme.test"), to, 2, &l), STATUS_OK);
	CHECK_U64(l.author, ZHANG);
	leaving_clear(&l);
	CHECK_STATUS(leaving_decide(d, 0, SLICE(""), to, 2, &l), STATUS_OK);
	CHECK(l.author == 0 && l.address == NULL && l.sender == NULL);
	CHECK_SLICE(slice_from_cstr(l.domain), "acme.test");
	leaving_clear(&l);
	CHECK_STATUS(leaving_decide(d, 0, SLICE("x@elsewhere.test"), to, 2, &l), STATUS_ABSENT);
	CHECK_STATUS(leaving_decide(d, INNER, SLICE("inner@x.lan"), to, 2, &l), STATUS_ABSENT);
	CHECK_STATUS(directory_remove_route(d, ISP, &note, NULL), STATUS_OK);
	CHECK_STATUS(leaving_decide(d, ZHANG, SLICE("zhang@acme.test"), to, 3, &l), STATUS_ABSENT);
	directory_close(&d);
}

static void
addresses_in_the_header_are_those_the_outside_knows(void **state)
{
	static const struct { const char *inside, *name, *address; } want[] = {
		{ "zhang@acme.test", "Zhang San", "sales@example.com" },
		{ "li@acme.test", "Li", "sales@example.com" },
		{ "inner@x.lan", "Inner", "sales@example.com" },
		{ "scanner@x.lan", "", "sales@example.com" },
		{ "root@localhost", "", "sales@example.com" },
	};
	static const char *const in_header[] = { "zhang@acme.test", "li@acme.test", "inner@x.lan",
		"wang@acme.test", "all@acme.test", "scanner@x.lan", "nobody@acme.test",
		"c@customer.test", "root@localhost", "li@acme.test" };
	struct facts_address addresses[ARRAY_LEN(in_header)];
	struct facts facts = { .address_count = ARRAY_LEN(in_header), .addresses = addresses };
	const struct slice to[] = { SLICE("a@other.test") };
	struct directory *d = company();
	struct leaving_order *o = mem_new(struct leaving_order);
	struct leaving l;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(in_header); i++)
		addresses[i] = (struct facts_address){ FACTS_CC, SLICE(""),
			slice_from_cstr(in_header[i]) };
	CHECK_STATUS(leaving_decide(d, ZHANG, SLICE("zhang@acme.test"), to, 1, &l), STATUS_OK);
	leaving_order(d, &l, &facts, o);
	CHECK_U64(o->order.domain_count, 2);
	CHECK_SLICE(o->order.address, "sales@example.com");
	CHECK_U64(o->order.address_count, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		CHECK_SLICE(o->addresses[i].inside, want[i].inside);
		CHECK_SLICE(o->addresses[i].name, want[i].name);
		CHECK_SLICE(o->addresses[i].address, want[i].address);
	}
	leaving_clear(&l);
	/* Who shows no address has none to lend. */
	CHECK_STATUS(leaving_decide(d, 0, SLICE(""), to, 1, &l), STATUS_OK);
	leaving_order(d, &l, &facts, o);
	CHECK_U64(o->order.address_count, 2);
	CHECK_U64(o->order.address.len, 0);
	leaving_clear(&l);
	mem_free(o);
	directory_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recipients_are_parted_and_each_outside_gets_its_route_once),
		cmocka_unit_test(addresses_in_the_header_are_those_the_outside_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
