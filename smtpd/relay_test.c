#include "base/check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/ipc.h"
#include "net/listener.h"
#include "net/testing_side.h"
#include "policy/relay_client.h"
#include "smtpd/relay.h"
#include "smtpd/relay_settings.h"
#include "store/queue_client.h"

/*
 * relayd between a store, a policyd and a server that this file plays: the
 * clients of store and policy are defined here, and answer from the loop.
 */

#define ENTRIES_MAX 400
#define NOW 1795516611

static const char text[] = "Message-ID: <1@acme.test>\r\nSubject: offer\r\n\r\nhello\r\n";

struct kept {
	struct queue_item item;
	char recipient[64];
	bool is_leased, is_over;
	enum queue_outcome outcome;
	uint64_t due_at;
	unsigned settled, returned, delayed;
	char detail[600];
};

/* Whatever is asked is answered in the order of asking. */
struct ask {
	struct ask *next;
	uint32_t number;
	void (*answer)(struct ask *a);
	void *done, *ctx;
	uint64_t id;
	uint32_t max;
};

struct world {
	struct loop *loop;
	struct relay_settings settings;
	struct relay *relay;
	struct kept entries[ENTRIES_MAX];
	uint32_t entry_count;
	struct ask *asks;
	uint32_t ask_number;
	enum status settle_status, route_status, return_status, text_status;
	struct policy_route route;
	void (*on_due)(void *ctx);
	void *on_due_ctx;
	unsigned texts, returns;
	bool return_had_text;
	struct buf notice;
	/* The server. */
	struct listener *listener;
	int listen_fd;
	uint16_t port;
	struct server_conn *conns;
	unsigned connections, open_connections, most_connections, messages, recipients;
	bool drops_after_dot, is_mute_after_dot;
	size_t ends;
};

static struct world *world;	/* the clients below have no other way to it */

static uint32_t
ask_add(void (*answer)(struct ask *a), void *done, void *ctx)
{
	struct ask *a = mem_new(struct ask), **at = &world->asks;

	while (*at != NULL)
		at = &(*at)->next;
	*at = a;
	*a = (struct ask){ .number = ++world->ask_number, .answer = answer, .done = done,
		.ctx = ctx };
	return a->number;
}

static struct ask *
last_ask(void)
{
	struct ask *a = world->asks;

	while (a->next != NULL)
		a = a->next;
	return a;
}

static void
answer_one(void *ctx)
{
	struct ask *a = world->asks;

	(void)ctx;
	if (a == NULL)
		return;
	world->asks = a->next;
	a->answer(a);
	mem_free(a);
}

static void
ask_cancel(uint32_t number)
{
	for (struct ask **at = &world->asks; *at != NULL; at = &(*at)->next)
		if ((*at)->number == number) {
			struct ask *a = *at;

			*at = a->next;
			mem_free(a);
			return;
		}
}

/* The store */

struct queue_client *
queue_client_new(struct loop *l, const char *path, void (*on_due)(void *ctx), void *ctx)
{
	(void)l;
	assert_string_equal(path, "store-queue.sock");
	world->on_due = on_due;
	world->on_due_ctx = ctx;
	return (struct queue_client *)world;
}

void
queue_client_free(struct queue_client **c)
{
	*c = NULL;
}

void
queue_cancel(struct queue_client *c, uint32_t call)
{
	(void)c;
	ask_cancel(call);
}

static void
answer_take(struct ask *a)
{
	struct queue_item items[QUEUE_TAKE_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < world->entry_count && count < a->max; i++) {
		struct kept *k = &world->entries[i];

		if (k->is_leased || k->is_over || k->due_at > (uint64_t)NOW * 2)
			continue;
		k->is_leased = true;
		items[count++] = k->item;
	}
	((queue_take_done *)a->done)(a->ctx, STATUS_OK, items, count, 0);
}

uint32_t
queue_take(struct queue_client *c, uint32_t max, uint64_t now_s, queue_take_done *done, void *ctx)
{
	uint32_t number = ask_add(answer_take, (void *)done, ctx);

	(void)c;
	(void)now_s;
	CHECK(max > 0 && max <= QUEUE_TAKE_MAX);
	last_ask()->max = max;
	return number;
}

