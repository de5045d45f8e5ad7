#include "wire/smtp_reply.h"

#include "base/check.h"

static const struct {
	const char *line;
	enum status st;
	unsigned code;
	enum smtp_reply_place place;
	const char *enhanced;
	const char *text;
} lines[] = {
	{ "", STATUS_SYNTAX, 0, SMTP_REPLY_LAST, "", "" },
	{ "25", STATUS_SYNTAX, 0, SMTP_REPLY_LAST, "", "" },
	{ "250", STATUS_OK, 250, SMTP_REPLY_LAST, "", "" },
	{ "250 ", STATUS_OK, 250, SMTP_REPLY_LAST, "", "" },
	{ "250-", STATUS_OK, 250, SMTP_REPLY_MORE, "", "" },
	{ "250-SIZE 10", STATUS_OK, 250, SMTP_REPLY_MORE, "", "SIZE 10" },
	{ "550 5.1.1 no such user", STATUS_OK, 550, SMTP_REPLY_LAST, "5.1.1", "no such user" },
	{ "550 5.1.1", STATUS_OK, 550, SMTP_REPLY_LAST, "5.1.1", "" },
	{ "550 4.1.1 x", STATUS_OK, 550, SMTP_REPLY_LAST, "", "4.1.1 x" },
	{ "550 5.1.1000 x", STATUS_OK, 550, SMTP_REPLY_LAST, "", "5.1.1000 x" },
	{ "550 5.1.1x", STATUS_OK, 550, SMTP_REPLY_LAST, "", "5.1.1x" },
	{ "250_x", STATUS_SYNTAX, 0, SMTP_REPLY_LAST, "", "" },
	{ "199 x", STATUS_SYNTAX, 0, SMTP_REPLY_LAST, "", "" },
	{ "600 x", STATUS_SYNTAX, 0, SMTP_REPLY_LAST, "", "" },
	{ "2x0 x", STATUS_SYNTAX, 0, SMTP_REPLY_LAST, "", "" },
};

static void
lines_are_read_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct smtp_reply_line r;
		enum status st = smtp_reply_parse(slice_from_cstr(lines[i].line), &r);

		CHECK_STATUS(st, lines[i].st);
		if (st != STATUS_OK)
			continue;
		CHECK_U64(r.code, lines[i].code);
		CHECK_U64(r.place, lines[i].place);
		CHECK_SLICE(r.enhanced, lines[i].enhanced);
		CHECK_SLICE(r.text, lines[i].text);
	}
}

static void
a_line_is_limited(void **state)
{
	static const char zeros[4 * SMTP_REPLY_LINE_MAX + 1] = "250 x";
	struct smtp_reply_line r;

	(void)state;
	CHECK_STATUS(smtp_reply_parse(slice_make(zeros, sizeof(zeros) - 1), &r), STATUS_OK);
	CHECK_STATUS(smtp_reply_parse(slice_make(zeros, sizeof(zeros)), &r), STATUS_LIMIT);
}

static void
what_is_written_is_one_line_of_plain_ascii(void **state)
{
	struct buf out = buf_init(4096);
	char lots[2000];

	(void)state;
	smtp_reply_write(&out, 550, SMTP_REPLY_LAST, SLICE("5.7.1"), SLICE("a\r\n250 \xe5 b"));
	CHECK_SLICE(buf_slice(&out), "550 5.7.1 a??250 ? b\r\n");
	buf_reset(&out);
	smtp_reply_write(&out, 250, SMTP_REPLY_MORE, SLICE(""), SLICE("PIPELINING"));
	CHECK_SLICE(buf_slice(&out), "250-PIPELINING\r\n");
	buf_reset(&out);
	for (size_t i = 0; i < sizeof(lots); i++)
		lots[i] = 'x';
	smtp_reply_write(&out, 250, SMTP_REPLY_LAST, SLICE(""), slice_make(lots, sizeof(lots)));
	CHECK_U64(out.len, SMTP_REPLY_LINE_MAX + 2);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_as_the_table_says),
		cmocka_unit_test(a_line_is_limited),
		cmocka_unit_test(what_is_written_is_one_line_of_plain_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
