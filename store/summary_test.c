#include "store/summary.h"

#include "base/check.h"
#include "base/mem.h"
#include "store/digest.h"

static const struct {
	const char *header;
	const char *subject, *from, *to, *cc;
} rows[] = {
	{ "", "", "", "", "" },
	{ "Subject: hello\r\nFrom: a@b.test\r\n", "hello", "a@b.test", "", "" },
	{ "Subject: =?utf-8?B?5oql5Lu3?= 7\r\n"
	  "From: =?gbk?B?1cXI/Q==?= <sales@Acme.test>\r\n"
	  "To: \"Li, \\\"Four\\\"\" <li@acme.test>, wang@acme.test\r\nCc: everybody: x@y.test, z@y.test;\r\n",
	  "报价 7", "张三 <sales@Acme.test>", "Li, \"Four\" <li@acme.test>, wang@acme.test",
	  "x@y.test, z@y.test" },
	{ "Subject: a\"b\\c\r\nFrom: undisclosed\r\n", "a\"b\\c", NULL, "", "" },
};

static void
an_envelope_is_told_as_people_write_it(void **state)
{
	struct summary s;

	(void)state;
	summary_init(&s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf record = buf_init(DIGEST_RECORD_MAX), text = buf_init(4096);
		struct digest d;

		buf_printf(&text, "%s\r\nx\r\n", rows[i].header);
		digest_compute(buf_slice(&text), &record);
		CHECK_STATUS(digest_decode(buf_slice(&record), &d), STATUS_OK);
		CHECK_STATUS(summary_read(d.envelope, &s), STATUS_OK);
		CHECK_SLICE(buf_slice(&s.subject), rows[i].subject);
		if (rows[i].from != NULL)
			CHECK_SLICE(buf_slice(&s.from), rows[i].from);
		CHECK_SLICE(buf_slice(&s.to), rows[i].to);
		CHECK_SLICE(buf_slice(&s.cc), rows[i].cc);
		for (size_t cut = 0; cut < d.envelope.len; cut++) {
			char *copy = mem_dup(slice_sub(d.envelope, 0, cut));

			CHECK(summary_read(slice_make(copy, cut), &s) != STATUS_SYNTAX);
			mem_free(copy);
		}
		buf_clear(&record);
		buf_clear(&text);
	}
	CHECK_STATUS(summary_read(SLICE("("), &s), STATUS_CORRUPT);
	CHECK_STATUS(summary_read(SLICE(""), &s), STATUS_CORRUPT);
	summary_clear(&s);
}

static void
words_are_found_in_any_case(void **state)
{
	struct buf field = buf_init(SUMMARY_TEXT_MAX);

	(void)state;
	buf_append(&field, SLICE("Größe 报价 <Sales@Acme.test>"));
	CHECK(summary_holds(&field, SLICE("")));
	CHECK(summary_holds(&field, SLICE("GRÖSSE")) || summary_holds(&field, SLICE("GRÖßE")));
	CHECK(summary_holds(&field, SLICE("报价")));
	CHECK(summary_holds(&field, SLICE("sales@acme")));
	CHECK(!summary_holds(&field, SLICE("sales@other")));
	buf_reset(&field);
	CHECK(summary_holds(&field, SLICE("")));
	CHECK(!summary_holds(&field, SLICE("x")));
	buf_clear(&field);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_envelope_is_told_as_people_write_it),
		cmocka_unit_test(words_are_found_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