static void
answer_text(struct ask *a)
{
	int fd = -1;

	world->texts++;
	if (world->text_status == STATUS_OK) {
		CHECK_STATUS(memfd_new(&fd, NULL), STATUS_OK);
		CHECK(write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1);
		CHECK_STATUS(memfd_seal(fd, NULL), STATUS_OK);
	}
	((queue_text_done *)a->done)(a->ctx, world->text_status, fd, sizeof(text) - 1);
}

uint32_t
queue_text(struct queue_client *c, uint64_t id, queue_text_done *done, void *ctx)
{
	(void)c;
	(void)id;
	return ask_add(answer_text, (void *)done, ctx);
}

static void
answer_settle(struct ask *a)
{
	((queue_settle_done *)a->done)(a->ctx, world->settle_status);
}

uint32_t
queue_settle(struct queue_client *c, uint64_t id, enum queue_outcome outcome, uint64_t due_at,
    struct slice detail, queue_settle_done *done, void *ctx)
{
	struct kept *k = &world->entries[id - 1];

	(void)c;
	k->outcome = outcome;
	k->due_at = due_at;
	k->settled++;
	k->is_over = outcome == QUEUE_SENT;
	CHECK(detail.len < sizeof(k->detail));
	snprintf(k->detail, sizeof(k->detail), "%.*s", SLICE_ARG(detail));
	return ask_add(answer_settle, (void *)done, ctx);
}

/* policyd */

struct policy_client *
policy_client_new(struct loop *l, const char *path,
    void (*on_notice)(void *ctx, uint16_t type, uint32_t fetch), void *ctx)
{
	(void)l;
	(void)path;
	(void)on_notice;
	(void)ctx;
	return (struct policy_client *)world;
}

void
policy_client_free(struct policy_client **c)
{
	*c = NULL;
}

void
policy_cancel(struct policy_client *c, uint32_t call)
{
	(void)c;
	ask_cancel(call);
}

static void
answer_route(struct ask *a)
{
	((policy_route_done *)a->done)(a->ctx, world->route_status, &world->route);
}

uint32_t
policy_route(struct policy_client *c, uint32_t route, policy_route_done *done, void *ctx)
{
	(void)c;
	(void)route;
	return ask_add(answer_route, (void *)done, ctx);
}

static void
answer_secret(struct ask *a)
{
	((policy_secret_done *)a->done)(a->ctx, STATUS_OK, SLICE("open sesame"));
}

uint32_t
policy_credential(struct policy_client *c, uint32_t credential, policy_secret_done *done,
    void *ctx)
{
	(void)c;
	(void)credential;
	return ask_add(answer_secret, (void *)done, ctx);
}

static void
answer_return(struct ask *a)
{
	((policy_return_done *)a->done)(a->ctx, world->return_status, NULL);
}

uint32_t
policy_return(struct policy_client *c, const struct policy_returned *r, int fd,
    policy_return_done *done, void *ctx)
{
	struct slice map;

	(void)c;
	world->returns++;
	world->return_had_text = fd >= 0;
	for (uint32_t i = 0; i < r->entry_count; i++) {
		struct kept *k = &world->entries[r->entries[i] - 1];

		snprintf(k->detail, sizeof(k->detail), "%.*s", SLICE_ARG(r->detail));
		if (r->kind == RETURN_DELAYED)
			k->delayed++;
		else
			k->returned++;
		k->is_over = r->kind == RETURN_FAILED && world->return_status == STATUS_OK;
	}
	buf_reset(&world->notice);
	if (fd >= 0) {
		CHECK_STATUS(memfd_sealed_check(fd, r->size_bytes, NULL), STATUS_OK);
		CHECK_STATUS(memfd_map(fd, r->size_bytes, &map, NULL), STATUS_OK);
		buf_append(&world->notice, map);
		memfd_unmap(&map);
	} else {
		CHECK_U64(r->size_bytes, 0);
	}
	return ask_add(answer_return, (void *)done, ctx);
}

/* The server: what it says to RCPT is the recipient's local part, "250" and so on. */

struct server_conn {
	struct server_conn *next;
	struct conn *conn;
	bool is_in_text, has_recipient;
};

static void
server_close(struct server_conn *s)
{
	struct server_conn **at = &world->conns;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	conn_close(&s->conn);
	world->open_connections--;
	mem_free(s);
}

