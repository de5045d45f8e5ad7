#include "policy/directory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "policy/bootstrap.h"
#include "policy/display_name.h"
#include "policy/password.h"
#include "store/env.h"

static const struct audit_note note = { SLICE("k"), SLICE("s"), SLICE("d") };

static char *
make_folder(char *path)
{
	CHECK(mkdtemp(path) != NULL);
	return path;
}

static void
remove_folder(const char *path)
{
	static const char *const files[] = { "data.mdb", "lock.mdb", "lock.writer" };

	CHECK(chdir(path) == 0);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		(void)unlink(files[i]);
	CHECK(chdir("/") == 0);
	CHECK(rmdir(path) == 0);
}

static uint32_t
add_person(struct directory *d, const char *login, const char *name)
{
	struct account_record r = {
		.login = slice_from_cstr(login),
		.is_enabled = true,
		.verifier = SLICE("$y$"),
		.name_count = 1,
		.names = { slice_from_cstr(name) },
	};

	CHECK_STATUS(directory_put_account(d, &r, &note, NULL), STATUS_OK);
	return r.id;
}

static void
what_was_set_is_there_after_a_restart_and_ids_are_never_used_again(void **state)
{
	char path[] = "/tmp/directory-test-XXXXXX";
	struct directory *d = NULL;
	struct domain_record domain = { SLICE("acme.test"), true };
	struct fetch_record fetch = { .name = SLICE("sales"), .shared = SLICE("s@x") };
	struct route_record route = { .name = SLICE("isp"), .host = SLICE("h"), .port = 587 };
	struct alias_record alias = { SLICE("a@acme.test"), 1, { 1 } };
	struct pending_audit_record audit;
	uint64_t number = 0;

	(void)state;
	CHECK_STATUS(directory_open(make_folder(path), &d, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_domain(d, &domain, &note, NULL), STATUS_OK);
	CHECK_U64(add_person(d, "li@acme.test", "Li Si"), 1);
	CHECK_U64(add_person(d, "wang@acme.test", "Wang Wu"), 2);
	CHECK_STATUS(directory_put_fetch(d, &fetch, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_alias(d, &alias, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_route(d, &route, &note, NULL), STATUS_OK);
	CHECK_U64(route.id, 1);
	CHECK_STATUS(directory_remove_route(d, 1, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_remove_route(d, 1, &note, NULL), STATUS_ABSENT);
	route.id = 0;
	CHECK_STATUS(directory_put_route(d, &route, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_remove_account(d, 2, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_remove_account(d, 2, &note, NULL), STATUS_ABSENT);
	directory_close(&d);

	CHECK_STATUS(directory_open(path, &d, NULL), STATUS_OK);
	CHECK_U64(directory_account_count(d), 1);
	CHECK_SLICE(directory_account(d, 1)->login, "li@acme.test");
	CHECK(directory_account_by_login(d, SLICE("wang@acme.test")) == NULL);
	CHECK_SLICE(directory_default_domain(d)->name, "acme.test");
	CHECK_U64(directory_shared(d, SLICE("s@x"))->id, 1);
	CHECK_U64(directory_route_by_name(d, SLICE("isp"))->id, 2);
	CHECK(directory_route(d, 1) == NULL);
	CHECK_U64(directory_alias(d, SLICE("a@acme.test"))->accounts[0], 1);
	CHECK_U64(add_person(d, "sun@acme.test", "Sun Ba"), 3);
	/* The audit of every change waits in its order until stored has it. */
	for (uint64_t i = 1; i <= 10; i++) {
		CHECK(directory_pending(d, 0, &number, &audit));
		CHECK_U64(number, i);
		CHECK_SLICE(audit.actor, "admin");
		CHECK_STATUS(directory_pending_done(d, number, NULL), STATUS_OK);
	}
	CHECK(!directory_pending(d, 0, &number, &audit));
	directory_close(&d);
	CHECK_STATUS(directory_open(path, &d, NULL), STATUS_OK);
	CHECK(!directory_pending(d, 0, &number, &audit));
	directory_close(&d);
	remove_folder(path);
}

/* The row of the version, as its golden bytes; none: it is deleted. */
static void
version_set(const char *path, struct slice row)
{
	static const char *const meta[] = { "meta" };
	struct env *e;
	struct txn *t;

	CHECK_STATUS(env_open(path, ENV_WRITE, meta, 1, &e, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_write(e, &t, NULL), STATUS_OK);
	if (row.len > 0)
		CHECK_STATUS(txn_put(t, 0, SLICE("version"), row, NULL), STATUS_OK);
	else
		CHECK_STATUS(txn_delete(t, 0, SLICE("version"), NULL), STATUS_OK);
	CHECK_STATUS(txn_commit(&t, NULL), STATUS_OK);
	env_close(&e);
}

static bool
version_is(const char *path, struct slice row)
{
	static const char *const meta[] = { "meta" };
	struct slice value;
	struct env *e;
	struct txn *t;
	bool is_it;

	CHECK_STATUS(env_open(path, ENV_READ, meta, 1, &e, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_read(e, &t, NULL), STATUS_OK);
	is_it = txn_get(t, 0, SLICE("version"), &value, NULL) == STATUS_OK &&
	    slice_equal(value, row);
	txn_abort(&t);
	env_close(&e);
	return is_it;
}

static void
a_directory_without_a_version_is_of_the_first_one_and_is_told_so(void **state)
{
	static const struct slice first = SLICE("\1\1\0\0\0\0\0\0\0");
	char path[] = "/tmp/directory-test-XXXXXX";
	struct directory *d = NULL;

	(void)state;
	CHECK_STATUS(directory_look(make_folder(path), NULL), STATUS_ABSENT);
	CHECK_STATUS(directory_upgrade(path, NULL), STATUS_ABSENT);
	CHECK_STATUS(directory_open(path, &d, NULL), STATUS_OK);
	add_person(d, "li@acme.test", "Li Si");
	directory_close(&d);
	CHECK(version_is(path, first));

	version_set(path, SLICE(""));
	CHECK_STATUS(directory_look(path, NULL), STATUS_OK);
	CHECK_STATUS(directory_open(path, &d, NULL), STATUS_OK);
	CHECK_U64(directory_account_count(d), 1);
	directory_close(&d);
	CHECK(!version_is(path, first));
	CHECK_STATUS(directory_upgrade(path, NULL), STATUS_OK);
	CHECK(version_is(path, first));
	CHECK_STATUS(directory_upgrade(path, NULL), STATUS_OK);
	CHECK_STATUS(directory_read(path, &d, NULL), STATUS_OK);
	CHECK_U64(directory_account_count(d), 1);
	directory_close(&d);
	remove_folder(path);
}

static void
a_directory_of_a_newer_version_is_refused_and_left_alone(void **state)
{
	static const struct slice rows[] = { SLICE("\1\2\0\0\0\0\0\0\0"),
		SLICE("\1\0\0\0\0\0\0\0\1"), SLICE("\1\0\0\0\0\0\0\0\0"),
		SLICE("\2\1\0\0\0\0\0\0\0"), SLICE("\1\1\0\0\0\0\0\0"),
		SLICE("\1\1\0\0\0\0\0\0\0\0"), SLICE("\1") };
	char path[] = "/tmp/directory-test-XXXXXX";
	struct directory *d = NULL;

	(void)state;
	CHECK_STATUS(directory_open(make_folder(path), &d, NULL), STATUS_OK);
	add_person(d, "li@acme.test", "Li Si");
	directory_close(&d);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct problem why = { "" };

		version_set(path, rows[i]);
		CHECK_STATUS(directory_open(path, &d, &why), STATUS_CORRUPT);
		CHECK(strstr(why.text, i < 2 ? "install a newer" : "restore a backup") != NULL);
		CHECK_STATUS(directory_read(path, &d, NULL), STATUS_CORRUPT);
		CHECK_STATUS(directory_look(path, NULL), STATUS_CORRUPT);
		CHECK_STATUS(directory_upgrade(path, NULL), STATUS_CORRUPT);
		CHECK(version_is(path, rows[i]));
	}
	remove_folder(path);
}

static void
a_name_leads_to_everybody_who_has_it(void **state)
{
	struct directory *d = directory_new();
	struct directory_people people;
	uint32_t first = add_person(d, "a@acme.test", "Wang Wu");
	uint32_t second = add_person(d, "b@acme.test", "WANG, Wu");

	(void)state;
	people = directory_people_named(d, SLICE("wangwu"));
	CHECK_U64(people.count, 2);
	CHECK_U64(people.ids[0], first);
	CHECK_U64(people.ids[1], second);
	CHECK_U64(directory_people_named(d, SLICE("nobody")).count, 0);
	CHECK_STATUS(directory_remove_account(d, first, &note, NULL), STATUS_OK);
	CHECK_U64(directory_people_named(d, SLICE("wangwu")).count, 1);
	directory_close(&d);
}

static void
one_domain_is_the_default(void **state)
{
	struct directory *d = directory_new();
	struct domain_record one = { SLICE("one.test"), true }, two = { SLICE("two.test"), true };
	struct credentials c;

	(void)state;
	CHECK_STATUS(directory_put_domain(d, &one, &note, NULL), STATUS_OK);
	CHECK_STATUS(directory_put_domain(d, &two, &note, NULL), STATUS_OK);
	CHECK_SLICE(directory_default_domain(d)->name, "two.test");
	CHECK(!directory_domain(d, SLICE("one.test"))->is_default);
	(void)add_person(d, "li@two.test", "Li");
	directory_credentials(d, SLICE("li"), &c);
	CHECK_U64(c.account, 1);
	CHECK_U64(c.version, 1);
	CHECK_SLICE(slice_from_cstr(c.login), "li@two.test");
	directory_credentials(d, SLICE("li@one.test"), &c);
	CHECK_U64(c.account, 0);
	directory_credentials(d, SLICE(""), &c);
	CHECK_U64(c.account, 0);
	directory_close(&d);
}

static void
a_new_instance_has_its_first_administrator_once(void **state)
{
	char path[] = "/tmp/directory-test-XXXXXX";
	struct directory *d = NULL;
	struct problem why = { 0 };
	const struct account_record *admin;
	char verifier[VERIFIER_MAX + 1] = { 0 };

	(void)state;
	make_folder(path);
	CHECK_STATUS(bootstrap_directory(path, SLICE("acme..test"), SLICE("admin"), SLICE("x"), NULL),
	    STATUS_SYNTAX);
	CHECK_STATUS(bootstrap_directory(path, SLICE("acme.test"), SLICE("a@b.test"), SLICE("x"),
	    NULL), STATUS_SYNTAX);
	CHECK_STATUS(bootstrap_directory(path, SLICE("acme.test"), SLICE("admin"), SLICE(""), NULL),
	    STATUS_SYNTAX);
	CHECK_STATUS(bootstrap_directory(path, SLICE("Acme.Test"), SLICE("Admin"), SLICE("secret"),
	    &why), STATUS_OK);
	CHECK_STATUS(bootstrap_directory(path, SLICE("acme.test"), SLICE("admin"), SLICE("x"), NULL),
	    STATUS_EXISTS);
	CHECK_STATUS(directory_open(path, &d, NULL), STATUS_OK);
	admin = directory_postmaster(d);
	CHECK_SLICE(admin->login, "admin@acme.test");
	CHECK(admin->is_admin);
	for (size_t i = 0; i < admin->verifier.len; i++)
		verifier[i] = admin->verifier.ptr[i];
	CHECK(password_matches(SLICE("secret"), verifier));
	CHECK(!password_matches(SLICE("Secret"), verifier));
	directory_close(&d);
	remove_folder(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_set_is_there_after_a_restart_and_ids_are_never_used_again),
		cmocka_unit_test(a_directory_without_a_version_is_of_the_first_one_and_is_told_so),
		cmocka_unit_test(a_directory_of_a_newer_version_is_refused_and_left_alone),
		cmocka_unit_test(a_name_leads_to_everybody_who_has_it),
		cmocka_unit_test(one_domain_is_the_default),
		cmocka_unit_test(a_new_instance_has_its_first_administrator_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
