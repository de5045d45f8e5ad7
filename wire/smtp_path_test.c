#include "wire/smtp_path.h"

#include <string.h>

#include "base/check.h"

static const struct {
	const char *in;
	enum smtp_path_mode mode;
	enum status st;
	const char *text;	/* canonical address */
	const char *rest;
} paths[] = {
	{ "", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "", SMTP_PATH_LIBERAL, STATUS_SYNTAX, "", "" },
	{ "<>", SMTP_PATH_STRICT, STATUS_OK, "", "" },
	{ "<> SIZE=1", SMTP_PATH_STRICT, STATUS_OK, "", " SIZE=1" },
	{ "<zhang@ACME.test>", SMTP_PATH_STRICT, STATUS_OK, "zhang@acme.test", "" },
	{ "<Zhang.San@a> BODY=7bit", SMTP_PATH_STRICT, STATUS_OK, "Zhang.San@a", " BODY=7bit" },
	{ "<Postmaster>", SMTP_PATH_STRICT, STATUS_OK, "Postmaster", "" },
	{ "<@a,@b.c:u@l>", SMTP_PATH_STRICT, STATUS_OK, "u@l", "" },
	{ "<@a,@b.c u@l>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<@a>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<u%x@l>", SMTP_PATH_STRICT, STATUS_OK, "u%x@l", "" },
	{ "<a!b@l>", SMTP_PATH_STRICT, STATUS_OK, "a!b@l", "" },
	{ "<\"u@x\"@l>", SMTP_PATH_STRICT, STATUS_OK, "\"u@x\"@l", "" },
	{ "<\"zhang\"@l>", SMTP_PATH_STRICT, STATUS_OK, "zhang@l", "" },
	{ "<\"z\\h\"@l>", SMTP_PATH_STRICT, STATUS_OK, "zh@l", "" },
	{ "<\"a\\\"b\"@l>", SMTP_PATH_STRICT, STATUS_OK, "\"a\\\"b\"@l", "" },
	{ "<\"\"@d>", SMTP_PATH_STRICT, STATUS_OK, "\"\"@d", "" },
	{ "<\"a\"b@d>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<\"a@d>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<\"a\\", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<a..b.@docomo.test>", SMTP_PATH_STRICT, STATUS_OK, "a..b.@docomo.test", "" },
	{ "<u@[127.0.0.1]>", SMTP_PATH_STRICT, STATUS_OK, "u@[127.0.0.1]", "" },
	{ "<u@[IPv6:::1]>", SMTP_PATH_STRICT, STATUS_OK, "u@[ipv6:::1]", "" },
	{ "<u@[]>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<u@[1>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<u@>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<u@a.>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<u@a..b>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<u@l@ext>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<@>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<;sleep 5;@x>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<|id@l>", SMTP_PATH_STRICT, STATUS_OK, "|id@l", "" },
	{ "<../../etc/passwd@l>", SMTP_PATH_STRICT, STATUS_OK, "../../etc/passwd@l", "" },
	{ "<a@b", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<a@b>x", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<a b@c>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ " <a@b>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "a@b", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ " <a@b>", SMTP_PATH_LIBERAL, STATUS_OK, "a@b", "" },
	{ "< a@b >", SMTP_PATH_LIBERAL, STATUS_OK, "a@b", "" },
	{ "a@b SIZE=3", SMTP_PATH_LIBERAL, STATUS_OK, "a@b", " SIZE=3" },
	{ " a@b", SMTP_PATH_LIBERAL, STATUS_OK, "a@b", "" },
	{ "< >", SMTP_PATH_LIBERAL, STATUS_OK, "", "" },
	{ "<a@b", SMTP_PATH_LIBERAL, STATUS_SYNTAX, "", "" },
	{ "<\xe5\xbc\xa0@\xe5\xbc\xa0.test>", SMTP_PATH_STRICT, STATUS_OK,
	    "\xe5\xbc\xa0@\xe5\xbc\xa0.test", "" },
	{ "<\xd5\xc5@a>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
	{ "<a\xc0\xaf@a>", SMTP_PATH_STRICT, STATUS_SYNTAX, "", "" },
};

static void
paths_are_read_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct slice in = slice_from_cstr(paths[i].in), rest = in;
		struct buf text = buf_init(SMTP_ADDRESS_MAX);
		struct smtp_path p;
		enum status st = smtp_path_take(&rest, paths[i].mode, &p);

		if (st != paths[i].st)
			print_error("%s\n", paths[i].in);
		CHECK_STATUS(st, paths[i].st);
		if (st != STATUS_OK) {
			CHECK(rest.ptr == in.ptr && rest.len == in.len);
			continue;
		}
		smtp_path_text(&p, &text);
		CHECK_SLICE(buf_slice(&text), paths[i].text);
		CHECK_SLICE(rest, paths[i].rest);
		CHECK(p.is_null == (text.len == 0));
		buf_clear(&text);
	}
}

