#include "store/plan.h"

#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/mem.h"
#include "store/mailbox.h"
#include "store/queue_client.h"
#include "store/text.h"

static struct precondition preconditions[] = {
	{ .kind = PRECONDITION_NOT_FETCHED, .id = 3, .name = { "uid-17", 6 },
	    .size_bytes = 290 },
	{ .kind = PRECONDITION_QUEUED, .entry = 12 },
};

static struct plan_action actions[] = {
	{ .kind = ACTION_DELIVER, .account = 7, .role = MAILBOX_INBOX, .flags = 1,
	    .needs_room = true },
	{ .kind = ACTION_ARCHIVE, .direction = PLAN_IN, .sender = { "a@x", 3 },
	    .recipients = { "b@y\nc@y", 7 } },
	{ .kind = ACTION_QUEUE, .sender = { "b@y", 3 }, .recipients = { "a@x", 3 }, .route = 4,
	    .credential = 5, .text = 1, .wish = { SMTP_NOTIFY_FAILURE, { "rfc822;a@x", 10 } } },
	{ .kind = ACTION_QUEUE, .sender = { "b@y", 3 }, .recipients = { "c@y", 3 },
	    .wish = { SMTP_NOTIFY_SUCCESS, { NULL, 0 } }, .owed = QUEUE_OWES_DELIVERED },
	{ .kind = ACTION_FETCHED, .fetch = 3, .uidl = { "uid-17", 6 }, .size_bytes = 290 },
	{ .kind = ACTION_AUDIT, .audit_kind = { "mail", 4 }, .actor = { "box", 3 },
	    .subject = { "m", 1 }, .detail = { "by \"name\"", 9 } },
	{ .kind = ACTION_QUEUE_END, .entry = 12 },
};

static struct plan_text others[] = { { .size_bytes = 400, .digest = { "d2", 2 } } };

static struct plan
sample(void)
{
	struct plan p = {
		.mid = SLICE("m3v7q2m9tzae"),
		.sid = SLICE("k3v7q2m9tzae"),
		.author = 9,
		.received_at = 1795516611,
		.received_zone = -90,
		.dsn = { SMTP_RET_FULL, SLICE("QQ1") },
		.size_bytes = 300,
		.digest = SLICE("digest"),
		.other_count = ARRAY_LEN(others),
		.others = others,
		.precondition_count = ARRAY_LEN(preconditions),
		.preconditions = preconditions,
		.action_count = ARRAY_LEN(actions),
		.actions = actions,
	};

	memset(p.sha256, 0xab, sizeof(p.sha256));
	return p;
}

static void
a_plan_comes_back_as_it_was_and_no_part_of_it_is_one(void **state)
{
	struct buf b = buf_init(1 << 20), printed = buf_init(1 << 20), again = buf_init(1 << 20);
	struct plan p = sample(), back;

	(void)state;
	CHECK_STATUS(plan_encode(&p, &b), STATUS_OK);
	for (size_t cut = 0; cut < b.len; cut++)
		CHECK_STATUS(plan_decode(slice_make(b.ptr, cut), &back), STATUS_CORRUPT);
	CHECK_STATUS(plan_decode(buf_slice(&b), &back), STATUS_OK);
	plan_print(&p, &printed);
	plan_print(&back, &again);
	CHECK(slice_equal(buf_slice(&printed), buf_slice(&again)));
	CHECK(back.received_zone == -90 && memcmp(back.sha256, p.sha256, SHA256_LEN) == 0);
	CHECK_SLICE(back.digest, "digest");
	CHECK(back.dsn.ret == SMTP_RET_FULL && slice_equal(back.dsn.envid, SLICE("QQ1")));
	plan_clear(&back);
	buf_append_byte(&b, 0);
	CHECK_STATUS(plan_decode(buf_slice(&b), &back), STATUS_CORRUPT);
	buf_clear(&b);
	buf_clear(&printed);
	buf_clear(&again);
}

static void
a_plan_prints_an_action_a_line(void **state)
{
	struct buf out = buf_init(1 << 20);
	struct plan p = sample();

	(void)state;
	plan_print(&p, &out);
	CHECK_SLICE(buf_slice(&out),
	    "message mid=\"m3v7q2m9tzae\" sid=\"k3v7q2m9tzae\" author=9 size=300\n"
	    "dsn ret=1 envid=\"QQ1\"\n"
	    "text=1 size=400\n"
	    "unless fetched=3 uidl=\"uid-17\" listed=290\n"
	    "if queued=12\n"
	    "deliver account=7 role=1 flags=1 where-room\n"
	    "archive direction=0 sender=\"a@x\" recipients=\"b@y\\x0ac@y\"\n"
	    "queue sender=\"b@y\" recipients=\"a@x\" route=4 credential=5 text=1 notify=FAILURE "
	    "orcpt=\"rfc822;a@x\"\n"
	    "queue sender=\"b@y\" recipients=\"c@y\" route=0 credential=0 notify=SUCCESS "
	    "owes=delivered\n"
	    "fetched fetch=3 uidl=\"uid-17\" listed=290\n"
	    "audit kind=\"mail\" actor=\"box\" subject=\"m\" detail=\"by \\x22name\\x22\"\n"
	    "queue-end entry=12\n");
	buf_clear(&out);
}

