#include "base/check.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "net/dns.h"
#include "net/testing.h"

/* A DNS server whose answers the test writes. */

#define QUERY_HEADER 12

struct server {
	struct loop *loop;
	int fd;
	struct watch *watch;
	char address[32];
	struct sockaddr_in peer;
	struct buf answer;
	uint16_t answers;	/* records in it */
	unsigned rcode;
	bool is_truncated_name;	/* a compression pointer that points to itself */
	bool is_late;		/* the answer waits until all others were given */
	struct buf late;
	struct sockaddr_in late_peer;
	struct timer *late_timer;
};

static void
put_u16be(struct buf *out, unsigned v)
{
	buf_append_byte(out, (char)(v >> 8));
	buf_append_byte(out, (char)v);
}

static void
put_name(struct buf *out, const char *name)
{
	struct slice rest = slice_from_cstr(name);

	while (rest.len > 0) {
		struct slice label = slice_take_until(&rest, '.');

		buf_append_byte(out, (char)label.len);
		buf_append(out, label);
	}
	buf_append_byte(out, 0);
}

/* A record of the name that is asked for (or of owner), with data. */
static void
put_record(struct server *s, const char *owner, unsigned type, struct slice data)
{
	if (owner == NULL)
		put_u16be(&s->answer, 0xc000 | QUERY_HEADER);
	else
		put_name(&s->answer, owner);
	put_u16be(&s->answer, type);
	put_u16be(&s->answer, 1);
	buf_append(&s->answer, SLICE("\0\0\0\x3c"));
	put_u16be(&s->answer, (unsigned)data.len);
	buf_append(&s->answer, data);
	s->answers++;
}

static void
put_mx(struct server *s, unsigned preference, const char *host)
{
	struct buf data = buf_init(600);

	put_u16be(&data, preference);
	put_name(&data, host);
	put_record(s, NULL, ns_t_mx, buf_slice(&data));
	buf_clear(&data);
}

static void
put_target(struct server *s, const char *owner, unsigned type, const char *host)
{
	struct buf data = buf_init(600);

	put_name(&data, host);
	put_record(s, owner, type, buf_slice(&data));
	buf_clear(&data);
}

static void
fill_answer(struct server *s, struct slice name, unsigned type)
{
	char host[32];
	static const char nul_host[] = "\x00\x0a\x05" "a\0b\x1b" "c\x04test";

	if (slice_equal(name, SLICE("two.test")) && type == ns_t_mx) {
		put_mx(s, 20, "Second.Two.test");
		put_mx(s, 10, "first.two.test");
	} else if (slice_equal(name, SLICE("null.test")) && type == ns_t_mx) {
		put_mx(s, 0, "");
	} else if (slice_equal(name, SLICE("many.test")) && type == ns_t_mx) {
		for (unsigned i = 0; i < 30; i++) {
			snprintf(host, sizeof(host), "h%u.test", 29 - i);
			put_mx(s, 29 - i, host);
		}
	} else if (slice_equal(name, SLICE("bad.test")) && type == ns_t_mx) {
		put_record(s, NULL, ns_t_mx, slice_make(nul_host, sizeof(nul_host)));
		put_mx(s, 10, "sp ace.test");
	} else if (slice_equal(name, SLICE("short.test")) && type == ns_t_mx) {
		put_record(s, NULL, ns_t_mx, SLICE("\x00"));
	} else if (slice_equal(name, SLICE("loop.test"))) {
		put_target(s, NULL, ns_t_cname, "pool.test");
		put_target(s, "pool.test", ns_t_cname, "loop.test");
	} else if (slice_equal(name, SLICE("absent.test"))) {
		s->rcode = ns_r_nxdomain;
	} else if (slice_equal(name, SLICE("sick.test"))) {
		s->rcode = ns_r_servfail;
	} else if (slice_equal(name, SLICE("half.test")) || slice_equal(name, SLICE("part.test"))) {
		/* One family cannot be had, the other one is not there, or is. */
		s->is_late = type == ns_t_aaaa;
		if (type == ns_t_a)
			s->rcode = ns_r_servfail;
		else if (slice_equal(name, SLICE("part.test")))
			put_record(s, NULL, ns_t_aaaa, SLICE("\x20\x01\x0d\xb8" "0123456789ab"));
	} else if (slice_equal(name, SLICE("host.test")) && type == ns_t_a) {
		put_record(s, NULL, ns_t_a, slice_make("\xc0\x00\x02\x07", 4));
	} else if (slice_equal(name, SLICE("mapped.test")) && type == ns_t_aaaa) {
		put_record(s, NULL, ns_t_aaaa, slice_make("\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x07", 16));
	} else if (slice_equal(name, SLICE("wide.test")) && type == ns_t_a) {
		for (unsigned i = 0; i < 30; i++)
			put_record(s, NULL, ns_t_a, slice_make("\xc0\x00\x02\x07", 4));
	} else if (slice_equal(name, SLICE("self.test"))) {
		s->is_truncated_name = true;
	}
}

