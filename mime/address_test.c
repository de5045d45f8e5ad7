#include "mime/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "mime/header.h"
#include "mime/part.h"

#define FILE_MAX (1024 * 1024)
#define SHARED SLICE("sales@example.com")

/* Append each element as kind|name|text; and separate them with ' ; '. */
static void
describe(struct slice value, struct slice charset, unsigned max, struct buf *out)
{
	struct address_reader r = address_reader_init(value, max);
	struct address a;

	while (address_next(&r, &a)) {
		if (out->len > 0)
			buf_append(out, SLICE(" ; "));
		if (a.kind == ADDRESS_GROUP_END) {
			buf_append(out, SLICE("end"));
			continue;
		}
		if (a.kind == ADDRESS_GROUP_BEGIN)
			buf_append(out, SLICE("group "));
		address_name(&a, charset, out);
		if (a.kind == ADDRESS_GROUP_BEGIN)
			continue;
		buf_append(out, SLICE("|"));
		address_text(&a, out);
	}
}

static const struct {
	const char *in;
	const char *charset;
	const char *want;
} rows[] = {
	{ "", "", "" },
	{ " \t,, ,", "", "" },
	{ "a@b.c", "", "|a@b.c" },
	{ "Zhang San <Sales@Example.COM>", "", "Zhang San|Sales@example.com" },
	{ "\"Zhang, San\" <a@b>", "", "Zhang, San|a@b" },
	{ "Zhang, San <a@b>", "", "|Zhang ; San|a@b" },
	{ "\"Zhang \\\"San\\\" (Sales\\\\Export)\" <a@b>", "",
	    "Zhang \"San\" (Sales\\Export)|a@b" },
	{ "a@b (Li Si)", "", "Li Si|a@b" },
	{ "Zhang (x (y)) San <a@b>", "", "Zhang San|a@b" },
	{ "Zhang San <a@b> (Sales)", "", "Zhang San|a@b" },
	{ "(c) <a@b>", "", "c|a@b" },
	{ "S. Zhang <a@b>", "", "S. Zhang|a@b" },
	{ "\"\" <a@b>", "", "|a@b" },
	{ "sales@b.c <a@b>", "", "sales@b.c|a@b" },
	{ "a@good <b@evil>", "", "a@good|b@evil" },
	{ "<a@b><c@d>", "", "|a@b ; |c@d" },
	{ "a@b; c@d", "", "|a@b ; |c@d" },
	{ "Zhang San a@b", "", "Zhang San|a@b" },
	{ "a . b @ c . d", "", "|a.b@c.d" },
	{ "a(x)@(y)b(z)", "", "z|a@b" },
	{ "\"a b\"@c", "", "|\"a b\"@c" },
	{ "\"a.b\"@c", "", "|a.b@c" },
	{ "a@b>", "", "|a@b" },
	{ "a@b@c", "", "|\"a@b\"@c" },
	{ "a@[10.0.0.1], x@[IPv6:2001:db8::1]", "", "|a@[10.0.0.1] ; |x@[ipv6:2001:db8::1]" },
	{ "Z <@r.net,@q.net:a@b>", "", "Z|a@b" },
	{ "undisclosed-recipients:;", "", "group undisclosed-recipients ; end" },
	{ "g: a@b, ;c@d", "", "group g ; |a@b ; end ; |c@d" },
	{ "g: a@b", "", "group g ; |a@b ; end" },
	{ "g:", "", "group g ; end" },
	{ "Team: Z <a@b>, \"L\" <c@d>; e@f", "", "group Team ; Z|a@b ; L|c@d ; end ; |e@f" },
	{ "<@", "", "" },
	{ "<", "", "" },
	{ "<>", "", "" },
	{ "x <>", "", "x|" },
	{ "\"unterminated <a@b>", "", "\"unterminated|a@b" },
	{ "a (x\\", "", "|\"a (x\\\\\"" },
	{ "Z <a@b, Y <c@d>", "", "Z|a@b ; Y|c@d" },
	{ "=?utf-8?B?5byg5LiJ?=<a@b>", "", "张三|a@b" },
	{ "=?utf-8?B?5byg5LiJ?= Steven <a@b>", "", "张三 Steven|a@b" },
	{ "\"=?gb18030?B?0KHN9Q==?=\" <a@b>", "", "小王|a@b" },
	{ "=?GB2312?B?1cXI?=\r\n =?GB2312?B?/bfh?= <a@b>", "", "张三丰|a@b" },
	{ "=?gb2312?B?1cU=?==?gb2312?B?yP0=?= <a@b>", "", "张三|a@b" },
	{ "=?utf-8?Q?Zhang_(Sales)?= <a@b>", "", "Zhang (Sales)|a@b" },
	{ "=?utf-8?Q?Zhang,_San?= <a@b>", "", "Zhang, San|a@b" },
	{ "=?utf-8?Q?Li Si?= <a@b>", "", "Li Si|a@b" },
	{ "=?x-cns11643?B?1cXI/Q==?= <a@b>", "", "=?x-cns11643?B?1cXI/Q==?=|a@b" },
	{ "=?HZ-GB-2312?Q?=7E=7BUEH=7D=7E=7D?= <a@b>", "", "张三|a@b" },
	{ "=?utf-8?Q?x=22_<c@d>,?= <a@b>", "", "x\" <c@d>,|a@b" },
	{ "\325\305\310\375 <a@b>", "", "张三|a@b" },
	{ "\"\300\356\225\\\" <a@b>", "gbk", "李昞|a@b" },
	{ "\315\365\240@ <a@b>", "gbk", "王燖|a@b" },
	{ "\"\263\\\245\\\" <a@b>", "Big5", "許功|a@b" },
	{ "\345\274\240\344\270\211 <a@b>", "gbk", "张三|a@b" },
};

