#include "base/check.h"

#include "smtpd/relay_testing.h"

#include <string.h>
#include <time.h>

#include "net/testing_side.h"

static void
one_message_is_one_transaction_with_all_its_recipients(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	add_entry(&w, 1, "zhang@acme.test", "250@b.test");
	add_entry(&w, 1, "zhang@acme.test", "550@a.test");
	add_entry(&w, 1, "zhang@acme.test", "450@a.test");
	add_entry(&w, 1, "zhang@acme.test", "551@a.test");
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.messages, 1);
	CHECK_U64(w.recipients, 5);
	CHECK_U64(w.texts, 1);
	CHECK_U64(w.entries[0].outcome, QUEUE_SENT);
	CHECK_U64(w.entries[1].outcome, QUEUE_SENT);
	CHECK(strstr(w.entries[1].detail, "127.0.0.1[127.0.0.1]:") == w.entries[1].detail &&
	    strstr(w.entries[1].detail, "250 2.0.0 taken") != NULL);
	CHECK_U64(w.entries[3].outcome, QUEUE_LATER);
	CHECK(w.entries[3].due_at > w.entries[3].item.made_at + 200);
	/* One notice for both that failed. */
	CHECK_U64(w.returns, 1);
	CHECK_U64(w.entries[2].returned, 1);
	CHECK_U64(w.entries[4].returned, 1);
	CHECK_U64(w.entries[2].settled, 0);
	CHECK(notice_holds(&w, "Final-Recipient: rfc822; 550@a.test"));
	CHECK(notice_holds(&w, "Final-Recipient: rfc822; 551@a.test"));
	CHECK(!notice_holds(&w, "450@a.test"));
	world_clear(&w);
}

static void
connections_are_few_and_used_again(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	for (uint64_t i = 0; i < 300; i++)
		add_entry(&w, i + 1, "zhang@acme.test", "250@a.test");
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.messages, 300);
	CHECK(w.most_connections <= 3);
	CHECK(w.connections < 15);
	for (uint32_t i = 0; i < w.entry_count; i++)
		CHECK_U64(w.entries[i].outcome, QUEUE_SENT);
	/* One that is idle for long is closed. */
	turn(&w, 1500);
	CHECK_U64(w.open_connections, 0);
	world_clear(&w);
}

static void
what_finds_too_much_before_it_comes_again_in_its_turn(void **state)
{
	static struct world w;
	unsigned put_off = 0;
	uint64_t now_s, last_s = 0;

	(void)state;
	world_open(&w);
	w.is_mute_after_dot = true;
	/* Old as it is, since we were away: it is not given up before it was tried. */
	for (uint64_t i = 0; i < 400; i++)
		add_entry(&w, i + 1, "zhang@acme.test", "250@a.test")->item.made_at -= 6 * 86400;
	world_start(&w);
	turn(&w, 100);
	CHECK_U64(w.returns, 0);
	now_s = (uint64_t)time(NULL);
	for (uint32_t i = 0; i < w.entry_count; i++) {
		if (w.entries[i].settled == 0)
			continue;
		CHECK_U64(w.entries[i].outcome, QUEUE_PUT_BACK);
		CHECK(w.entries[i].due_at >= last_s && w.entries[i].due_at <= now_s + 3);
		last_s = w.entries[i].due_at;
		put_off++;
	}
	CHECK(put_off > 50 && put_off <= 100);
	world_clear(&w);
}

static void
a_null_sender_is_never_told(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	add_entry(&w, 1, "", "550@a.test");
	add_entry(&w, 2, "", "450@a.test")->item.made_at -= 86400;
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.returns, 1);
	CHECK(!w.return_had_text);
	CHECK_U64(w.entries[0].returned, 1);
	CHECK_U64(w.entries[1].delayed, 0);
	CHECK_U64(w.entries[1].outcome, QUEUE_LATER);
	world_clear(&w);
}

