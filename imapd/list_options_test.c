#include "imapd/list_options.h"

#include "base/check.h"

static const struct {
	const char *text;
	enum status status;
	unsigned select, tell, patterns, items;
} rows[] = {
	{ "*", STATUS_OK, 0, 0, 1, 0 },
	{ "() *", STATUS_OK, 0, 0, 1, 0 },
	{ "(subscribed REMOTE) % RETURN ()", STATUS_OK, LIST_SUBSCRIBED | LIST_REMOTE, 0, 1, 0 },
	{ "(RECURSIVEMATCH SPECIAL-USE) (a \"b c\" %) RETURN (CHILDREN SUBSCRIBED)", STATUS_OK,
	    LIST_RECURSIVE_MATCH | LIST_SPECIAL_USE, LIST_CHILDREN | LIST_SUBSCRIBED, 3, 0 },
	{ "* RETURN (STATUS (MESSAGES UNSEEN) SPECIAL-USE)", STATUS_OK, 0,
	    LIST_STATUS | LIST_SPECIAL_USE, 1, 2 },
	{ "(RECURSIVEMATCH) *", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "(RECURSIVEMATCH REMOTE) *", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "(SUBSCRIBED)*", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "(BOGUS) *", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "(STATUS) *", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "(", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "()", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "() ()", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "() (a", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "* RETURN", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "* RETURN (STATUS)", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "* RETURN (STATUS ())", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "* RETURN (CHILDREN", STATUS_SYNTAX, 0, 0, 0, 0 },
	{ "* (CHILDREN)", STATUS_SYNTAX, 0, 0, 0, 0 },
};

static enum status
run(struct slice text, struct list_options *o, unsigned *count)
{
	struct slice patterns[LIST_PATTERNS_MAX];
	struct buf memory = buf_init(64 * 1024);
	struct imap_reader r = imap_reader_init(text, &memory);
	enum status st = list_select_parse(&r, o);

	if (st == STATUS_OK)
		st = list_patterns_parse(&r, patterns, count);
	if (st == STATUS_OK)
		st = list_return_parse(&r, o);
	buf_clear(&memory);
	return st;
}

static void
options_and_patterns_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct list_options o = { 0 };
		unsigned count = 0;

		CHECK_STATUS(run(slice_from_cstr(rows[i].text), &o, &count), rows[i].status);
		if (rows[i].status != STATUS_OK)
			continue;
		CHECK_U64(o.select, rows[i].select);
		CHECK_U64(o.tell, rows[i].tell);
		CHECK_U64(count, rows[i].patterns);
		CHECK_U64(o.status.count, rows[i].items);
	}
}

static void
fifty_patterns_are_taken_and_not_one_more(void **state)
{
	struct buf text = buf_init(1000);
	struct list_options o = { 0 };
	unsigned count;

	(void)state;
	buf_append(&text, SLICE("() (a"));
	for (unsigned i = 1; i < LIST_PATTERNS_MAX; i++)
		buf_append(&text, SLICE(" a"));
	buf_append(&text, SLICE(")"));
	CHECK_STATUS(run(buf_slice(&text), &o, &count), STATUS_OK);
	CHECK_U64(count, LIST_PATTERNS_MAX);
	buf_truncate(&text, text.len - 1);
	buf_append(&text, SLICE(" a)"));
	CHECK_STATUS(run(buf_slice(&text), &o, &count), STATUS_LIMIT);
	buf_clear(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_patterns_are_read),
		cmocka_unit_test(fifty_patterns_are_taken_and_not_one_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
