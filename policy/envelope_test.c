#include "policy/envelope.h"

#include <stdio.h>

#include "base/ascii.h"
#include "base/check.h"
#include "policy/identity.h"

static const struct audit_note note = { { 0 }, { 0 }, { 0 } };

enum { ADMIN = 1, ZHANG, GONE };

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
		CHECK_U64(envelope_sender(d, rows[i].service, rows[i].account,
		    slice_from_cstr(rows[i].sender)).code, rows[i].code);
	CHECK_U64(envelope_sender(d, SERVICE_SUBMISSION, ZHANG, SLICE("zhang@acme.test\0")).code, 553);
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
		CHECK_SLICE(envelope_recipient(d, rows[i].service, rows[i].account,
		    slice_from_cstr(rows[i].recipient)).enhanced, rows[i].enhanced);
	CHECK(slice_find(envelope_recipient(d, SERVICE_SUBMISSION, ADMIN, SLICE("x@y.z")).text,
	    SLICE("no route to outside domains is set up")) == 0);
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
		cmocka_unit_test(every_reply_fits_a_line),
		cmocka_unit_test(addresses_have_one_form_and_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