static void
what_was_asked_for_is_passed_on_to_who_offers_it(void **state)
{
	static struct world w;
	struct kept *k;

	(void)state;
	world_open(&w);
	w.has_dsn = true;
	k = add_entry(&w, 1, "zhang@acme.test", "250+x@a.test");
	k->item.dsn = (struct smtp_dsn_mail){ SMTP_RET_HDRS, SLICE("zhang@office.lan") };
	k->item.wish = (struct smtp_dsn_rcpt){ SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE,
		SLICE("rfc822;ann@office.lan") };
	k = add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	k->item.dsn = w.entries[0].item.dsn;
	world_start(&w);
	until_settled(&w);
	/* The office's own names stay in the office. */
	CHECK_SLICE(buf_slice(&w.said),
	    "MAIL FROM:<zhang@acme.test> RET=HDRS ENVID=1@acme.test\n"
	    "RCPT TO:<250+x@a.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;250+2Bx@a.test\n"
	    "RCPT TO:<250@a.test>\n");
	CHECK_U64(w.entries[0].outcome, QUEUE_SENT);
	CHECK_U64(w.returns, 0);
	world_clear(&w);
}

static void
who_is_told_nothing_by_the_next_server_is_told_by_us(void **state)
{
	static struct world w;
	struct kept *k;

	(void)state;
	world_open(&w);
	k = add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	k->item.dsn = (struct smtp_dsn_mail){ SMTP_RET_FULL, SLICE("QQ+2B1") };
	k->item.wish = (struct smtp_dsn_rcpt){ SMTP_NOTIFY_SUCCESS, SLICE("rfc822;ann@x.test") };
	add_entry(&w, 1, "", "250@a.test")->item.wish.notify = SMTP_NOTIFY_SUCCESS;
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.entries[0].outcome, QUEUE_RELAYED);
	CHECK_U64(w.entries[1].outcome, QUEUE_SENT);
	w.on_due(w.on_due_ctx);
	for (unsigned n = 0; w.returns == 0 && n < 2000; n++)
		turn(&w, 1);
	CHECK(slice_equal(buf_slice(&w.said), SLICE("MAIL FROM:<zhang@acme.test>\n"
	    "RCPT TO:<250@a.test>\nMAIL FROM:<>\nRCPT TO:<250@a.test>\n")) ||
	    slice_equal(buf_slice(&w.said), SLICE("MAIL FROM:<>\nRCPT TO:<250@a.test>\n"
	    "MAIL FROM:<zhang@acme.test>\nRCPT TO:<250@a.test>\n")));
	CHECK_U64(w.messages, 2);
	CHECK_U64(w.returns, 1);
	CHECK_U64(w.return_kind, RETURN_RELAYED);
	CHECK(notice_holds(&w, "Original-Envelope-Id: QQ+1\r\n"));
	CHECK(notice_holds(&w, "Original-Recipient: rfc822; ann@x.test\r\n"
	    "Final-Recipient: rfc822; 250@a.test\r\nAction: relayed\r\nStatus: 2.0.0\r\n"
	    "Remote-MTA: dns; 127.0.0.1\r\nDiagnostic-Code: smtp; 250 2.0.0 taken"));
	world_clear(&w);
}

static void
what_is_owed_is_told_once_for_all_of_a_message(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	add_entry(&w, 1, "zhang@acme.test", "li@acme.test")->item.owed = QUEUE_OWES_DELIVERED;
	add_entry(&w, 1, "zhang@acme.test", "wang@acme.test")->item.owed = QUEUE_OWES_DELIVERED;
	add_entry(&w, 2, "ann@x.test", "li@acme.test")->item.owed = QUEUE_OWES_DELIVERED;
	w.entries[2].item.author = 0;
	w.return_status = STATUS_BUSY;
	world_start(&w);
	for (unsigned n = 0; w.returns < 2 && n < 2000; n++)
		turn(&w, 1);
	CHECK_U64(w.returns, 2);
	w.return_status = STATUS_OK;
	until_settled(&w);
	CHECK_U64(w.returns, 4);
	CHECK_U64(w.connections, 0);
	CHECK_U64(w.entries[1].returned, 2);
	CHECK(notice_holds(&w, "Action: delivered\r\nStatus: 2.0.0\r\nLast-Attempt-Date"));
	/* What cannot be told now is told later, and stays. */
	w.return_status = STATUS_STALE;
	add_entry(&w, 3, "zhang@acme.test", "li@acme.test")->item.owed = QUEUE_OWES_DELIVERED;
	w.on_due(w.on_due_ctx);
	until_settled(&w);
	CHECK_U64(w.entries[3].outcome, QUEUE_PUT_BACK);
	world_clear(&w);
}

