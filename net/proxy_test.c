#include "net/proxy.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/testing_certificate.h"
#include "net/testing_side.h"
#include "net/tls.h"

#define BIG (4 * 1024 * 1024)

struct world {
	struct loop *loop;
	struct side client;	/* the outside end */
	struct side front;	/* its other end, until the proxy takes it */
	struct side worker;
	size_t ended;
};

static void
on_ended(void *ctx)
{
	((struct world *)ctx)->ended++;
}

static int
setup(void **state)
{
	struct world *w = mem_new(struct world);
	struct tls_context *server, *client;
	int fds[2];

	w->loop = loop_new();
	CHECK_STATUS(tls_server_new("cert.pem", "key.pem", TLS_FLOOR_1_2, SLICE(""), &server, NULL),
	    STATUS_OK);
	CHECK_STATUS(tls_client_new_unchecked(&client, NULL), STATUS_OK);
	testing_pair(fds);
	side_open(&w->client, w->loop, fds[0]);
	side_open(&w->front, w->loop, fds[1]);
	conn_start_tls(w->front.conn, server, NULL);
	conn_start_tls(w->client.conn, client, NULL);
	tls_context_free(&server);
	tls_context_free(&client);
	testing_until(w->loop, &w->client.secure, 1);
	testing_until(w->loop, &w->front.secure, 1);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	side_clear(&w->client);
	side_clear(&w->front);
	side_clear(&w->worker);
	loop_free(&w->loop);
	mem_free(w);
	return 0;
}

static void
start(struct world *w)
{
	int fds[2];

	testing_pair(fds);
	side_open(&w->worker, w->loop, fds[0]);
	proxy_start(w->loop, &w->front.conn, fds[1], on_ended, w);
	CHECK(w->front.conn == NULL);
}

static void
bytes_go_both_ways_and_what_waited_goes_first(void **state)
{
	struct world *w = *state;

	w->front.habit = SIDE_TAKES_NOTHING;
	conn_write(w->client.conn, SLICE("early "));
	testing_until(w->loop, &w->front.inputs, 1);
	conn_pause(w->front.conn);
	start(w);
	conn_write(w->client.conn, SLICE("late"));
	conn_write(w->worker.conn, SLICE("hello"));
	testing_until(w->loop, &w->worker.got.len, 10);
	testing_until(w->loop, &w->client.got.len, 5);
	CHECK_SLICE(buf_slice(&w->worker.got), "early late");
	CHECK_SLICE(buf_slice(&w->client.got), "hello");
	CHECK_U64(w->ended, 0);
}

static void
a_slow_reader_stops_the_writer_and_gets_everything(void **state)
{
	struct world *w = *state;
	char *text = mem_zeroed(BIG, 1);

	for (size_t i = 0; i < BIG; i++)
		text[i] = (char)(i * 5 + i / 300);
	start(w);
	conn_set_input_max(w->client.conn, 1000);
	w->client.habit = SIDE_TAKES_NOTHING;
	conn_write(w->worker.conn, slice_make(text, BIG));
	testing_until(w->loop, &w->client.inputs, 1);
	testing_turn(w->loop, 50);
	CHECK(conn_output_pending(w->worker.conn) > BIG / 2);
	w->client.habit = SIDE_TAKES_ALL;
	conn_set_input_max(w->client.conn, 65536);
	conn_consume(w->client.conn, conn_input(w->client.conn).len);
	testing_until(w->loop, &w->client.got.len, BIG - 1000);
	CHECK(memcmp(w->client.got.ptr, text + 1000, BIG - 1000) == 0);
	mem_free(text);
}

static void
the_workers_last_words_reach_the_client(void **state)
{
	struct world *w = *state;

	start(w);
	conn_write(w->worker.conn, SLICE("* BYE\r\n"));
	conn_finish(&w->worker.conn);
	testing_until(w->loop, &w->client.ended, 1);
	CHECK(w->client.end == CONN_EOF);
	CHECK_SLICE(buf_slice(&w->client.got), "* BYE\r\n");
	CHECK_U64(w->ended, 1);
}

static void
commands_sent_ahead_of_goodbye_are_answered(void **state)
{
	struct world *w = *state;
	char *text = mem_zeroed(BIG, 1);

	start(w);
	conn_write(w->client.conn, SLICE("a FETCH\r\nb LOGOUT\r\n"));
	conn_end_output(w->client.conn);
	testing_until(w->loop, &w->worker.ended, 1);
	CHECK(w->worker.end == CONN_EOF);
	CHECK_U64(w->ended, 0);
	/* More than the proxy holds, so that it must go on draining after the client's end. */
	conn_write(w->worker.conn, slice_make(text, BIG));
	conn_finish(&w->worker.conn);
	testing_until(w->loop, &w->client.got.len, BIG);
	testing_until(w->loop, &w->ended, 1);
	mem_free(text);
}

static void
a_client_that_is_cut_off_ends_the_worker(void **state)
{
	struct world *w = *state;

	start(w);
	conn_write(w->client.conn, SLICE("x"));
	testing_until(w->loop, &w->worker.got.len, 1);
	conn_pause(w->worker.conn);
	side_clear(&w->client);
	testing_turn(w->loop, 5);
	conn_resume(w->worker.conn);
	testing_until(w->loop, &w->worker.ended, 1);
	conn_close(&w->worker.conn);
	testing_until(w->loop, &w->ended, 1);
}

static void
a_proxy_does_not_outlive_the_loop(void **state)
{
	struct world *w = *state;

	start(w);
	testing_turn(w->loop, 2);
	side_clear(&w->client);
	side_clear(&w->worker);
	loop_free(&w->loop);
	w->loop = loop_new();
	CHECK_U64(w->ended, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(bytes_go_both_ways_and_what_waited_goes_first),
		T(a_slow_reader_stops_the_writer_and_gets_everything),
		T(the_workers_last_words_reach_the_client),
		T(commands_sent_ahead_of_goodbye_are_answered),
		T(a_client_that_is_cut_off_ends_the_worker),
		T(a_proxy_does_not_outlive_the_loop),
#undef T
	};
	char folder[] = "/tmp/tradepost-proxy-XXXXXX";
	int failed;

	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return 1;
	testing_certificate();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink("cert.pem");
	unlink("key.pem");
	rmdir(folder);
	return failed;
}
