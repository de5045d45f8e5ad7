#include "policy/route.h"

#include "base/check.h"
#include "base/mem.h"
#include "policy/client.h"

enum { ZHANG = 1, LI, WANG, WANG_TOO, GONE, ADMIN };

static const struct audit_note note = { { 0 }, { 0 }, { 0 } };

static void
add_person(struct directory *d, const char *login, const char *name, const char *nick)
{
	struct account_record r = {
		.login = slice_from_cstr(login),
		.is_enabled = true,
		.name_count = 1,
		.names = { slice_from_cstr(name) },
		.nick_count = 1,
		.nicks = { slice_from_cstr(nick) },
	};

	r.is_admin = slice_starts(r.login, SLICE("admin@"));
	r.is_enabled = !slice_starts(r.login, SLICE("gone@"));
	CHECK_STATUS(directory_put_account(d, &r, &note, NULL), STATUS_OK);
}

static struct directory *
company(void)
{
	struct directory *d = directory_new();
	struct domain_record domain = { SLICE("acme.test"), true };
	struct alias_record alias = { SLICE("export@acme.test"), 2, { ZHANG, LI } };
	struct fetch_record sales = {
		.name = SLICE("sales"),
		.shared = SLICE("sales@example.com"),
		.dispatcher = LI,
	};
	struct fetch_record own = {
		.name = SLICE("own"),
		.shared = SLICE("sales@acme.test"),
		.dispatcher = LI,
	};
	struct fetch_record personal = { .name = SLICE("personal"), .for_account = WANG };

	CHECK_STATUS(directory_put_domain(d, &domain, &note, NULL), STATUS_OK);
	add_person(d, "zhang@acme.test", "Zhang San", "张三");
	add_person(d, "li@acme.test", "Li Si", "李四");
	add_person(d, "wang@acme.test", "Wang Wu", "小王");
	add_person(d, "wang2@acme.test", "Wang Liu", "小王");
	add_person(d, "gone@acme.test", "Zhao Qi", "赵七");
	add_person(d, "admin@acme.test", "Admin", "");
	CHECK_STATUS(directory_put_alias(d, &alias, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_fetch(d, &sales, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_fetch(d, &own, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_fetch(d, &personal, &note, NULL), STATUS_OK);
	return d;
}

struct row {
	const char *title;
	const char *recipient;	/* NULL: fetched */
	uint32_t fetch;
	struct facts_address to[3];
	uint32_t author;	/* of the message answered */
	const char *want;	/* account ids, or "absent" */
	const char *reason;	/* stands in the reasons */
};

#define TO(n, a) { FACTS_TO, SLICE(n), SLICE(a) }
#define CC(n, a) { FACTS_CC, SLICE(n), SLICE(a) }
#define S "sales@example.com"

static const struct row rows[] = {
	{ "a login names its person", "Zhang@Acme.Test", 0, { { 0 } }, 0, "1 ",
	    "step=recipient by=login address=\"Zhang@Acme.Test\" -> zhang@acme.test\n" },
	{ "an alias names its people", "export@acme.test", 0, { { 0 } }, 0, "1 2 ", "by=alias" },
	{ "postmaster is the administrator", "postmaster@acme.test", 0, { { 0 } }, 0, "6 ",
	    "by=postmaster" },
	{ "nobody", "nobody@acme.test", 0, { { 0 } }, 0, "absent", "" },
	{ "foreign", "zhang@other.test", 0, { { 0 } }, 0, "absent", "" },
	{ "switched off", "gone@acme.test", 0, { { 0 } }, 0, "absent", "" },
	{ "empty", "", 0, { { 0 } }, 0, "absent", "" },
	{ "a mailbox fetched for one person", NULL, 3, { TO("Zhang San", S) }, 1, "3 ", "by=fetch" },
	{ "the thread comes before the name", NULL, 1, { TO("Li Si", S) }, ZHANG, "1 ",
	    "step=thread key=00000000000000aa -> zhang@acme.test\n" },
	{ "a thread of somebody who is gone does not count", NULL, 1, { TO("Li Si", S) }, GONE,
	    "2 ", "step=display-name" },
	{ "a name", NULL, 1, { TO("张　三", S) }, 0, "1 ",
	    "step=display-name header=To name=\"张　三\" -> zhang@acme.test\n" },
	{ "two names", NULL, 1, { TO("张三", S), CC("Li Si", S) }, 0, "1 2 ", "header=Cc" },
	{ "one name twice", NULL, 1, { TO("张三", S), CC("zhang san", S) }, 0, "1 ", "" },
	{ "no name", NULL, 1, { TO("", S) }, 0, "2 ", "step=dispatcher why=no-name -> li@acme.test" },
	{ "no address", NULL, 1, { { 0 } }, 0, "2 ", "why=no-name" },
	{ "the address for a name", NULL, 1, { TO("'" S "'", S) }, 0, "2 ", "why=no-name" },
	{ "the local part for a name", NULL, 1, { TO("Sales", S) }, 0, "2 ", "why=no-name" },
	{ "a name without letters", NULL, 1, { TO("...", S) }, 0, "2 ", "why=no-name" },
	{ "an unknown name", NULL, 1, { TO("Sun Ba", S) }, 0, "2 ", "why=unknown-name" },
	{ "an unknown name beside a known one", NULL, 1, { TO("张三", S), CC("Sun Ba", S) }, 0,
	    "1 2 ", "why=unknown-name" },
	{ "a name of two people", NULL, 1, { TO("小王", S) }, 0, "2 ",
	    "name=\"小王\" is the name of 2 people\nstep=dispatcher why=shared-name" },
	{ "a name of somebody switched off", NULL, 1, { TO("赵七", S) }, 0, "2 ",
	    "why=name-of-disabled" },
	{ "a department in brackets", NULL, 1, { TO("张三（外贸部）", S) }, 0, "1 ", "" },
	{ "a name beside another address", NULL, 1, { TO("张三", "other@example.com") }, 0, "2 ",
	    "why=no-name" },
	{ "a sender's name", NULL, 1, { { FACTS_FROM, SLICE("张三"), SLICE(S) } }, 0, "2 ",
	    "why=no-name" },
	{ "a quote cannot forge a line", NULL, 1, { TO("x\" -> y\nz", S) }, 0, "2 ",
	    "name=\"x' -> y z\" is nobody's name\n" },
	{ "a shared address of ours, over SMTP", "sales@acme.test", 0,
	    { TO("Li Si", "x@y.z"), CC("Zhang San", "sales@acme.test") }, 0, "1 ", "header=Cc" },
};

static void
check_row(const struct directory *d, const struct row *row)
{
	struct facts_address to[3] = { row->to[0], row->to[1], row->to[2] };
	struct facts facts = { .key_count = row->author != 0, .keys = { 0xaa }, .addresses = to };
	struct slice recipient = slice_from_cstr(row->recipient);
	struct route_question q = {
		.recipients = &recipient,
		.recipient_count = row->recipient != NULL,
		.fetch = row->fetch != 0 ? directory_fetch(d, row->fetch) : NULL,
		.facts = &facts,
		.authors = row->author != 0 ? &row->author : NULL,
	};
	struct route_decision r;
	struct buf got = buf_init(256);

	while (facts.address_count < 3 && to[facts.address_count].address.len > 0)
		facts.address_count++;
	if (route_decide(d, &q, &r) == STATUS_ABSENT) {
		CHECK_SLICE(SLICE("absent"), row->want);
		return;
	}
	for (uint32_t i = 0; i < r.account_count; i++)
		buf_printf(&got, "%u ", r.accounts[i]);
	if (!slice_equal(buf_slice(&got), slice_from_cstr(row->want)))
		print_error("%s:\n%.*s", row->title, SLICE_ARG(buf_slice(&r.reasons)));
	CHECK_SLICE(buf_slice(&got), row->want);
	CHECK(row->reason[0] == '\0' ||
	    slice_find(buf_slice(&r.reasons), slice_from_cstr(row->reason)) < r.reasons.len);
	route_decision_clear(&r);
	buf_clear(&got);
}

static void
each_way_to_a_person_is_found_and_explained(void **state)
{
	struct directory *d = company();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(d, &rows[i]);
	directory_close(&d);
}

static void
the_thread_is_asked_for_only_where_it_counts(void **state)
{
	struct directory *d = company();
	struct facts facts = { .key_count = 1 };
	struct slice person = SLICE("zhang@acme.test"), shared = SLICE("sales@acme.test");
	struct route_question q = { .recipients = &person, .recipient_count = 1, .facts = &facts };

	(void)state;
	CHECK(!route_needs_thread(d, &q));
	q.recipients = &shared;
	CHECK(route_needs_thread(d, &q));
	facts.key_count = 0;
	CHECK(!route_needs_thread(d, &q));
	facts.key_count = 1;
	q.recipient_count = 0;
	q.fetch = directory_fetch(d, 3);
	CHECK(!route_needs_thread(d, &q));
	q.fetch = directory_fetch(d, 1);
	CHECK(route_needs_thread(d, &q));
	directory_close(&d);
}

static void
a_dispatcher_who_is_gone_is_replaced_and_long_reasons_end_in_dots(void **state)
{
	struct directory *d = company();
	struct facts_address *to = mem_array(struct facts_address, FACTS_ADDRESSES_MAX);
	struct facts facts = { .address_count = FACTS_ADDRESSES_MAX, .addresses = to };
	struct route_question q = { .facts = &facts };
	struct route_decision r;

	(void)state;
	for (size_t i = 0; i < FACTS_ADDRESSES_MAX; i++)
		to[i] = (struct facts_address)TO("Sun Ba", S);
	CHECK_STATUS(directory_remove_account(d, LI, &note, NULL), STATUS_OK);
	q.fetch = directory_fetch(d, 1);
	CHECK_STATUS(route_decide(d, &q, &r), STATUS_OK);
	CHECK_U64(r.account_count, 1);
	CHECK_U64(r.accounts[0], ADMIN);
	CHECK(r.reasons.len <= ROUTE_REASONS_MAX);
	CHECK(slice_ends(buf_slice(&r.reasons), SLICE("...\n")));
	route_decision_clear(&r);
	mem_free(to);
	directory_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_to_a_person_is_found_and_explained),
		cmocka_unit_test(the_thread_is_asked_for_only_where_it_counts),
		cmocka_unit_test(a_dispatcher_who_is_gone_is_replaced_and_long_reasons_end_in_dots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
