#include "mime/part.h"

#include "base/check.h"

#define MULTI(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\r\n\r\n"
#define NESTED "Content-Type: message/rfc822\r\n\r\n"

/* Each part as kind, depth.number and, for leaves, its body and its lines. */
static void
describe(struct slice text, const struct part_tree *t, struct buf *out)
{
	static const char kinds[] = { [PART_LEAF] = 'L', [PART_MULTIPART] = 'M',
		[PART_MESSAGE] = 'R' };
	uint32_t i;

	for (i = 0; i < t->count; i++) {
		const struct part *p = &t->parts[i];

		buf_printf(out, "%s%c%u.%u", i > 0 ? " " : "", kinds[p->kind], p->depth, p->number);
		if (p->kind == PART_LEAF)
			buf_printf(out, "<%.*s>%u", (int)p->body_len, text.ptr + p->body_at,
			    p->body_lines);
	}
}

static const struct {
	const char *in, *want;
} rows[] = {
	{ "", "L0.0<>0" },
	{ "A: b", "L0.0<>0" },
	{ "A: b\r\n\r\nx\r\ny", "L0.0<x\r\ny>1" },
	{ "A: b\n\nx\ny\n", "L0.0<x\ny\n>2" },
	{ "\r\nx", "L0.0<x>0" },
	{ MULTI("b") "pre\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n\r\n--b--\r\nepi",
	    "M0.0 L1.1<one>0 L1.2<two\r\n>1" },
	{ MULTI("\"b\"") "--b\r\n\r\none\r\n--b--", "M0.0 L1.1<one>0" },
	{ MULTI("b") "--b  \t\r\n\r\none\r\n--b-- \r\n", "M0.0 L1.1<one>0" },
	{ MULTI("\"b  \"") "--b\r\n\r\none", "M0.0 L1.1<one>0" },
	{ MULTI("b") "--b\n\none\n--b--\n", "M0.0 L1.1<one>0" },
	{ MULTI("b") "--b\r\n\r\nno end\r\n", "M0.0 L1.1<no end\r\n>1" },
	{ MULTI("b") "--b\r\n--b\r\nA: b\r\n--b\r\nA: b\r\n\r\n--b--",
	    "M0.0 L1.1<>0 L1.2<>0" },
	{ MULTI("b") "--b", "L0.0<--b>0" },
	{ MULTI("b") "--b\r\n\r\nx\r\n--b\r\n", "M0.0 L1.1<x>0" },
	{ MULTI("b") "never", "L0.0<never>0" },
	{ MULTI("b") "--b--\r\nx", "L0.0<--b--\r\nx>1" },
	{ MULTI("\"\"") "--\r\n\r\nx", "L0.0<--\r\n\r\nx>2" },
	{ "Content-Type: multipart/mixed\r\n\r\n--\r\nx", "L0.0<--\r\nx>1" },
	{ MULTI("b") "--bx\r\n\r\nx\r\n--b\r\n\r\n x--b\r\n--bb--\r\n",
	    "M0.0 L1.1< x--b\r\n--bb--\r\n>2" },
	{ MULTI("b") "--b\r\n" MULTI("bb") "--bb\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--bb\r\n\r\n",
	    "M0.0 M1.1 L2.1<one>0 L1.2<two\r\n--bb\r\n\r\n>3" },
	{ MULTI("bb") "--bb\r\n" MULTI("b") "--b\r\n\r\none\r\n--b--\r\n--bb\r\n\r\ntwo\r\n--bb--",
	    "M0.0 M1.1 L2.1<one>0 L1.2<two>0" },
	{ MULTI("b") "--b\r\n" MULTI("b") "--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\ntwo\r\n--b--",
	    "M0.0 M1.1 L2.1<one>0 L1.2<two>0" },
	{ MULTI("b--") "--b--\r\n\r\none\r\n--b----\r\n", "M0.0 L1.1<one>0" },
	{ NESTED "A: b\r\n\r\nx", "R0.0 L1.0<x>0" },
	{ NESTED, "R0.0 L1.0<>0" },
	{ NESTED NESTED "\r\nx", "R0.0 R1.0 L2.0<x>0" },
	{ NESTED MULTI("b") "--b\r\n\r\nx\r\n--b--", "R0.0 M1.0 L2.1<x>0" },
	{ "Content-Type: message/global\r\n\r\n\r\nx", "R0.0 L1.0<x>0" },
	{ "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTo=",
	    "L0.0<QTo=>0" },
	{ "Content-Type: message/partial\r\n\r\nx", "L0.0<x>0" },
	{ "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nA: b\r\n\r\nx\r\n--b\r\n"
	    "Content-Type: text/plain\r\n\r\ny\r\n--b--",
	    "M0.0 R1.1 L2.0<x>0 L1.2<y>0" },
	{ MULTI("b") "--b\r\n" NESTED "A: b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--",
	    "M0.0 R1.1 L2.0<x>0 L1.2<y>0" },
	{ MULTI("b") "--b\r\n" NESTED "A: b\r\n--b\r\n\r\ny\r\n--b--",
	    "M0.0 R1.1 L2.0<>0 L1.2<y>0" },
	{ "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	    "--b\r\n\r\nx",
	    "L0.0<--b\r\n\r\nx>2" },
};

