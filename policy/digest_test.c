#include "policy/digest.h"

#include "base/check.h"
#include "base/mem.h"
#include "net/ipc.h"
#include "store/digest.h"

static const char message[] =
    "Received: ours; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    "Received: from a by b\r\n\tfor <Sales@Example.com>; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    "Delivered-To: sales@example.com\r\n"
    "From: \"Ann\" <Ann@Customer.example>\r\n"
    "To: =?utf-8?B?5byg5LiJ?= <sales@example.com>,\r\n \"Li, Si\" <LI@example.com>\r\n"
    "Cc: group: x@y.z;, not-an-address\r\n"
    "Message-ID: <m@customer.example>\r\n"
    "In-Reply-To: <reply@x>\r\n"
    "References: <old@x>,<new@x>\r\n"
    "\r\n"
    "To: body@example.com\r\n";

static struct buf
answer(struct slice text, uint32_t prefix_len)
{
	struct digest_work w = { 7, (uint32_t)text.len, prefix_len };
	struct buf out = buf_init(IPC_FRAME_MAX);

	digest_answer_put(&out, &w, text);
	CHECK_STATUS(buf_status(&out), STATUS_OK);
	return out;
}

static void
what_a_helper_reads_arrives_as_it_was(void **state)
{
	static const struct { uint8_t field; const char *name, *address; } want[] = {
		{ FACTS_RECEIVED_FOR, "", "sales@example.com" },
		{ FACTS_DELIVERED_TO, "", "sales@example.com" },
		{ FACTS_FROM, "Ann", "ann@customer.example" },
		{ FACTS_TO, "张三", "sales@example.com" },
		{ FACTS_TO, "Li, Si", "li@example.com" },
		{ FACTS_CC, "", "x@y.z" },
	};
	struct buf out = answer(slice_make(message, sizeof(message) - 1), 48);
	struct digest_done d;
	uint8_t sha256[SHA256_LEN];

	(void)state;
	CHECK_STATUS(digest_done_read(buf_slice(&out), &d), STATUS_OK);
	CHECK_U64(d.number, 7);
	sha256_of(slice_make(message, sizeof(message) - 1), sha256);
	assert_memory_equal(d.sha256, sha256, SHA256_LEN);
	CHECK_U64(d.facts.from_count, 1);
	CHECK_U64(d.facts.received_count, 1);	/* ours is not counted */
	CHECK_SLICE(d.facts.message_id, "m@customer.example");
	CHECK_U64(d.facts.key_count, 3);
	CHECK_U64(d.facts.keys[0], message_id_key(SLICE("reply@x")));
	CHECK_U64(d.facts.keys[1], message_id_key(SLICE("new@x")));
	CHECK_U64(d.facts.keys[2], message_id_key(SLICE("old@x")));
	CHECK_U64(d.facts.address_count, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		CHECK_U64(d.facts.addresses[i].field, want[i].field);
		CHECK_SLICE(d.facts.addresses[i].name, want[i].name);
		CHECK_SLICE(d.facts.addresses[i].address, want[i].address);
	}
	digest_done_clear(&d);
	buf_clear(&out);
}

static void
an_answer_cut_anywhere_is_none(void **state)
{
	struct buf out = answer(slice_make(message, sizeof(message) - 1), 0);
	struct digest_done d;

	(void)state;
	for (size_t cut = 0; cut < out.len; cut++) {
		char *copy = mem_dup(slice_sub(buf_slice(&out), 0, cut));

		CHECK_STATUS(digest_done_read(slice_make(copy, cut), &d), STATUS_CORRUPT);
		mem_free(copy);
	}
	put_u8(&out, 0);
	CHECK_STATUS(digest_done_read(buf_slice(&out), &d), STATUS_CORRUPT);
	buf_reset(&out);
	digest_refusal_put(&out, 9, STATUS_DENIED);
	CHECK_STATUS(digest_done_read(buf_slice(&out), &d), STATUS_OK);
	CHECK_STATUS(d.status, STATUS_DENIED);
	digest_done_clear(&d);
	put_u8(&out, 0);
	CHECK_STATUS(digest_done_read(buf_slice(&out), &d), STATUS_CORRUPT);
	buf_clear(&out);
}

static void
any_text_gives_an_answer(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < sizeof(message); cut++) {
		char *copy = mem_dup(slice_make(message, cut));
		struct buf out = answer(slice_make(copy, cut), (uint32_t)(cut / 3));
		struct digest_done d;

		CHECK_STATUS(digest_done_read(buf_slice(&out), &d), STATUS_OK);
		digest_done_clear(&d);
		buf_clear(&out);
		mem_free(copy);
	}
}

