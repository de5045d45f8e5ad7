#include "policy/plan.h"

#include <string.h>

#include "base/check.h"
#include "store/spool.h"

static void
check_plan(const struct plan_source *s, const struct route_decision *r, const char *want)
{
	struct plan p;
	struct buf memory, got = buf_init(8192), wire = buf_init(65536);

	plan_for_mail(s, r, &p, &memory);
	CHECK_STATUS(plan_encode(&p, &wire), STATUS_OK);
	for (uint32_t i = 0; i < p.precondition_count; i++)
		buf_printf(&got, "unless fetched %u %.*s %llu\n", p.preconditions[i].id,
		    SLICE_ARG(p.preconditions[i].name),
		    (unsigned long long)p.preconditions[i].size_bytes);
	for (uint32_t i = 0; i < p.action_count; i++) {
		const struct plan_action *a = &p.actions[i];

		if (a->kind == ACTION_DELIVER)
			buf_printf(&got, "deliver %u role %u\n", a->account, a->role);
		else if (a->kind == ACTION_ARCHIVE)
			buf_printf(&got, "archive %u %.*s [%.*s]\n", a->direction,
			    SLICE_ARG(a->sender), SLICE_ARG(a->recipients));
		else if (a->kind == ACTION_FETCHED)
			buf_printf(&got, "fetched %u %.*s %llu\n", a->fetch, SLICE_ARG(a->uidl),
			    (unsigned long long)a->size_bytes);
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
	s.listed_bytes = 290;
	s.actor = SLICE("sales");
	s.recipient_count = 1;
	check_plan(&s, &r,
	    "unless fetched 3 u1 290\n"
	    "deliver 2 role 1\ndeliver 5 role 1\n"
	    "archive 0  [li@acme.test]\n"
	    "fetched 3 u1 290\n"
	    "audit mail sales mid1 why\n");
	buf_clear(&r.reasons);
}

static void
check_print(struct plan *p, struct buf *memory, const char *want)
{
	struct buf got = buf_init(65536), wire = buf_init(65536);

	CHECK_STATUS(plan_encode(p, &wire), STATUS_OK);
	plan_print(p, &got);
	CHECK_SLICE(buf_slice(&got), want);
	plan_clear(p);
	buf_clear(memory);
	buf_clear(&got);
	buf_clear(&wire);
}

static void
what_leaves_is_queued_and_filed_beside_what_stays(void **state)
{
	const struct slice recipients[] = { SLICE("li@acme.test"), SLICE("a@x.test"),
		SLICE("b@y.test") };
	struct leaving_recipient outside[] = { { SLICE("a@x.test"), 3, 0, 1 },
		{ SLICE("b@y.test"), 4, 4, 2 } };
	char sender[] = "sales@example.com";
	uint32_t accounts[] = { 2 };
	struct route_decision r = { .accounts = accounts, .account_count = 1 };
	struct leaving l = { .author = 1, .sender = sender, .count = 2, .recipients = outside };
	struct digest_rewritten rewritten = { .size_bytes = 120, .record = SLICE("d") };
	struct plan_source s = {
		.mid = SLICE("m"), .author = 1, .size_bytes = 100, .sender = SLICE("zhang@acme.test"),
		.actor = SLICE("zhang@acme.test"), .recipients = recipients, .recipient_count = 3,
		.leaving = &l, .outside = &rewritten, .has_sent_copy = true,
	};
	struct plan p;
	struct buf memory;

	(void)state;
	r.reasons = buf_init(100);
	buf_append(&r.reasons, SLICE("step=recipient\n"));
	l.reasons = buf_init(100);
	buf_append(&l.reasons, SLICE("step=outgoing\n"));
	plan_for_mail(&s, &r, &p, &memory);
	check_print(&p, &memory,
	    "message mid=\"m\" sid=\"\" author=1 size=100\n"
	    "text=1 size=120\n"
	    "deliver account=2 role=1 flags=0 where-room\n"
	    "deliver account=1 role=3 flags=1\n"
	    "queue sender=\"sales@example.com\""
	    " recipients=\"a@x.test\" route=3 credential=0 text=1\n"
	    "queue sender=\"sales@example.com\""
	    " recipients=\"b@y.test\" route=4 credential=4 text=1\n"
	    "archive direction=1 sender=\"zhang@acme.test\""
	    " recipients=\"li@acme.test\\x0aa@x.test\\x0ab@y.test\"\n"
	    "audit kind=\"mail\" actor=\"zhang@acme.test\" subject=\"m\""
	    " detail=\"step=outgoing\\x0astep=recipient\\x0a\"\n");
	/* Nobody of ours among the recipients, and a device that files nothing. */
	s.author = 0;
	s.sender = SLICE("");
	l.sender = NULL;
	l.count = 1;
	plan_for_mail(&s, NULL, &p, &memory);
	check_print(&p, &memory,
	    "message mid=\"m\" sid=\"\" author=0 size=100\n"
	    "text=1 size=120\n"
	    "queue sender=\"\" recipients=\"a@x.test\" route=3 credential=0 text=1\n"
	    "archive direction=1 sender=\"\""
	    " recipients=\"li@acme.test\\x0aa@x.test\\x0ab@y.test\"\n"
	    "audit kind=\"mail\" actor=\"zhang@acme.test\" subject=\"m\""
	    " detail=\"step=outgoing\\x0a\"\n");
	buf_clear(&r.reasons);
	buf_clear(&l.reasons);
}

static void
what_comes_back_ends_its_entries_or_tells_that_they_wait(void **state)
{
	const uint64_t entries[] = { 7, 9 };
	struct policy_returned r = { RETURN_FAILED, 1, SLICE("m"), entries, 2, 50, SLICE("550 no"),
		SLICE("o"), SLICE("") };
	const struct plan_told zhang = { .account = 1, .login = SLICE("zhang@acme.test") };
	struct plan_source s = { .mid = SLICE("m"), .actor = SLICE("relayd"), .size_bytes = 50 };
	struct plan p;
	struct buf memory;

	(void)state;
	plan_for_return(&s, &r, &zhang, &p, &memory);
	check_print(&p, &memory,
	    "message mid=\"m\" sid=\"\" author=0 size=50\n"
	    "if queued=7\n"
	    "if queued=9\n"
	    "deliver account=1 role=1 flags=0\n"
	    "archive direction=0 sender=\"\" recipients=\"zhang@acme.test\"\n"
	    "queue-end entry=7\n"
	    "queue-end entry=9\n"
	    "audit kind=\"mail.failed\" actor=\"relayd\" subject=\"o\""
	    " detail=\"550 no\\x0atold=zhang@acme.test notice=m entries=7,9\\x0a\"\n"
	    "audit kind=\"mail\" actor=\"relayd\" subject=\"m\""
	    " detail=\"step=notice about=o -> zhang@acme.test\\x0a\"\n");
	r.kind = RETURN_DELAYED;
	s.size_bytes = 0;
	plan_for_return(&s, &r, &zhang, &p, &memory);
	check_print(&p, &memory,
	    "message mid=\"m\" sid=\"\" author=0 size=0\n"
	    "if queued=7\n"
	    "if queued=9\n"
	    "queue-delayed entry=7\n"
	    "queue-delayed entry=9\n"
	    "audit kind=\"mail.delayed\" actor=\"relayd\" subject=\"o\""
	    " detail=\"550 no\\x0atold=nobody notice=none entries=7,9\\x0a\"\n");
}

static void
who_asked_to_be_told_of_success_is_owed_a_notice(void **state)
{
	const struct slice recipients[] = { SLICE("a@x.test"), SLICE("li@acme.test"),
		SLICE("wang@acme.test") };
	const struct smtp_dsn_rcpt wishes[] = { { SMTP_NOTIFY_SUCCESS, SLICE("rfc822;a@x.test") },
		{ SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE, SLICE("") }, { SMTP_NOTIFY_FAILURE,
		SLICE("") } };
	struct leaving_recipient outside[] = { { SLICE("a@x.test"), 3, 0, 0 } };
	struct slice inside[] = { SLICE("li@acme.test"), SLICE("wang@acme.test") };
	uint32_t inside_at[] = { 1, 2 }, accounts[] = { 2, 3 };
	char sender[] = "sales@example.com", wide[SPOOL_ADDRESS_MAX + 1];
	struct route_decision r = { .accounts = accounts, .account_count = 2 };
	struct leaving l = { .author = 1, .sender = sender, .count = 1, .recipients = outside,
		.inside = inside, .inside_at = inside_at, .inside_count = 2 };
	struct digest_rewritten rewritten = { .size_bytes = 120, .record = SLICE("d") };
	struct plan_source s = {
		.mid = SLICE("m"), .author = 1, .size_bytes = 100, .sender = SLICE("zhang@acme.test"),
		.actor = SLICE("zhang@acme.test"), .recipients = recipients, .recipient_count = 3,
		.leaving = &l, .outside = &rewritten, .wishes = wishes,
		.dsn = { SMTP_RET_HDRS, SLICE("QQ1") },
	};
	struct plan p;
	struct buf memory;

	(void)state;
	plan_for_mail(&s, &r, &p, &memory);
	check_print(&p, &memory,
	    "message mid=\"m\" sid=\"\" author=1 size=100\n"
	    "dsn ret=2 envid=\"QQ1\"\n"
	    "text=1 size=120\n"
	    "deliver account=2 role=1 flags=0\n"
	    "deliver account=3 role=1 flags=0\n"
	    "queue sender=\"sales@example.com\" recipients=\"a@x.test\" route=3 credential=0 text=1"
	    " notify=SUCCESS orcpt=\"rfc822;a@x.test\"\n"
	    "queue sender=\"zhang@acme.test\" recipients=\"li@acme.test\" route=0 credential=0"
	    " notify=SUCCESS,FAILURE owes=delivered\n"
	    "archive direction=1 sender=\"zhang@acme.test\""
	    " recipients=\"a@x.test\\x0ali@acme.test\\x0awang@acme.test\"\n"
	    "audit kind=\"mail\" actor=\"zhang@acme.test\" subject=\"m\" detail=\"\"\n");
	/* Nobody is told at a null sender, or at one that no queue has room for. */
	memset(wide, 'x', sizeof(wide));
	for (size_t n = 0; n <= sizeof(wide); n++) {
		s.sender = slice_make(wide, n);
		plan_for_mail(&s, &r, &p, &memory);
		CHECK_U64(p.action_count, n > 0 && n <= SPOOL_ADDRESS_MAX ? 6 : 5);
		CHECK(plan_owes_receipt(&s) == (n > 0 && n <= SPOOL_ADDRESS_MAX));
		plan_clear(&p);
		buf_clear(&memory);
	}
}

static void
who_had_too_many_receipts_is_owed_none_and_the_audit_says_so(void **state)
{
	const struct smtp_dsn_rcpt wish = { SMTP_NOTIFY_SUCCESS, SLICE("") };
	struct slice inside = SLICE("li@acme.test");
	uint32_t inside_at = 0, account = 2;
	struct route_decision r = { .accounts = &account, .account_count = 1 };
	struct leaving l = { .inside = &inside, .inside_at = &inside_at, .inside_count = 1 };
	struct plan_source s = {
		.mid = SLICE("m"), .size_bytes = 100, .sender = SLICE("a@x.test"),
		.actor = SLICE("192.0.2.1"), .recipients = &inside, .recipient_count = 1,
		.leaving = &l, .wishes = &wish, .has_no_receipt = true,
	};
	struct plan p;
	struct buf memory;

	(void)state;
	CHECK(plan_owes_receipt(&s));
	plan_for_mail(&s, &r, &p, &memory);
	check_print(&p, &memory,
	    "message mid=\"m\" sid=\"\" author=0 size=100\n"
	    "deliver account=2 role=1 flags=0 where-room\n"
	    "archive direction=0 sender=\"a@x.test\" recipients=\"li@acme.test\"\n"
	    "audit kind=\"mail\" actor=\"192.0.2.1\" subject=\"m\""
	    " detail=\"step=receipt none why=too-many-for-domain-or-all\\x0a\"\n");
}

static void
a_notice_of_success_stays_or_leaves_with_a_null_sender(void **state)
{
	const uint64_t entries[] = { 7 };
	struct policy_returned r = { RETURN_DELIVERED, 0, SLICE("m"), entries, 1, 50, SLICE("to=li"),
		SLICE("o"), SLICE("ann@x.test") };
	const struct plan_told ann = { .outside = { SLICE("ann@x.test"), 3, 4, 0 } };
	struct plan_source s = { .mid = SLICE("m"), .actor = SLICE("relayd"), .size_bytes = 50 };
	struct plan p;
	struct buf memory;

	(void)state;
	plan_for_return(&s, &r, &ann, &p, &memory);
	check_print(&p, &memory,
	    "message mid=\"m\" sid=\"\" author=0 size=50\n"
	    "if queued=7\n"
	    "queue sender=\"\" recipients=\"ann@x.test\" route=3 credential=4 notify=NEVER\n"
	    "archive direction=1 sender=\"\" recipients=\"ann@x.test\"\n"
	    "queue-end entry=7\n"
	    "audit kind=\"mail.delivered\" actor=\"relayd\" subject=\"o\""
	    " detail=\"to=li\\x0atold=ann@x.test notice=m entries=7\\x0a\"\n"
	    "audit kind=\"mail\" actor=\"relayd\" subject=\"m\""
	    " detail=\"step=notice about=o -> ann@x.test\\x0a\"\n");
	r.kind = RETURN_RELAYED;
	s.size_bytes = 0;
	plan_for_return(&s, &r, &(struct plan_told){ 0 }, &p, &memory);
	check_print(&p, &memory,
	    "message mid=\"m\" sid=\"\" author=0 size=0\n"
	    "if queued=7\n"
	    "queue-end entry=7\n"
	    "audit kind=\"mail.relayed\" actor=\"relayd\" subject=\"o\""
	    " detail=\"to=li\\x0atold=nobody notice=none entries=7\\x0a\"\n");
}

static void
reasons_are_cut_at_whole_lines(void **state)
{
	struct route_decision r = { 0 };
	struct leaving l = { .count = 1 };
	struct digest_rewritten rewritten = { .size_bytes = 1 };
	struct plan_source s = { .mid = SLICE("m"), .size_bytes = 1, .leaving = &l,
		.outside = &rewritten };
	struct plan p;
	struct buf memory, wire = buf_init(65536);

	(void)state;
	l.recipients = &(struct leaving_recipient){ SLICE("a@x.test"), 1, 0, 0 };
	l.reasons = buf_init(AUDIT_DETAIL_MAX);
	r.reasons = buf_init(AUDIT_DETAIL_MAX);
	while (buf_append(&l.reasons, SLICE("0123456789abc\n")) == STATUS_OK &&
	    buf_append(&r.reasons, SLICE("0123456789abc\n")) == STATUS_OK)
		continue;
	plan_for_mail(&s, &r, &p, &memory);
	CHECK_STATUS(plan_encode(&p, &wire), STATUS_OK);
	CHECK(p.actions[p.action_count - 1].detail.len <= AUDIT_DETAIL_MAX);
	CHECK(slice_ends(p.actions[p.action_count - 1].detail, SLICE("\n0123456789abc")));
	plan_clear(&p);
	buf_clear(&memory);
	buf_clear(&wire);
	buf_clear(&l.reasons);
	buf_clear(&r.reasons);
}

static void
a_change_of_the_directory_becomes_its_audit_alone(void **state)
{
	struct pending_audit_record audit = { .at_s = 9, .kind = SLICE("k"),
		.actor = SLICE("admin"), .subject = SLICE("s"), .detail = SLICE("d") };
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
		cmocka_unit_test(what_leaves_is_queued_and_filed_beside_what_stays),
		cmocka_unit_test(what_comes_back_ends_its_entries_or_tells_that_they_wait),
		cmocka_unit_test(who_asked_to_be_told_of_success_is_owed_a_notice),
		cmocka_unit_test(who_had_too_many_receipts_is_owed_none_and_the_audit_says_so),
		cmocka_unit_test(a_notice_of_success_stays_or_leaves_with_a_null_sender),
		cmocka_unit_test(reasons_are_cut_at_whole_lines),
		cmocka_unit_test(a_change_of_the_directory_becomes_its_audit_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
