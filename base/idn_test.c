#include "base/idn.h"

#include "base/check.h"

#define OUT_MAX 300

static const struct {
	struct slice given, wanted;	/* wanted empty: SYNTAX */
} domains[] = {
	{ SLICE("far.test"), SLICE("far.test") },
	{ SLICE("Under_Score.TEST"), SLICE("Under_Score.TEST") },
	{ SLICE("[192.0.2.1]"), SLICE("[192.0.2.1]") },
	{ SLICE("例子.test"), SLICE("xn--fsqu00a.test") },
	{ SLICE("例子。测试"), SLICE("xn--fsqu00a.xn--0zwm56d") },
	{ SLICE("BÜCHER.test"), SLICE("xn--bcher-kva.test") },
	{ SLICE("bu\xcc\x88" "cher.test"), SLICE("xn--bcher-kva.test") },
	{ SLICE("straße.test"), SLICE("xn--strae-oqa.test") },
	{ SLICE("例..test"), SLICE("") },
	{ SLICE("例\0.test"), SLICE("") },
	{ SLICE("\xff\xfe.test"), SLICE("") },
	{ SLICE("例 子.test"), SLICE("") },
	{ SLICE("例子例子例子例子例子例子例子例子例子例子例子例子例子例子例子例子例子例子例子例子"
	    "例子例子例子例子例子例子例子例子例子例子例子例子例子例子例子例子例子例子例子例子.test"),
	    SLICE("") },
};

static void
domains_become_a_labels_or_are_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
		struct buf out = buf_init(OUT_MAX);
		enum status st = idn_domain(domains[i].given, &out);

		CHECK(st == (domains[i].wanted.len > 0 ? STATUS_OK : STATUS_SYNTAX));
		CHECK(slice_equal(buf_slice(&out), domains[i].wanted));
		buf_clear(&out);
	}
}

static void
a_domain_cut_anywhere_is_a_form_or_none(void **state)
{
	struct slice whole = SLICE("ann@例子.测试");

	(void)state;
	for (size_t cut = 0; cut <= whole.len; cut++) {
		struct buf out = buf_init(OUT_MAX);

		idn_address(slice_sub(whole, 0, cut), &out);
		CHECK((out.len > 0) == (cut > 0));
		buf_clear(&out);
	}
}

static void
what_has_no_room_is_said(void **state)
{
	struct buf out = buf_init(5);

	(void)state;
	CHECK(idn_domain(SLICE("例子.test"), &out) == STATUS_LIMIT);
	buf_clear(&out);
}

static void
only_the_domain_of_an_address_is_changed(void **state)
{
	static const struct {
		struct slice given, wanted;
	} rows[] = {
		{ SLICE(""), SLICE("") },
		{ SLICE("ann@far.test"), SLICE("ann@far.test") },
		{ SLICE("ann@例子.test"), SLICE("ann@xn--fsqu00a.test") },
		{ SLICE("\"a@b\"@例子.test"), SLICE("\"a@b\"@xn--fsqu00a.test") },
		{ SLICE("安@例子.test"), SLICE("安@例子.test") },
		{ SLICE("ann@例..test"), SLICE("ann@例..test") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = buf_init(OUT_MAX);

		idn_address(rows[i].given, &out);
		CHECK(slice_equal(buf_slice(&out), rows[i].wanted));
		buf_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains_become_a_labels_or_are_none),
		cmocka_unit_test(a_domain_cut_anywhere_is_a_form_or_none),
		cmocka_unit_test(what_has_no_room_is_said),
		cmocka_unit_test(only_the_domain_of_an_address_is_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
