/*
 * trade_test.c -- 70 mails to one shared address find the people that
 * tests/data/trade says: from the bytes of a message to its plan.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "policy/facts.h"
#include "policy/plan.h"
#include "policy/route.h"

#define DATA "../tests/data/trade/"

static const struct audit_note note = { { 0 }, { 0 }, { 0 } };

static struct buf
read_file(const char *name)
{
	struct buf path = buf_init(256), text = buf_init(16 * 1024 * 1024);
	const char *cpath;
	FILE *f;

	buf_printf(&path, DATA "%s", name);
	CHECK_STATUS(buf_cstr(&path, &cpath), STATUS_OK);
	f = fopen(cpath, "rb");
	CHECK(f != NULL);
	while (!feof(f)) {
		CHECK_STATUS(buf_reserve(&text, 65536), STATUS_OK);
		text.len += fread(text.ptr + text.len, 1, 65536, f);
	}
	(void)fclose(f);
	buf_clear(&path);
	return text;
}

static json_t *
json_of(struct slice text)
{
	json_t *list = json_loadb(text.ptr, text.len, 0, NULL);

	CHECK(json_is_array(list));
	return list;
}

static uint16_t
take_names(json_t *list, struct slice names[NAMES_MAX])
{
	uint16_t count = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		names[count++] = slice_from_cstr(json_string_value(json_array_get(list, i)));
	return count;
}

static struct directory *
staff(void)
{
	struct directory *d = directory_new();
	struct domain_record domain = { SLICE("acme.test"), true };
	struct fetch_record sales = {
		.name = SLICE("sales"),
		.shared = SLICE("sales@example.com"),
	};
	struct account_record dispatcher = { .login = SLICE("dispatcher"), .is_enabled = true };
	struct buf file = read_file("directory.tsv");
	struct slice rest = buf_slice(&file);

	CHECK_STATUS(directory_put_domain(d, &domain, &note, NULL), STATUS_OK);
	(void)slice_take_until(&rest, '\n');
	while (rest.len > 0) {
		struct slice line = slice_take_until(&rest, '\n');
		struct account_record r = { .is_enabled = true };
		json_t *names, *nicks;

		r.login = slice_take_until(&line, '\t');
		names = json_of(slice_take_until(&line, '\t'));
		nicks = json_of(line);
		r.name_count = take_names(names, r.names);
		r.nick_count = take_names(nicks, r.nicks);
		CHECK_STATUS(directory_put_account(d, &r, &note, NULL), STATUS_OK);
		json_decref(names);
		json_decref(nicks);
	}
	CHECK_STATUS(directory_put_account(d, &dispatcher, &note, NULL), STATUS_OK);
	sales.dispatcher = dispatcher.id;
	CHECK_STATUS(directory_put_fetch(d, &sales, &note, NULL), STATUS_OK);
	buf_clear(&file);
	return d;
}

static void
check_plan(const struct facts *facts, const struct route_decision *r)
{
	struct plan_source source = { .mid = SLICE("m"), .fetch = 1, .uidl = SLICE("u") };
	struct plan plan;
	struct buf memory;

	(void)facts;
	plan_for_mail(&source, r, &plan, &memory);
	CHECK_U64(plan.action_count, r->account_count + 3);
	CHECK_U64(plan.precondition_count, 1);
	plan_clear(&plan);
	buf_clear(&memory);
}

static bool
check_mail(const struct directory *d, struct slice file, struct slice names, struct slice want)
{
	char *name = mem_dup(file);
	struct buf text = read_file(name), wire = buf_init(FACTS_MAX), got = buf_init(1024);
	struct reader in;
	struct facts facts;
	struct route_question q = { .facts = &facts, .fetch = directory_fetch(d, 1) };
	struct route_decision r;
	bool good;

	facts_put(buf_slice(&text), &wire);
	in = reader_of(buf_slice(&wire));
	CHECK_STATUS(facts_read(&in, &facts), STATUS_OK);
	CHECK_STATUS(route_decide(d, &q, &r), STATUS_OK);
	for (uint32_t i = 0; i < r.account_count; i++)
		buf_printf(&got, "%s%.*s", i > 0 ? "," : "",
		    SLICE_ARG(directory_account(d, r.accounts[i])->login));
	good = slice_equal(buf_slice(&got), want);
	if (!good)
		print_error("%s %.*s: got %.*s, want %.*s\n%.*s", name, SLICE_ARG(names),
		    SLICE_ARG(buf_slice(&got)), SLICE_ARG(want), SLICE_ARG(buf_slice(&r.reasons)));
	check_plan(&facts, &r);
	route_decision_clear(&r);
	facts_clear(&facts);
	buf_clear(&wire);
	buf_clear(&text);
	buf_clear(&got);
	mem_free(name);
	return good;
}

static void
every_mail_finds_its_people(void **state)
{
	struct directory *d = staff();
	struct buf file = read_file("EXPECT_PEOPLE.tsv");
	struct slice rest = buf_slice(&file);
	unsigned good = 0, all = 0;

	(void)state;
	(void)slice_take_until(&rest, '\n');
	while (rest.len > 0) {
		struct slice line = slice_take_until(&rest, '\n');
		struct slice name = slice_take_until(&line, '\t');
		struct slice names = slice_take_until(&line, '\t');

		good += check_mail(d, name, names, line);
		all++;
	}
	CHECK_U64(all, 70);
	CHECK_U64(good, all);
	buf_clear(&file);
	directory_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_mail_finds_its_people) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