static void
what_is_past_a_limit_is_refused(void **state)
{
	struct plan_action *many = mem_array(struct plan_action, PLAN_ACTIONS_MAX + 1);
	struct plan_action odd[] = {
		{ .kind = ACTION_DELIVER, .role = MAILBOX_ROLE_COUNT },
		{ .kind = ACTION_ARCHIVE, .direction = PLAN_INTERNAL + 1 },
		{ .kind = ACTION_DELIVER, .text = ARRAY_LEN(others) + 1 },
		{ .kind = ACTION_QUEUE, .owed = QUEUE_OWED_COUNT },
		{ .kind = ACTION_QUEUE, .wish = { SMTP_NOTIFY_NEVER | SMTP_NOTIFY_DELAY, { 0 } } },
	};
	static char detail[AUDIT_DETAIL_MAX + 1];
	struct plan_action wordy = { .kind = ACTION_AUDIT, .detail = { detail, sizeof(detail) } };
	struct buf b = buf_init(1 << 20);
	struct plan p = sample(), back;

	(void)state;
	for (size_t i = 0; i <= PLAN_ACTIONS_MAX; i++)
		many[i].kind = ACTION_DELIVER;
	p.actions = many;
	p.action_count = PLAN_ACTIONS_MAX + 1;
	CHECK_STATUS(plan_encode(&p, &b), STATUS_LIMIT);
	p.action_count--;
	buf_reset(&b);
	CHECK_STATUS(plan_encode(&p, &b), STATUS_OK);
	CHECK_STATUS(plan_decode(buf_slice(&b), &back), STATUS_OK);
	CHECK_U64(back.action_count, PLAN_ACTIONS_MAX);
	plan_clear(&back);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		p.actions = &odd[i];
		p.action_count = 1;
		buf_reset(&b);
		CHECK_STATUS(plan_encode(&p, &b), STATUS_OK);
		CHECK_STATUS(plan_decode(buf_slice(&b), &back), STATUS_CORRUPT);
	}
	p.actions = &wordy;
	CHECK_STATUS(plan_encode(&p, &b), STATUS_LIMIT);
	p = sample();
	p.size_bytes = TEXT_SIZE_MAX + 1;
	CHECK_STATUS(plan_encode(&p, &b), STATUS_LIMIT);
	p = sample();
	p.mid = SLICE("12345678901234567");
	CHECK_STATUS(plan_encode(&p, &b), STATUS_LIMIT);
	mem_free(many);
	buf_clear(&b);
}

static void
a_plan_of_version_1_asks_for_no_notices(void **state)
{
	static const uint8_t golden[] = {
		1, 1, 0, 0, 0, 'm', 0, 0, 0, 0, 9, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0, 60, 0,
		7, 0, 0, 0,	/* size, and its hash */
		0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
		0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
		0xab, 0xab, 0xab, 0xab,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,	/* no digest, others, preconditions */
		1, 0, 0, 0, 3, 1, 0, 0, 0, 's', 1, 0, 0, 0, 'r', 4, 0, 0, 0, 5, 0, 0, 0, 0,
	};
	struct plan back;

	(void)state;
	for (size_t cut = 0; cut < sizeof(golden); cut++)
		CHECK_STATUS(plan_decode(slice_make(golden, cut), &back), STATUS_CORRUPT);
	CHECK_STATUS(plan_decode(slice_make(golden, sizeof(golden)), &back), STATUS_OK);
	CHECK(back.author == 9 && back.dsn.ret == SMTP_RET_UNSAID && back.dsn.envid.len == 0);
	CHECK_U64(back.action_count, 1);
	CHECK_SLICE(back.actions[0].recipients, "r");
	CHECK(back.actions[0].credential == 5 && back.actions[0].wish.notify == 0 &&
	    back.actions[0].owed == QUEUE_OWES_MAIL);
	plan_clear(&back);
}

static void
a_plan_of_version_2_says_no_listed_size(void **state)
{
	static const uint8_t golden[] = {
		2, 1, 0, 0, 0, 'm', 0, 0, 0, 0, 9, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0, 60, 0,
		0, 0, 0, 0,	/* no text, and its hash */
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0,	/* no digest, others */
		1, 0, 0, 0, 1, 3, 0, 0, 0, 1, 0, 0, 0, 'u', 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0,	/* ret, envid */
		1, 0, 0, 0, 4, 3, 0, 0, 0, 1, 0, 0, 0, 'u',
	};
	struct plan back;

	(void)state;
	for (size_t cut = 0; cut < sizeof(golden); cut++)
		CHECK_STATUS(plan_decode(slice_make(golden, cut), &back), STATUS_CORRUPT);
	CHECK_STATUS(plan_decode(slice_make(golden, sizeof(golden)), &back), STATUS_OK);
	CHECK_SLICE(back.preconditions[0].name, "u");
	CHECK_SLICE(back.actions[0].uidl, "u");
	CHECK(back.preconditions[0].size_bytes == 0 && back.actions[0].size_bytes == 0);
	plan_clear(&back);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_comes_back_as_it_was_and_no_part_of_it_is_one),
		cmocka_unit_test(a_plan_prints_an_action_a_line),
		cmocka_unit_test(what_is_past_a_limit_is_refused),
		cmocka_unit_test(a_plan_of_version_1_asks_for_no_notices),
		cmocka_unit_test(a_plan_of_version_2_says_no_listed_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