static void
only_what_is_wanted_is_told(void **state)
{
	static const struct {
		uint8_t notify;
		const char *recipient;
		unsigned age_s, returned, delayed;
		bool has_text;
		uint32_t attempts;
	} rows[] = {
		{ 0, "550@a.test", 0, 1, 0, true, 0 },
		{ SMTP_NOTIFY_FAILURE, "550@a.test", 0, 1, 0, true, 0 },
		{ SMTP_NOTIFY_NEVER, "550@a.test", 0, 1, 0, false, 0 },
		{ SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY, "550@a.test", 0, 1, 0, false, 0 },
		{ SMTP_NOTIFY_NEVER, "450@a.test", 6 * 86400, 1, 0, false, 4 },
		{ SMTP_NOTIFY_NEVER, "450@a.test", 6 * 86400, 0, 0, false, 3 },
		{ 0, "450@a.test", 5 * 3600, 0, 1, true, 0 },
		{ SMTP_NOTIFY_DELAY, "450@a.test", 5 * 3600, 0, 1, true, 0 },
		{ SMTP_NOTIFY_FAILURE, "450@a.test", 5 * 3600, 0, 0, false, 0 },
		{ SMTP_NOTIFY_NEVER, "450@a.test", 5 * 3600, 0, 0, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct world w;
		struct kept *k;

		world_open(&w);
		k = add_entry(&w, 1, "zhang@acme.test", rows[i].recipient);
		k->item.wish.notify = rows[i].notify;
		k->item.made_at -= rows[i].age_s;
		k->item.attempts = rows[i].attempts;
		world_start(&w);
		until_settled(&w);
		CHECK_U64(k->returned, rows[i].returned);
		CHECK_U64(k->delayed, rows[i].delayed);
		CHECK(w.return_had_text == rows[i].has_text);
		world_clear(&w);
	}
}

static void
old_mail_is_reported_once_and_given_up_at_last(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	add_entry(&w, 1, "zhang@acme.test", "450@a.test")->item.made_at -= 5 * 3600;
	add_entry(&w, 2, "zhang@acme.test", "450@a.test")->item.made_at -= 5 * 3600;
	w.entries[1].item.is_delay_told = true;
	add_entry(&w, 3, "zhang@acme.test", "450@a.test")->item.made_at -= 6 * 86400;
	w.entries[2].item.attempts = 4;
	/* Old only since nothing was tried for days, as when the power was off. */
	add_entry(&w, 4, "zhang@acme.test", "450@a.test")->item.made_at -= 6 * 86400;
	w.entries[3].item.is_delay_told = true;
	w.entries[3].item.attempts = 3;
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.entries[0].delayed, 1);
	CHECK_U64(w.entries[0].outcome, QUEUE_LATER);
	CHECK_U64(w.entries[0].settled, 1);
	CHECK_U64(w.entries[1].delayed, 0);
	CHECK_U64(w.entries[2].returned, 1);
	CHECK_U64(w.entries[2].settled, 0);
	CHECK_U64(w.entries[3].returned, 0);
	CHECK_U64(w.entries[3].outcome, QUEUE_LATER);
	world_clear(&w);
}