static void
many_addresses_and_ids_are_counted_off(void **state)
{
	struct buf text = buf_init(1024 * 1024), out;
	struct digest_done d;

	(void)state;
	buf_append(&text, SLICE("To: "));
	for (unsigned i = 0; i <= FACTS_ADDRESSES_MAX; i++)
		buf_printf(&text, "%sN%u <a%u@b.c>", i > 0 ? ",\r\n " : "", i, i);
	buf_append(&text, SLICE("\r\nReferences:"));
	for (unsigned i = 0; i < 200; i++)
		buf_printf(&text, "\r\n <%u@r>", i);
	buf_append(&text, SLICE("\r\nIn-Reply-To: <199@r>\r\n\r\n"));
	out = answer(buf_slice(&text), 0);
	CHECK_STATUS(digest_done_read(buf_slice(&out), &d), STATUS_OK);
	CHECK_U64(d.facts.address_count, FACTS_ADDRESSES_MAX);
	CHECK_U64(d.facts.key_count, FACTS_KEYS_MAX);
	CHECK_U64(d.facts.keys[0], message_id_key(SLICE("199@r")));
	CHECK_U64(d.facts.keys[1], message_id_key(SLICE("199@r")));
	CHECK_U64(d.facts.keys[2], message_id_key(SLICE("198@r")));
	digest_done_clear(&d);
	buf_clear(&out);
	buf_clear(&text);
}