static void
send_to(struct server *s, const struct buf *out, const struct sockaddr_in *peer)
{
	CHECK(sendto(s->fd, out->ptr, out->len, 0, (const struct sockaddr *)peer, sizeof(*peer)) ==
	    (ssize_t)out->len);
}

static void
send_late(void *ctx)
{
	struct server *s = ctx;

	send_to(s, &s->late, &s->late_peer);
}

static void
on_query(void *ctx, unsigned events)
{
	struct server *s = ctx;
	char query[512];
	socklen_t peer_len = sizeof(s->peer);
	ssize_t n = recvfrom(s->fd, query, sizeof(query), 0, (struct sockaddr *)&s->peer,
	    &peer_len);
	struct buf name = buf_init(256), out = buf_init(8192);
	size_t at = QUERY_HEADER;

	(void)events;
	if (n < QUERY_HEADER + 5)
		return;
	while (at < (size_t)n && query[at] != 0) {
		size_t len = (unsigned char)query[at];

		if (name.len > 0)
			buf_append_byte(&name, '.');
		buf_append(&name, slice_sub(slice_make(query, (size_t)n), at + 1, len));
		at += 1 + len;
	}
	s->answer = buf_init(7000);
	s->answers = 0;
	s->rcode = 0;
	s->is_truncated_name = false;
	s->is_late = false;
	fill_answer(s, buf_slice(&name), (unsigned char)query[at + 2]);
	if (s->is_truncated_name) {
		s->answers = 1;
		put_u16be(&s->answer, 0xc000 | (unsigned)(at + 5));
		buf_append(&s->answer, slice_make("\0\x0f\0\1\0\0\0\x3c\0\2\0\1", 12));
	}
	buf_append(&out, slice_make(query, 2));
	put_u16be(&out, 0x8180 | s->rcode);
	put_u16be(&out, 1);
	put_u16be(&out, s->answers);
	buf_append(&out, SLICE("\0\0\0\0"));
	buf_append(&out, slice_sub(slice_make(query, (size_t)n), QUERY_HEADER,
	    at + 5 - QUERY_HEADER));
	buf_append(&out, buf_slice(&s->answer));
	if (s->is_late) {
		buf_reset(&s->late);
		buf_append(&s->late, buf_slice(&out));
		s->late_peer = s->peer;
		timer_set(s->late_timer, 100);
	} else {
		send_to(s, &out, &s->peer);
	}
	buf_clear(&s->answer);
	buf_clear(&out);
	buf_clear(&name);
}

static void
server_open(struct server *s, struct loop *l)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);

	s->loop = l;
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CHECK(s->fd >= 0 && bind(s->fd, (struct sockaddr *)&at, len) == 0);
	CHECK(getsockname(s->fd, (struct sockaddr *)&at, &len) == 0);
	snprintf(s->address, sizeof(s->address), "127.0.0.1:%u", ntohs(at.sin_port));
	s->late = buf_init(1024);
	s->late_timer = timer_new(l, send_late, s);
	s->watch = watch_new(l, s->fd, on_query, s);
	watch_want(s->watch, WATCH_READ);
}

struct answer {
	struct server server;
	struct dns *dns;
	size_t calls;
	enum status st;
	uint32_t count;
	struct buf text;
};