static void
each_form_of_an_address_is_read(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = buf_init(1000);

		describe(slice_from_cstr(rows[i].in), slice_from_cstr(rows[i].charset), 100, &out);
		CHECK_SLICE(buf_slice(&out), rows[i].want);
		buf_clear(&out);
	}
}

/* From the heap, so that a read past the end is seen. */
static void
a_value_may_end_after_any_byte(void **state)
{
	size_t i, cut;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice in = slice_from_cstr(rows[i].in);

		for (cut = 0; cut <= in.len; cut++) {
			struct buf out = buf_init(1000);
			struct buf copy = buf_init(1000);

			buf_append(&copy, slice_sub(in, 0, cut));
			describe(buf_slice(&copy), SLICE("gbk"), 100, &out);
			buf_clear(&copy);
			buf_clear(&out);
		}
	}
}

static void
no_more_than_max_are_given(void **state)
{
	struct buf out = buf_init(1000);

	(void)state;
	describe(SLICE("a@b, c@d, e@f"), SLICE(""), 2, &out);
	CHECK_SLICE(buf_slice(&out), "|a@b ; |c@d");
	buf_reset(&out);
	describe(SLICE("g: a@b, c@d, e@f; h@i"), SLICE(""), 3, &out);
	CHECK_SLICE(buf_slice(&out), "group g ; |a@b ; |c@d ; end");
	buf_clear(&out);
}

static void
long_rubbish_takes_linear_time(void **state)
{
	static const char *const units[] = { ",", "(", "\"", "<", "[", "=?", "a@b,", "<@", "g:",
		";", 		"((a)", "\\", "=?a?q?", "\"a\" ", ":", "a@", " .", "x <a@b> (c)," };
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(units); i++) {
		struct buf text = buf_init(FILE_MAX);
		struct address_reader r;
		struct address a;

		for (n = 0; n < 100000; n++)
			buf_append(&text, slice_from_cstr(units[i]));
		r = address_reader_init(buf_slice(&text), 1000000);
		for (n = 0; address_next(&r, &a); n++)
			continue;
		CHECK(n <= 200000);
		buf_clear(&text);
	}
}

