#include "smtpd/transaction.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

static const struct {
	const char *helo;
	const char *peer;
	bool is_esmtp, is_secure, is_authenticated, is_utf8;
	const char *want;
} traces[] = {
	{ "DESKTOP3507CDS", "192.0.2.7", true, true, true, false,
	    "Return-Path: <zhang@acme.test>\r\n"
	    "Received: from DESKTOP3507CDS ([192.0.2.7])\r\n"
	    "\tby mx.acme.test with ESMTPSA id MID;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n" },
	{ "a b\r\n\xd5\xc5<script>", "2001:db8::1", false, false, false, false,
	    "Return-Path: <zhang@acme.test>\r\n"
	    "Received: from a?b?????script? ([IPv6:2001:db8::1])\r\n"
	    "\tby mx.acme.test with SMTP id MID;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n" },
	{ "", "192.0.2.7", true, false, false, true,
	    "Return-Path: <zhang@acme.test>\r\n"
	    "Received: from unknown ([192.0.2.7])\r\n"
	    "\tby mx.acme.test with UTF8SMTP id MID;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n" },
};

static void
our_own_lines_are_written_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(traces); i++) {
		struct smtp_transaction *tx =
		    transaction_new(SLICE("zhang@acme.test"), traces[i].is_utf8, 0);
		struct buf out = buf_init(TRACE_MAX);
		struct trace trace = {
			.helo = slice_from_cstr(traces[i].helo),
			.peer = slice_from_cstr(traces[i].peer),
			.hostname = SLICE("mx.acme.test"),
			.is_esmtp = traces[i].is_esmtp,
			.is_secure = traces[i].is_secure,
			.is_authenticated = traces[i].is_authenticated,
		};

		memcpy(tx->mid, "MID", 4);
		transaction_write_trace(tx, &trace, &out);
		CHECK_SLICE(buf_slice(&out), traces[i].want);
		buf_clear(&out);
		transaction_free(&tx);
	}
}

static void
the_longest_names_fit(void **state)
{
	static char name[4096], sender[770];
	struct buf out = buf_init(TRACE_MAX);
	struct smtp_transaction *tx;
	struct trace trace = { .is_esmtp = true };

	(void)state;
	memset(name, 'x', sizeof(name));
	memset(sender, 's', sizeof(sender));
	tx = transaction_new(slice_make(sender, sizeof(sender)), true, 0);
	trace.helo = slice_make(name, sizeof(name));
	trace.hostname = slice_make(name, 255);
	trace.peer = SLICE("2001:db8:1111:2222:3333:4444:5555:6666");
	transaction_write_trace(tx, &trace, &out);
	CHECK_STATUS(buf_status(&out), STATUS_OK);
	CHECK(out.len < 998 * 3);
	buf_clear(&out);
	transaction_free(&tx);
}

static void
recipients_are_remembered_in_order(void **state)
{
	struct smtp_transaction *tx = transaction_new(SLICE(""), false, 0);
	const struct smtp_dsn_rcpt wish = { SMTP_NOTIFY_DELAY, SLICE("rfc822;x@y") };

	(void)state;
	transaction_set_dsn(tx, &(struct smtp_dsn_mail){ SMTP_RET_FULL, SLICE("QQ1") });
	for (unsigned i = 0; i < 1000; i++) {
		char address[32];

		snprintf(address, sizeof(address), "u%u@acme.test", i);
		CHECK(!transaction_has_recipient(tx, slice_from_cstr(address)));
		transaction_add_recipient(tx, slice_from_cstr(address), &wish);
		CHECK(transaction_has_recipient(tx, slice_from_cstr(address)));
	}
	CHECK_U64(tx->recipient_count, 1000);
	CHECK_SLICE(slice_from_cstr(tx->recipients[999]), "u999@acme.test");
	CHECK_U64(tx->wishes[999].notify, SMTP_NOTIFY_DELAY);
	CHECK_SLICE(tx->wishes[999].orcpt, "rfc822;x@y");
	CHECK_SLICE(tx->dsn.envid, "QQ1");
	transaction_free(&tx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_lines_are_written_as_the_table_says),
		cmocka_unit_test(the_longest_names_fit),
		cmocka_unit_test(recipients_are_remembered_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