/* Bounces and receipts find the author of what they are about (RFC 6522). */
static void
a_report_answers_the_message_that_it_brings_back(void **state)
{
	static const struct { const char *what, *type, *part; bool answers; } rows[] = {
		{ "a bounce with the message", "multipart/report; report-type=delivery-status; ",
		    "Content-Type: message/rfc822\r\n\r\nReceived: x\r\nMessage-ID: <1@x>\r\n", true },
		{ "with its header alone", "Multipart/REPORT; ",
		    "Content-Type: text/rfc822-headers\r\n\r\nMessage-Id:\r\n <1@x>\r\n", true },
		{ "in base64", "multipart/report; ", "Content-Type: text/rfc822-headers\r\n"
		    "Content-Transfer-Encoding: base64\r\n\r\nTWVzc2FnZS1JRDogPDFAeD4NCg==\r\n", true },
		{ "a receipt", "multipart/report; report-type=disposition-notification; ",
		    "Content-Type: message/disposition-notification\r\n\r\n"
		    "Final-Recipient: rfc822;a@b\r\nOriginal-Message-ID: <1@x>\r\n", true },
		{ "by the envelope's id that we gave", "multipart/report; ",
		    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n"
		    "Original-Envelope-Id: 1@x\r\n", true },
		{ "by one that is empty", "multipart/report; ",
		    "Content-Type: message/delivery-status\r\n\r\nOriginal-Envelope-Id: \r\n", false },
		{ "a mail that somebody passes on is none", "multipart/mixed; ",
		    "Content-Type: message/rfc822\r\n\r\nMessage-ID: <1@x>\r\n", false },
		{ "what lies deeper is not what it is about", "multipart/report; ",
		    "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n"
		    "Content-Type: message/rfc822\r\n\r\nMessage-ID: <1@x>\r\n", false },
		{ "without an id", "multipart/report; ",
		    "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf text = buf_init(4096), out;
		struct digest_done d;

		buf_printf(&text, "References: <2@x>\r\nContent-Type: %sboundary=b\r\n\r\n--b\r\n\r\n"
		    "Sorry\r\n--b\r\n%s\r\nbody\r\n--b--\r\n", rows[i].type, rows[i].part);
		out = answer(buf_slice(&text), 0);
		CHECK_STATUS(digest_done_read(buf_slice(&out), &d), STATUS_OK);
		if (d.facts.key_count != (rows[i].answers ? 2 : 1))
			fail_msg("%s: %u keys", rows[i].what, d.facts.key_count);
		CHECK_U64(d.facts.keys[0], message_id_key(rows[i].answers ? SLICE("1@x") :
		    SLICE("2@x")));
		digest_done_clear(&d);
		buf_clear(&out);
		buf_clear(&text);
	}
}

static void
work_comes_back_as_it_went(void **state)
{
	struct buf b = buf_init(64);
	struct digest_work w = { 1, 10, 3 }, got;

	(void)state;
	digest_work_put(&b, &w);
	CHECK_STATUS(digest_work_read(buf_slice(&b), &got), STATUS_OK);
	CHECK(got.number == 1 && got.size_bytes == 10 && got.prefix_len == 3);
	for (size_t cut = 0; cut < b.len; cut++)
		CHECK_STATUS(digest_work_read(slice_sub(buf_slice(&b), 0, cut), &got), STATUS_CORRUPT);
	buf_reset(&b);
	w.prefix_len = 11;
	digest_work_put(&b, &w);
	CHECK_STATUS(digest_work_read(buf_slice(&b), &got), STATUS_CORRUPT);
	buf_clear(&b);
}

static void
orders_to_rewrite_come_back_as_they_went(void **state)
{
	static const struct slice domains[] = { SLICE("a.test"), SLICE("b.test") };
	static const struct rewrite_address addresses[] = { { SLICE("i"), SLICE("n"), SLICE("o") } };
	const struct rewrite_order order = { 3, 99, SLICE("m"), SLICE("name"), SLICE("x@y"),
		SLICE("y"), 2, 1, domains, addresses };
	struct digest_rewrite *w = mem_new(struct digest_rewrite);
	struct buf b = buf_init(4096);
	char *copy;

	(void)state;
	digest_rewrite_put(&b, 7, 10, &order);
	CHECK_STATUS(digest_rewrite_read(buf_slice(&b), w), STATUS_OK);
	CHECK(w->number == 7 && w->size_bytes == 10 && w->order.prefix_len == 3);
	CHECK(w->order.at_s == 99 && w->order.domain_count == 2 && w->order.address_count == 1);
	CHECK_SLICE(w->order.mid, "m");
	CHECK_SLICE(w->order.name, "name");
	CHECK_SLICE(w->order.address, "x@y");
	CHECK_SLICE(w->order.domain, "y");
	CHECK_SLICE(w->order.domains[1], "b.test");
	CHECK_SLICE(w->order.addresses[0].inside, "i");
	CHECK_SLICE(w->order.addresses[0].name, "n");
	CHECK_SLICE(w->order.addresses[0].address, "o");
	for (size_t cut = 0; cut < b.len; cut++) {
		copy = mem_dup(slice_sub(buf_slice(&b), 0, cut));
		CHECK_STATUS(digest_rewrite_read(slice_make(copy, cut), w), STATUS_CORRUPT);
		mem_free(copy);
	}
	put_u8(&b, 0);
	CHECK_STATUS(digest_rewrite_read(buf_slice(&b), w), STATUS_CORRUPT);
	buf_reset(&b);
	digest_rewrite_put(&b, 7, 2, &order);	/* more prefix than text */
	CHECK_STATUS(digest_rewrite_read(buf_slice(&b), w), STATUS_CORRUPT);
	buf_clear(&b);
	mem_free(w);
}

static void
what_was_rewritten_arrives_as_it_was(void **state)
{
	struct buf b = buf_init(IPC_FRAME_MAX);
	struct digest_rewritten d;
	uint8_t sha256[SHA256_LEN];

	(void)state;
	digest_rewritten_put(&b, 7, slice_make(message, sizeof(message) - 1));
	CHECK_STATUS(digest_rewritten_read(buf_slice(&b), &d), STATUS_OK);
	sha256_of(slice_make(message, sizeof(message) - 1), sha256);
	assert_memory_equal(d.sha256, sha256, SHA256_LEN);
	CHECK(d.number == 7 && d.status == STATUS_OK && d.size_bytes == sizeof(message) - 1);
	for (size_t cut = 0; cut < b.len; cut++)
		CHECK_STATUS(digest_rewritten_read(slice_sub(buf_slice(&b), 0, cut), &d),
		    STATUS_CORRUPT);
	buf_reset(&b);
	digest_refusal_put(&b, 9, STATUS_LIMIT);
	CHECK_STATUS(digest_rewritten_read(buf_slice(&b), &d), STATUS_OK);
	CHECK(d.number == 9 && d.status == STATUS_LIMIT);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_helper_reads_arrives_as_it_was),
		cmocka_unit_test(an_answer_cut_anywhere_is_none),
		cmocka_unit_test(any_text_gives_an_answer),
		cmocka_unit_test(many_addresses_and_ids_are_counted_off),
		cmocka_unit_test(a_report_answers_the_message_that_it_brings_back),
		cmocka_unit_test(work_comes_back_as_it_went),
		cmocka_unit_test(orders_to_rewrite_come_back_as_they_went),
		cmocka_unit_test(what_was_rewritten_arrives_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