static void
on_mx(void *ctx, enum status st, const struct dns_mx *list, uint32_t count,
    const struct problem *why)
{
	struct answer *a = ctx;

	a->calls++;
	a->st = st;
	a->count = count;
	for (uint32_t i = 0; i < count; i++)
		buf_printf(&a->text, "%u %.*s;", list[i].preference, SLICE_ARG(list[i].host));
	CHECK(st == STATUS_OK || why->text[0] != '\0');
}

static void
on_addresses(void *ctx, enum status st, const struct dns_address *list, uint32_t count,
    const struct problem *why)
{
	struct answer *a = ctx;

	(void)why;
	a->calls++;
	a->st = st;
	a->count = count;
	for (uint32_t i = 0; i < count; i++)
		buf_printf(&a->text, "%s;", list[i].text);
}

static void
answer_open(struct answer *a)
{
	struct problem why = { 0 };

	*a = (struct answer){ .text = buf_init(4096) };
	server_open(&a->server, loop_new());
	CHECK_STATUS(dns_new(a->server.loop, slice_from_cstr(a->server.address), &a->dns, &why),
	    STATUS_OK);
}

static void
answer_clear(struct answer *a)
{
	dns_free(&a->dns);
	watch_free(&a->server.watch);
	timer_free(&a->server.late_timer);
	buf_clear(&a->server.late);
	close(a->server.fd);
	loop_free(&a->server.loop);
	buf_clear(&a->text);
}

static void
mail_exchangers_come_in_order_of_preference(void **state)
{
	static const struct {
		const char *name;
		enum status st;
		const char *text;
	} rows[] = {
		{ "two.test", STATUS_OK, "10 first.two.test;20 second.two.test;" },
		{ "two.test.", STATUS_OK, "10 first.two.test;20 second.two.test;" },
		{ "null.test", STATUS_OK, "0 ;" },
		{ "host.test", STATUS_OK, "" },
		{ "loop.test", STATUS_OK, "" },
		{ "absent.test", STATUS_ABSENT, "" },
		{ "bad.test", STATUS_CORRUPT, "" },
		{ "short.test", STATUS_CORRUPT, "" },
		{ "self.test", STATUS_CORRUPT, "" },
		{ "", STATUS_SYNTAX, "" },
		{ "a b", STATUS_SYNTAX, "" },
		{ "a..b", STATUS_SYNTAX, "" },
		{ "\xff.test", STATUS_SYNTAX, "" },
		{ "ｔｗｏ.test", STATUS_OK, "10 first.two.test;20 second.two.test;" },
	};
	struct answer a;

	(void)state;
	answer_open(&a);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&a.text);
		a.calls = 0;
		dns_mx(a.dns, slice_from_cstr(rows[i].name), on_mx, &a);
		CHECK_U64(a.calls, 0);
		testing_until(a.server.loop, &a.calls, 1);
		CHECK_STATUS(a.st, rows[i].st);
		CHECK_SLICE(buf_slice(&a.text), rows[i].text);
	}
	answer_clear(&a);
}

static void
of_many_exchangers_the_first_twenty_are_kept(void **state)
{
	struct answer a;

	(void)state;
	answer_open(&a);
	dns_mx(a.dns, SLICE("many.test"), on_mx, &a);
	testing_until(a.server.loop, &a.calls, 1);
	CHECK_U64(a.count, DNS_HOSTS_MAX);
	CHECK(slice_starts(buf_slice(&a.text), SLICE("0 h0.test;1 h1.test;")));
	CHECK(slice_ends(buf_slice(&a.text), SLICE("19 h19.test;")));
	answer_clear(&a);
}

