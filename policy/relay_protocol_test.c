#include "policy/relay_protocol.h"

#include "base/check.h"
#include "base/mem.h"
#include "policy/protocol.h"

/* One line of text out of everything a reader gave. */
static enum status
read_id(struct slice in, struct buf *out)
{
	uint32_t id;
	enum status st = policy_relay_id_read(in, &id);

	if (st == STATUS_OK)
		buf_printf(out, "%u", id);
	return st;
}

static enum status
read_route(struct slice in, struct buf *out)
{
	struct reader r = reader_of(in);
	struct policy_route v;
	enum status st = policy_route_read(&r, &v);

	if (st == STATUS_OK)
		buf_printf(out, "%u %.*s %.*s %u %d %u %d %.*s %u %.*s", v.id, SLICE_ARG(v.name),
		    SLICE_ARG(v.host), v.port, v.is_lmtp, v.tls, v.checks_certificate,
		    SLICE_ARG(v.ca_path), v.credential, SLICE_ARG(v.user));
	return st;
}

static enum status
read_returned(struct slice in, struct buf *out)
{
	struct policy_returned r;
	uint64_t *entries;
	enum status st = policy_returned_read(in, &r, &entries);

	if (st != STATUS_OK)
		return st;
	buf_printf(out, "%d %u %.*s %.*s %u %.*s", r.kind, r.author, SLICE_ARG(r.mid),
	    SLICE_ARG(r.about), r.size_bytes, SLICE_ARG(r.detail));
	if (r.to.len > 0)
		buf_printf(out, " %.*s", SLICE_ARG(r.to));
	for (uint32_t i = 0; i < r.entry_count; i++)
		buf_printf(out, " %llu", (unsigned long long)r.entries[i]);
	mem_free(entries);
	return st;
}

/* As it went; cut after every byte, and one byte longer, it is corrupt. */
static void
check_pair(struct buf *payload, enum status (*read)(struct slice in, struct buf *out),
    const char *want)
{
	struct buf out = buf_init(4096);
	char *copy;

	CHECK_STATUS(read(buf_slice(payload), &out), STATUS_OK);
	CHECK_SLICE(buf_slice(&out), want);
	for (size_t cut = 0; cut < payload->len; cut++) {
		copy = mem_dup(slice_sub(buf_slice(payload), 0, cut));
		CHECK_STATUS(read(slice_make(copy, cut), &out), STATUS_CORRUPT);
		mem_free(copy);
	}
	(void)buf_append_byte(payload, 0);
	CHECK_STATUS(read(buf_slice(payload), &out), STATUS_CORRUPT);
	buf_clear(&out);
	buf_clear(payload);
}

static void
what_relayd_and_policyd_say_comes_back_as_it_went(void **state)
{
	struct buf b = buf_init(4096);
	const uint64_t entries[] = { 7, UINT64_MAX };
	const struct policy_route route = { 3, SLICE("isp"), SLICE("h"), 465, true,
		ROUTE_TLS_OFF, true, SLICE("/ca"), 4, SLICE("u") };
	struct policy_returned returned = { RETURN_DELAYED, 9, SLICE("mid"), entries, 2, 100,
		SLICE("550 no"), SLICE("mail"), SLICE("x@y") };

	(void)state;
	policy_relay_id_put(&b, 5);
	check_pair(&b, read_id, "5");
	policy_route_put(&b, &route);
	check_pair(&b, read_route, "3 isp h 465 1 2 1 /ca 4 u");
	policy_returned_put(&b, &returned);
	check_pair(&b, read_returned, "1 9 mid mail 100 550 no 7 18446744073709551615");
	returned.kind = RETURN_RELAYED;
	policy_returned_put(&b, &returned);
	check_pair(&b, read_returned, "3 9 mid mail 100 550 no x@y 7 18446744073709551615");
}

static void
values_out_of_range_are_corrupt(void **state)
{
	uint64_t entries[POLICY_RETURN_ENTRIES_MAX + 1] = { 0 };
	struct policy_route route = { .port = 0 };
	struct policy_returned r = { RETURN_FAILED, 1, SLICE("m"), entries, 0, 0, SLICE(""),
		SLICE("o"), SLICE("") };
	struct buf b = buf_init(8192), out = buf_init(8192);

	(void)state;
	policy_route_put(&b, &route);
	CHECK_STATUS(read_route(buf_slice(&b), &out), STATUS_CORRUPT);
	for (uint32_t n = 0; n <= POLICY_RETURN_ENTRIES_MAX + 1; n++) {
		r.entry_count = n;
		buf_reset(&b);
		buf_reset(&out);
		policy_returned_put(&b, &r);
		CHECK_STATUS(read_returned(buf_slice(&b), &out),
		    n > 0 && n <= POLICY_RETURN_ENTRIES_MAX ? STATUS_OK : STATUS_CORRUPT);
	}
	r.entry_count = 1;
	r.mid = SLICE("");
	buf_reset(&b);
	policy_returned_put(&b, &r);
	CHECK_STATUS(read_returned(buf_slice(&b), &out), STATUS_CORRUPT);
	buf_clear(&b);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_relayd_and_policyd_say_comes_back_as_it_went),
		cmocka_unit_test(values_out_of_range_are_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
