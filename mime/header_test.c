#include "mime/header.h"

#include "base/check.h"

/* A literal with its length, NULs inside counted. */
#define TEXT(literal) { "" literal, sizeof(literal) - 1 }

static const struct {
	struct slice in;
	const char *name, *value, *rest;
	bool is_field;
} rows[] = {
	{ TEXT(""), "", "", "", false },
	{ TEXT("\r\nbody"), "", "", "\r\nbody", false },
	{ TEXT("\nbody"), "", "", "\nbody", false },
	{ TEXT("A: b\r\nC: d\r\n"), "A", " b", "C: d\r\n", true },
	{ TEXT("A: b\n\nx"), "A", " b", "\nx", true },
	{ TEXT("A: b\r\n c\r\n\td\r\n\r\n"), "A", " b\r\n c\r\n\td", "\r\n", true },
	{ TEXT("A: b\r\n \r\nC: d"), "A", " b\r\n ", "C: d", true },
	{ TEXT("A \t: b"), "A", " b", "", true },
	{ TEXT("A:"), "A", "", "", true },
	{ TEXT("A:\r\n"), "A", "", "", true },
	{ TEXT("A"), "", "A", "", true },
	{ TEXT("Fr om: x\r\n"), "", "Fr om: x", "", true },
	{ TEXT(": x\r\n"), "", ": x", "", true },
	{ TEXT(" : x\r\nB: y"), "", " : x", "B: y", true },
	{ TEXT("From a@b Tue Nov 24 10:36:51 2026\r\nB: y"), "",
	    "From a@b Tue Nov 24 10:36:51 2026", "B: y", true },
	{ TEXT("no colon\r\nB: y"), "", "no colon", "B: y", true },
	{ TEXT("A\0B: x\r\n"), "", "A", "", true },
	{ TEXT("\303\251: x\r\n"), "", "\303\251: x", "", true },
	{ TEXT("A: x\r"), "A", " x", "", true },
	{ TEXT("A: x\rB: y\r\n"), "A", " x\rB: y", "", true },
};

static void
fields_are_taken_one_by_one(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice rest = rows[i].in;
		struct header_field f = { 0 };

		CHECK(header_next(&rest, &f) == rows[i].is_field);
		CHECK_SLICE(rest, rows[i].rest);
		CHECK_SLICE(f.name, rows[i].name);
		CHECK(slice_starts(f.value, slice_from_cstr(rows[i].value)));
		CHECK_U64(f.raw.len, rows[i].in.len - rest.len);
	}
}

static void
a_message_is_split_at_its_first_empty_line(void **state)
{
	static const struct {
		struct slice in;
		const char *header, *body;
	} splits[] = {
		{ TEXT(""), "", "" },
		{ TEXT("\r\n"), "\r\n", "" },
		{ TEXT("\nx"), "\n", "x" },
		{ TEXT("A: b\r\n\r\nx\r\n\r\ny"), "A: b\r\n\r\n", "x\r\n\r\ny" },
		{ TEXT("A: b\n\nx"), "A: b\n\n", "x" },
		{ TEXT("A: b\r\n"), "A: b\r\n", "" },
		{ TEXT("A: b"), "A: b", "" },
		{ TEXT("A: b\r\n \r\nC: d\r\n\r\n"), "A: b\r\n \r\nC: d\r\n\r\n", "" },
		{ TEXT("A: b\r\n\r"), "A: b\r\n\r", "" },
	};
	struct slice header, body;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(splits); i++) {
		header_split(splits[i].in, &header, &body);
		CHECK_SLICE(header, splits[i].header);
		CHECK_SLICE(body, splits[i].body);
	}
}

static void
fields_are_found_by_name_in_any_case(void **state)
{
	const struct slice header = SLICE("To: a\r\nX: y\r\nTO: b\r\n\r\nTo: body\r\n");
	struct header_field f;

	(void)state;
	CHECK(header_find(header, SLICE("to"), &f));
	CHECK_SLICE(f.value, " a");
	CHECK(!header_find(header, SLICE("T"), &f));
	CHECK(!header_find(header, SLICE("Cc"), &f));
	CHECK_U64(header_count(header, SLICE("tO"), 10), 2);
	CHECK_U64(header_count(header, SLICE("tO"), 1), 1);
	CHECK_U64(header_count(header, SLICE("Cc"), 10), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_taken_one_by_one),
		cmocka_unit_test(a_message_is_split_at_its_first_empty_line),
		cmocka_unit_test(fields_are_found_by_name_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