static void
a_dead_host_is_left_alone_for_a_while(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	server_stop(&w);
	add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	add_entry(&w, 2, "zhang@acme.test", "250@a.test");
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.entries[0].outcome, QUEUE_LATER);
	CHECK_U64(w.entries[1].outcome, QUEUE_LATER);
	CHECK(strstr(w.entries[0].detail, "cannot connect to 127.0.0.1") != NULL);
	add_entry(&w, 3, "zhang@acme.test", "250@a.test");
	add_entry(&w, 4, "zhang@acme.test", "250@a.test")->item.made_at -= 6 * 86400;
	w.entries[3].item.attempts = 5;
	/* A host at rest is no attempt. */
	add_entry(&w, 5, "zhang@acme.test", "250@a.test")->item.made_at -= 6 * 86400;
	w.entries[4].item.is_delay_told = true;
	w.entries[4].item.attempts = 4;
	w.on_due(w.on_due_ctx);
	until_settled(&w);
	CHECK_U64(w.entries[2].outcome, QUEUE_PUT_BACK);
	CHECK(w.entries[2].due_at <= (uint64_t)time(NULL) + 60);
	CHECK_U64(w.entries[3].returned, 1);
	CHECK_U64(w.entries[4].returned, 0);
	CHECK_U64(w.entries[4].outcome, QUEUE_PUT_BACK);
	CHECK(notice_holds(&w, "cannot connect to 127.0.0.1"));
	world_clear(&w);
}

static void
a_server_that_says_nothing_keeps_one_connection(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	w.is_silent = true;
	for (uint64_t i = 0; i < 10; i++)
		add_entry(&w, i + 1, "zhang@acme.test", "250@a.test");
	world_start(&w);
	for (unsigned n = 0; w.open_connections == 0 && n < 2000; n++)
		turn(&w, 1);
	turn(&w, 20);
	CHECK_U64(w.open_connections, 1);
	w.is_silent = false;
	server_say(&w, "220 mx\r\n");
	until_settled(&w);
	CHECK_U64(w.messages, 10);
	world_clear(&w);
}

static void
without_stored_or_policyd_nothing_is_lost_or_sent_twice(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	w.settle_status = STATUS_BUSY;
	world_start(&w);
	until_settled(&w);
	/* stored came back, and gives the same entry again. */
	w.entries[0].is_over = w.entries[0].is_leased = false;
	w.entries[0].due_at = 0;
	w.on_due(w.on_due_ctx);
	turn(&w, 20);
	w.settle_status = STATUS_OK;
	turn(&w, 1200);
	CHECK_U64(w.messages, 1);
	CHECK(w.entries[0].settled >= 2);
	CHECK_U64(w.entries[0].outcome, QUEUE_SENT);

	w.return_status = STATUS_BUSY;
	add_entry(&w, 2, "zhang@acme.test", "550@a.test");
	w.on_due(w.on_due_ctx);
	turn(&w, 100);
	CHECK_U64(w.returns, 1);
	w.return_status = STATUS_OK;
	turn(&w, 1200);
	CHECK_U64(w.returns, 2);
	CHECK_U64(w.messages, 1);	/* nobody was left to send to */

	/* One of them was removed meanwhile: those that are left soon try again. */
	w.return_status = STATUS_STALE;
	add_entry(&w, 3, "zhang@acme.test", "550@a.test");
	w.on_due(w.on_due_ctx);
	until_settled(&w);
	CHECK_U64(w.entries[2].outcome, QUEUE_LATER);
	CHECK(w.entries[2].due_at <= (uint64_t)time(NULL) + 60);
	world_clear(&w);
}