static void
server_line(struct server_conn *s, struct slice line)
{
	if (s->is_in_text) {
		if (!slice_equal(line, SLICE(".")))
			return;
		s->is_in_text = false;
		world->messages++;
		if (world->drops_after_dot)
			server_close(s);
		else if (!world->is_mute_after_dot)
			conn_write(s->conn, SLICE("250 2.0.0 taken\r\n"));
	} else if (slice_starts(line, SLICE("EHLO"))) {
		conn_write(s->conn, SLICE("250-mx\r\n250 PIPELINING\r\n"));
	} else if (slice_starts(line, SLICE("RCPT TO:<"))) {
		conn_printf(s->conn, "%.*s 4\r\n", SLICE_ARG(slice_sub(line, 9, 3)));
		s->has_recipient |= line.ptr[9] == '2';
		world->recipients++;
	} else if (slice_equal(line, SLICE("DATA")) && !s->has_recipient) {
		conn_write(s->conn, SLICE("554 no recipients\r\n"));
	} else if (slice_equal(line, SLICE("DATA"))) {
		s->has_recipient = false;
		s->is_in_text = true;
		conn_write(s->conn, SLICE("354 go\r\n"));
	} else {
		conn_write(s->conn, SLICE("250 ok\r\n"));
	}
}

static void
server_input(void *ctx)
{
	struct server_conn *s = ctx;
	struct slice line;
	size_t used;

	for (unsigned open = world->open_connections; open == world->open_connections &&
	     line_take(conn_input(s->conn), 4096, &line, &used) == STATUS_OK;) {
		char copy[512];
		size_t n = line.len < sizeof(copy) ? line.len : sizeof(copy);

		memcpy(copy, line.ptr, n);
		conn_consume(s->conn, used);
		server_line(s, slice_make(copy, n));
	}
}

static void
server_end(void *ctx, enum conn_end end)
{
	(void)end;
	server_close(ctx);
}

static void
server_accepted(void *ctx, int fd)
{
	static const struct conn_handler handler = { server_input, NULL, NULL, server_end };
	struct server_conn *s = mem_new(struct server_conn);

	(void)ctx;
	s->conn = conn_new(world->loop, fd, &handler, s);
	s->next = world->conns;
	world->conns = s;
	world->connections++;
	if (++world->open_connections > world->most_connections)
		world->most_connections = world->open_connections;
	conn_write(s->conn, SLICE("220 mx\r\n"));
}

static void
server_open(struct world *w)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);

	w->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CHECK(bind(w->listen_fd, (struct sockaddr *)&at, len) == 0);
	CHECK(listen(w->listen_fd, 50) == 0);
	CHECK(getsockname(w->listen_fd, (struct sockaddr *)&at, &len) == 0);
	w->port = ntohs(at.sin_port);
	w->listener = listener_new(w->loop, w->listen_fd, server_accepted, w);
}

static void
server_stop(struct world *w)
{
	while (w->conns != NULL)
		server_close(w->conns);
	listener_free(&w->listener);
	if (w->listen_fd >= 0)
		close(w->listen_fd);
	w->listen_fd = -1;
}

/* Fixture */

static struct kept *
add_entry(struct world *w, uint64_t text_id, const char *sender, const char *recipient)
{
	struct kept *k = &w->entries[w->entry_count++];

	CHECK(w->entry_count <= ENTRIES_MAX);
	snprintf(k->recipient, sizeof(k->recipient), "%s", recipient);
	k->item = (struct queue_item){
		.id = w->entry_count,
		.text = text_id,
		.size_bytes = sizeof(text) - 1,
		.mid = SLICE("mid1"),
		.sender = slice_from_cstr(sender),
		.recipient = slice_from_cstr(k->recipient),
		.route = 7,
		.author = 3,
		.made_at = (uint64_t)time(NULL),
	};
	return k;
}

static void
world_open(struct world *w)
{
	struct problem why = { 0 };

	*w = (struct world){ .loop = loop_new(), .notice = buf_init(1024 * 1024) };
	world = w;
	CHECK_STATUS(settings_parse(SLICE("[relay]\nidle = 1s\nmx_local = yes\nper_destination = 3\n"
	    "[serve]\ndomain = acme.test\n[dns]\nserver = 127.0.0.1:1\n"), "test",
	    relay_settings_table, relay_settings_count, &w->settings, &why), STATUS_OK);
	server_open(w);
	w->settings.mx_port = w->port;
	w->route = (struct policy_route){ .id = 7, .name = SLICE("out"), .host = SLICE("127.0.0.1"),
		.port = w->port, .tls = ROUTE_TLS_OFF };
}

