#include "imapd/search_match.h"

#include <string.h>

#include "base/check.h"

/* One message whose row and flags are known; no store is needed to look at those. */
struct fixture {
	struct sequence view;
	struct message_view message;
	struct flags_entry entry;
	struct keyword_names keywords;
};

static void
fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	sequence_append(&f->view, 7, 7);
	f->entry = (struct flags_entry){ .uid = 7, .flags = FLAG_SEEN | 1 << FLAG_KEYWORD_SHIFT,
	    .modseq = 900 };
	f->keywords.names[0] = SLICE("$Forwarded");
	message_view_init(&f->message, NULL, NULL, 1, 7);
	f->message.has_row = true;
	f->message.row = (struct message_row){
		.uid = 7,
		.size_bytes = 1000,
		.internal_at = 1795487811,	/* 24-Nov-2026 02:36:51 UTC */
		.internal_zone = 480,
	};
}

static enum status
run(struct fixture *f, struct slice text, bool *fits)
{
	struct buf memory = buf_init(64 * 1024);
	struct imap_reader r = imap_reader_init(text, &memory);
	struct search_program program;
	struct search_subject subject;
	struct problem why = { 0 };
	enum status st = search_program_parse(&r, &f->view, &program);

	if (st == STATUS_OK) {
		search_subject_init(&subject, &program, &f->entry, &f->keywords, true,
		    &f->message);
		st = search_match(&subject, fits, &why);
		search_subject_clear(&subject);
	}
	search_program_clear(&program);
	buf_clear(&memory);
	return st;
}

static const struct {
	const char *keys;
	enum status status;
	bool fits;
} rows[] = {
	{ " ALL", STATUS_OK, true },
	{ " SEEN", STATUS_OK, true },
	{ " UNSEEN", STATUS_OK, false },
	{ " NOT UNSEEN", STATUS_OK, true },
	{ " YOUNGER 1", STATUS_OK, false },
	{ " YOUNGER 4294967295", STATUS_OK, true },
	{ " OLDER 1", STATUS_OK, true },
	{ " OLDER 4294967295", STATUS_OK, false },
	{ " OLDER 0", STATUS_SYNTAX, false },
	{ " OLDER 4294967296", STATUS_SYNTAX, false },
	{ " $", STATUS_OK, false },
	{ " UID $", STATUS_OK, false },
	{ " NOT $", STATUS_OK, true },
	{ " 1,$", STATUS_SYNTAX, false },
	{ " MODSEQ 900", STATUS_OK, true },
	{ " MODSEQ 901", STATUS_OK, false },
	{ " MODSEQ 0", STATUS_OK, true },
	{ " MODSEQ \"/flags/\\\\draft\" all 9223372036854775807", STATUS_OK, false },
	{ " MODSEQ \"/flags/\\\\draft\" some 1", STATUS_SYNTAX, false },
	{ " MODSEQ \"draft\" all 1", STATUS_SYNTAX, false },
	{ " MODSEQ 9223372036854775808", STATUS_SYNTAX, false },
	{ " MODSEQ", STATUS_SYNTAX, false },
	{ " NEW", STATUS_OK, false },
	{ " RECENT", STATUS_OK, true },
	{ " OLD", STATUS_OK, false },
	{ " KEYWORD $forwarded", STATUS_OK, true },
	{ " UNKEYWORD $forwarded", STATUS_OK, false },
	{ " KEYWORD other", STATUS_OK, false },
	{ " LARGER 999 SMALLER 1001", STATUS_OK, true },
	{ " LARGER 1000", STATUS_OK, false },
	{ " ON 24-Nov-2026", STATUS_OK, true },
	{ " ON \"24-Nov-2026\"", STATUS_OK, true },
	{ " BEFORE 24-Nov-2026", STATUS_OK, false },
	{ " SINCE 24-Nov-2026", STATUS_OK, true },
	{ " SINCE 1-Dec-2026", STATUS_OK, false },
	{ " 1", STATUS_OK, true },
	{ " 2", STATUS_OK, false },
	{ " *", STATUS_OK, true },
	{ " UID 7", STATUS_OK, true },
	{ " UID 1:6,8", STATUS_OK, false },
	{ " OR UNSEEN (SEEN 1)", STATUS_OK, true },
	{ " OR (UNSEEN) OR DELETED DRAFT", STATUS_OK, false },
	{ " NOT (OR SEEN DELETED)", STATUS_OK, false },
	{ " ((ALL)) SEEN", STATUS_OK, true },
	{ " CHARSET UTF-8 SEEN", STATUS_OK, true },
	{ " charset gbk SEEN", STATUS_OK, true },
	{ " CHARSET UTF-7 SEEN", STATUS_ABSENT, false },
	{ " CHARSET X-NONE SEEN", STATUS_ABSENT, false },
	{ "", STATUS_SYNTAX, false },
	{ " ", STATUS_SYNTAX, false },
	{ " ()", STATUS_SYNTAX, false },
	{ " (SEEN", STATUS_SYNTAX, false },
	{ " SEEN)", STATUS_SYNTAX, false },
	{ " SEEN UNSEEN(", STATUS_SYNTAX, false },
	{ " OR SEEN", STATUS_SYNTAX, false },
	{ " NOT", STATUS_SYNTAX, false },
	{ " NOT)", STATUS_SYNTAX, false },
	{ " WHATEVER", STATUS_SYNTAX, false },
	{ " SUBJECT", STATUS_SYNTAX, false },
	{ " HEADER To", STATUS_SYNTAX, false },
	{ " ON 31-Foo-2026", STATUS_SYNTAX, false },
	{ " 0", STATUS_SYNTAX, false },
	{ " LARGER 4294967296", STATUS_LIMIT, false },
	{ " CHARSET UTF-8 SUBJECT \"\xff\"", STATUS_SYNTAX, false },
};

