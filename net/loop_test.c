#include "net/loop.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/check.h"
#include "net/listener.h"
#include "net/loop_internal.h"
#include "net/testing.h"

struct world {
	struct loop *loop;
	size_t count;
	size_t wanted;
	struct buf order;
	struct watch *watch;
	struct soon soon;
	struct timer *timer;
};

static int
setup(void **state)
{
	static struct world w;

	w = (struct world){ .loop = loop_new(), .order = buf_init(1000) };
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	timer_free(&w->timer);
	watch_free(&w->watch);
	loop_free(&w->loop);
	buf_clear(&w->order);
	return 0;
}

static void
count(void *ctx)
{
	struct world *w = ctx;

	w->count++;
}

static void
timers_fire_once_when_last_set(void **state)
{
	struct world *w = *state;

	w->timer = timer_new(w->loop, count, w);
	testing_turn(w->loop, 3);
	CHECK_U64(w->count, 0);
	timer_set(w->timer, 100000);
	timer_set(w->timer, 1);
	testing_until(w->loop, &w->count, 1);
	testing_turn(w->loop, 5);
	CHECK_U64(w->count, 1);
	timer_set(w->timer, 1);
	timer_stop(w->timer);
	testing_turn(w->loop, 5);
	CHECK_U64(w->count, 1);
}

struct step {
	struct world *w;
	char name;
};

static void
note(void *ctx)
{
	struct step *s = ctx;

	buf_append_byte(&s->w->order, s->name);
	s->w->count++;
}

static void *
post_many(void *ctx)
{
	for (int i = 0; i < 1000; i++)
		loop_post(((struct world *)ctx)->loop, count, ctx);
	return NULL;
}

static void
posts_run_in_order_and_from_any_thread(void **state)
{
	struct world *w = *state;
	struct step steps[] = { { w, 'a' }, { w, 'b' }, { w, 'c' } };
	pthread_t threads[4];

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		loop_post(w->loop, note, &steps[i]);
	testing_until(w->loop, &w->count, 3);
	CHECK_SLICE(buf_slice(&w->order), "abc");
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		CHECK(pthread_create(&threads[i], NULL, post_many, w) == 0);
	testing_until(w->loop, &w->count, 4003);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	/* Left over when the loop goes: dropped without leaking. */
	loop_post(w->loop, count, w);
}

static void
ready(void *ctx, unsigned events)
{
	struct world *w = ctx;

	CHECK(events & WATCH_READ);
	w->count++;
	if (w->count == 3)
		watch_want(w->watch, 0);
}

static void
watches_are_level_triggered_until_not_wanted(void **state)
{
	struct world *w = *state;
	int fds[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	w->watch = watch_new(w->loop, fds[0], ready, w);
	CHECK(write(fds[1], "x", 1) == 1);
	testing_turn(w->loop, 2);
	CHECK_U64(w->count, 0);
	watch_want(w->watch, WATCH_READ);
	testing_until(w->loop, &w->count, 3);
	testing_turn(w->loop, 2);
	CHECK_U64(w->count, 3);
	watch_free(&w->watch);
	close(fds[0]);
	close(fds[1]);
}

static void
again(void *ctx)
{
	struct world *w = ctx;

	w->count++;
	loop_soon(w->loop, &w->soon);
}

static void
work_that_asks_for_itself_again_starves_nobody(void **state)
{
	struct world *w = *state;

	w->soon = (struct soon){ .fn = again, .ctx = w };
	loop_soon(w->loop, &w->soon);
	loop_soon(w->loop, &w->soon);
	testing_turn(w->loop, 3);	/* returns though the work never ends */
	CHECK(w->count > 2);
	loop_soon_cancel(&w->soon);
	w->count = 0;
	testing_turn(w->loop, 2);
	CHECK_U64(w->count, 0);
}

static void
signals_arrive_on_the_loop(void **state)
{
	struct world *w = *state;

	loop_on_signal(w->loop, SIGUSR1, count, w);
	raise(SIGUSR1);
	testing_until(w->loop, &w->count, 1);
}

static void
a_stop_before_the_run_counts(void **state)
{
	struct world *w = *state;

	loop_stop(w->loop);
	loop_run(w->loop);
}

static int
listen_somewhere(struct sockaddr_un *a, socklen_t *len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a->sun_family = AF_UNIX;	/* the kernel gives it a name */
	*len = sizeof(*a);
	CHECK(bind(fd, (struct sockaddr *)a, sizeof(sa_family_t)) == 0 && listen(fd, 100) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)a, len) == 0);
	return fd;
}

static void
accepted(void *ctx, int fd)
{
	struct world *w = ctx;

	CHECK(fd >= 0);
	close(fd);
	w->count++;
}

static void
a_listener_accepts_all_and_waits_when_descriptors_run_out(void **state)
{
	struct world *w = *state;
	struct rlimit old, none;
	struct sockaddr_un a;
	struct listener *listener;
	socklen_t len;
	int fd = listen_somewhere(&a, &len);
	int peers[100];

	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		peers[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		CHECK(connect(peers[i], (struct sockaddr *)&a, len) == 0);
	}
	listener = listener_new(w->loop, fd, accepted, w);
	CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
	none = old;
	none.rlim_cur = 3;
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	testing_turn(w->loop, 20);
	CHECK_U64(w->count, 0);
	CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
	testing_until(w->loop, &w->count, ARRAY_LEN(peers));
	listener_free(&listener);
	for (size_t i = 0; i < ARRAY_LEN(peers); i++)
		close(peers[i]);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(timers_fire_once_when_last_set),
		T(posts_run_in_order_and_from_any_thread),
		T(watches_are_level_triggered_until_not_wanted),
		T(work_that_asks_for_itself_again_starves_nobody),
		T(signals_arrive_on_the_loop),
		T(a_stop_before_the_run_counts),
		T(a_listener_accepts_all_and_waits_when_descriptors_run_out),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
