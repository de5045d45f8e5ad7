#include "policy/record.h"

#include "base/check.h"
#include "base/mem.h"
#include "policy/client.h"
#include "policy/relay_client.h"
#include "store/env.h"

/* Golden bytes: what stands in directories that are in use. */
#define TEXT(n, text) "" n "\0\0\0" text

static const char domain_bytes[] = "\1" TEXT("\11", "acme.test") "\1";
static const char account_bytes[] =
    "\2" "\7\0\0\0" "\3\0\0\0" "\1" "\0"
    TEXT("\14", "li@acme.test") TEXT("\5", "$y$xx") TEXT("\5", "Li Si") TEXT("\3", "s@x")
    "\1\0" TEXT("\6", "李四") "\2\0" TEXT("\1", "a") TEXT("\1", "b")
    "\0\0\20\0\0\0\0\0" "\36\0\0\0";
static const char alias_bytes[] = "\1" TEXT("\3", "a@b") "\2\0\0\0" "\7\0\0\0" "\11\0\0\0";
static const char fetch_bytes[] =
    "\1" "\2\0\0\0" "\1" "\0" "\1" "\xe3\3" "\54\1\0\0" "\xff\xff\xff\xff"
    TEXT("\5", "sales") TEXT("\1", "h") TEXT("\1", "u") TEXT("\1", "s") TEXT("\1", "c")
    TEXT("\3", "a@b") "\7\0\0\0" "\0\0\0\0";
static const char route_bytes[] =
    "\1" "\3\0\0\0" "\1" "\0" "\1" "\2" "\1" "\113\2"
    TEXT("\1", "n") TEXT("\3", "a@b") TEXT("\1", "h") TEXT("\1", "u") TEXT("\1", "s")
    TEXT("\1", "c");
static const char audit_bytes[] =
    "\2" "\144\0\0\0\0\0\0\0" TEXT("\1", "k") TEXT("\1", "a") TEXT("\1", "s") TEXT("\1", "d")
    "\7\0\0\0";

/* Each: decode, and append what encoding it again gives. */
static enum status
again_domain(struct slice in, struct buf *out)
{
	struct domain_record r;
	enum status st = domain_record_decode(in, &r);

	return st == STATUS_OK ? domain_record_encode(&r, out) : st;
}

static enum status
again_account(struct slice in, struct buf *out)
{
	struct account_record r;
	enum status st = account_record_decode(in, &r);

	if (st != STATUS_OK)
		return st;
	CHECK_U64(r.id, 7);
	CHECK_U64(r.version, 3);
	CHECK(r.is_enabled && !r.is_admin);
	CHECK_SLICE(r.login, "li@acme.test");
	CHECK_SLICE(r.names[0], "李四");
	CHECK_SLICE(r.nicks[1], "b");
	CHECK_SLICE(r.outside_address, "s@x");
	CHECK_U64(r.quota_bytes, 1024 * 1024);
	CHECK_U64(r.trash_days, 30);
	return account_record_encode(&r, out);
}

static enum status
again_alias(struct slice in, struct buf *out)
{
	struct alias_record *r = mem_new(struct alias_record);
	enum status st = alias_record_decode(in, r);

	if (st == STATUS_OK) {
		CHECK_U64(r->accounts[1], 9);
		st = alias_record_encode(r, out);
	}
	mem_free(r);
	return st;
}

static enum status
again_fetch(struct slice in, struct buf *out)
{
	struct fetch_record r;
	enum status st = fetch_record_decode(in, &r);

	if (st != STATUS_OK)
		return st;
	CHECK_U64(r.port, 995);
	CHECK_U64(r.every_s, 300);
	CHECK(r.keep_days == -1);
	CHECK(r.protocol == FETCH_POP3S);
	CHECK_U64(r.dispatcher, 7);
	return fetch_record_encode(&r, out);
}

static enum status
again_route(struct slice in, struct buf *out)
{
	struct route_record r;
	enum status st = route_record_decode(in, &r);

	if (st != STATUS_OK)
		return st;
	CHECK(r.is_enabled && !r.checks_certificate && r.is_lmtp);
	CHECK(r.kind == ROUTE_FOR_SENDER && r.tls == ROUTE_TLS_TRY);
	CHECK_U64(r.port, 587);
	return route_record_encode(&r, out);
}

static enum status
again_audit(struct slice in, struct buf *out)
{
	struct pending_audit_record r;
	enum status st = pending_audit_record_decode(in, &r);

	return st == STATUS_OK ? pending_audit_record_encode(&r, out) : st;
}

