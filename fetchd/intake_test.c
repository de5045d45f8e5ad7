#include "fetchd/intake.h"

#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/ipc.h"

static const struct intake_origin origin = {
	.host = { "pop.example.com", 15 },
	.user = { "sales@example.com", 17 },
	.hostname = { "mail.acme.test", 14 },
	.mid = { "k3v7q2m9tzae", 12 },
	.received_at = 1795516611,
};

#define RECEIVED "Received: from pop.example.com (sales@example.com at pop.example.com)\r\n" \
	" by mail.acme.test with POP3 id k3v7q2m9tzae;\r\n Tue, 24 Nov 2026 10:36:51 +0000\r\n"

/* Feed text in pieces of step bytes; what came out behind our line goes to out. */
static void
take(struct slice text, size_t step, struct buf *out, bool *was_mended)
{
	struct intake in = intake_init();
	struct slice map;
	int fd = -1;

	CHECK_STATUS(intake_begin(&in, &origin, 1000, NULL), STATUS_OK);
	for (size_t at = 0; at < text.len; at += step)
		CHECK_STATUS(intake_feed(&in, slice_sub(text, at, step), NULL), STATUS_OK);
	CHECK_STATUS(intake_end(&in, &fd, NULL), STATUS_OK);
	CHECK_STATUS(memfd_map(fd, in.size_bytes, &map, NULL), STATUS_OK);
	CHECK_U64(in.prefix_len, sizeof(RECEIVED) - 1);
	CHECK_SLICE(slice_sub(map, 0, in.prefix_len), RECEIVED);
	buf_reset(out);
	buf_append(out, slice_skip(map, in.prefix_len));
	*was_mended = in.was_mended;
	memfd_unmap(&map);
	close(fd);
	intake_clear(&in);
}

static void
line_ends_become_crlf_however_the_text_is_cut(void **state)
{
	static const struct {
		struct slice from, to;
		bool was_mended;
	} rows[] = {
		{ { "", 0 }, { "", 0 }, false },
		{ { "a: b\r\n\r\nc\r\n", 11 }, { "a: b\r\n\r\nc\r\n", 11 }, false },
		{ { "a\nb\n", 4 }, { "a\r\nb\r\n", 6 }, true },
		{ { "a\rb\r", 4 }, { "a\r\nb\r\n", 6 }, true },
		{ { "\r\r\n\n", 4 }, { "\r\n\r\n\r\n", 6 }, true },
		{ { "a\0b\xff\r\n", 6 }, { "a\0b\xff\r\n", 6 }, false },
		{ { "no end", 6 }, { "no end", 6 }, false },
	};
	struct buf out = buf_init(1000);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t step = 1; step <= 12; step++) {
			bool was_mended = false;

			take(rows[i].from, step, &out, &was_mended);
			CHECK(slice_equal(buf_slice(&out), rows[i].to));
			CHECK(was_mended == rows[i].was_mended);
		}
	}
	buf_clear(&out);
}

static void
a_text_is_taken_up_to_its_limit(void **state)
{
	struct intake in = intake_init();
	struct problem why = { 0 };
	char *bytes = mem_array(char, 300000);
	int fd = -1;

	(void)state;
	CHECK_STATUS(intake_begin(&in, &origin, 300000, NULL), STATUS_OK);
	CHECK_STATUS(intake_feed(&in, slice_make(bytes, 300000), &why), STATUS_OK);
	CHECK_STATUS(intake_feed(&in, SLICE("x"), &why), STATUS_LIMIT);
	CHECK(why.text[0] != '\0');
	CHECK_STATUS(intake_begin(&in, &origin, 300000, NULL), STATUS_OK);
	CHECK_STATUS(intake_feed(&in, slice_make(bytes, 300000), &why), STATUS_OK);
	CHECK_STATUS(intake_end(&in, &fd, NULL), STATUS_OK);
	CHECK_STATUS(memfd_sealed_check(fd, 300000 + sizeof(RECEIVED) - 1, NULL), STATUS_OK);
	close(fd);
	mem_free(bytes);
	intake_clear(&in);
	intake_clear(&in);
}

static void
names_cannot_forge_a_header(void **state)
{
	struct intake_origin from = origin;
	struct buf out = buf_init(4096);

	(void)state;
	from.user = SLICE("a\r\nBcc: b) \xe5(");
	from.is_secure = true;
	intake_received(&from, &out);
	CHECK_SLICE(slice_sub(buf_slice(&out), 0, 50), "Received: from pop.example.com (a??Bcc:?b????"
	    " at p");
	CHECK(slice_find(buf_slice(&out), SLICE("with POP3S")) < out.len);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_ends_become_crlf_however_the_text_is_cut),
		cmocka_unit_test(a_text_is_taken_up_to_its_limit),
		cmocka_unit_test(names_cannot_forge_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
