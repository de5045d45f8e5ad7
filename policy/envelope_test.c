#include "policy/envelope.h"

#include <stdio.h>

#include "base/ascii.h"
#include "base/check.h"
#include "policy/identity.h"

static const struct audit_note note = { { 0 }, { 0 }, { 0 } };

enum { ADMIN = 1, ZHANG, GONE, WANG };

static struct directory *
company(void)
{
	static const struct account_record people[] = {
		{ .login = SLICE("admin@acme.test"), .is_enabled = true, .is_admin = true },
		{ .login = SLICE("zhang@acme.test"), .is_enabled = true,
		    .outside_address = SLICE("sales@example.com") },
		{ .login = SLICE("gone@acme.test") },
	};
	struct directory *d = directory_new();
	struct domain_record domain = { SLICE("acme.test"), true };
	struct alias_record alias = { SLICE("export@acme.test"), 1, { ZHANG } };
	struct fetch_record shared = { .name = SLICE("f"), .shared = SLICE("info@acme.test"),
		.dispatcher = ZHANG };

	CHECK_STATUS(directory_put_domain(d, &domain, &note, NULL), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(people); i++) {
		struct account_record r = people[i];

		CHECK_STATUS(directory_put_account(d, &r, &note, NULL), STATUS_OK);
	}
	CHECK_STATUS(directory_put_alias(d, &alias, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_fetch(d, &shared, &note, NULL), STATUS_OK);
	return d;
}

static void
senders_are_checked_where_somebody_is_logged_in(void **state)
{
	static const struct { enum policy_service service; uint32_t account; const char *sender;
		unsigned code; } rows[] = {
		{ SERVICE_SMTP, 0, "anybody@example.org", 250 },
		{ SERVICE_SMTP, 0, "zhang@acme.test", 250 },
		{ SERVICE_SMTP, 0, "", 250 },
		{ SERVICE_SUBMISSION, 0, "zhang@acme.test", 530 },
		{ SERVICE_SUBMISSION, GONE, "gone@acme.test", 530 },
		{ SERVICE_SUBMISSION, 99, "", 530 },
		{ SERVICE_SUBMISSION, ZHANG, "", 250 },
		{ SERVICE_SUBMISSION, ZHANG, "Zhang@ACME.test", 250 },
		{ SERVICE_SUBMISSION, ZHANG, "export@acme.test", 250 },
		{ SERVICE_SUBMISSION, ZHANG, "sales@example.com", 250 },
		{ SERVICE_SUBMISSION, ZHANG, "admin@acme.test", 553 },
		{ SERVICE_SUBMISSION, ADMIN, "zhang@acme.test", 553 },
		{ SERVICE_SUBMISSION, ADMIN, "export@acme.test", 553 },
		{ SERVICE_SUBMISSION, ZHANG, "zhang@acme.test\0@x", 250 },	/* a literal ends there */
		{ SERVICE_SUBMISSION, ZHANG, "zhang", 553 },
		{ SERVICE_IMAP, ZHANG, "zhang@acme.test", 451 },
	};
	struct directory *d = company();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_U64(envelope_sender(d, &(struct envelope_peer){ rows[i].service,
		    rows[i].account, false }, slice_from_cstr(rows[i].sender)).code, rows[i].code);
	CHECK_U64(envelope_sender(d, &(struct envelope_peer){ SERVICE_SUBMISSION, ZHANG, false },
	    SLICE("zhang@acme.test\0")).code, 553);
	directory_close(&d);
}

static void
recipients_are_ours_or_refused(void **state)
{
	static const struct { enum policy_service service; uint32_t account; const char *recipient,
		*enhanced; } rows[] = {
		{ SERVICE_SMTP, 0, "ZHANG@acme.TEST", "2.1.5" },
		{ SERVICE_SMTP, 0, "export@acme.test", "2.1.5" },
		{ SERVICE_SMTP, 0, "info@acme.test", "2.1.5" },
		{ SERVICE_SMTP, 0, "postmaster@acme.test", "2.1.5" },
		{ SERVICE_SMTP, 0, "Postmaster", "2.1.5" },
		{ SERVICE_SMTP, 0, "postmaster@other.test", "5.7.1" },
		{ SERVICE_SMTP, 0, "gone@acme.test", "5.2.1" },
		{ SERVICE_SMTP, 0, "nobody@acme.test", "5.1.1" },
		{ SERVICE_SMTP, 0, "zhang+x@acme.test", "5.1.1" },
		{ SERVICE_SMTP, 0, "x@example.com", "5.7.1" },
		{ SERVICE_SMTP, 0, "x@sub.acme.test", "5.7.1" },
		{ SERVICE_SMTP, 0, "x@[127.0.0.1]", "5.1.3" },
		{ SERVICE_SMTP, 0, "@acme.test", "5.1.3" },
		{ SERVICE_SMTP, 0, "zhang@acme.test.", "5.1.3" },
		{ SERVICE_SMTP, 0, "a..b@acme.test", "5.1.3" },
		{ SERVICE_SMTP, 0, "", "5.1.3" },
		{ SERVICE_SUBMISSION, 0, "zhang@acme.test", "5.7.0" },
		{ SERVICE_SUBMISSION, ADMIN, "zhang@acme.test", "2.1.5" },
		{ SERVICE_SUBMISSION, ADMIN, "x@example.com", "5.7.1" },
	};
	struct directory *d = company();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_SLICE(envelope_recipient(d, &(struct envelope_peer){ rows[i].service,
		    rows[i].account, false }, SLICE("zhang@acme.test"),
		    slice_from_cstr(rows[i].recipient)).enhanced, rows[i].enhanced);
	CHECK(slice_find(envelope_recipient(d, &(struct envelope_peer){ SERVICE_SUBMISSION, ADMIN,
	    false }, SLICE(""), SLICE("x@y.z")).text,
	    SLICE("no route to outside domains is set up")) == 0);
	directory_close(&d);
}

static const struct {
	enum policy_service service;
	uint32_t account;
	bool is_lan;
	const char *sender, *recipient;
	enum envelope_reply reply;
} relaying[] = {
#define INTERNET SERVICE_SMTP, 0, false
#define LAN SERVICE_SMTP, 0, true
#define NOBODY SERVICE_SUBMISSION, 0, true	/* no login, and the LAN does not help here */
#define BY(account) SERVICE_SUBMISSION, account, false
	/* What an open relay would take. */
	{ INTERNET, "a@example.org", "x@example.net", REPLY_NO_RELAY },
	{ INTERNET, "", "x@example.net", REPLY_NO_RELAY },
	{ INTERNET, "zhang@acme.test", "x@example.net", REPLY_NO_RELAY },
	{ INTERNET, "postmaster@acme.test", "x@example.net", REPLY_NO_RELAY },
	{ INTERNET, "zhang@[127.0.0.1]", "x@example.net", REPLY_NO_RELAY },
	{ INTERNET, "sales@example.com", "sales@example.com", REPLY_NO_RELAY },
	{ INTERNET, "a@example.org", "x@EXAMPLE.net", REPLY_NO_RELAY },
	{ INTERNET, "a@example.org", "x@acme.test@example.net", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "x@example.net@acme.test", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "x%example.net@acme.test", REPLY_NO_USER },
	{ INTERNET, "a@example.org", "x%example.net", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "example.net!x@acme.test", REPLY_NO_USER },
	{ INTERNET, "a@example.org", "example.net!x", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "acme.test!x@example.net", REPLY_NO_RELAY },
	{ INTERNET, "a@example.org", "@acme.test:x@example.net", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "@acme.test,@example.net:x@example.net", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "x@example.net.", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "x@acme.test.", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "\"x@example.net\"@acme.test", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "\"x\"@example.net", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "x@[127.0.0.1]", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "x@[IPv6:::1]", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "zhang@[acme.test]", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "x@xn--fiqs8s.example", REPLY_NO_RELAY },
	{ INTERNET, "a@example.org", "x@\xe4\xb8\xad.example", REPLY_NO_RELAY },
	{ INTERNET, "a@example.org", "x@\xff.example", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "x@acme\xe3\x80\x82test", REPLY_NO_USER },
	{ INTERNET, "a@example.org", "x@acme.test\xe3\x80\x82" "example.net", REPLY_NO_RELAY },
	{ INTERNET, "a@example.org", "x@notacme.test", REPLY_NO_RELAY },
	{ INTERNET, "a@example.org", "x@acme.test.example.net", REPLY_NO_RELAY },
	{ INTERNET, "a@example.org", "x@mail.acme.test", REPLY_NO_RELAY },
	{ INTERNET, "a@example.org", "x@example.net ", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "x", REPLY_BAD_ADDRESS },
	{ INTERNET, "a@example.org", "x@", REPLY_BAD_ADDRESS },
	{ NOBODY, "zhang@acme.test", "x@example.net", REPLY_LOGIN_FIRST },
	{ SERVICE_IMAP, ZHANG, true, "zhang@acme.test", "x@example.net", REPLY_NO_RELAY },
	{ SERVICE_POP3, ZHANG, true, "zhang@acme.test", "x@example.net", REPLY_NO_RELAY },
	/* The outside may write to us. */
	{ INTERNET, "a@example.org", "ZHANG@ACME.test", REPLY_RECIPIENT_OK },
	{ INTERNET, "", "zhang@acme.test", REPLY_RECIPIENT_OK },
	/* The LAN, as one of us. */
	{ LAN, "a@example.org", "zhang@acme.test", REPLY_RECIPIENT_OK },
	{ LAN, "a@example.org", "x@example.net", REPLY_NOT_OUR_SENDER },
	{ LAN, "scanner", "x@example.net", REPLY_NOT_OUR_SENDER },
	{ LAN, "a@acme.test.example.org", "x@example.net", REPLY_NOT_OUR_SENDER },
	{ LAN, "scanner@acme.test", "x@example.net", REPLY_RECIPIENT_OK },
	{ LAN, "scanner@acme.test", "zhang@acme.test", REPLY_RECIPIENT_OK },
	{ LAN, "Zhang@Acme.Test", "x@example.net", REPLY_RECIPIENT_OK },
	{ LAN, "sales@example.com", "x@example.net", REPLY_RECIPIENT_OK },
	{ LAN, "", "x@example.net", REPLY_RECIPIENT_OK },
	{ LAN, "scanner@acme.test", "x@example.net@acme.test", REPLY_BAD_ADDRESS },
	{ LAN, "scanner@acme.test", "x%example.net@acme.test", REPLY_NO_USER },
	{ LAN, "scanner@acme.test", "x@[127.0.0.1]", REPLY_BAD_ADDRESS },
	{ LAN, "printer@office.lan", "x@example.net", REPLY_NO_IDENTITY },
	{ LAN, "wang@office.lan", "x@example.net", REPLY_NO_IDENTITY },
	/* Who is logged in. */
	{ BY(ZHANG), "zhang@acme.test", "x@example.net", REPLY_RECIPIENT_OK },
	{ BY(ZHANG), "", "x@example.net", REPLY_RECIPIENT_OK },
	{ BY(ADMIN), "admin@acme.test", "x@example.net", REPLY_RECIPIENT_OK },
	{ BY(WANG), "wang@office.lan", "x@example.net", REPLY_NO_IDENTITY },
	{ BY(WANG), "wang@office.lan", "zhang@acme.test", REPLY_RECIPIENT_OK },
	{ BY(GONE), "gone@acme.test", "x@example.net", REPLY_LOGIN_FIRST },
	{ BY(ZHANG), "zhang@acme.test", "x@example.net@acme.test", REPLY_BAD_ADDRESS },
	{ BY(ZHANG), "zhang@acme.test", "@acme.test:x@example.net", REPLY_BAD_ADDRESS },
#undef INTERNET
#undef LAN
#undef NOBODY
#undef BY
};

static void
nobody_relays_but_who_may(void **state)
{
	struct directory *d = company();
	struct domain_record office = { SLICE("office.lan"), false };
	struct account_record wang = { .login = SLICE("wang@office.lan"), .is_enabled = true };
	struct route_record route = { .name = SLICE("isp"), .is_enabled = true,
		.host = SLICE("h"), .port = 587 };

	(void)state;
	CHECK_STATUS(directory_put_domain(d, &office, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_account(d, &wang, &note, NULL), STATUS_OK);
	CHECK_U64(wang.id, WANG);
	CHECK_STATUS(directory_put_route(d, &route, &note, NULL), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(relaying); i++) {
		struct envelope_peer peer = { relaying[i].service, relaying[i].account,
			relaying[i].is_lan };
		struct policy_reply want = envelope_reply(relaying[i].reply);
		struct policy_reply got = envelope_recipient(d, &peer,
		    slice_from_cstr(relaying[i].sender), slice_from_cstr(relaying[i].recipient));

		if (!slice_equal(got.text, want.text))
			print_error("%s -> %s: %.*s\n", relaying[i].sender,
			    relaying[i].recipient, SLICE_ARG(got.text));
		CHECK(slice_equal(got.text, want.text));
	}
	directory_close(&d);
}

static void
every_reply_fits_a_line(void **state)
{
	(void)state;
	for (unsigned i = 0; i < REPLY_COUNT; i++) {
		struct policy_reply r = envelope_reply((enum envelope_reply)i);

		CHECK(r.code >= 250 && r.text.len > 0 && r.text.len <= 120);
		CHECK((uint16_t)(r.enhanced.ptr[0] - '0') == r.code / 100);
		for (size_t n = 0; n < r.text.len; n++)
			CHECK(!ascii_is_control(r.text.ptr[n]) && !ascii_is_8bit(r.text.ptr[n]));
	}
}

static void
addresses_have_one_form_and_a_length(void **state)
{
	char local[65], address[80];
	struct buf out = buf_init(ADDRESS_LEN_MAX);

	(void)state;
	for (size_t i = 0; i < sizeof(local); i++)
		local[i] = 'A';
	(void)snprintf(address, sizeof(address), "%.64s@b.c", local);
	CHECK_STATUS(identity_address_form(slice_from_cstr(address), &out), STATUS_OK);
	CHECK_U64(out.len, 68);
	CHECK(out.ptr[0] == 'a');
	(void)snprintf(address, sizeof(address), "%.65s@b.c", local);
	CHECK_STATUS(identity_address_form(slice_from_cstr(address), &out), STATUS_SYNTAX);
	CHECK_U64(out.len, 68);
	CHECK_STATUS(identity_domain_form(SLICE("-a.b"), &out), STATUS_SYNTAX);
	CHECK_STATUS(identity_domain_form(SLICE("a-.b"), &out), STATUS_SYNTAX);
	CHECK_STATUS(identity_domain_form(SLICE("a_b.c"), &out), STATUS_SYNTAX);
	CHECK_STATUS(identity_domain_form(SLICE(""), &out), STATUS_SYNTAX);
	CHECK_STATUS(identity_address_form(SLICE("\xe5\xbc\xa0@b.c"), &out), STATUS_SYNTAX);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(senders_are_checked_where_somebody_is_logged_in),
		cmocka_unit_test(recipients_are_ours_or_refused),
		cmocka_unit_test(nobody_relays_but_who_may),
		cmocka_unit_test(every_reply_fits_a_line),
		cmocka_unit_test(addresses_have_one_form_and_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
