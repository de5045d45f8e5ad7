#include "imapd/append_filed.h"

#include "base/check.h"

#define TEXT_OF_MAIL "Received: earlier\r\nMessage-ID: <a@b>\r\n\r\ntext\r\n"

static const struct {
	const char *stored, *text;
	bool is_filed;
} rows[] = {
	{ "Received: x\r\n" TEXT_OF_MAIL, TEXT_OF_MAIL, true },
	{ "Return-Path: <a@b>\r\nreceived: from x\r\n\tby y\r\n" TEXT_OF_MAIL, TEXT_OF_MAIL, true },
	{ TEXT_OF_MAIL, TEXT_OF_MAIL, false },
	{ "Subject: x\r\n" TEXT_OF_MAIL, TEXT_OF_MAIL, false },
	{ "Received: x\r\nSubject: x\r\n" TEXT_OF_MAIL, TEXT_OF_MAIL, false },
	{ " Received: x\r\n" TEXT_OF_MAIL, TEXT_OF_MAIL, false },
	{ "Received: x" TEXT_OF_MAIL, TEXT_OF_MAIL, false },
	{ "Received: x\r\n\r\n" TEXT_OF_MAIL, TEXT_OF_MAIL, false },
	{ "Received: x\r\n" TEXT_OF_MAIL " ", TEXT_OF_MAIL, false },
	{ "Received: x\r\n", "", false },
	{ "", TEXT_OF_MAIL, false },
	{ "", "", false },
};

static void
only_our_lines_may_stand_in_front(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK(append_is_filed_form(slice_from_cstr(rows[i].stored),
		    slice_from_cstr(rows[i].text)) == rows[i].is_filed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_our_lines_may_stand_in_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
