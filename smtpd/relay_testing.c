#include "base/check.h"

#include "smtpd/relay_testing.h"

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

static const char text[] = "Message-ID: <1@acme.test>\r\nSubject: offer\r\n\r\nhello\r\n";

/* Whatever is asked is answered in the order of asking. */
struct ask {
	struct ask *next;
	uint32_t number;
	void (*answer)(struct ask *a);
	void *done, *ctx;
	uint64_t id;
	uint32_t max;
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

static void answer_text(struct ask *a);

/* Where the oldest question stands that may be answered, or NULL. */
static struct ask **
first_ready(void)
{
	for (struct ask **at = &world->asks; *at != NULL; at = &(*at)->next)
		if ((*at)->answer != answer_text || !world->holds_texts)
			return at;
	return NULL;
}

void
answer_one(void *ctx)
{
	struct ask **at = first_ready(), *a;

	(void)ctx;
	if (at == NULL)
		return;
	a = *at;
	*at = a->next;
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

		if (k->is_leased || k->is_over)
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
	if (outcome == QUEUE_RELAYED) {	/* due again, once relayd is told that this is on disk */
		k->item.owed = QUEUE_OWES_RELAYED;
		k->is_leased = false;
	}
	CHECK(detail.len < sizeof(k->detail));
	snprintf(k->detail, sizeof(k->detail), "%.*s", SLICE_ARG(detail));
	if (outcome == QUEUE_RELAYED)
		k->item.detail = slice_from_cstr(k->detail);
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
	world->return_kind = r->kind;
	for (uint32_t i = 0; i < r->entry_count; i++) {
		struct kept *k = &world->entries[r->entries[i] - 1];

		if (r->kind < RETURN_DELIVERED)
			snprintf(k->detail, sizeof(k->detail), "%.*s", SLICE_ARG(r->detail));
		if (r->kind == RETURN_DELAYED)
			k->delayed++;
		else
			k->returned++;
		k->is_over = r->kind != RETURN_DELAYED && world->return_status == STATUS_OK;
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
	if (!s->is_in_text && slice_find(line, SLICE(":<")) < line.len) {
		(void)buf_append(&world->said, line);
		(void)buf_append(&world->said, SLICE("\n"));
	}
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
		conn_write(s->conn, world->has_dsn ? SLICE("250-mx\r\n250-DSN\r\n250 PIPELINING\r\n") :
		    SLICE("250-mx\r\n250 PIPELINING\r\n"));
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
	if (!world->is_silent)
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

void
server_hang_up(struct world *w)
{
	while (w->conns != NULL)
		server_close(w->conns);
}

void
server_stop(struct world *w)
{
	server_hang_up(w);
	listener_free(&w->listener);
	if (w->listen_fd >= 0)
		close(w->listen_fd);
	w->listen_fd = -1;
}

void
server_say(struct world *w, const char *line)
{
	conn_write(w->conns->conn, slice_from_cstr(line));
}

/* Fixture */

struct kept *
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

void
world_open(struct world *w)
{
	struct problem why = { 0 };

	*w = (struct world){ .loop = loop_new(), .notice = buf_init(1024 * 1024),
		.said = buf_init(64 * 1024) };
	world = w;
	CHECK_STATUS(settings_parse(SLICE("[relay]\nidle = 1s\nmx_local = yes\nper_destination = 3\n"
	    "[serve]\ndomain = acme.test\n[dns]\nserver = 127.0.0.1:1\n"), "test",
	    relay_settings_table, relay_settings_count, &w->settings, &why), STATUS_OK);
	server_open(w);
	w->settings.mx_port = w->port;
	w->route = (struct policy_route){ .id = 7, .name = SLICE("out"), .host = SLICE("127.0.0.1"),
		.port = w->port, .tls = ROUTE_TLS_OFF };
}

void
world_start(struct world *w)
{
	struct problem why = { 0 };

	CHECK_STATUS(relay_new(w->loop, &w->settings, &w->relay, &why), STATUS_OK);
}

/* Let everything happen that can happen now. */
void
turn(struct world *w, unsigned ms)
{
	uint64_t end_ms = clock_monotonic_ms() + ms;

	do {
		testing_turn(w->loop, 1);
		while (first_ready() != NULL)
			answer_one(NULL);
	} while (clock_monotonic_ms() < end_ms);
}

/* Until every entry is settled or returned. */
void
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

void
world_clear(struct world *w)
{
	relay_free(&w->relay);
	while (w->asks != NULL)
		ask_cancel(w->asks->number);
	server_stop(w);
	settings_free(relay_settings_table, relay_settings_count, &w->settings);
	testing_turn(w->loop, 1);
	buf_clear(&w->notice);
	buf_clear(&w->said);
	loop_free(&w->loop);
	world = NULL;
}

bool
notice_holds(const struct world *w, const char *want)
{
	return slice_find(buf_slice(&w->notice), slice_from_cstr(want)) < w->notice.len;
}