static void
world_start(struct world *w)
{
	struct problem why = { 0 };

	CHECK_STATUS(relay_new(w->loop, &w->settings, &w->relay, &why), STATUS_OK);
}

/* Let everything happen that can happen now. */
static void
turn(struct world *w, unsigned ms)
{
	uint64_t end_ms = clock_monotonic_ms() + ms;

	do {
		testing_turn(w->loop, 1);
		while (w->asks != NULL)
			answer_one(NULL);
	} while (clock_monotonic_ms() < end_ms);
}

/* Until every entry is settled or returned. */
static void
until_settled(struct world *w)
{
	for (unsigned n = 0; n < 20000; n++) {
		uint32_t done = 0;

		for (uint32_t i = 0; i < w->entry_count; i++)
			done += w->entries[i].settled > 0 || w->entries[i].is_over;
		if (done == w->entry_count)
			break;
		turn(w, 1);
	}
	turn(w, 3);
	for (uint32_t i = 0; i < w->entry_count; i++)
		CHECK(w->entries[i].settled > 0 || w->entries[i].returned > 0);
}

static void
world_clear(struct world *w)
{
	relay_free(&w->relay);
	while (w->asks != NULL)
		ask_cancel(w->asks->number);
	server_stop(w);
	settings_free(relay_settings_table, relay_settings_count, &w->settings);
	testing_turn(w->loop, 1);
	buf_clear(&w->notice);
	loop_free(&w->loop);
	world = NULL;
}

static bool
notice_holds(const struct world *w, const char *want)
{
	return slice_find(buf_slice(&w->notice), slice_from_cstr(want)) < w->notice.len;
}

/* Tests */

static void
one_message_is_one_transaction_with_all_its_recipients(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	add_entry(&w, 1, "zhang@acme.test", "250@b.test");
	add_entry(&w, 1, "zhang@acme.test", "550@a.test");
	add_entry(&w, 1, "zhang@acme.test", "450@a.test");
	add_entry(&w, 1, "zhang@acme.test", "551@a.test");
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.messages, 1);
	CHECK_U64(w.recipients, 5);
	CHECK_U64(w.texts, 1);
	CHECK_U64(w.entries[0].outcome, QUEUE_SENT);
	CHECK_U64(w.entries[1].outcome, QUEUE_SENT);
	CHECK(strstr(w.entries[1].detail, "127.0.0.1[127.0.0.1]:") == w.entries[1].detail &&
	    strstr(w.entries[1].detail, "250 2.0.0 taken") != NULL);
	CHECK_U64(w.entries[3].outcome, QUEUE_LATER);
	CHECK(w.entries[3].due_at > w.entries[3].item.made_at + 200);
	/* One notice for both that failed. */
	CHECK_U64(w.returns, 1);
	CHECK_U64(w.entries[2].returned, 1);
	CHECK_U64(w.entries[4].returned, 1);
	CHECK_U64(w.entries[2].settled, 0);
	CHECK(notice_holds(&w, "Final-Recipient: rfc822; 550@a.test"));
	CHECK(notice_holds(&w, "Final-Recipient: rfc822; 551@a.test"));
	CHECK(!notice_holds(&w, "450@a.test"));
	world_clear(&w);
}

static void
connections_are_few_and_used_again(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	for (uint64_t i = 0; i < 300; i++)
		add_entry(&w, i + 1, "zhang@acme.test", "250@a.test");
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.messages, 300);
	CHECK(w.most_connections <= 3);
	CHECK(w.connections < 15);
	for (uint32_t i = 0; i < w.entry_count; i++)
		CHECK_U64(w.entries[i].outcome, QUEUE_SENT);
	/* One that is idle for long is closed. */
	turn(&w, 1500);
	CHECK_U64(w.open_connections, 0);
	world_clear(&w);
}

static void
a_null_sender_is_never_told(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	add_entry(&w, 1, "", "550@a.test");
	add_entry(&w, 2, "", "450@a.test")->item.made_at -= 86400;
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.returns, 1);
	CHECK(!w.return_had_text);
	CHECK_U64(w.entries[0].returned, 1);
	CHECK_U64(w.entries[1].delayed, 0);
	CHECK_U64(w.entries[1].outcome, QUEUE_LATER);
	world_clear(&w);
}