static const struct {
	const char *bytes;
	size_t len;
	enum status (*again)(struct slice in, struct buf *out);
} records[] = {
	{ domain_bytes, sizeof(domain_bytes) - 1, again_domain },
	{ account_bytes, sizeof(account_bytes) - 1, again_account },
	{ alias_bytes, sizeof(alias_bytes) - 1, again_alias },
	{ fetch_bytes, sizeof(fetch_bytes) - 1, again_fetch },
	{ route_bytes, sizeof(route_bytes) - 1, again_route },
	{ audit_bytes, sizeof(audit_bytes) - 1, again_audit },
};

static void
records_are_read_and_written_as_they_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		struct buf out = buf_init(ENV_VALUE_MAX);

		CHECK_STATUS(records[i].again(slice_make(records[i].bytes, records[i].len), &out),
		    STATUS_OK);
		CHECK_U64(out.len, records[i].len);
		CHECK(slice_equal(buf_slice(&out), slice_make(records[i].bytes, records[i].len)));
		buf_clear(&out);
	}
}

static void
what_is_cut_or_longer_or_of_another_version_is_corrupt(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		struct slice whole = slice_make(records[i].bytes, records[i].len);
		struct buf out = buf_init(ENV_VALUE_MAX);
		char *copy;

		for (size_t cut = 0; cut < whole.len; cut++) {
			copy = mem_dup(slice_sub(whole, 0, cut));
			CHECK_STATUS(records[i].again(slice_make(copy, cut), &out), STATUS_CORRUPT);
			mem_free(copy);
		}
		copy = mem_dup(whole);	/* its NUL is one byte too many */
		CHECK_STATUS(records[i].again(slice_make(copy, whole.len + 1), &out),
		    STATUS_CORRUPT);
		copy[0]++;
		CHECK_STATUS(records[i].again(slice_make(copy, whole.len), &out), STATUS_CORRUPT);
		mem_free(copy);
		buf_clear(&out);
	}
}

static void
an_account_of_version_1_has_the_default_limits(void **state)
{
	enum { LIMITS_LEN = 8 + 4 };
	struct slice whole = slice_make(account_bytes, sizeof(account_bytes) - 1 - LIMITS_LEN);
	struct account_record r;
	char *copy;

	(void)state;
	for (size_t cut = 1; cut <= whole.len; cut++) {
		copy = mem_dup(slice_sub(whole, 0, cut));
		copy[0] = 1;
		CHECK_STATUS(account_record_decode(slice_make(copy, cut), &r), cut == whole.len ?
		    STATUS_OK : STATUS_CORRUPT);
		mem_free(copy);
	}
	CHECK(r.quota_bytes == QUOTA_DEFAULT && r.trash_days == TRASH_DAYS_DEFAULT);
}

static void
an_audit_record_of_version_1_tells_of_no_removal(void **state)
{
	struct slice whole = slice_make(audit_bytes, sizeof(audit_bytes) - 1 - 4);
	struct pending_audit_record r;
	char *copy;

	(void)state;
	for (size_t cut = 1; cut <= whole.len; cut++) {
		copy = mem_dup(slice_sub(whole, 0, cut));
		copy[0] = 1;
		CHECK_STATUS(pending_audit_record_decode(slice_make(copy, cut), &r),
		    cut == whole.len ? STATUS_OK : STATUS_CORRUPT);
		mem_free(copy);
	}
	CHECK_U64(r.removed_account, 0);
}

static void
more_names_than_fit_are_refused(void **state)
{
	struct account_record r = { .id = 1, .login = SLICE("l"), .name_count = NAMES_MAX - 1 };
	char name[NAME_LEN_MAX] = { 0 };
	struct buf out = buf_init(ENV_VALUE_MAX);

	(void)state;
	for (size_t i = 0; i < r.name_count; i++)
		r.names[i] = slice_make(name, sizeof(name));
	CHECK_STATUS(account_record_encode(&r, &out), STATUS_OK);
	r.nick_count = 1;
	r.nicks[0] = slice_make(name, sizeof(name));
	buf_reset(&out);
	CHECK_STATUS(account_record_encode(&r, &out), STATUS_LIMIT);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_read_and_written_as_they_are),
		cmocka_unit_test(an_account_of_version_1_has_the_default_limits),
		cmocka_unit_test(what_is_cut_or_longer_or_of_another_version_is_corrupt),
		cmocka_unit_test(an_audit_record_of_version_1_tells_of_no_removal),
		cmocka_unit_test(more_names_than_fit_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
