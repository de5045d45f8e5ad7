#include "imapd/names.h"

#include "base/check.h"

static const struct {
	const char *wire;
	enum status status;
	const char *utf8;
} rows[] = {
	{ "inbox", STATUS_OK, "INBOX" },
	{ "InBoX/x", STATUS_OK, "INBOX/x" },
	{ "inboxes", STATUS_OK, "inboxes" },
	{ "Work/", STATUS_OK, "Work" },
	{ "/", STATUS_OK, "/" },
	{ "&XfJT0ZAB-", STATUS_OK, "\xe5\xb7\xb2\xe5\x8f\x91\xe9\x80\x81" },
	{ "\xe5\xb7\xb2\xe5\x8f\x91", STATUS_OK, "\xe5\xb7\xb2\xe5\x8f\x91" },
	/* GB18030, from old Chinese programs */
	{ "\xd2\xd1\xb7\xa2\xcb\xcd", STATUS_OK, "\xe5\xb7\xb2\xe5\x8f\x91\xe9\x80\x81" },
	/* a and combining diaeresis become one */
	{ "a\xcc\x88", STATUS_OK, "\xc3\xa4" },
	{ "&AGEDCA-", STATUS_SYNTAX, "" },
	{ "R&D", STATUS_OK, "R&D" },
	{ "&AA0ACg-", STATUS_SYNTAX, "" },
	{ "\xff\xff\xff", STATUS_SYNTAX, "" },
};

static void
names_are_read_in_three_charsets(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = buf_init(NAME_WIRE_MAX);

		CHECK_STATUS(name_decode(slice_from_cstr(rows[i].wire), &out), rows[i].status);
		if (rows[i].status == STATUS_OK)
			CHECK_SLICE(buf_slice(&out), rows[i].utf8);
		buf_clear(&out);
	}
}

static const struct {
	const char *name;
	enum mailbox_role role;
} roles[] = {
	{ "Sent", MAILBOX_SENT },
	{ "sent messages", MAILBOX_SENT },
	{ "INBOX.Sent", MAILBOX_SENT },
	{ "INBOX/Trash", MAILBOX_TRASH },
	{ "\xe5\xb7\xb2\xe5\x8f\x91\xe9\x80\x81\xe9\x82\xae\xe4\xbb\xb6", MAILBOX_SENT },
	{ "\xe8\x8d\x89\xe7\xa8\xbf", MAILBOX_DRAFTS },
	{ "Spam", MAILBOX_JUNK },
	{ "Sent/2026", MAILBOX_PLAIN },
	{ "", MAILBOX_PLAIN },
};

static void
special_folders_have_many_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		CHECK_U64(name_role(slice_from_cstr(roles[i].name)), roles[i].role);
}

static void
written_names_are_quoted(void **state)
{
	struct buf out = buf_init(256);

	(void)state;
	name_write(&out, SLICE("a \"b\" \\ R&D \xc3\xa4"));
	CHECK_SLICE(buf_slice(&out), "\"a \\\"b\\\" \\\\ R&-D &AOQ-\"");
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read_in_three_charsets),
		cmocka_unit_test(special_folders_have_many_names),
		cmocka_unit_test(written_names_are_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