static void
routes_decide_what_becomes_of_mail(void **state)
{
	static const struct {
		enum status route, text;
		const char *recipient;
		enum queue_outcome outcome;	/* 0: returned */
		const char *detail;
	} rows[] = {
		{ STATUS_ABSENT, STATUS_OK, "250@a.test", 0, "route that this mail was to take" },
		{ STATUS_BUSY, STATUS_OK, "250@a.test", QUEUE_PUT_BACK, "policyd cannot say" },
		{ STATUS_BUSY, STATUS_OK, "old@a.test", QUEUE_PUT_BACK, "policyd cannot say" },
		{ STATUS_OK, STATUS_BUSY, "250@a.test", QUEUE_PUT_BACK, "text cannot be had" },
		{ STATUS_OK, STATUS_OK, "250@a.test", QUEUE_SENT, "taken" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct world w;

		world_open(&w);
		w.route_status = rows[i].route;
		w.text_status = rows[i].text;
		add_entry(&w, 1, "zhang@acme.test", rows[i].recipient)->item.made_at -=
		    rows[i].recipient[0] == 'o' ? 6 * 86400 : 0;
		world_start(&w);
		until_settled(&w);
		CHECK_U64(w.entries[0].outcome, rows[i].outcome);
		CHECK_U64(w.entries[0].returned, rows[i].outcome == 0);
		CHECK(strstr(w.entries[0].detail, rows[i].detail) != NULL);
		world_clear(&w);
	}
}

static void
mail_by_mx_goes_to_others_than_ourselves(void **state)
{
	static const struct {
		const char *recipient;
		bool mx_local;
		const char *detail;		/* of what is returned; NULL: it is sent */
	} rows[] = {
		{ "250@[127.0.0.1]", true, NULL },
		{ "250@[127.0.0.1]", false, "is this server itself" },
		{ "250@[IPv6:::1]", false, "is this server itself" },
		{ "250@acme..test", true, "no name" },
		{ "250@[nonsense]", true, "no address" },
		{ "250", true, "no domain" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct world w;

		world_open(&w);
		w.settings.mx_local = rows[i].mx_local;
		w.route.host = SLICE("");
		add_entry(&w, 1, "zhang@acme.test", rows[i].recipient);
		world_start(&w);
		until_settled(&w);
		if (rows[i].detail == NULL) {
			CHECK_U64(w.entries[0].outcome, QUEUE_SENT);
		} else {
			CHECK_U64(w.entries[0].returned, 1);
			CHECK(strstr(w.entries[0].detail, rows[i].detail) != NULL);
		}
		world_clear(&w);
	}
}

static void
a_lost_answer_to_the_dot_is_tried_again_later(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	w.drops_after_dot = true;
	add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.messages, 1);
	CHECK_U64(w.entries[0].outcome, QUEUE_LATER);
	CHECK(strstr(w.entries[0].detail, "closed the connection") != NULL);
	world_clear(&w);
}

/* A text too large to be asked for ahead of time: there is a connection before there is a text. */
static void
hold_a_large_text(struct world *w)
{
	world_open(w);
	w->holds_texts = true;
	add_entry(w, 1, "zhang@acme.test", "250@a.test")->item.size_bytes = 2 * 1024 * 1024;
	world_start(w);
	for (unsigned n = 0; w->asks == NULL && n < 2000; n++)
		turn(w, 1);
	CHECK(w->asks != NULL);
	CHECK_U64(w->open_connections, 1);
}

static void
a_server_that_goes_before_the_text_is_there_gets_it_anew(void **state)
{
	static struct world w;

	(void)state;
	hold_a_large_text(&w);
	for (unsigned n = 1; n <= 3; n++) {
		server_hang_up(&w);
		for (unsigned i = 0; w.connections == n && i < 2000; i++)
			turn(&w, 1);
		turn(&w, 20);
		CHECK_U64(w.entries[0].settled, 0);
	}
	w.holds_texts = false;
	until_settled(&w);
	CHECK_U64(w.messages, 1);
	CHECK_U64(w.entries[0].outcome, QUEUE_SENT);
	world_clear(&w);
}

static void
a_server_that_always_goes_before_the_text_is_left_alone(void **state)
{
	static struct world w;

	(void)state;
	hold_a_large_text(&w);
	for (unsigned n = 0; w.entries[0].settled == 0 && n < 2000; n++) {
		turn(&w, 1);
		if (w.open_connections > 0 && w.asks != NULL)
			server_hang_up(&w);
	}
	CHECK(w.connections > 1 && w.connections < 50);
	CHECK_U64(w.entries[0].outcome, QUEUE_LATER);
	world_clear(&w);
}

static void
count_end(void *ctx)
{
	struct world *w = ctx;

	w->ends++;
}

static void
stopping_waits_for_answers_to_the_dot_only(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	world_start(&w);
	relay_stop(w.relay, count_end, &w);
	CHECK_U64(w.ends, 1);
	world_clear(&w);

	world_open(&w);
	w.is_mute_after_dot = true;
	add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	world_start(&w);
	for (unsigned n = 0; w.messages == 0 && n < 2000; n++)
		turn(&w, 1);
	relay_stop(w.relay, count_end, &w);
	turn(&w, 5);
	CHECK_U64(w.ends, 0);
	server_say(&w, "250 taken at last\r\n");
	turn(&w, 20);
	CHECK(w.ends > 0);
	CHECK_U64(w.entries[0].outcome, QUEUE_SENT);
	world_clear(&w);
}

static void
a_text_that_comes_while_stopping_goes_nowhere(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	w.is_mute_after_dot = true;
	add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	world_start(&w);
	for (unsigned n = 0; w.messages == 0 && n < 2000; n++)
		turn(&w, 1);
	w.holds_texts = true;
	add_entry(&w, 2, "zhang@acme.test", "250@a.test")->item.size_bytes = 2 * 1024 * 1024;
	w.on_due(w.on_due_ctx);
	do
		turn(&w, 1);
	while (w.asks == NULL);
	relay_stop(w.relay, count_end, &w);
	w.holds_texts = false;
	turn(&w, 20);
	CHECK_U64(w.ends, 0);
	server_say(&w, "250 taken at last\r\n");
	turn(&w, 20);
	CHECK(w.ends > 0);
	CHECK_U64(w.messages, 1);
	CHECK_U64(w.entries[1].settled, 0);
	world_clear(&w);
}

/* Freed at any moment, nothing is left: the leak checker looks on. */
static void
it_ends_at_any_moment(void **state)
{
	(void)state;
	for (unsigned steps = 0; steps < 25; steps++) {
		static struct world w;

		world_open(&w);
		for (uint64_t i = 0; i < 10; i++) {
			add_entry(&w, i / 2, "zhang@acme.test", i % 3 == 0 ? "550@a.test"
			    : "250@a.test");
			w.entries[i].item.made_at -= i % 2 * 20000;
			w.entries[i].item.wish.notify = i % 4 == 1 ? SMTP_NOTIFY_SUCCESS : 0;
			w.entries[i].item.owed = i % 5 == 4 ? QUEUE_OWES_DELIVERED : QUEUE_OWES_MAIL;
		}
		world_start(&w);
		for (unsigned n = 0; n < steps; n++) {
			testing_turn(w.loop, 0);
			answer_one(NULL);
		}
		world_clear(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_message_is_one_transaction_with_all_its_recipients),
		cmocka_unit_test(connections_are_few_and_used_again),
		cmocka_unit_test(what_finds_too_much_before_it_comes_again_in_its_turn),
		cmocka_unit_test(a_null_sender_is_never_told),
		cmocka_unit_test(what_was_asked_for_is_passed_on_to_who_offers_it),
		cmocka_unit_test(who_is_told_nothing_by_the_next_server_is_told_by_us),
		cmocka_unit_test(what_is_owed_is_told_once_for_all_of_a_message),
		cmocka_unit_test(only_what_is_wanted_is_told),
		cmocka_unit_test(old_mail_is_reported_once_and_given_up_at_last),
		cmocka_unit_test(a_dead_host_is_left_alone_for_a_while),
		cmocka_unit_test(a_server_that_says_nothing_keeps_one_connection),
		cmocka_unit_test(without_stored_or_policyd_nothing_is_lost_or_sent_twice),
		cmocka_unit_test(routes_decide_what_becomes_of_mail),
		cmocka_unit_test(mail_by_mx_goes_to_others_than_ourselves),
		cmocka_unit_test(a_lost_answer_to_the_dot_is_tried_again_later),
		cmocka_unit_test(a_server_that_goes_before_the_text_is_there_gets_it_anew),
		cmocka_unit_test(a_server_that_always_goes_before_the_text_is_left_alone),
		cmocka_unit_test(stopping_waits_for_answers_to_the_dot_only),
		cmocka_unit_test(a_text_that_comes_while_stopping_goes_nowhere),
		cmocka_unit_test(it_ends_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
