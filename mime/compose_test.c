#include "base/check.h"

#include <string.h>

#include "base/ascii.h"
#include "mime/compose.h"
#include "mime/date.h"
#include "mime/encoding.h"
#include "mime/header.h"
#include "mime/part.h"
#include "mime/word.h"

#define OUT_MAX (1024 * 1024)

/* What every text of ours has to be: 7-bit, lines of at most 998 bytes that end in CRLF. */
static void
check_clean(struct slice s)
{
	size_t line = 0;

	for (size_t i = 0; i < s.len; i++) {
		CHECK(!ascii_is_8bit(s.ptr[i]) && s.ptr[i] != '\0');
		CHECK((s.ptr[i] == '\n') == (i > 0 && s.ptr[i - 1] == '\r'));
		line = s.ptr[i] == '\n' ? 0 : line + 1;
		CHECK(line <= 999);
	}
	CHECK(s.len == 0 || s.ptr[s.len - 1] == '\n');
}

static void
fields_are_folded_and_cannot_be_forged(void **state)
{
	static const struct {
		const char *value, *out;
	} rows[] = {
		{ "", "X: \r\n" },
		{ "one", "X: one\r\n" },
		{ "  one  ", "X: one\r\n" },
		{ "one\r\nBcc: two", "X: one  Bcc: two\r\n" },
		{ "one\ttwo\x7f" "three", "X: one two three\r\n" },
		{ "\xe5\xbc\xa0", "X: ???\r\n" },
		{ "<11111111111111111111111111111111111111@example.com> "
		    "<22222222222222222222222222222222222222@example.com> <3@example.com>",
		    "X: <11111111111111111111111111111111111111@example.com>\r\n"
		    " <22222222222222222222222222222222222222@example.com> <3@example.com>\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = buf_init(OUT_MAX);

		compose_field(&out, SLICE("X"), slice_from_cstr(rows[i].value));
		CHECK_SLICE(buf_slice(&out), rows[i].out);
		check_clean(buf_slice(&out));
		buf_clear(&out);
	}
}

static void
a_value_without_blanks_is_cut_at_the_longest_line(void **state)
{
	static char big[5000];
	struct buf out = buf_init(OUT_MAX);

	(void)state;
	memset(big, 'a', sizeof(big));
	compose_field(&out, SLICE("X"), slice_make(big, sizeof(big)));
	compose_field_text(&out, SLICE("Y"), slice_make(big, sizeof(big)));
	memcpy(big + 2000, " \xe4\xbd\xa0 ", 5);
	compose_field_text(&out, SLICE("Z"), slice_make(big, sizeof(big)));
	compose_field_mailbox(&out, SLICE("To"), slice_make(big, sizeof(big)), SLICE("a@b"));
	check_clean(buf_slice(&out));
	buf_clear(&out);
}

static void
text_in_fields_comes_back(void **state)
{
	static const char *const rows[] = {
		"", "Undelivered", "\xe9\x80\x80\xe4\xbf\xa1",
		("\xe9\x82\xae\xe4\xbb\xb6\xe6\x9c\xaa\xe8\x83\xbd\xe9\x80\x81\xe8\xbe\xbe Undelivered "
		"mail returned to its author because nobody is there to take it in the end "
		"\xe5\xa5\xbd"),
		"=?utf-8?Q?no?= word",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = buf_init(OUT_MAX), back = buf_init(OUT_MAX);
		struct header_field f;

		compose_field_text(&out, SLICE("Subject"), slice_from_cstr(rows[i]));
		compose_field(&out, SLICE("X"), SLICE("y"));
		check_clean(buf_slice(&out));
		CHECK(header_find(buf_slice(&out), SLICE("subject"), &f));
		CHECK_STATUS(word_decode(slice_trim(f.value), SLICE(""), &back), STATUS_OK);
		CHECK_SLICE(buf_slice(&back), rows[i]);
		CHECK(header_find(buf_slice(&out), SLICE("x"), &f));
		buf_clear(&out);
		buf_clear(&back);
	}
}

static void
mailboxes_are_quoted_and_encoded(void **state)
{
	static const struct {
		const char *name, *address, *out;
	} rows[] = {
		{ "", "a@b.test", "To: <a@b.test>\r\n" },
		{ "Zhang San", "a@b.test", "To: Zhang San <a@b.test>\r\n" },
		{ "Zhang, \"San\"", "a@b.test", "To: \"Zhang, \\\"San\\\"\" <a@b.test>\r\n" },
		{ "\xe5\xbc\xa0", "a@b.test", "To: =?utf-8?B?5byg?=\r\n <a@b.test>\r\n" },
		{ "x", "a@b.test>\r\nBcc: <c", "To: x <a@b.test>  Bcc: <c>\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = buf_init(OUT_MAX);

		compose_field_mailbox(&out, SLICE("To"), slice_from_cstr(rows[i].name),
		    slice_from_cstr(rows[i].address));
		CHECK_SLICE(buf_slice(&out), rows[i].out);
		check_clean(buf_slice(&out));
		buf_clear(&out);
	}
}

static void
mailboxes_of_a_list_fit_their_line(void **state)
{
	static const struct { const char *name, *address, *want; } rows[] = {
		{ "", "a@b.test", "a@b.test" },
		{ "Zhang San", "a@b.test", "Zhang San <a@b.test>" },
		{ "Zhang, \"San\"", "a@b.test", "\"Zhang, \\\"San\\\"\" <a@b.test>" },
		{ "\xe4\xbd\xa0", "a@b.test", "=?utf-8?B?5L2g?= <a@b.test>" },
		{ "a\r\nBcc: x", "a@b\r\n.test", "\"a  Bcc: x\" <a@b  .test>" },
		{ "=?utf-8?B?YQ==?=", "\xe4@b", "\"=?utf-8?B?YQ==?=\" <?@b>" },
	};
	char big[2000];
	struct buf out = buf_init(8192);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&out);
		compose_mailbox(&out, slice_from_cstr(rows[i].name),
		    slice_from_cstr(rows[i].address));
		CHECK_SLICE(buf_slice(&out), rows[i].want);
	}
	memset(big, '"', sizeof(big));
	buf_reset(&out);
	compose_mailbox(&out, slice_make(big, sizeof(big)), slice_make(big, sizeof(big)));
	CHECK(out.len <= COMPOSE_MAILBOX_MAX);
	buf_clear(&out);
}

