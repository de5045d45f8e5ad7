#include "policy/auth.h"

#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "policy/directory.h"
#include "policy/password.h"
#include "policy/protocol.h"

static const struct audit_note note = { { 0 }, { 0 }, { 0 } };

struct fixture {
	struct loop *loop;
	struct directory *directory;
	struct auth *auth;
	struct auth_login *login;
	enum status status;
	struct buf said;	/* challenge, or login of who is in */
};

static void
add_person(struct directory *d, const char *login, const char *password, bool is_enabled)
{
	struct account_record r = {
		.login = slice_from_cstr(login),
		.is_enabled = is_enabled,
	};
	const struct account_record *before = directory_account_by_login(d, r.login);
	struct buf prepared = buf_init(PASSWORD_MAX), verifier = buf_init(VERIFIER_MAX);

	if (before != NULL) {
		r.id = before->id;
		r.version = before->version;
	}
	CHECK_STATUS(password_prepare(slice_from_cstr(password), &prepared), STATUS_OK);
	CHECK_STATUS(password_verifier(buf_slice(&prepared), &verifier, NULL), STATUS_OK);
	r.verifier = buf_slice(&verifier);
	CHECK_STATUS(directory_put_account(d, &r, &note, NULL), STATUS_OK);
	buf_clear(&prepared);
	buf_clear(&verifier);
}

static int
set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct domain_record domain = { SLICE("acme.test"), true };
	struct auth_options options = { 2, 16, 0 };
	struct problem why = { 0 };

	f->loop = loop_new();
	f->directory = directory_new();
	f->said = buf_init(1024);
	CHECK_STATUS(directory_put_domain(f->directory, &domain, &note, NULL), STATUS_OK);
	add_person(f->directory, "li@acme.test", "pässword", true);
	add_person(f->directory, "wang@acme.test", "pässword", true);
	add_person(f->directory, "gone@acme.test", "pässword", false);
	CHECK_STATUS(auth_new(f->loop, options, &f->auth, &why), STATUS_OK);
	CHECK_STATUS(auth_start(f->auth, f->directory, &why), STATUS_OK);
	f->login = auth_login_new(f->auth, SLICE("192.0.2.1"), SLICE("sid"));
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	auth_login_free(&f->login);
	auth_free(&f->auth);
	directory_close(&f->directory);
	loop_free(&f->loop);
	buf_clear(&f->said);
	mem_free(f);
	return 0;
}

static void
answered(void *ctx, enum status st, const struct auth_result *r, const struct problem *why)
{
	struct fixture *f = ctx;

	(void)why;
	f->status = st;
	buf_reset(&f->said);
	if (r != NULL)
		buf_append(&f->said, r->is_done ? r->login : r->challenge);
	loop_stop(f->loop);
}

static enum status
step(struct fixture *f, struct slice mechanism, bool has_message, struct slice message)
{
	f->status = STATUS_PENDING;
	auth_step(f->login, mechanism, has_message, message, answered, f);
	if (f->status == STATUS_PENDING)
		loop_run(f->loop);
	return f->status;
}

/* A connection of its own, so that no limit of an address is reached. */
static enum status
plain(struct fixture *f, struct slice message)
{
	static unsigned n;
	struct buf address = buf_init(32);

	auth_login_free(&f->login);
	buf_printf(&address, "10.0.0.%u", n++);
	f->login = auth_login_new(f->auth, buf_slice(&address), SLICE("sid"));
	buf_clear(&address);
	return step(f, SLICE("PLAIN"), true, message);
}

#define P(text) SLICE(text)

