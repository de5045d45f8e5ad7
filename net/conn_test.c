#include "net/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "net/conn_internal.h"
#include "net/testing_side.h"

#define BIG (1024 * 1024)

struct world {
	struct loop *loop;
	struct side side;
	int peer;	/* the other end, blocking */
};

static int
setup(void **state)
{
	struct world *w = mem_new(struct world);
	int fds[2];

	w->loop = loop_new();
	testing_pair(fds);
	w->peer = fds[1];
	side_open(&w->side, w->loop, fds[0]);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	side_clear(&w->side);
	loop_free(&w->loop);
	if (w->peer >= 0)
		close(w->peer);
	mem_free(w);
	return 0;
}

static void
say(struct world *w, const char *text)
{
	CHECK(send(w->peer, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

static void
hang_up(struct world *w)
{
	close(w->peer);
	w->peer = -1;
}

/* Turn the loop until the peer has read want bytes into out, or the end of the stream. */
static void
hear(struct world *w, struct buf *out, size_t want)
{
	uint64_t end = clock_monotonic_ms() + TESTING_PATIENCE_MS;
	ssize_t n = 1;

	while (out->len < want && n != 0 && clock_monotonic_ms() < end) {
		CHECK_STATUS(buf_reserve(out, 65536), STATUS_OK);
		n = recv(w->peer, out->ptr + out->len, 65536, MSG_DONTWAIT);
		if (n > 0)
			out->len += (size_t)n;
		else
			testing_turn(w->loop, 1);
	}
}

static void
input_comes_as_it_was_sent(void **state)
{
	struct world *w = *state;

	say(w, "he");
	testing_until(w->loop, &w->side.inputs, 1);
	say(w, "llo");
	testing_until(w->loop, &w->side.inputs, 2);
	CHECK_SLICE(buf_slice(&w->side.got), "hello");
	CHECK_SLICE(conn_input(w->side.conn), "");
	assert_string_equal(conn_peer(w->side.conn), "unix");
}

static void
what_is_not_consumed_stays_and_stops_the_peer(void **state)
{
	struct world *w = *state;
	char *text = mem_zeroed(BIG, 1);
	ssize_t sent;

	w->side.habit = SIDE_TAKES_NOTHING;
	conn_set_input_max(w->side.conn, 100);
	sent = send(w->peer, text, BIG, MSG_DONTWAIT);
	CHECK(sent > 1000);
	testing_until(w->loop, &w->side.inputs, 1);
	testing_turn(w->loop, 5);
	CHECK_U64(conn_input(w->side.conn).len, 100);
	CHECK_U64(w->side.inputs, 1);
	conn_consume(w->side.conn, 30);
	testing_until(w->loop, &w->side.inputs, 2);
	CHECK_U64(conn_input(w->side.conn).len, 100);
	w->side.habit = SIDE_TAKES_ALL;
	conn_set_input_max(w->side.conn, BIG);
	testing_until(w->loop, &w->side.got.len, (size_t)sent - 30);
	mem_free(text);
}

static void
a_paused_conn_hears_nothing_until_it_is_resumed(void **state)
{
	struct world *w = *state;

	conn_pause(w->side.conn);
	CHECK(conn_is_paused(w->side.conn));
	say(w, "one");
	testing_turn(w->loop, 5);
	CHECK_U64(w->side.inputs, 0);
	CHECK_SLICE(conn_input(w->side.conn), "one");
	conn_resume(w->side.conn);
	CHECK_U64(w->side.inputs, 0);
	testing_until(w->loop, &w->side.inputs, 1);
	CHECK_SLICE(buf_slice(&w->side.got), "one");
}

static void
commands_sent_ahead_of_the_end_are_all_heard_before_it(void **state)
{
	struct world *w = *state;

	w->side.habit = SIDE_TAKES_LINE_AND_PAUSES;
	say(w, "a\r\nb\r\nc\r\nrest");
	hang_up(w);
	for (size_t i = 1; i <= 3; i++) {
		testing_until(w->loop, &w->side.inputs, i);
		testing_turn(w->loop, 2);
		CHECK_U64(w->side.inputs, i);
		CHECK_U64(w->side.ended, 0);
		conn_resume(w->side.conn);
	}
	testing_until(w->loop, &w->side.ended, 1);
	CHECK(w->side.end == CONN_EOF);
	CHECK_SLICE(buf_slice(&w->side.got), "a\r\nb\r\nc\r\n");
	testing_turn(w->loop, 2);
	CHECK_U64(w->side.ended, 1);
}

static void
the_end_is_told_with_input_that_nobody_wants(void **state)
{
	struct world *w = *state;

	w->side.habit = SIDE_TAKES_NOTHING;
	say(w, "half a line");
	hang_up(w);
	testing_until(w->loop, &w->side.ended, 1);
	CHECK(w->side.end == CONN_EOF);
	/* The other direction may be open still. */
	conn_write(w->side.conn, SLICE("bye"));
	testing_turn(w->loop, 2);
	CHECK_U64(w->side.ended, 1);
}

/* The two ends of a TCP connection on loopback. */
static void
tcp_pair(int fds[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(bind(listening, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(listening, 1) == 0);
	CHECK(getsockname(listening, (struct sockaddr *)&a, &len) == 0);
	fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(connect(fds[1], (struct sockaddr *)&a, sizeof(a)) == 0);
	fds[0] = accept(listening, NULL, NULL);
	CHECK(fds[0] >= 0);
	close(listening);
}

static void
a_reset_is_told_even_while_paused(void **state)
{
	struct world *w = *state;
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };
	struct side tcp = { 0 };
	int fds[2];

	tcp_pair(fds);
	side_open(&tcp, w->loop, fds[0]);
	assert_string_equal(conn_peer(tcp.conn), "127.0.0.1");
	conn_pause(tcp.conn);
	CHECK(setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)) == 0);
	close(fds[1]);
	testing_until(w->loop, &tcp.ended, 1);
	CHECK(tcp.end == CONN_RESET);
	CHECK(conn_problem(tcp.conn)[0] != '\0');
	conn_finish(&tcp.conn);
	side_clear(&tcp);
}

static void
a_conn_may_be_closed_by_any_handler(void **state)
{
	static const unsigned closes[] = { CLOSE_ON_INPUT, CLOSE_ON_DRAINED, CLOSE_ON_END };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(closes); i++) {
		struct side s = { .closes = closes[i] };
		int fds[2];

		testing_pair(fds);
		side_open(&s, w->loop, fds[0]);
		conn_write(s.conn, SLICE("hello"));
		CHECK(write(fds[1], "x\r\ny", 4) == 4);
		testing_turn(w->loop, 5);
		close(fds[1]);
		testing_turn(w->loop, 5);
		CHECK(s.conn == NULL);
		if (closes[i] != CLOSE_ON_DRAINED)
			CHECK_U64(s.inputs, 1);
		CHECK_U64(s.ended, closes[i] == CLOSE_ON_END ? 1 : 0);
		side_clear(&s);
	}
}

static void
output_goes_out_whole_and_draining_is_told_from_the_loop(void **state)
{
	struct world *w = *state;
	struct buf heard = buf_init(8 * BIG);
	char *text = mem_zeroed(BIG, 1);

	for (size_t i = 0; i < BIG; i++)
		text[i] = (char)(i * 31 + i / 4096);
	conn_printf(w->side.conn, "%s %d\r\n", "+OK", 7);
	for (size_t at = 0; at < BIG; at += 5000)
		conn_write(w->side.conn, slice_sub(slice_make(text, BIG), at, 5000));
	CHECK(conn_output_pending(w->side.conn) > CONN_OUTPUT_HIGH);
	conn_write(w->side.conn, slice_make(text, BIG));
	CHECK_U64(w->side.drained, 0);
	hear(w, &heard, 2 * BIG + 7);
	testing_until(w->loop, &w->side.drained, 1);
	CHECK_U64(conn_output_pending(w->side.conn), 0);
	CHECK_SLICE(slice_sub(buf_slice(&heard), 0, 7), "+OK 7\r\n");
	CHECK(memcmp(heard.ptr + 7, text, BIG) == 0);
	CHECK(memcmp(heard.ptr + 7 + BIG, text, BIG) == 0);
	buf_clear(&heard);
	mem_free(text);
}

static void
printf_writes_long_lines_whole(void **state)
{
	struct world *w = *state;
	struct buf heard = buf_init(BIG);
	char *text = mem_zeroed(5001, 1);

	memset(text, 'x', 5000);
	conn_printf(w->side.conn, "%.*s\r\n", 5000, text);
	hear(w, &heard, 5002);
	CHECK_U64(heard.len, 5002);
	buf_clear(&heard);
	mem_free(text);
}

static void
finishing_sends_everything_then_closes(void **state)
{
	struct world *w = *state;
	struct buf heard = buf_init(8 * BIG);
	char *text = mem_zeroed(BIG, 1);

	say(w, "unread");
	conn_pause(w->side.conn);
	conn_write(w->side.conn, slice_make(text, BIG));
	conn_finish(&w->side.conn);
	CHECK(w->side.conn == NULL);
	hear(w, &heard, 8 * BIG);
	CHECK_U64(heard.len, BIG);
	CHECK_U64(w->side.inputs + w->side.drained + w->side.ended, 0);
	buf_clear(&heard);
	mem_free(text);
}

static void
last_output_goes_on_while_enough_of_it_moves(void **state)
{
	static const struct {
		size_t left, now_left;
		uint64_t now_ms, until_ms;
	} rows[] = {
		{ 5000, 5000 - CONN_FINISH_BYTES, 10000, 20000 },
		{ 5000, 5000 - CONN_FINISH_BYTES + 1, 10000, 10000 },
		{ 5000, 5000, 10000, 10000 },
		{ 5000, 6000, 10000, 10000 },
		{ 5000, 0, 10000, 20000 },
		{ 0, 0, 10000, 10000 },
		{ 5000, 0, 295000, 300000 },
		{ 5000, 0, 300000, 300000 },
		{ 5000, 0, 300001, 300000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conn_last last = { 300000, rows[i].left };

		CHECK_U64(conn_last_deadline(&last, rows[i].now_left, rows[i].now_ms),
		    rows[i].until_ms);
		CHECK_U64(last.left, rows[i].until_ms == rows[i].now_ms && rows[i].now_ms < 300000 ?
		    rows[i].left : rows[i].now_left);
	}
}

/* Its time is over now, instead of in some seconds. */
static void
let_time_pass(struct world *w, struct conn *c)
{
	c->deadline_ms = clock_monotonic_ms();
	conn_arm(c);
	testing_turn(w->loop, 5);
}

static void
a_slow_reader_hears_the_end_and_a_deaf_one_does_not(void **state)
{
	struct world *w = *state;
	struct conn *c = w->side.conn;
	struct buf heard = buf_init(8 * BIG);
	char *text = mem_zeroed(BIG, 1);

	conn_write(c, slice_make(text, BIG));
	testing_turn(w->loop, 5);
	conn_finish(&w->side.conn);
	for (size_t want = 65536; want < BIG / 2; want += 65536) {
		hear(w, &heard, want);
		let_time_pass(w, c);
		CHECK(c->deadline_ms > clock_monotonic_ms());
		CHECK_U64(*loop_lingering(w->loop), 1);
	}
	let_time_pass(w, c);
	/* Now it is gone, with what it had not sent. */
	hear(w, &heard, 8 * BIG);
	CHECK(heard.len > BIG / 2 - 65536 && heard.len < BIG);
	CHECK_U64(*loop_lingering(w->loop), 0);
	buf_clear(&heard);
	mem_free(text);
}

static void
beyond_so_many_that_linger_one_step_has_to_do(void **state)
{
	struct world *w = *state;
	struct conn *c = w->side.conn;
	struct buf heard = buf_init(8 * BIG);
	char *text = mem_zeroed(BIG, 1);

	*loop_lingering(w->loop) = CONN_LINGERING_MAX;
	conn_write(c, slice_make(text, BIG));
	conn_finish(&w->side.conn);
	hear(w, &heard, 65536);
	let_time_pass(w, c);
	hear(w, &heard, 8 * BIG);
	CHECK(heard.len < BIG);
	CHECK_U64(*loop_lingering(w->loop), CONN_LINGERING_MAX);
	buf_clear(&heard);
	mem_free(text);
}

static void
finishing_conns_do_not_outlive_the_loop(void **state)
{
	struct world *w = *state;
	char text[8] = "";

	conn_write(w->side.conn, SLICE("bye"));
	conn_finish(&w->side.conn);
	loop_free(&w->loop);
	CHECK(recv(w->peer, text, sizeof(text), 0) == 3);
	assert_string_equal(text, "bye");
	w->loop = loop_new();
}

static void
a_peer_that_went_away_is_no_signal(void **state)
{
	struct world *w = *state;
	char *text = mem_zeroed(BIG, 1);

	hang_up(w);
	conn_write(w->side.conn, slice_make(text, BIG));
	conn_write(w->side.conn, slice_make(text, BIG));
	testing_until(w->loop, &w->side.ended, 1);
	CHECK(w->side.end == CONN_RESET);
	mem_free(text);
}

static void
last_words_are_heard_though_nobody_listens_any_more(void **state)
{
	struct world *w = *state;

	say(w, "421 go away");
	hang_up(w);
	conn_write(w->side.conn, SLICE("QUIT"));
	testing_until(w->loop, &w->side.ended, 1);
	CHECK(w->side.end == CONN_RESET);
	CHECK_SLICE(buf_slice(&w->side.got), "421 go away");
	CHECK_U64(w->side.drained, 0);
	CHECK(conn_output_pending(w->side.conn) > CONN_OUTPUT_HIGH);
}

static void
a_detached_socket_keeps_what_was_not_consumed(void **state)
{
	struct world *w = *state;
	struct slice rest;
	char text[4];
	int fd;

	w->side.habit = SIDE_TAKES_NOTHING;
	say(w, "one\r\ntwo");
	testing_until(w->loop, &w->side.inputs, 1);
	conn_consume(w->side.conn, 5);
	fd = conn_detach(&w->side.conn, &rest);
	CHECK(w->side.conn == NULL);
	CHECK_SLICE(rest, "two");
	mem_free((void *)(uintptr_t)rest.ptr);
	CHECK(write(fd, "hey", 3) == 3);
	CHECK(recv(w->peer, text, sizeof(text), 0) == 3);
	close(fd);
}

static void
close_sides(struct side *sides, const int *peers, int count)
{
	for (int i = 0; i < count; i++) {
		side_clear(&sides[i]);
		close(peers[i]);
	}
}

static void
silence_and_deadlines_end_a_conn_but_our_own_silence_does_not(void **state)
{
	enum { SILENT, DEAD, MOVING, PAUSED, DEAF, COUNT };
	struct world *w = *state;
	struct side sides[COUNT] = { 0 };
	int peers[COUNT];
	char *text = mem_zeroed(BIG, 1);

	for (int i = 0; i < COUNT; i++) {
		int fds[2];

		testing_pair(fds);
		peers[i] = fds[1];
		side_open(&sides[i], w->loop, fds[0]);
		if (i != DEAD)
			conn_set_patience(sides[i].conn, 1);
	}
	conn_set_deadline(sides[DEAD].conn, 1);
	conn_pause(sides[PAUSED].conn);
	conn_pause(sides[DEAF].conn);
	conn_write(sides[DEAF].conn, slice_make(text, BIG));
	for (int i = 0; i < 15; i++) {
		testing_turn(w->loop, 100);
		CHECK(write(peers[MOVING], "x", 1) == 1);
	}
	CHECK_U64(sides[SILENT].ended, 1);
	CHECK(sides[SILENT].end == CONN_TIMEOUT);
	CHECK_U64(sides[DEAD].ended, 1);
	CHECK_U64(sides[DEAF].ended, 1);
	CHECK_U64(sides[MOVING].ended, 0);
	CHECK_U64(sides[PAUSED].ended, 0);
	/* The last words after a timeout still go out. */
	conn_write(sides[SILENT].conn, SLICE("bye"));
	conn_finish(&sides[SILENT].conn);
	testing_turn(w->loop, 5);
	CHECK(recv(peers[SILENT], text, BIG, MSG_DONTWAIT) == 3);
	close_sides(sides, peers, COUNT);
	mem_free(text);
}

static void
rates_end_a_conn_that_is_slow_and_no_other(void **state)
{
	enum { IN_SLOW, IN_KEPT, IN_PAUSED, OUT_DEAF, OUT_READ, COUNT };
	static const struct {
		size_t in, out;	/* bytes a second; 0: not set */
		size_t ended;
	} rows[COUNT] = {
		[IN_SLOW] = { 30, 0, 1 },
		[IN_KEPT] = { 3, 0, 0 },
		[IN_PAUSED] = { 30, 0, 0 },
		[OUT_DEAF] = { 0, 1000, 1 },
		[OUT_READ] = { 0, 1000, 0 },
	};
	struct world *w = *state;
	struct side sides[COUNT] = { 0 };
	int peers[COUNT];
	char *text = mem_zeroed(4 * BIG, 1);
	ssize_t got;

	for (int i = 0; i < COUNT; i++) {
		int fds[2];

		testing_pair(fds);
		peers[i] = fds[1];
		side_open(&sides[i], w->loop, fds[0]);
		if (rows[i].in > 0)
			conn_set_input_rate(sides[i].conn, 1, rows[i].in);
		if (rows[i].out > 0) {
			conn_write(sides[i].conn, slice_make(text, 4 * BIG));
			conn_set_output_rate(sides[i].conn, 1, rows[i].out);
		}
	}
	conn_pause(sides[IN_PAUSED].conn);
	for (int i = 0; i < 15; i++) {
		testing_turn(w->loop, 100);
		CHECK(write(peers[IN_SLOW], "x", 1) == 1);
		CHECK(write(peers[IN_KEPT], "x", 1) == 1);
		CHECK(recv(peers[OUT_READ], text, 200000, MSG_DONTWAIT) > 0);
	}
	for (int i = 0; i < COUNT; i++) {
		CHECK_U64(sides[i].ended, rows[i].ended);
		CHECK(sides[i].ended == 0 || sides[i].end == CONN_TIMEOUT);
	}
	/* A rate that is taken back, and output that has left, ask for nothing more. */
	conn_set_input_rate(sides[IN_KEPT].conn, 0, 0);
	while (conn_output_pending(sides[OUT_READ].conn) > 0) {
		testing_turn(w->loop, 1);
		got = recv(peers[OUT_READ], text, BIG, MSG_DONTWAIT);
		CHECK(got > 0 || errno == EAGAIN);
	}
	for (int i = 0; i < 12; i++)
		testing_turn(w->loop, 100);
	CHECK_U64(sides[IN_KEPT].ended, 0);
	CHECK_U64(sides[OUT_READ].ended, 0);
	close_sides(sides, peers, COUNT);
	mem_free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(input_comes_as_it_was_sent),
		T(what_is_not_consumed_stays_and_stops_the_peer),
		T(a_paused_conn_hears_nothing_until_it_is_resumed),
		T(commands_sent_ahead_of_the_end_are_all_heard_before_it),
		T(the_end_is_told_with_input_that_nobody_wants),
		T(a_reset_is_told_even_while_paused),
		T(a_conn_may_be_closed_by_any_handler),
		T(output_goes_out_whole_and_draining_is_told_from_the_loop),
		T(printf_writes_long_lines_whole),
		T(finishing_sends_everything_then_closes),
		T(last_output_goes_on_while_enough_of_it_moves),
		T(a_slow_reader_hears_the_end_and_a_deaf_one_does_not),
		T(beyond_so_many_that_linger_one_step_has_to_do),
		T(finishing_conns_do_not_outlive_the_loop),
		T(a_peer_that_went_away_is_no_signal),
		T(last_words_are_heard_though_nobody_listens_any_more),
		T(a_detached_socket_keeps_what_was_not_consumed),
		T(silence_and_deadlines_end_a_conn_but_our_own_silence_does_not),
		T(rates_end_a_conn_that_is_slow_and_no_other),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