static void
keys_decide_about_flags_rows_and_sets(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool fits = false;
		enum status st = run(&f, slice_from_cstr(rows[i].keys), &fits);

		if (st != rows[i].status || fits != rows[i].fits)
			fail_msg("%s: %s %d", rows[i].keys, status_name(st), fits);
	}
	message_view_clear(&f.message);
	sequence_clear(&f.view);
}

static enum status
run_repeated(struct fixture *f, const char *unit, unsigned count, const char *tail)
{
	struct buf text = buf_init(1024 * 1024);
	bool fits;
	enum status st;

	buf_append(&text, SLICE(" "));
	for (unsigned i = 0; i < count; i++)
		buf_append(&text, slice_from_cstr(unit));
	buf_append(&text, slice_from_cstr(tail));
	st = run(f, buf_slice(&text), &fits);
	buf_clear(&text);
	return st;
}

static void
depth_and_count_have_limits(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	/* The root is one level and one key. */
	CHECK_STATUS(run_repeated(&f, "NOT ", SEARCH_DEPTH_MAX - 1, "ALL"), STATUS_OK);
	CHECK_STATUS(run_repeated(&f, "NOT ", SEARCH_DEPTH_MAX, "ALL"), STATUS_LIMIT);
	CHECK_STATUS(run_repeated(&f, "(", 10000, ""), STATUS_LIMIT);
	CHECK_STATUS(run_repeated(&f, "OR ", 10000, ""), STATUS_LIMIT);
	CHECK_STATUS(run_repeated(&f, "ALL ", SEARCH_KEYS_MAX - 2, "ALL"), STATUS_OK);
	CHECK_STATUS(run_repeated(&f, "ALL ", SEARCH_KEYS_MAX - 1, "ALL"), STATUS_LIMIT);
	message_view_clear(&f.message);
	sequence_clear(&f.view);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_decide_about_flags_rows_and_sets),
		cmocka_unit_test(depth_and_count_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
