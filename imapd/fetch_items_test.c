#include "imapd/fetch_items.h"

#include "base/check.h"

static const struct {
	const char *text;
	enum status status;
	uint32_t count;
	bool sets_seen;
} rows[] = {
	{ "FLAGS", STATUS_OK, 1, false },
	{ "all", STATUS_OK, 4, false },
	{ "FAST", STATUS_OK, 3, false },
	{ "Full", STATUS_OK, 5, false },
	{ "(ALL)", STATUS_SYNTAX, 0, false },
	{ "()", STATUS_SYNTAX, 0, false },
	{ "", STATUS_SYNTAX, 0, false },
	{ "(UID FLAGS", STATUS_SYNTAX, 0, false },
	{ "(UID,FLAGS)", STATUS_SYNTAX, 0, false },
	{ "MODSEQ", STATUS_OK, 1, false },
	{ "(UID RFC822.SIZE RFC822.peek)", STATUS_OK, 3, false },
	{ "RFC822", STATUS_OK, 1, true },
	{ "RFC822.HEADER", STATUS_OK, 1, false },
	{ "RFC822.TEXT", STATUS_OK, 1, true },
	{ "BODY", STATUS_OK, 1, false },
	{ "BODY.PEEK", STATUS_SYNTAX, 0, false },
	{ "(BODY BODY[])", STATUS_OK, 2, true },
	{ "BODY.PEEK[]", STATUS_OK, 1, false },
	{ "BODY.PEEK [HEADER.FIELDS (To)]", STATUS_OK, 1, false },
	{ "BODY[1.2.MIME]<0.1>", STATUS_OK, 1, true },
	{ "BODY[MIME]", STATUS_SYNTAX, 0, false },
	{ "BODY[1.]", STATUS_SYNTAX, 0, false },
	{ "BODY[1.0]", STATUS_SYNTAX, 0, false },
	{ "BODY[4294967296]", STATUS_SYNTAX, 0, false },
	{ "BODY[TEXT", STATUS_SYNTAX, 0, false },
	{ "BODY[HEADER.FIELDS]", STATUS_SYNTAX, 0, false },
	{ "BODY[HEADER.FIELDS ()]", STATUS_SYNTAX, 0, false },
	{ "BODY[HEADER.FIELDS.NOT (\"a b\" {2}\r\nTo)]", STATUS_OK, 1, true },
	{ "BODY[]<0.0>", STATUS_SYNTAX, 0, false },
	{ "BODY[]<0>", STATUS_SYNTAX, 0, false },
	{ "BODY[]<4294967295.4294967295>", STATUS_OK, 1, true },
	{ "BODY[]<4294967296.1>", STATUS_SYNTAX, 0, false },
};

static void
items_are_read_in_their_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf memory = buf_init(256);
		struct imap_reader r = imap_reader_init(slice_from_cstr(rows[i].text), &memory);
		struct fetch_items items;
		enum status st = fetch_items_parse(&r, &items);

		if (st == STATUS_OK && !imap_at_end(&r))
			st = STATUS_SYNTAX;
		if (st != rows[i].status)
			fail_msg("%s: %s", rows[i].text, status_name(st));
		if (st == STATUS_OK) {
			CHECK_U64(items.count, rows[i].count);
			CHECK(items.sets_seen == rows[i].sets_seen);
		}
		fetch_items_clear(&items);
		buf_clear(&memory);
	}
}

static void
sections_keep_their_spelling(void **state)
{
	struct buf memory = buf_init(256);
	struct imap_reader r =
	    imap_reader_init(SLICE("BODY.PEEK [3.Header.Fields (References X-Ref)]<5.10>"),
	    &memory);
	struct fetch_items items;
	const struct section *s;

	(void)state;
	CHECK_STATUS(fetch_items_parse(&r, &items), STATUS_OK);
	s = &items.items[0].section;
	CHECK_SLICE(items.items[0].label, "BODY");
	CHECK_SLICE(items.items[0].spelled, "3.Header.Fields (References X-Ref)");
	CHECK_U64(s->kind, SECTION_FIELDS);
	CHECK_U64(s->depth, 1);
	CHECK_U64(s->path[0], 3);
	CHECK_U64(s->field_count, 2);
	CHECK_SLICE(s->fields[1], "X-Ref");
	CHECK(s->has_partial);
	CHECK_U64(s->from, 5);
	CHECK_U64(s->most, 10);
	fetch_items_clear(&items);
	buf_clear(&memory);
}

static enum status
parse_repeated(const char *head, const char *unit, unsigned count, const char *tail)
{
	struct buf text = buf_init(64 * 1024), memory = buf_init(64 * 1024);
	struct imap_reader r;
	struct fetch_items items;
	enum status st;

	buf_append(&text, slice_from_cstr(head));
	for (unsigned i = 0; i < count; i++)
		buf_append(&text, slice_from_cstr(unit));
	buf_append(&text, slice_from_cstr(tail));
	r = imap_reader_init(buf_slice(&text), &memory);
	st = fetch_items_parse(&r, &items);
	fetch_items_clear(&items);
	buf_clear(&memory);
	buf_clear(&text);
	return st;
}

static void
counts_have_limits(void **state)
{
	(void)state;
	CHECK_STATUS(parse_repeated("(UID", " FLAGS", FETCH_ITEMS_MAX - 1, ")"), STATUS_OK);
	CHECK_STATUS(parse_repeated("(UID", " FLAGS", FETCH_ITEMS_MAX, ")"), STATUS_LIMIT);
	CHECK_STATUS(parse_repeated("BODY[1", ".1", FETCH_PATH_MAX - 1, "]"), STATUS_OK);
	CHECK_STATUS(parse_repeated("BODY[1", ".1", FETCH_PATH_MAX, "]"), STATUS_LIMIT);
	CHECK_STATUS(parse_repeated("BODY[HEADER.FIELDS (a", " b", FETCH_FIELDS_MAX - 1, ")]"),
	    STATUS_OK);
	CHECK_STATUS(parse_repeated("BODY[HEADER.FIELDS (a", " b", FETCH_FIELDS_MAX, ")]"),
	    STATUS_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_are_read_in_their_order),
		cmocka_unit_test(sections_keep_their_spelling),
		cmocka_unit_test(counts_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
