#include "net/handover.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define FIELD_MAX 4096
#define ROOM (1024 * 1024)

static const struct handover sample = {
	.sid = { "k3v7q2m9tzae", 12 },
	.grant = { "g\0r", 3 },
	.login = { "zhang@acme.test", 15 },
	.peer = { "192.0.2.7", 9 },
	.is_secure = true,
	.tag = { "a1", 2 },
	.input = { "a2 SELECT INBOX\r\n", 17 },
};

static void
a_handover_comes_back_as_it_went(void **state)
{
	struct buf b = buf_init(ROOM);
	struct handover h;

	(void)state;
	CHECK_STATUS(handover_encode(&b, &sample), STATUS_OK);
	CHECK_STATUS(handover_decode(buf_slice(&b), &h), STATUS_OK);
	CHECK_SLICE(h.sid, "k3v7q2m9tzae");
	CHECK(slice_equal(h.grant, sample.grant));
	CHECK_SLICE(h.login, "zhang@acme.test");
	CHECK_SLICE(h.peer, "192.0.2.7");
	CHECK(h.is_secure);
	CHECK_SLICE(h.tag, "a1");
	CHECK_SLICE(h.input, "a2 SELECT INBOX\r\n");
	buf_clear(&b);
}

static void
anything_cut_or_added_is_corrupt(void **state)
{
	struct buf b = buf_init(ROOM);
	struct handover h = { 0 };

	(void)state;
	CHECK_STATUS(handover_encode(&b, &sample), STATUS_OK);
	for (size_t cut = 0; cut < b.len; cut++)
		CHECK_STATUS(handover_decode(slice_sub(buf_slice(&b), 0, cut), &h), STATUS_CORRUPT);
	buf_append_byte(&b, 0);
	CHECK_STATUS(handover_decode(buf_slice(&b), &h), STATUS_CORRUPT);
	CHECK(h.sid.ptr == NULL);
	buf_clear(&b);
}

static void
fields_have_limits(void **state)
{
	char *text = mem_zeroed(HANDOVER_INPUT_MAX + 1, 1);
	struct handover h = sample;
	struct buf b = buf_init(ROOM);

	(void)state;
	h.input = slice_make(text, HANDOVER_INPUT_MAX);
	h.grant = slice_make(text, FIELD_MAX);
	CHECK_STATUS(handover_encode(&b, &h), STATUS_OK);
	CHECK_STATUS(handover_decode(buf_slice(&b), &h), STATUS_OK);
	h.input.len++;
	CHECK_STATUS(handover_encode(&b, &h), STATUS_LIMIT);
	h.input = SLICE("");
	h.grant = slice_make(text, FIELD_MAX + 1);
	CHECK_STATUS(handover_encode(&b, &h), STATUS_LIMIT);
	buf_clear(&b);
	mem_free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handover_comes_back_as_it_went),
		cmocka_unit_test(anything_cut_or_added_is_corrupt),
		cmocka_unit_test(fields_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