static void
addresses_are_text(void **state)
{
	static const struct {
		const char *name;
		enum status st;
		const char *text;
	} rows[] = {
		{ "host.test", STATUS_OK, "192.0.2.7;" },
		{ "192.0.2.9", STATUS_OK, "192.0.2.9;" },
		{ "[2001:db8::1]", STATUS_OK, "2001:db8::1;" },
		{ "2001:DB8:0:0::0001", STATUS_OK, "2001:db8::1;" },
		{ "::ffff:192.0.2.9", STATUS_OK, "192.0.2.9;" },
		{ "mapped.test", STATUS_OK, "192.0.2.7;" },
		{ "null.test", STATUS_OK, "" },
		{ "absent.test", STATUS_ABSENT, "" },
		{ "loop.test", STATUS_OK, "" },
	};
	struct answer a;

	(void)state;
	answer_open(&a);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&a.text);
		a.calls = 0;
		dns_addresses(a.dns, slice_from_cstr(rows[i].name), on_addresses, &a);
		CHECK_U64(a.calls, 0);
		testing_until(a.server.loop, &a.calls, 1);
		CHECK_STATUS(a.st, rows[i].st);
		CHECK_SLICE(buf_slice(&a.text), rows[i].text);
	}
	a.calls = 0;
	dns_addresses(a.dns, SLICE("wide.test"), on_addresses, &a);
	testing_until(a.server.loop, &a.calls, 1);
	CHECK_U64(a.count, DNS_HOSTS_MAX);
	answer_clear(&a);
}

static void
a_server_that_cannot_say_is_busy(void **state)
{
	struct answer a;

	(void)state;
	answer_open(&a);
	dns_mx(a.dns, SLICE("sick.test"), on_mx, &a);
	testing_until(a.server.loop, &a.calls, 1);
	CHECK_STATUS(a.st, STATUS_BUSY);
	/* Nor is a name without addresses when one family could not be asked for. */
	dns_addresses(a.dns, SLICE("half.test"), on_addresses, &a);
	testing_until(a.server.loop, &a.calls, 2);
	CHECK_STATUS(a.st, STATUS_BUSY);
	dns_addresses(a.dns, SLICE("part.test"), on_addresses, &a);
	testing_until(a.server.loop, &a.calls, 3);
	CHECK_STATUS(a.st, STATUS_OK);
	CHECK_U64(a.count, 1);
	answer_clear(&a);
}

static void
cancelled_calls_are_never_told(void **state)
{
	struct answer a;
	struct dns_call *c;

	(void)state;
	answer_open(&a);
	c = dns_mx(a.dns, SLICE("two.test"), on_mx, &a);
	dns_cancel(&c);
	CHECK(c == NULL);
	dns_cancel(&c);
	c = dns_addresses(a.dns, SLICE("192.0.2.1"), on_addresses, &a);
	dns_cancel(&c);
	dns_mx(a.dns, SLICE("host.test"), on_mx, &a);
	testing_until(a.server.loop, &a.calls, 1);
	CHECK_U64(a.count, 0);
	dns_mx(a.dns, SLICE("two.test"), on_mx, &a);
	dns_addresses(a.dns, SLICE("192.0.2.1"), on_addresses, &a);
	answer_clear(&a);
	CHECK_U64(a.calls, 1);
}

static void
a_server_that_is_no_address_is_refused(void **state)
{
	static const char *const rows[] = { "somewhere", "1.2.3.4:53,5.6.7.8:53", "1.2.3.4:x" };
	struct loop *l = loop_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct problem why = { 0 };
		struct dns *d = NULL;

		CHECK_STATUS(dns_new(l, slice_from_cstr(rows[i]), &d, &why), STATUS_SYNTAX);
		CHECK(d == NULL && why.text[0] != '\0');
	}
	loop_free(&l);
}

static void
local_addresses_are_known(void **state)
{
	static const struct {
		const char *address;
		bool is_local;
	} rows[] = {
		{ "127.0.0.1", true }, { "127.9.9.9", true }, { "0.0.0.0", true }, { "::1", true },
		{ "::", true }, { "::ffff:127.0.0.1", true }, { "192.0.2.1", false },
		{ "128.0.0.1", false }, { "2001:db8::1", false }, { "::ffff:192.0.2.1", false },
		{ "", false }, { "localhost", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_U64(dns_address_is_local(rows[i].address), rows[i].is_local);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_exchangers_come_in_order_of_preference),
		cmocka_unit_test(of_many_exchangers_the_first_twenty_are_kept),
		cmocka_unit_test(addresses_are_text),
		cmocka_unit_test(a_server_that_cannot_say_is_busy),
		cmocka_unit_test(cancelled_calls_are_never_told),
		cmocka_unit_test(a_server_that_is_no_address_is_refused),
		cmocka_unit_test(local_addresses_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