static void
dates_are_those_of_rfc_5322(void **state)
{
	struct buf out = buf_init(OUT_MAX);
	struct date d;

	(void)state;
	compose_field_date(&out, 1795516611);
	CHECK_SLICE(buf_slice(&out), "Date: Tue, 24 Nov 2026 10:36:51 +0000\r\n");
	CHECK_STATUS(date_parse(slice_skip(buf_slice(&out), 6), &d), STATUS_OK);
	CHECK_U64(d.at_s, 1795516611);
	buf_clear(&out);
}

static void
quoted_printable_keeps_every_byte(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "a=b", "a=3Db\r\n" },
		{ "a \r\nb\t\n", "a=20\r\nb=09\r\n" },
		{ "\xe4\xbd\xa0\rx", "=E4=BD=A0\r\nx\r\n" },
		{ "From a\r\n.\r\n", "=46rom a\r\n=2E\r\n" },
	};
	struct buf in = buf_init(OUT_MAX), out = buf_init(OUT_MAX), back = buf_init(OUT_MAX);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&out);
		compose_quoted_printable(&out, slice_from_cstr(rows[i].in));
		CHECK_SLICE(buf_slice(&out), rows[i].out);
	}
	for (unsigned i = 0; i < 3000; i++) {
		char c = (char)(i * 7 % 256);

		if (c != '\r' && c != '\n')
			buf_append_byte(&in, c);
	}
	buf_reset(&out);
	compose_quoted_printable(&out, buf_slice(&in));
	check_clean(buf_slice(&out));
	CHECK_STATUS(encoding_decode(ENCODING_QP, buf_slice(&out), &back), STATUS_OK);
	CHECK(slice_equal(slice_sub(buf_slice(&back), 0, in.len), buf_slice(&in)));
	CHECK(back.len <= in.len + 2);
	buf_clear(&in);
	buf_clear(&out);
	buf_clear(&back);
}

static void
a_message_in_parts_is_read_back(void **state)
{
	char boundary[COMPOSE_BOUNDARY_LEN + 1], other[COMPOSE_BOUNDARY_LEN + 1];
	struct buf out = buf_init(OUT_MAX), type = buf_init(200), back = buf_init(OUT_MAX);
	struct part_tree tree;

	(void)state;
	compose_boundary(boundary);
	compose_boundary(other);
	CHECK(strcmp(boundary, other) != 0 && strlen(boundary) == COMPOSE_BOUNDARY_LEN);
	buf_printf(&type, "multipart/mixed; boundary=\"%s\"", boundary);
	compose_field(&out, SLICE("Content-Type"), buf_slice(&type));
	compose_header_end(&out);
	compose_part_begin(&out, boundary);
	compose_text(&out, SLICE("plain\ntext"));
	compose_part_begin(&out, boundary);
	compose_text(&out, SLICE("\xe4\xbd\xa0\xe5\xa5\xbd\r\n"));
	compose_part_begin(&out, boundary);
	compose_bytes(&out, SLICE("text/rfc822-headers"), SLICE("Subject: \xc4\xe3\xba\xc3\n"));
	compose_part_begin(&out, boundary);
	compose_bytes(&out, SLICE("message/delivery-status"), SLICE("a\rb\n"));
	compose_parts_end(&out, boundary);
	check_clean(buf_slice(&out));
	part_scan(buf_slice(&out), &tree);
	CHECK_U64(tree.count, 5);
	for (uint32_t i = 1; i < tree.count; i++) {
		static const char *const bodies[] = { "", "plain\r\ntext\r\n", "\xe4\xbd\xa0\xe5\xa5\xbd\r\n",
			 "Subject: \xc4\xe3\xba\xc3\r\n", "a\r\nb\r\n" };
		const struct part *p = &tree.parts[i];

		buf_reset(&back);
		CHECK_STATUS(encoding_decode((enum encoding)p->encoding,
		    slice_sub(buf_slice(&out), p->body_at, p->body_len), &back), STATUS_OK);
		/* The line end before a boundary belongs to the boundary. */
		CHECK(slice_equal(slice_trim(buf_slice(&back)),
		    slice_trim(slice_from_cstr(bodies[i]))));
	}
	part_tree_clear(&tree);
	buf_clear(&out);
	buf_clear(&type);
	buf_clear(&back);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_folded_and_cannot_be_forged),
		cmocka_unit_test(a_value_without_blanks_is_cut_at_the_longest_line),
		cmocka_unit_test(text_in_fields_comes_back),
		cmocka_unit_test(mailboxes_are_quoted_and_encoded),
		cmocka_unit_test(mailboxes_of_a_list_fit_their_line),
		cmocka_unit_test(dates_are_those_of_rfc_5322),
		cmocka_unit_test(quoted_printable_keeps_every_byte),
		cmocka_unit_test(a_message_in_parts_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
