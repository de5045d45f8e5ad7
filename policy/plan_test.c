#include "policy/plan.h"

#include "base/check.h"

static void
check_plan(const struct plan_source *s, const struct route_decision *r, const char *want)
{
	struct plan p;
	struct buf memory, got = buf_init(8192), wire = buf_init(65536);

	plan_for_mail(s, r, &p, &memory);
	CHECK_STATUS(plan_encode(&p, &wire), STATUS_OK);
	for (uint32_t i = 0; i < p.precondition_count; i++)
		buf_printf(&got, "unless fetched %u %.*s\n", p.preconditions[i].id,
		    SLICE_ARG(p.preconditions[i].name));
	for (uint32_t i = 0; i < p.action_count; i++) {
		const struct plan_action *a = &p.actions[i];

		if (a->kind == ACTION_DELIVER)
			buf_printf(&got, "deliver %u role %u\n", a->account, a->role);
		else if (a->kind == ACTION_ARCHIVE)
			buf_printf(&got, "archive %u %.*s [%.*s]\n", a->direction,
			    SLICE_ARG(a->sender), SLICE_ARG(a->recipients));
		else if (a->kind == ACTION_FETCHED)
			buf_printf(&got, "fetched %u %.*s\n", a->fetch, SLICE_ARG(a->uidl));
		else
			buf_printf(&got, "audit %.*s %.*s %.*s %.*s\n", SLICE_ARG(a->audit_kind),
			    SLICE_ARG(a->actor), SLICE_ARG(a->subject), SLICE_ARG(a->detail));
	}
	CHECK_SLICE(buf_slice(&got), want);
	plan_clear(&p);
	buf_clear(&memory);
	buf_clear(&got);
	buf_clear(&wire);
}

static void
a_message_becomes_deliveries_archive_and_audit(void **state)
{
	const struct slice recipients[] = { SLICE("li@acme.test"), SLICE("info@acme.test") };
	uint32_t accounts[] = { 2, 5 };
	struct route_decision r = { .accounts = accounts, .account_count = 2 };
	struct plan_source s = {
		.mid = SLICE("mid1"),
		.author = 1,
		.sender = SLICE("zhang@acme.test"),
		.actor = SLICE("zhang@acme.test"),
		.recipients = recipients,
		.recipient_count = 2,
	};

	(void)state;
	r.reasons = buf_init(100);
	buf_append(&r.reasons, SLICE("why"));
	check_plan(&s, &r,
	    "deliver 2 role 1\ndeliver 5 role 1\n"
	    "archive 2 zhang@acme.test [li@acme.test\ninfo@acme.test]\n"
	    "audit mail zhang@acme.test mid1 why\n");
	s.author = 0;
	s.sender = SLICE("");
	s.fetch = 3;
	s.uidl = SLICE("u1");
	s.actor = SLICE("sales");
	s.recipient_count = 1;
	check_plan(&s, &r,
	    "unless fetched 3 u1\n"
	    "deliver 2 role 1\ndeliver 5 role 1\n"
	    "archive 0  [li@acme.test]\n"
	    "fetched 3 u1\n"
	    "audit mail sales mid1 why\n");
	buf_clear(&r.reasons);
}

static void
a_change_of_the_directory_becomes_its_audit_alone(void **state)
{
	struct pending_audit_record audit = { 9, SLICE("k"), SLICE("admin"), SLICE("s"), SLICE("d") };
	struct plan p;
	struct buf wire = buf_init(4096);

	(void)state;
	plan_for_audit(&audit, &p);
	CHECK_U64(p.action_count, 1);
	CHECK_U64(p.size_bytes, 0);
	CHECK_U64(p.received_at, 9);
	CHECK_STATUS(plan_encode(&p, &wire), STATUS_OK);
	plan_clear(&p);
	buf_clear(&wire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_becomes_deliveries_archive_and_audit),
		cmocka_unit_test(a_change_of_the_directory_becomes_its_audit_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