static void
the_tree_of_parts_is_found(void **state)
{
	size_t i, cut;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice in = slice_from_cstr(rows[i].in);

		for (cut = 0; cut <= in.len; cut++) {
			struct buf copy = buf_init(10000);
			struct buf out = buf_init(10000);
			struct part_tree t;

			buf_append(&copy, slice_sub(in, 0, cut));
			part_scan(buf_slice(&copy), &t);
			describe(buf_slice(&copy), &t, &out);
			if (cut == in.len)
				CHECK_SLICE(buf_slice(&out), rows[i].want);
			part_tree_clear(&t);
			buf_clear(&copy);
			buf_clear(&out);
		}
	}
}

static void
parts_are_found_by_their_section_numbers(void **state)
{
	const struct slice text = SLICE(MULTI("b") "--b\r\n\r\none\r\n--b\r\n" NESTED MULTI("c")
	    "--c\r\n\r\ntwo\r\n--c\r\n" NESTED "A: b\r\n\r\nthree\r\n--c--\r\n--b--");
	static const struct {
		uint32_t path[4];
		size_t depth;
		int want;	/* index, or -1 */
	} paths[] = {
		{ { 0 }, 0, 0 }, { { 1 }, 1, 1 }, { { 2 }, 1, 2 }, { { 3 }, 1, -1 },
		{ { 0 }, 1, -1 }, { { 1, 1 }, 2, -1 }, { { 2, 1 }, 2, 4 }, { { 2, 2 }, 2, 5 },
		{ { 2, 3 }, 2, -1 }, { { 2, 2, 1 }, 3, 6 }, { { 2, 2, 2 }, 3, -1 },
		{ { 2, 2, 1, 1 }, 4, -1 },
	};
	struct part_tree t;
	uint32_t at;
	size_t i;

	(void)state;
	part_scan(text, &t);
	CHECK_U64(t.count, 7);
	for (i = 0; i < ARRAY_LEN(paths); i++) {
		enum status st = part_by_path(&t, paths[i].path, paths[i].depth, &at);

		CHECK_STATUS(st, paths[i].want < 0 ? STATUS_ABSENT : STATUS_OK);
		if (st == STATUS_OK)
			CHECK_U64(at, (unsigned)paths[i].want);
	}
	part_tree_clear(&t);
}

static void
a_message_of_one_part_has_part_1(void **state)
{
	static const uint32_t ones[] = { 1, 1, 1 };
	struct part_tree t;
	uint32_t at;

	(void)state;
	part_scan(SLICE("A: b\r\n\r\nx"), &t);
	CHECK_STATUS(part_by_path(&t, ones, 1, &at), STATUS_OK);
	CHECK_U64(at, 0);
	CHECK_STATUS(part_by_path(&t, ones, 2, &at), STATUS_ABSENT);
	part_tree_clear(&t);
	part_scan(SLICE(NESTED "A: b\r\n\r\nx"), &t);
	CHECK_STATUS(part_by_path(&t, ones, 1, &at), STATUS_OK);
	CHECK_U64(at, 0);
	CHECK_STATUS(part_by_path(&t, ones, 2, &at), STATUS_OK);
	CHECK_U64(at, 1);
	CHECK_STATUS(part_by_path(&t, ones, 3, &at), STATUS_ABSENT);
	part_tree_clear(&t);
}

static void
what_is_too_deep_or_too_many_is_text(void **state)
{
	struct buf text = buf_init(10000000);
	struct part_tree t;
	unsigned i, depth = 0;

	(void)state;
	for (i = 0; i < 100000; i++)
		buf_printf(&text, MULTI("b%u") "--b%u\r\n", i, i);
	part_scan(buf_slice(&text), &t);
	for (i = 0; i < t.count; i++)
		if (t.parts[i].depth > depth)
			depth = t.parts[i].depth;
	CHECK_U64(depth, PART_DEPTH_MAX);
	CHECK_U64(t.count, PART_DEPTH_MAX + 1);
	part_tree_clear(&t);

	buf_reset(&text);
	for (i = 0; i < 100000; i++)
		buf_append(&text, SLICE(NESTED));
	part_scan(buf_slice(&text), &t);
	CHECK_U64(t.count, PART_DEPTH_MAX + 1);
	part_tree_clear(&t);

	buf_reset(&text);
	buf_append(&text, SLICE(MULTI("b")));
	for (i = 0; i < PART_COUNT_MAX + 10; i++)
		buf_append(&text, SLICE("--b\r\n" NESTED "A: b\r\n\r\nx\r\n"));
	part_scan(buf_slice(&text), &t);
	CHECK_U64(t.count, PART_COUNT_MAX);
	CHECK_U64(t.parts[t.count - 1].kind, PART_LEAF);
	CHECK_U64(t.parts[t.count - 1].body_at + t.parts[t.count - 1].body_len, text.len);
	part_tree_clear(&t);
	buf_clear(&text);
}

static void
the_charset_of_the_text_is_told(void **state)
{
	const struct slice text = SLICE(MULTI("b") "--b\r\n"
	    "Content-Type: application/x; charset=q\r\n\r\n"
	    "--b\r\nContent-Type: text/html; charset=\"GBK\"\r\n\r\n--b--");
	struct buf out = buf_init(100);
	struct part_tree t;

	(void)state;
	part_scan(text, &t);
	part_charset(text, &t, &out);
	CHECK_SLICE(buf_slice(&out), "GBK");
	part_tree_clear(&t);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_of_parts_is_found),
		cmocka_unit_test(parts_are_found_by_their_section_numbers),
		cmocka_unit_test(a_message_of_one_part_has_part_1),
		cmocka_unit_test(what_is_too_deep_or_too_many_is_text),
		cmocka_unit_test(the_charset_of_the_text_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
