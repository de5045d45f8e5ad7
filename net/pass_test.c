#include "base/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/conn.h"
#include "net/handover.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "net/pass.h"

static char folder[] = "/tmp/pass_test.XXXXXX";

/* A front with one client, and a worker that takes it or does not. */
struct world {
	struct loop *loop;
	struct ipc_server *worker;
	struct ipc_client *to_worker;
	int listen_fd;
	int client;		/* the client's own end */
	struct conn *conn;
	struct pass *pass;
	uint16_t answer;	/* what the worker says; 0: it hangs up */
	char input[64];		/* what came along */
	int taken;		/* the socket the worker got */
	bool has_ended;
	enum status st;
};

static enum status
on_session(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct world *w = ctx;
	struct handover h;

	CHECK(frame->type == HANDOVER_SESSION && frame->fd >= 0);
	CHECK_STATUS(handover_decode(frame->payload, &h), STATUS_OK);
	CHECK_SLICE(h.login, "zhang@acme.test");
	CHECK(!h.is_secure);
	CHECK(h.input.len < sizeof(w->input));
	memcpy(w->input, h.input.ptr, h.input.len);
	if (w->answer == 0)
		return STATUS_CORRUPT;
	w->taken = frame->fd;
	frame->fd = -1;
	ipc_send(peer, w->answer, frame->request, SLICE(""), -1);
	return STATUS_OK;
}

static void
passed(void *ctx, enum status st)
{
	struct world *w = ctx;

	w->pass = NULL;
	w->has_ended = true;
	w->st = st;
	loop_stop(w->loop);
}

/* The login was read; what the client sent behind it is still there. */
static void
on_input(void *ctx)
{
	struct world *w = ctx;
	const struct handover h = { .sid = SLICE("k3v7q2m9tzae"), .grant = SLICE("g"),
		.login = SLICE("zhang@acme.test"), .peer = SLICE("192.0.2.7") };

	conn_consume(w->conn, strlen("LOGIN\r\n"));
	w->pass = pass_start(w->loop, w->to_worker, &w->conn, &h, passed, w);
	CHECK(w->conn == NULL);
}

static void
on_end(void *ctx, enum conn_end end)
{
	(void)ctx;
	(void)end;
}

static const struct conn_handler conn_handlers = { .on_input = on_input, .on_end = on_end };
static const struct ipc_server_handler worker_handlers = { .on_frame = on_session };

static void
setup_world(struct world *w, uint16_t answer)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "worker.sock" };
	int pair[2];

	*w = (struct world){ .answer = answer, .taken = -1 };
	unlink("worker.sock");
	w->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK(bind(w->listen_fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	CHECK(listen(w->listen_fd, 8) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	w->client = pair[0];
	w->loop = loop_new();
	w->worker = ipc_server_new(w->loop, w->listen_fd, NULL, 0, &worker_handlers, w);
	w->to_worker = ipc_client_new(w->loop, "worker.sock", NULL, NULL, NULL);
	w->conn = conn_new(w->loop, pair[1], &conn_handlers, w);
	CHECK(write(w->client, "LOGIN\r\nNOOP\r\n", 13) == 13);
}

static void
clear_world(struct world *w)
{
	pass_cancel(&w->pass);
	conn_close(&w->conn);
	ipc_client_free(&w->to_worker);
	ipc_server_free(&w->worker);
	loop_free(&w->loop);
	close(w->listen_fd);
	close(w->client);
	if (w->taken >= 0)
		close(w->taken);
}

static void
a_clear_client_goes_with_what_it_sent(void **state)
{
	struct world w;
	char byte = 0;

	(void)state;
	setup_world(&w, HANDOVER_TAKEN);
	loop_run(w.loop);
	CHECK_STATUS(w.st, STATUS_OK);
	assert_string_equal(w.input, "NOOP\r\n");
	CHECK(write(w.taken, "+", 1) == 1 && read(w.client, &byte, 1) == 1 && byte == '+');
	clear_world(&w);
}

static void
a_client_that_no_worker_took_is_cut_off(void **state)
{
	static const struct {
		uint16_t answer;
		enum status st;
	} rows[] = { { HANDOVER_SESSION, STATUS_CORRUPT }, { 0, STATUS_BUSY } };
	char byte;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;

		setup_world(&w, rows[i].answer);
		loop_run(w.loop);
		CHECK(w.has_ended);
		CHECK_STATUS(w.st, rows[i].st);
		CHECK(read(w.client, &byte, 1) == 0);
		clear_world(&w);
	}
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink("worker.sock");
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clear_client_goes_with_what_it_sent),
		cmocka_unit_test(a_client_that_no_worker_took_is_cut_off),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