static void
plain_lets_in_who_knows_the_password_and_nobody_else(void **state)
{
	static const struct { struct slice message; enum status want; const char *login; } rows[] = {
		{ P("\0li@acme.test\0pässword"), STATUS_OK, "li@acme.test" },
		{ P("\0LI@Acme.Test\0pässword"), STATUS_OK, "li@acme.test" },
		{ P("\0li\0pässword"), STATUS_OK, "li@acme.test" },
		{ P("\0 li \0pässword"), STATUS_OK, "li@acme.test" },
		{ P("\0li\0pa\xcc\x88ssword"), STATUS_OK, "li@acme.test" },	/* NFD */
		{ P("li\0li\0pässword"), STATUS_OK, "li@acme.test" },
		{ P("li@acme.test\0li\0pässword"), STATUS_OK, "li@acme.test" },
		{ P("wang\0li\0pässword"), STATUS_DENIED, "" },
		{ P("admin\0li\0pässword"), STATUS_DENIED, "" },
		{ P("\0li\0Pässword"), STATUS_DENIED, "" },
		{ P("\0li\0"), STATUS_DENIED, "" },
		{ P("\0li\0pässword\r"), STATUS_DENIED, "" },
		{ P("\0nobody\0pässword"), STATUS_DENIED, "" },
		{ P("\0gone\0pässword"), STATUS_DENIED, "" },
		{ P("\0?\0pässword"), STATUS_DENIED, "" },
		{ P("\0li\xe2\x80\x8b\0pässword"), STATUS_DENIED, "" },
		{ P("\0li@acme.test.\0pässword"), STATUS_DENIED, "" },
		{ P("\0li@other.test\0pässword"), STATUS_DENIED, "" },
		{ P("\0%{home}%200000u\0x"), STATUS_DENIED, "" },
		{ P("\0'; DROP TABLE x;--\0x"), STATUS_DENIED, "" },
		{ P("\0l\0i\0pässword"), STATUS_SYNTAX, "" },
		{ P("li pässword"), STATUS_SYNTAX, "" },
		{ P("\0\0\0\0"), STATUS_SYNTAX, "" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum status st = plain(f, rows[i].message);

		if (st != rows[i].want)
			print_error("row %zu\n", i);
		CHECK_STATUS(st, rows[i].want);
		CHECK_SLICE(buf_slice(&f->said), rows[i].login);
	}
}

static void
login_asks_as_outlook_wants_to_be_asked(void **state)
{
	struct fixture *f = *state;

	CHECK_STATUS(step(f, SLICE("login"), false, SLICE("")), STATUS_OK);
	CHECK_SLICE(buf_slice(&f->said), "Username:");
	CHECK_STATUS(step(f, SLICE(""), true, SLICE("li@acme.test")), STATUS_OK);
	CHECK_SLICE(buf_slice(&f->said), "Password:");
	CHECK_STATUS(step(f, SLICE(""), true, SLICE("pässword")), STATUS_OK);
	CHECK_SLICE(buf_slice(&f->said), "li@acme.test");
	/* .NET and smtplib send the name at once. */
	CHECK_STATUS(step(f, SLICE("LOGIN"), true, SLICE("wang")), STATUS_OK);
	CHECK_SLICE(buf_slice(&f->said), "Password:");
	CHECK_STATUS(step(f, SLICE(""), true, SLICE("pässword")), STATUS_OK);
	CHECK_SLICE(buf_slice(&f->said), "wang@acme.test");
	CHECK_STATUS(step(f, SLICE(""), true, SLICE("more")), STATUS_SYNTAX);
}

static void
other_mechanisms_are_not_there(void **state)
{
	static const char *const names[] = { "NTLM", "GSSAPI", "ANONYMOUS", "DIGEST-MD5", "CRAM-MD5",
		"EXTERNAL", "SCRAM-SHA-256", "", "X" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		CHECK(step(f, slice_from_cstr(names[i]), true, SLICE("x")) ==
		    (names[i][0] != '\0' ? STATUS_ABSENT : STATUS_SYNTAX));
}

static void
long_passwords_are_refused_without_a_hash(void **state)
{
	struct fixture *f = *state;
	struct buf message = buf_init(2 * 1024 * 1024);
	uint64_t before = auth_hash_count(f->auth);

	buf_append(&message, SLICE("\0li\0"));
	for (size_t i = 0; i < PASSWORD_MAX + 1; i++)
		buf_append_byte(&message, 'x');
	CHECK_STATUS(plain(f, buf_slice(&message)), STATUS_DENIED);
	for (size_t i = 0; i < 1024 * 1024; i++)
		buf_append_byte(&message, 'x');
	CHECK_STATUS(plain(f, buf_slice(&message)), STATUS_SYNTAX);
	CHECK_U64(auth_hash_count(f->auth), before);
	buf_clear(&message);
}

static void
an_unknown_account_costs_the_same_and_a_right_password_is_remembered(void **state)
{
	struct fixture *f = *state;

	CHECK_STATUS(plain(f, P("\0li\0wrong")), STATUS_DENIED);
	CHECK_U64(auth_hash_count(f->auth), 1);
	CHECK_STATUS(plain(f, P("\0nobody\0wrong")), STATUS_DENIED);
	CHECK_U64(auth_hash_count(f->auth), 2);
	CHECK_STATUS(plain(f, P("\0li\0pässword")), STATUS_OK);
	CHECK_U64(auth_hash_count(f->auth), 3);
	CHECK_STATUS(plain(f, P("\0li\0pässword")), STATUS_OK);
	CHECK_U64(auth_hash_count(f->auth), 3);
	/* The same password of another is another's. */
	CHECK_STATUS(plain(f, P("\0wang\0pässword")), STATUS_OK);
	CHECK_SLICE(buf_slice(&f->said), "wang@acme.test");
	CHECK_U64(auth_hash_count(f->auth), 4);
	CHECK_STATUS(plain(f, P("\0li\0wrong")), STATUS_DENIED);
	CHECK_U64(auth_hash_count(f->auth), 5);
	/* Any change of the account voids it. */
	add_person(f->directory, "li@acme.test", "another", true);
	CHECK_STATUS(plain(f, P("\0li\0pässword")), STATUS_DENIED);
	CHECK_STATUS(plain(f, P("\0li\0another")), STATUS_OK);
	add_person(f->directory, "li@acme.test", "another", false);
	CHECK_STATUS(plain(f, P("\0li\0another")), STATUS_DENIED);
}

static void
an_address_that_fails_too_often_is_not_heard_any_more(void **state)
{
	struct fixture *f = *state;

	CHECK_STATUS(step(f, SLICE("PLAIN"), true, P("\0li\0pässword")), STATUS_OK);
	for (unsigned i = 0; i < 20; i++)
		CHECK_STATUS(step(f, SLICE("PLAIN"), true, P("\0wang\0wrong")), STATUS_DENIED);
	CHECK_STATUS(step(f, SLICE("PLAIN"), true, P("\0wang\0pässword")), STATUS_LIMIT);
	/* Who was right from there before is still heard; and so is everybody from elsewhere. */
	CHECK_STATUS(step(f, SLICE("PLAIN"), true, P("\0li\0pässword")), STATUS_OK);
	CHECK_STATUS(plain(f, P("\0wang\0pässword")), STATUS_OK);
}

/* Whoever has one address of such a network has 2^64 of them. */
static void
a_network_of_ipv6_fails_as_one_address(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 21; i++) {
		struct buf address = buf_init(64);

		buf_printf(&address, "2001:db8:1:2::%x", i + 1);
		auth_login_free(&f->login);
		f->login = auth_login_new(f->auth, buf_slice(&address), SLICE("sid"));
		CHECK_STATUS(step(f, SLICE("PLAIN"), true, P("\0wang\0wrong")), i < 20 ?
		    STATUS_DENIED : STATUS_LIMIT);
		buf_clear(&address);
	}
	auth_login_free(&f->login);
	f->login = auth_login_new(f->auth, SLICE("2001:db8:1:3::1"), SLICE("sid"));
	CHECK_STATUS(step(f, SLICE("PLAIN"), true, P("\0wang\0pässword")), STATUS_OK);
}

static void
a_client_may_leave_at_any_step(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 200; i++) {
		CHECK_STATUS(step(f, SLICE("LOGIN"), false, SLICE("")), STATUS_OK);
		if (i % 2 == 0)
			CHECK_STATUS(step(f, SLICE(""), true, SLICE("li")), STATUS_OK);
		auth_login_free(&f->login);
		f->login = auth_login_new(f->auth, SLICE("192.0.2.9"), SLICE("sid"));
	}
	/* All those count as failures. */
	CHECK_STATUS(step(f, SLICE("PLAIN"), true, P("\0li\0pässword")), STATUS_LIMIT);
	f->status = STATUS_PENDING;
	auth_step(f->login, SLICE("PLAIN"), true, P("\0li\0x"), answered, f);
	CHECK_STATUS(f->status, STATUS_PENDING);
	auth_login_free(&f->login);	/* while a thread has it */
	f->login = auth_login_new(f->auth, SLICE("192.0.2.8"), SLICE("sid"));
	CHECK_STATUS(step(f, SLICE("PLAIN"), true, P("\0li\0pässword")), STATUS_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_lets_in_who_knows_the_password_and_nobody_else),
		TEST(login_asks_as_outlook_wants_to_be_asked),
		TEST(other_mechanisms_are_not_there),
		TEST(long_passwords_are_refused_without_a_hash),
		TEST(an_unknown_account_costs_the_same_and_a_right_password_is_remembered),
		TEST(an_address_that_fails_too_often_is_not_heard_any_more),
		TEST(a_network_of_ipv6_fails_as_one_address),
		TEST(a_client_may_leave_at_any_step),
	};

	log_open("auth_test", LOG_WARN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