/* Append each name beside the shared address, as a JSON array. */
static void
append_names(struct slice text, struct buf *out)
{
	static const char *const fields[] = { "To", "Cc", "Bcc" };
	struct buf charset = buf_init(100);
	struct slice header, body;
	struct part_tree tree;
	size_t i;

	part_scan(text, &tree);
	part_charset(text, &tree, &charset);
	header_split(text, &header, &body);
	for (i = 0; i < ARRAY_LEN(fields); i++) {
		struct slice rest = header;
		struct header_field f;

		while (header_next(&rest, &f)) {
			struct address_reader r = address_reader_init(f.value, 1000);
			struct address a;

			if (!slice_equal_nocase(f.name, slice_from_cstr(fields[i])))
				continue;
			while (address_next(&r, &a)) {
				struct buf address = buf_init(1000);
				struct buf name = buf_init(1000);
				size_t j;

				address_text(&a, &address);
				address_name(&a, buf_slice(&charset), &name);
				if (a.kind == ADDRESS_MAILBOX &&
				    slice_equal_nocase(buf_slice(&address), SHARED)) {
					buf_append(out, out->len > 1 ? SLICE(", \"") : SLICE("\""));
					for (j = 0; j < name.len; j++) {
						if (name.ptr[j] == '"' || name.ptr[j] == '\\')
							buf_append_byte(out, '\\');
						buf_append_byte(out, name.ptr[j]);
					}
					buf_append_byte(out, '"');
				}
				buf_clear(&address);
				buf_clear(&name);
			}
		}
	}
	buf_clear(&charset);
	part_tree_clear(&tree);
}

static bool
load(const char *dir, struct slice name, struct buf *out)
{
	char path[4096];
	FILE *file;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/trade/%.*s", dir, SLICE_ARG(name));
	file = fopen(path, "rb");
	if (file == NULL || buf_reserve(out, FILE_MAX) != STATUS_OK)
		return false;
	n = fread(out->ptr, 1, FILE_MAX, file);
	out->len = n;
	(void)fclose(file);
	return true;
}

static void
the_names_in_trade_mail_are_all_found(void **state)
{
	const char *dir = getenv("TRADEPOST_CORPUS");
	struct buf table = buf_init(FILE_MAX);
	struct slice rest;
	size_t count = 0;

	(void)state;
	if (dir == NULL)
		dir = "../../shared/corpus";
	if (!load(dir, SLICE("EXPECT.tsv"), &table)) {
		print_message("skipped: no corpus\n");
		buf_clear(&table);
		skip();
	}
	rest = buf_slice(&table);
	(void)slice_take_until(&rest, '\n');
	while (rest.len > 0) {
		struct slice line = slice_take_until(&rest, '\n');
		struct slice name = slice_take_until(&line, '\t');
		struct slice want = slice_take_until(&line, '\t');
		struct buf text = buf_init(FILE_MAX);
		struct buf got = buf_init(10000);

		CHECK(load(dir, name, &text));
		buf_append(&got, SLICE("["));
		append_names(buf_slice(&text), &got);
		buf_append(&got, SLICE("]"));
		if (!slice_equal(buf_slice(&got), want))
			print_error("%.*s: got %.*s, want %.*s\n", SLICE_ARG(name), (int)got.len,
			    got.ptr, SLICE_ARG(want));
		CHECK(slice_equal(buf_slice(&got), want));
		buf_clear(&text);
		buf_clear(&got);
		count++;
	}
	CHECK_U64(count, 70);
	buf_clear(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_of_an_address_is_read),
		cmocka_unit_test(a_value_may_end_after_any_byte),
		cmocka_unit_test(no_more_than_max_are_given),
		cmocka_unit_test(long_rubbish_takes_linear_time),
		cmocka_unit_test(the_names_in_trade_mail_are_all_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
