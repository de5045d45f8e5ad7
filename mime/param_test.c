#include "mime/param.h"

#include "base/check.h"

/* type/subtype; name=value; ... */
static void
describe(const struct param_list *p, struct buf *out)
{
	size_t i;

	buf_append(out, p->type);
	buf_append(out, SLICE("/"));
	buf_append(out, p->subtype);
	for (i = 0; i < p->count; i++) {
		buf_append(out, SLICE("; "));
		buf_append(out, p->params[i].name);
		buf_append(out, SLICE("="));
		buf_append(out, p->params[i].value);
	}
}

static const struct {
	const char *in, *want;
} rows[] = {
	{ "", "/" },
	{ ";;", "/" },
	{ "text", "text/" },
	{ " text/plain", "text/plain" },
	{ "text / plain ; charset = utf-8", "text/plain; charset=utf-8" },
	{ "text/plain;\r\n\tcharset=\"utf-8\";\r\n\tformat=flowed",
	    "text/plain; charset=utf-8; format=flowed" },
	{ "(c) text (c)/(c) plain", "text/" },
	{ "text/plain (c); (c) charset=us-ascii (Plain text)", "text/plain; charset=us-ascii" },
	{ "text/plain charset=utf-8", "text/plain; charset=utf-8" },
	{ "a/b; n=my file.pdf; m=2", "a/b; n=my file.pdf; m=2" },
	{ "a/b; n=x y=z", "a/b; n=x; y=z" },
	{ "a/b; n=report(1).pdf", "a/b; n=report(1).pdf" },
	{ "a/b; n=\"a;b\\\"c\\\\d\"", "a/b; n=a;b\"c\\d" },
	{ "a/b; n=\"fold\r\n ed\"", "a/b; n=fold ed" },
	{ "a/b; n=\"never closed; m=2", "a/b; n=never closed; m=2" },
	{ "a/b; n=; m=2", "a/b; n=; m=2" },
	{ "a/b; =x; m=2", "a/b; m=2" },
	{ "a/b; lonely; m=2", "a/b; m=2" },
	{ "a/b; N=1; n=2", "a/b; N=1; n=2" },
	{ "attachment; filename=\"=?gbk?B?1cXI/Q==?=\"",
	    "attachment/; filename==?gbk?B?1cXI/Q==?=" },
	{ "a/b; n*=utf-8'zh'%E5%BC%A0%E4%B8%89.doc", "a/b; n=张三.doc" },
	{ "a/b; n*=gb2312''%D5%C5%C8%FD", "a/b; n=张三" },
	{ "a/b; n*=''%D5%C5%C8%FD", "a/b; n=张三" },
	{ "a/b; n*=utf-8''100%", "a/b; n=100%" },
	{ "a/b; n*0=ab; n*1=cd; m=2", "a/b; n=abcd; m=2" },
	{ "a/b; n*1=cd; m=2; n*0=\"a b\"", "a/b; n=a bcd; m=2" },
	{ "a/b; n*0=ab; n*2=ef", "a/b; n=abef" },
	{ "a/b; n*0*=utf-8''%E5%BC; n*1*=%A0; n*2=.doc", "a/b; n=张.doc" },
	{ "a/b; n=plain; n*=utf-8''ext", "a/b; n=ext" },
	{ "a/b; a*99999999999=x; a*=y", "a/b; a*99999999999=x; a=y" },
	{ "a/b; n=\"\300\356\225\\\"; m=2", "a/b; n=\300\356\225\\; m=2" },
};

static void
each_form_of_a_parameter_is_read(void **state)
{
	size_t i, cut;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice in = slice_from_cstr(rows[i].in);

		for (cut = 0; cut <= in.len; cut++) {
			struct buf copy = buf_init(1000);
			struct buf out = buf_init(1000);
			struct param_list p;

			buf_append(&copy, slice_sub(in, 0, cut));
			param_list_parse(buf_slice(&copy), &p);
			describe(&p, &out);
			if (cut == in.len)
				CHECK_SLICE(buf_slice(&out), rows[i].want);
			param_list_clear(&p);
			buf_clear(&copy);
			buf_clear(&out);
		}
	}
}

static void
values_are_found_by_name_in_any_case(void **state)
{
	struct param_list p;

	(void)state;
	param_list_parse(SLICE("a/b; Charset=x; charset=y"), &p);
	CHECK_SLICE(param_list_get(&p, SLICE("CHARSET")), "x");
	CHECK_U64(param_list_get(&p, SLICE("boundary")).len, 0);
	param_list_clear(&p);
}

static void
parameters_and_values_have_limits(void **state)
{
	struct buf text = buf_init(10000000);
	struct param_list p;
	unsigned i;

	(void)state;
	buf_append(&text, SLICE("a/b"));
	for (i = 0; i < PARAM_MAX + 1; i++)
		buf_printf(&text, "; p%u=%u", i, i);
	param_list_parse(buf_slice(&text), &p);
	CHECK_U64(p.count, PARAM_MAX);
	CHECK_SLICE(p.params[PARAM_MAX - 1].value, "99");
	param_list_clear(&p);

	buf_reset(&text);
	buf_append(&text, SLICE("a/b; n="));
	for (i = 0; i < PARAM_VALUE_MAX + 1; i++)
		buf_append_byte(&text, 'x');
	param_list_parse(buf_slice(&text), &p);
	CHECK_U64(param_list_get(&p, SLICE("n")).len, PARAM_VALUE_MAX);
	param_list_clear(&p);

	buf_reset(&text);
	buf_append(&text, SLICE("a/b"));
	for (i = 0; i < 100000; i++)
		buf_printf(&text, "; a*%u=x", i);
	param_list_parse(buf_slice(&text), &p);
	CHECK_U64(p.count, 1);
	CHECK_U64(p.params[0].value.len, PARAM_MAX);
	param_list_clear(&p);
	buf_clear(&text);
}

static void
rubbish_takes_linear_time(void **state)
{
	static const char *const units[] = { ";(x", ";=x", " =x", "; x", ";x=\"", "(", ";x*0=(" };
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(units); i++) {
		struct buf text = buf_init(10000000);
		struct param_list p;

		buf_append(&text, SLICE("a/b"));
		for (n = 0; n < 200000; n++)
			buf_append(&text, slice_from_cstr(units[i]));
		param_list_parse(buf_slice(&text), &p);
		CHECK(p.count <= PARAM_MAX);
		param_list_clear(&p);
		buf_clear(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_of_a_parameter_is_read),
		cmocka_unit_test(values_are_found_by_name_in_any_case),
		cmocka_unit_test(parameters_and_values_have_limits),
		cmocka_unit_test(rubbish_takes_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