static void
a_path_cut_after_any_byte_is_refused(void **state)
{
	static const char whole[] = "<@a,@b:\"u \\\" x\"@[10.0.0.1]>";

	(void)state;
	for (size_t cut = 0; cut < sizeof(whole) - 1; cut++) {
		struct slice rest = slice_make(whole, cut);
		struct smtp_path p;

		CHECK_STATUS(smtp_path_take(&rest, SMTP_PATH_STRICT, &p), STATUS_SYNTAX);
	}
}

static void
lengths_are_limited(void **state)
{
	static char line[2 * SMTP_PATH_MAX];
	struct smtp_path p;

	(void)state;
	for (size_t local = SMTP_LOCAL_MAX; local <= SMTP_LOCAL_MAX + 1; local++) {
		struct slice rest = slice_make(line, local + 4);

		line[0] = '<';
		memset(line + 1, 'x', local);
		memcpy(line + 1 + local, "@d>", 3);
		CHECK_STATUS(smtp_path_take(&rest, SMTP_PATH_STRICT, &p),
		    local > SMTP_LOCAL_MAX ? STATUS_LIMIT : STATUS_OK);
	}
	for (size_t domain = SMTP_DOMAIN_MAX; domain <= SMTP_DOMAIN_MAX + 1; domain++) {
		struct slice rest = slice_make(line, domain + 4);

		memcpy(line, "<u@", 3);
		memset(line + 3, 'x', domain);
		line[3 + domain] = '>';
		CHECK_STATUS(smtp_path_take(&rest, SMTP_PATH_STRICT, &p),
		    domain > SMTP_DOMAIN_MAX ? STATUS_LIMIT : STATUS_OK);
	}
}

static void
a_full_local_part_of_quotes_fits_its_canonical_form(void **state)
{
	static char line[SMTP_LOCAL_MAX + 8];
	struct slice rest = slice_make(line, SMTP_LOCAL_MAX + 4);
	struct buf text = buf_init(SMTP_ADDRESS_MAX);
	struct smtp_path p;

	(void)state;
	memset(line, '\\', sizeof(line));
	memcpy(line, "<\"", 2);
	memcpy(line + SMTP_LOCAL_MAX, "\"@d>", 4);
	CHECK_STATUS(smtp_path_take(&rest, SMTP_PATH_STRICT, &p), STATUS_OK);
	smtp_path_text(&p, &text);
	CHECK_STATUS(buf_status(&text), STATUS_OK);
	buf_clear(&text);
}

static const struct {
	const char *in;
	enum status st;
	const char *name;
	const char *value;
	bool has_value;
	const char *rest;
} parameters[] = {
	{ "", STATUS_ABSENT, "", "", false, "" },
	{ "   ", STATUS_ABSENT, "", "", false, "" },
	{ " SIZE=12 BODY=7bit", STATUS_OK, "SIZE", "12", true, " BODY=7bit" },
	{ " SMTPUTF8", STATUS_OK, "SMTPUTF8", "", false, "" },
	{ " AUTH=<>", STATUS_OK, "AUTH", "<>", true, "" },
	{ " X=", STATUS_OK, "X", "", true, "" },
	{ " =1", STATUS_SYNTAX, "", "", false, "" },
	{ " -A=1", STATUS_SYNTAX, "", "", false, "" },
	{ " A_B=1", STATUS_SYNTAX, "", "", false, "" },
	{ " A=\x01", STATUS_SYNTAX, "", "", false, "" },
};

static void
parameters_are_read_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parameters); i++) {
		struct slice rest = slice_from_cstr(parameters[i].in);
		struct smtp_parameter p;

		CHECK_STATUS(smtp_parameter_take(&rest, &p), parameters[i].st);
		if (parameters[i].st != STATUS_OK)
			continue;
		CHECK_SLICE(p.name, parameters[i].name);
		CHECK_SLICE(p.value, parameters[i].value);
		CHECK(p.has_value == parameters[i].has_value);
		CHECK_SLICE(rest, parameters[i].rest);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_read_as_the_table_says),
		cmocka_unit_test(a_path_cut_after_any_byte_is_refused),
		cmocka_unit_test(lengths_are_limited),
		cmocka_unit_test(a_full_local_part_of_quotes_fits_its_canonical_form),
		cmocka_unit_test(parameters_are_read_as_the_table_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
