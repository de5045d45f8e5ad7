#include "net/dial.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "base/check.h"
#include "net/testing.h"

struct world {
	struct loop *loop;
	size_t done;
	enum status st;
	int fd;
	struct problem why;
};

static void
on_done(void *ctx, enum status st, int fd, const struct problem *why)
{
	struct world *w = ctx;

	w->done++;
	w->st = st;
	w->fd = fd;
	w->why = *why;
}

/* A socket bound on loopback; its port. */
static uint16_t
bind_somewhere(int *fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);

	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(*fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	CHECK(getsockname(*fd, (struct sockaddr *)&a, &len) == 0);
	return ntohs(a.sin_port);
}

static void
hosts_are_reached_or_the_reason_is_told(void **state)
{
	static const struct {
		const char *host;
		bool is_listening;
		enum status st;
	} rows[] = {
		{ "127.0.0.1", true, STATUS_OK },
		{ "localhost", true, STATUS_OK },	/* maybe behind ::1 */
		{ "127.0.0.1", false, STATUS_BUSY },
		{ "[::1]", false, STATUS_BUSY },
		{ "localhost", false, STATUS_BUSY },
		{ "", true, STATUS_ABSENT },
	};
	struct world w = { .loop = loop_new() };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd;
		uint16_t port = bind_somewhere(&fd);

		if (rows[i].is_listening)
			CHECK(listen(fd, 5) == 0);
		dial_start(w.loop, slice_from_cstr(rows[i].host), port, 10000, on_done, &w);
		CHECK_U64(w.done, i);
		testing_until(w.loop, &w.done, i + 1);
		CHECK_STATUS(w.st, rows[i].st);
		CHECK((w.fd >= 0) == (w.st == STATUS_OK));
		CHECK((w.why.text[0] != '\0') == (w.st != STATUS_OK));
		if (w.fd >= 0) {
			CHECK(send(w.fd, "x", 1, 0) == 1);
			close(w.fd);
		}
		close(fd);
	}
	loop_free(&w.loop);
}

static void
names_with_nul_or_too_long_are_absent(void **state)
{
	struct world w = { .loop = loop_new() };
	char text[300];

	(void)state;
	memset(text, 'a', sizeof(text));
	dial_start(w.loop, slice_make("localhost\0x", 11), 1, 10000, on_done, &w);
	testing_until(w.loop, &w.done, 1);
	CHECK_STATUS(w.st, STATUS_ABSENT);
	dial_start(w.loop, slice_make(text, 254), 1, 10000, on_done, &w);
	testing_until(w.loop, &w.done, 2);
	CHECK_STATUS(w.st, STATUS_ABSENT);
	loop_free(&w.loop);
}

static void
a_full_queue_of_connections_is_busy_at_the_deadline(void **state)
{
	struct world w = { .loop = loop_new() };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd, fillers[8];
	uint16_t port = bind_somewhere(&fd);

	(void)state;
	CHECK(listen(fd, 0) == 0);
	a.sin_port = htons(port);
	for (size_t i = 0; i < ARRAY_LEN(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fillers[i], (struct sockaddr *)&a, sizeof(a));
	}
	dial_start(w.loop, SLICE("127.0.0.1"), port, 50, on_done, &w);
	testing_until(w.loop, &w.done, 1);
	CHECK_STATUS(w.st, STATUS_BUSY);
	CHECK(strstr(w.why.text, "in time") != NULL);
	for (size_t i = 0; i < ARRAY_LEN(fillers); i++)
		close(fillers[i]);
	close(fd);
	loop_free(&w.loop);
}

static void
a_cancelled_dial_is_silent(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost", "no-such-host.invalid" };
	struct world w = { .loop = loop_new() };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct slice host = slice_from_cstr(hosts[i]);
		struct dial *d = dial_start(w.loop, host, 9, 10000, on_done, &w);

		dial_cancel(&d);
		CHECK(d == NULL);
		dial_cancel(&d);
	}
	testing_turn(w.loop, 5);
	CHECK_U64(w.done, 0);
	loop_free(&w.loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_reached_or_the_reason_is_told),
		cmocka_unit_test(names_with_nul_or_too_long_are_absent),
		cmocka_unit_test(a_full_queue_of_connections_is_busy_at_the_deadline),
		cmocka_unit_test(a_cancelled_dial_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