static void
old_mail_is_reported_once_and_given_up_at_last(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	add_entry(&w, 1, "zhang@acme.test", "450@a.test")->item.made_at -= 5 * 3600;
	add_entry(&w, 2, "zhang@acme.test", "450@a.test")->item.made_at -= 5 * 3600;
	w.entries[1].item.is_delay_told = true;
	add_entry(&w, 3, "zhang@acme.test", "450@a.test")->item.made_at -= 6 * 86400;
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.entries[0].delayed, 1);
	CHECK_U64(w.entries[0].outcome, QUEUE_LATER);
	CHECK_U64(w.entries[0].settled, 1);
	CHECK_U64(w.entries[1].delayed, 0);
	CHECK_U64(w.entries[2].returned, 1);
	CHECK_U64(w.entries[2].settled, 0);
	world_clear(&w);
}

static void
a_dead_host_is_left_alone_for_a_while(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	server_stop(&w);
	add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	add_entry(&w, 2, "zhang@acme.test", "250@a.test");
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.entries[0].outcome, QUEUE_LATER);
	CHECK_U64(w.entries[1].outcome, QUEUE_LATER);
	CHECK(strstr(w.entries[0].detail, "cannot connect to 127.0.0.1") != NULL);
	add_entry(&w, 3, "zhang@acme.test", "250@a.test");
	add_entry(&w, 4, "zhang@acme.test", "250@a.test")->item.made_at -= 6 * 86400;
	w.on_due(w.on_due_ctx);
	until_settled(&w);
	CHECK_U64(w.entries[2].outcome, QUEUE_PUT_BACK);
	CHECK(w.entries[2].due_at <= (uint64_t)time(NULL) + 60);
	CHECK_U64(w.entries[3].returned, 1);
	CHECK(notice_holds(&w, "cannot connect to 127.0.0.1"));
	world_clear(&w);
}

static void
without_stored_or_policyd_nothing_is_lost_or_sent_twice(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	w.settle_status = STATUS_BUSY;
	world_start(&w);
	until_settled(&w);
	/* stored came back, and gives the same entry again. */
	w.entries[0].is_over = w.entries[0].is_leased = false;
	w.entries[0].due_at = 0;
	w.on_due(w.on_due_ctx);
	turn(&w, 20);
	w.settle_status = STATUS_OK;
	turn(&w, 1200);
	CHECK_U64(w.messages, 1);
	CHECK(w.entries[0].settled >= 2);
	CHECK_U64(w.entries[0].outcome, QUEUE_SENT);

	w.return_status = STATUS_BUSY;
	add_entry(&w, 2, "zhang@acme.test", "550@a.test");
	w.on_due(w.on_due_ctx);
	turn(&w, 100);
	CHECK_U64(w.returns, 1);
	w.return_status = STATUS_OK;
	turn(&w, 1200);
	CHECK_U64(w.returns, 2);
	CHECK_U64(w.messages, 1);	/* nobody was left to send to */

	/* One of them was removed meanwhile: those that are left soon try again. */
	w.return_status = STATUS_STALE;
	add_entry(&w, 3, "zhang@acme.test", "550@a.test");
	w.on_due(w.on_due_ctx);
	until_settled(&w);
	CHECK_U64(w.entries[2].outcome, QUEUE_LATER);
	CHECK(w.entries[2].due_at <= (uint64_t)time(NULL) + 60);
	world_clear(&w);
}

