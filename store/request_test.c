#include "store/request.h"

#include <string.h>

#include "base/check.h"
#include "store/grant.h"
#include "store/mailbox.h"
#include "store/text.h"

static struct uid_range ranges[] = { { 1, 3 }, { 7, 7 } };
static struct store_append_message messages[] = {
	{ 1, 2, { 3 }, -4, -5, 6, { "k", 1 }, { "d", 1 } },
	{ 7, 8, { 9 }, 10, 11, 12, { "", 0 }, { "", 0 } },
};

static struct store_work
sample(void)
{
	return (struct store_work){
		.grant = SLICE("grant"),
		.mailbox = 1,
		.to = 2,
		.uid = 3,
		.uids = { ranges, 2, 2 },
		.mode = 1,
		.flags = 4,
		.unchanged_since = 5,
		.keywords = SLICE("key words"),
		.name = SLICE("name"),
		.new_name = SLICE("new"),
		.role = 6,
		.message_count = 2,
		.messages = messages,
	};
}

static void
each_request_comes_back_and_no_part_of_it_is_one(void **state)
{
	struct buf b = buf_init(REQUEST_MAX), again = buf_init(REQUEST_MAX);
	struct store_work w = sample(), back;

	(void)state;
	for (uint16_t type = STORE_SESSION; work_is_known(type); type++) {
		buf_reset(&b);
		buf_reset(&again);
		CHECK_STATUS(work_encode(type, &w, &b), STATUS_OK);
		for (size_t cut = 0; cut < b.len; cut++)
			CHECK_STATUS(work_decode(type, slice_make(b.ptr, cut), &back), STATUS_CORRUPT);
		CHECK_STATUS(work_decode(type, buf_slice(&b), &back), STATUS_OK);
		CHECK_STATUS(work_encode(type, &back, &again), STATUS_OK);
		CHECK(slice_equal(buf_slice(&b), buf_slice(&again)));
		work_clear(&back);
		buf_append_byte(&b, 0);
		CHECK_STATUS(work_decode(type, buf_slice(&b), &back), STATUS_CORRUPT);
	}
	CHECK_STATUS(work_decode(STORE_HELLO, SLICE(""), &back), STATUS_CORRUPT);
	CHECK_STATUS(work_decode(STORE_CLAIM_RECENT + 1, SLICE(""), &back), STATUS_CORRUPT);
	buf_clear(&b);
	buf_clear(&again);
}

static void
what_is_out_of_bounds_is_refused(void **state)
{
	static char big[GRANT_MAX + 1];
	static struct store_append_message huge = { .size_bytes = TEXT_SIZE_MAX + 1 };
	struct store_work bad[] = { sample(), sample(), sample(), sample(), sample() }, back;
	static const uint16_t types[] = { STORE_FLAGS, STORE_EXPUNGE, STORE_MAILBOX_MAKE,
		STORE_SESSION, STORE_APPEND };
	struct buf b = buf_init(REQUEST_MAX);

	(void)state;
	bad[0].mode = STORE_FLAGS_SET + 1;
	bad[1].mode = EXPUNGE_ALL + 1;
	bad[2].role = MAILBOX_ROLE_COUNT;
	bad[3].grant = slice_make(big, sizeof(big));
	bad[4].messages = &huge;
	bad[4].message_count = 1;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_reset(&b);
		CHECK_STATUS(work_encode(types[i], &bad[i], &b), STATUS_OK);
		CHECK_STATUS(work_decode(types[i], buf_slice(&b), &back), STATUS_CORRUPT);
	}
	bad[4].message_count = 0;
	buf_reset(&b);
	CHECK_STATUS(work_encode(STORE_APPEND, &bad[4], &b), STATUS_OK);
	CHECK_STATUS(work_decode(STORE_APPEND, buf_slice(&b), &back), STATUS_CORRUPT);
	buf_clear(&b);
}

static void
answers_come_back_and_parts_of_them_are_refused(void **state)
{
	struct store_result r = { .change = 1, .mailbox = 2, .uid_validity = 3,
		.source = { ranges, 2, 2 }, .target = { ranges, 1, 2 } }, back;
	struct buf b = buf_init(1000);
	struct problem why = { "full" }, got;
	struct reader in;
	enum status st;
	size_t head;

	(void)state;
	answer_put(STATUS_OK, NULL, &b);
	head = b.len;
	result_put(&r, &b);
	for (size_t cut = 0; cut <= b.len; cut++) {
		in = reader_init(b.ptr, cut);
		if (answer_read(&in, &st, &got) != STATUS_OK) {
			CHECK(cut < head);
			continue;
		}
		CHECK_STATUS(result_read(&in, &back), cut == b.len ? STATUS_OK : STATUS_CORRUPT);
	}
	CHECK(back.change == 1 && back.uid_validity == 3 && uidset_size(&back.source) == 4);
	result_clear(&back);
	buf_reset(&b);
	answer_put(STATUS_BUSY, &why, &b);
	in = reader_of(buf_slice(&b));
	got.text[0] = '\0';
	CHECK_STATUS(answer_read(&in, &st, &got), STATUS_OK);
	CHECK(st == STATUS_BUSY && strcmp(got.text, "full") == 0);
	b.ptr[0] = STATUS_COUNT;
	in = reader_of(buf_slice(&b));
	CHECK_STATUS(answer_read(&in, &st, &got), STATUS_CORRUPT);
	buf_clear(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_comes_back_and_no_part_of_it_is_one),
		cmocka_unit_test(what_is_out_of_bounds_is_refused),
		cmocka_unit_test(answers_come_back_and_parts_of_them_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
