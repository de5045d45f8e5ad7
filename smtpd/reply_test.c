#include "smtpd/reply.h"

#include <string.h>

#include "base/check.h"
#include "wire/smtp_reply.h"

/* RFC 2034 s.4: classes agree; shown to people as it is: ASCII, one line, at most 120 characters. */
static void
every_reply_can_be_said_to_anybody(void **state)
{
	(void)state;
	for (enum smtp_answer a = ANSWER_OK; a < ANSWER_COUNT; a++) {
		const struct reply_row *row = reply_row(a);
		struct buf line = buf_init(1000);
		struct smtp_reply_line parsed;

		CHECK(strlen(row->text) > 0 && strlen(row->text) <= 120);
		for (const char *c = row->text; *c != '\0'; c++)
			CHECK(*c >= ' ' && *c < 127);
		smtp_reply_write(&line, row->code, SMTP_REPLY_LAST, slice_from_cstr(row->enhanced),
		    slice_from_cstr(row->text));
		line.len -= 2;
		CHECK_STATUS(smtp_reply_parse(buf_slice(&line), &parsed), STATUS_OK);
		CHECK_U64(parsed.code, row->code);
		CHECK_SLICE(parsed.enhanced, row->enhanced);
		CHECK_SLICE(parsed.text, row->text);
		CHECK(row->code / 100 == 3 || row->enhanced[0] != '\0');
		CHECK(row->code != 421 || (row->flags & REPLY_CLOSES));
		buf_clear(&line);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reply_can_be_said_to_anybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