static void
routes_decide_what_becomes_of_mail(void **state)
{
	static const struct {
		enum status route, text;
		const char *recipient;
		enum queue_outcome outcome;	/* 0: returned */
		const char *detail;
	} rows[] = {
		{ STATUS_ABSENT, STATUS_OK, "250@a.test", 0, "route that this mail was to take" },
		{ STATUS_BUSY, STATUS_OK, "250@a.test", QUEUE_PUT_BACK, "policyd cannot say" },
		{ STATUS_OK, STATUS_BUSY, "250@a.test", QUEUE_PUT_BACK, "text cannot be had" },
		{ STATUS_OK, STATUS_OK, "250@a.test", QUEUE_SENT, "taken" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct world w;

		world_open(&w);
		w.route_status = rows[i].route;
		w.text_status = rows[i].text;
		add_entry(&w, 1, "zhang@acme.test", rows[i].recipient);
		world_start(&w);
		until_settled(&w);
		CHECK_U64(w.entries[0].outcome, rows[i].outcome);
		CHECK_U64(w.entries[0].returned, rows[i].outcome == 0);
		CHECK(strstr(w.entries[0].detail, rows[i].detail) != NULL);
		world_clear(&w);
	}
}

static void
mail_by_mx_goes_to_others_than_ourselves(void **state)
{
	static const struct {
		const char *recipient;
		bool mx_local;
		const char *detail;		/* of what is returned; NULL: it is sent */
	} rows[] = {
		{ "250@[127.0.0.1]", true, NULL },
		{ "250@[127.0.0.1]", false, "is this server itself" },
		{ "250@[IPv6:::1]", false, "is this server itself" },
		{ "250@acme..test", true, "no name" },
		{ "250@[nonsense]", true, "no address" },
		{ "250", true, "no domain" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct world w;

		world_open(&w);
		w.settings.mx_local = rows[i].mx_local;
		w.route.host = SLICE("");
		add_entry(&w, 1, "zhang@acme.test", rows[i].recipient);
		world_start(&w);
		until_settled(&w);
		if (rows[i].detail == NULL) {
			CHECK_U64(w.entries[0].outcome, QUEUE_SENT);
		} else {
			CHECK_U64(w.entries[0].returned, 1);
			CHECK(strstr(w.entries[0].detail, rows[i].detail) != NULL);
		}
		world_clear(&w);
	}
}

static void
a_lost_answer_to_the_dot_is_tried_again_later(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	w.drops_after_dot = true;
	add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	world_start(&w);
	until_settled(&w);
	CHECK_U64(w.messages, 1);
	CHECK_U64(w.entries[0].outcome, QUEUE_LATER);
	CHECK(strstr(w.entries[0].detail, "closed the connection") != NULL);
	world_clear(&w);
}

static void
count_end(void *ctx)
{
	struct world *w = ctx;

	w->ends++;
}

static void
stopping_waits_for_answers_to_the_dot_only(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	world_start(&w);
	relay_stop(w.relay, count_end, &w);
	CHECK_U64(w.ends, 1);
	world_clear(&w);

	world_open(&w);
	w.is_mute_after_dot = true;
	add_entry(&w, 1, "zhang@acme.test", "250@a.test");
	world_start(&w);
	for (unsigned n = 0; w.messages == 0 && n < 2000; n++)
		turn(&w, 1);
	relay_stop(w.relay, count_end, &w);
	turn(&w, 5);
	CHECK_U64(w.ends, 0);
	conn_write(w.conns->conn, SLICE("250 taken at last\r\n"));
	turn(&w, 20);
	CHECK(w.ends > 0);
	CHECK_U64(w.entries[0].outcome, QUEUE_SENT);
	world_clear(&w);
}

/* Freed at any moment, nothing is left: the leak checker looks on. */
static void
it_ends_at_any_moment(void **state)
{
	(void)state;
	for (unsigned steps = 0; steps < 25; steps++) {
		static struct world w;

		world_open(&w);
		for (uint64_t i = 0; i < 10; i++) {
			add_entry(&w, i / 2, "zhang@acme.test", i % 3 == 0 ? "550@a.test"
			    : "250@a.test");
			w.entries[i].item.made_at -= i % 2 * 20000;
		}
		world_start(&w);
		for (unsigned n = 0; n < steps; n++) {
			testing_turn(w.loop, 0);
			answer_one(NULL);
		}
		world_clear(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_message_is_one_transaction_with_all_its_recipients),
		cmocka_unit_test(connections_are_few_and_used_again),
		cmocka_unit_test(a_null_sender_is_never_told),
		cmocka_unit_test(old_mail_is_reported_once_and_given_up_at_last),
		cmocka_unit_test(a_dead_host_is_left_alone_for_a_while),
		cmocka_unit_test(without_stored_or_policyd_nothing_is_lost_or_sent_twice),
		cmocka_unit_test(routes_decide_what_becomes_of_mail),
		cmocka_unit_test(mail_by_mx_goes_to_others_than_ourselves),
		cmocka_unit_test(a_lost_answer_to_the_dot_is_tried_again_later),
		cmocka_unit_test(stopping_waits_for_answers_to_the_dot_only),
		cmocka_unit_test(it_ends_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
