#include "net/ipc.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/mem.h"
#include "net/testing.h"

#define PATH "test.sock"
#define DEADLINE_MS 10000

enum { ASK_ECHO = 1, ASK_FD, ASK_NOTHING, ASK_REFUSED, ASK_LATER, ASK_ROWS, SAY_ROW, SAY_END };

struct world {
	struct loop *loop;
	int listen_fd;
	struct ipc_server *server;
	struct ipc_client *client;
	size_t opened, closed, frames;
	size_t answers, busy, notices, connections;
	struct slice expected;		/* payload of the next echo */
	uint64_t later_peer;
	uint32_t later_request;
	char *fd_text;			/* what the answer's descriptor read, by mem_dup() */
};

static int
listen_at_path(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = PATH };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(PATH);
	CHECK(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	CHECK(listen(fd, 16) == 0);
	return fd;
}

static void
on_open(void *ctx, struct ipc_peer *peer)
{
	struct world *w = ctx;

	CHECK_U64(ipc_peer_uid(peer), getuid());
	ipc_peer_set(peer, w);
	w->opened++;
}

static void
on_close(void *ctx, struct ipc_peer *peer)
{
	struct world *w = ctx;

	CHECK(ipc_peer_get(peer) == w);
	w->closed++;
}

static enum status
on_frame(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct world *w = ctx;
	int fd = frame->fd;

	w->frames++;
	CHECK_U64(frame->version, IPC_VERSION);
	switch (frame->type) {
	case ASK_ECHO:
		ipc_send(peer, frame->type, frame->request, frame->payload, -1);
		break;
	case ASK_FD:	/* the same descriptor comes back, by our own copy */
		CHECK(fd >= 0);
		frame->fd = -1;
		ipc_send(peer, frame->type, frame->request, frame->payload, fd);
		close(fd);
		break;
	case ASK_LATER:
		w->later_peer = ipc_peer_id(peer);
		w->later_request = frame->request;
		break;
	case ASK_ROWS:
		for (int i = 0; i < 3; i++)
			ipc_send(peer, SAY_ROW, frame->request, SLICE("row"), -1);
		ipc_send(peer, SAY_END, frame->request, SLICE("end"), -1);
		break;
	case ASK_REFUSED:
		return STATUS_SYNTAX;
	}
	return STATUS_OK;
}

static const struct ipc_server_handler handler = { on_open, on_frame, on_close };

static void
on_notice(void *ctx, struct ipc_frame *frame)
{
	struct world *w = ctx;

	CHECK_U64(frame->request, 0);
	w->notices++;
}

static void
on_connected(void *ctx)
{
	struct world *w = ctx;

	w->connections++;
	ipc_notify(w->client, ASK_ECHO, SLICE("hello"));
}

static int
setup(void **state)
{
	struct world *w = mem_new(struct world);

	w->loop = loop_new();
	w->listen_fd = listen_at_path();
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	ipc_client_free(&w->client);
	ipc_server_free(&w->server);
	loop_free(&w->loop);
	close(w->listen_fd);
	mem_free(w->fd_text);
	mem_free(w);
	return 0;
}

static void
serve(struct world *w)
{
	w->server = ipc_server_new(w->loop, w->listen_fd, NULL, 0, &handler, w);
}

static void
use(struct world *w)
{
	w->client = ipc_client_new(w->loop, PATH, on_notice, on_connected, w);
}

static void
answered(void *ctx, enum status st, struct ipc_frame *answer)
{
	struct world *w = ctx;

	CHECK((st == STATUS_OK) == (answer != NULL));
	if (st == STATUS_OK) {
		CHECK(slice_equal(answer->payload, w->expected));
		w->answers++;
	} else {
		CHECK_STATUS(st, STATUS_BUSY);
		w->busy++;
	}
}

static void
answers_come_back_whatever_their_size(void **state)
{
	static const size_t sizes[] = { 0, 1, 12, 65523, 65524, 65525, 300000, IPC_FRAME_MAX };
	struct world *w = *state;
	char *text = mem_zeroed(IPC_FRAME_MAX, 1);

	serve(w);
	use(w);
	for (size_t i = 0; i < IPC_FRAME_MAX; i++)
		text[i] = (char)(i * 7);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		w->expected = slice_make(text, sizes[i]);
		ipc_call(w->client, ASK_ECHO, w->expected, -1, DEADLINE_MS, answered, w);
		testing_until(w->loop, &w->answers, i + 1);
	}
	testing_until(w->loop, &w->notices, 1);
	mem_free(text);
}

static void
read_fd(void *ctx, enum status st, struct ipc_frame *answer)
{
	struct world *w = ctx;
	char text[32];
	ssize_t n;

	CHECK_STATUS(st, STATUS_OK);
	CHECK(answer->fd >= 0);
	n = pread(answer->fd, text, sizeof(text), 0);
	CHECK(n == (ssize_t)answer->payload.len);
	CHECK(memcmp(text, answer->payload.ptr, answer->payload.len) == 0);
	w->answers++;
}

static void
descriptors_stay_with_their_frames(void **state)
{
	enum { CALLS = 300 };
	struct world *w = *state;
	size_t fds;

	serve(w);
	use(w);
	testing_until(w->loop, &w->notices, 1);
	fds = testing_open_fds();
	/* Many at once, with and without, so that reads and writes merge and split them. */
	for (size_t i = 0; i < CALLS; i++) {
		char text[32];
		int len = snprintf(text, sizeof(text), "text %zu", i);
		struct slice s = slice_make(text, (size_t)len);
		int fd;

		CHECK_STATUS(memfd_new(&fd, NULL), STATUS_OK);
		CHECK(write(fd, s.ptr, s.len) == len);
		ipc_call(w->client, ASK_FD, s, fd, DEADLINE_MS, read_fd, w);
		close(fd);
		if (i % 3 == 0)
			ipc_notify(w->client, ASK_NOTHING, SLICE("between"));
	}
	testing_until(w->loop, &w->answers, CALLS);
	CHECK_U64(testing_open_fds(), fds);
	CHECK_U64(w->closed, 0);
}

/* A peer of the server's that speaks as it likes. */
static int
raw_connect(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = PATH };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	return fd;
}

static struct buf
raw_frame(uint32_t len, uint16_t type, uint16_t version, struct slice payload)
{
	struct buf b = buf_init(1000);

	put_u32le(&b, len);
	put_u16le(&b, type);
	put_u16le(&b, version);
	put_u32le(&b, 7);
	CHECK_STATUS(buf_append(&b, payload), STATUS_OK);
	return b;
}

static void
raw_send(int fd, struct slice bytes, size_t fd_count)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)bytes.ptr, bytes.len };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *h;
	int fds[8];

	if (fd_count > 0) {
		m.msg_control = control.space;
		m.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		for (size_t i = 0; i < fd_count; i++)
			fds[i] = STDERR_FILENO;
		memcpy(CMSG_DATA(h), fds, fd_count * sizeof(int));
	}
	CHECK(sendmsg(fd, &m, MSG_NOSIGNAL) == (ssize_t)bytes.len);
}

static void
malformed_frames_cost_their_sender_the_connection(void **state)
{
	static const struct {
		uint32_t len;
		uint16_t type, version;
		size_t fd_count;
	} rows[] = {
		{ IPC_FRAME_MAX + 1, ASK_ECHO, 1, 0 },
		{ 0xffffffff, ASK_ECHO, 1, 0 },
		{ 4, ASK_ECHO, 1 | IPC_HAS_FD, 0 },
		{ 4, ASK_ECHO, 1, 1 },
		{ 4, ASK_NOTHING, 1 | IPC_HAS_FD, 2 },
		{ 4, ASK_NOTHING, 1 | IPC_HAS_FD, 8 },
		{ 4, ASK_REFUSED, 1, 0 },
		{ 10, ASK_ECHO, 1, 2 },	/* unfinished */
	};
	struct world *w = *state;
	size_t fds;

	serve(w);
	use(w);
	testing_until(w->loop, &w->notices, 1);
	fds = testing_open_fds();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = raw_frame(rows[i].len, rows[i].type, rows[i].version, SLICE("text"));
		int fd = raw_connect();

		raw_send(fd, buf_slice(&b), rows[i].fd_count);
		testing_until(w->loop, &w->closed, i + 1);
		close(fd);
		buf_clear(&b);
		CHECK_U64(testing_open_fds(), fds);
	}
	w->expected = SLICE("still here");
	ipc_call(w->client, ASK_ECHO, w->expected, -1, DEADLINE_MS, answered, w);
	testing_until(w->loop, &w->answers, 1);
}

static void
a_frame_cut_after_any_byte_is_dropped(void **state)
{
	struct world *w = *state;
	struct buf b = raw_frame(4, ASK_ECHO, 1 | IPC_HAS_FD, SLICE("text"));

	serve(w);
	for (size_t cut = 0; cut < b.len; cut++) {
		int fd = raw_connect();

		if (cut > 0)
			raw_send(fd, slice_sub(buf_slice(&b), 0, cut), 1);
		close(fd);
		testing_until(w->loop, &w->closed, cut + 1);
	}
	CHECK_U64(w->frames, 0);
	buf_clear(&b);
}

static void
frames_may_come_byte_by_byte_and_all_at_once(void **state)
{
	struct world *w = *state;
	struct buf b = raw_frame(4, ASK_ECHO, 1, SLICE("text"));
	struct buf two = buf_init(1000);
	int fd = 0;

	serve(w);
	fd = raw_connect();
	for (size_t i = 0; i < b.len; i++) {
		raw_send(fd, slice_sub(buf_slice(&b), i, 1), 0);
		testing_turn(w->loop, 1);
	}
	testing_until(w->loop, &w->frames, 1);
	for (int i = 0; i < 20; i++)
		CHECK_STATUS(buf_append(&two, buf_slice(&b)), STATUS_OK);
	raw_send(fd, buf_slice(&two), 0);
	testing_until(w->loop, &w->frames, 21);
	CHECK_U64(w->closed, 0);
	close(fd);
	buf_clear(&b);
	buf_clear(&two);
}

static void
calls_wait_for_a_server_and_survive_its_restart(void **state)
{
	struct world *w = *state;
	int fd;

	close(w->listen_fd);
	use(w);
	w->expected = SLICE("early");
	CHECK_STATUS(memfd_new(&fd, NULL), STATUS_OK);
	CHECK(write(fd, "early", 5) == 5);
	ipc_call(w->client, ASK_ECHO, w->expected, -1, DEADLINE_MS, answered, w);
	ipc_call(w->client, ASK_FD, w->expected, fd, DEADLINE_MS, read_fd, w);
	close(fd);
	testing_turn(w->loop, 20);
	CHECK_U64(w->answers, 0);
	w->listen_fd = listen_at_path();
	serve(w);
	testing_until(w->loop, &w->answers, 2);

	/* A call that was sent is lost with its connection; later ones find the new server. */
	ipc_call(w->client, ASK_NOTHING, SLICE(""), -1, DEADLINE_MS, answered, w);
	testing_until(w->loop, &w->frames, 4);
	ipc_server_free(&w->server);
	testing_until(w->loop, &w->busy, 1);
	CHECK(!ipc_client_is_connected(w->client));
	ipc_call(w->client, ASK_ECHO, w->expected, -1, DEADLINE_MS, answered, w);
	serve(w);
	testing_until(w->loop, &w->answers, 3);
	CHECK_U64(w->connections, 2);
	CHECK_U64(w->busy, 1);
}

static void
deadlines_end_calls_with_busy(void **state)
{
	struct world *w = *state;
	uint32_t call;

	serve(w);
	use(w);
	testing_until(w->loop, &w->notices, 1);
	ipc_call(w->client, ASK_NOTHING, SLICE(""), -1, DEADLINE_MS, answered, w);
	ipc_call(w->client, ASK_NOTHING, SLICE(""), -1, 30, answered, w);
	ipc_call(w->client, ASK_NOTHING, SLICE(""), -1, 5, answered, w);
	call = ipc_call(w->client, ASK_NOTHING, SLICE(""), -1, 5, answered, w);
	CHECK(call != 0);
	ipc_cancel(w->client, call);
	testing_until(w->loop, &w->busy, 2);
	testing_turn(w->loop, 10);
	CHECK_U64(w->busy, 2);

	/* An answer that comes late has nobody to go to. */
	ipc_call(w->client, ASK_LATER, SLICE(""), -1, 5, answered, w);
	testing_until(w->loop, &w->busy, 3);
	CHECK(ipc_send_to(w->server, w->later_peer, ASK_LATER, w->later_request, SLICE(""), -1));
	CHECK(!ipc_send_to(w->server, w->later_peer + 1, ASK_LATER, 1, SLICE(""), -1));
	testing_turn(w->loop, 10);
	CHECK_U64(w->answers, 0);
}

static void
free_client(void *ctx, enum status st, struct ipc_frame *answer)
{
	struct world *w = ctx;

	(void)st;
	(void)answer;
	w->answers++;
	ipc_client_free(&w->client);
}

static void
a_client_may_be_freed_by_any_callback(void **state)
{
	static const uint16_t types[] = { ASK_ECHO, ASK_REFUSED, ASK_NOTHING };
	struct world *w = *state;

	serve(w);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		use(w);
		for (int n = 0; n < 3; n++)
			ipc_call(w->client, types[i], SLICE("x"), -1, 50, free_client, w);
		testing_until(w->loop, &w->answers, i + 1);
	}
	testing_turn(w->loop, 60);
	CHECK_U64(w->answers, ARRAY_LEN(types));
}

static void
a_peer_that_never_reads_is_given_up(void **state)
{
	struct world *w = *state;
	char *text = mem_zeroed(IPC_FRAME_MAX, 1);
	int fd;

	serve(w);
	fd = raw_connect();
	testing_until(w->loop, &w->opened, 1);
	for (int i = 0; i < 20; i++)
		CHECK(ipc_send_to(w->server, 1, SAY_ROW, 0, slice_make(text, IPC_FRAME_MAX), -1));
	testing_until(w->loop, &w->closed, 1);
	close(fd);
	mem_free(text);
}

static void *
serve_in_thread(void *ctx)
{
	struct world *w = ctx;

	loop_run(w->loop);
	return NULL;
}

static void
count_row(void *ctx, struct ipc_frame *frame)
{
	size_t *counts = ctx;

	counts[frame->type == SAY_END]++;
}

static void
ipc_call_wait_collects_rows(void **state)
{
	struct world *w = *state;
	struct problem why = { 0 };
	size_t counts[2] = { 0 };
	pthread_t thread;

	serve(w);
	CHECK(pthread_create(&thread, NULL, serve_in_thread, w) == 0);
	CHECK_STATUS(ipc_call_wait(PATH, ASK_ROWS, SLICE(""), -1, SAY_END, DEADLINE_MS, count_row,
	    counts, &why), STATUS_OK);
	CHECK_U64(counts[0], 3);
	CHECK_U64(counts[1], 1);
	CHECK_STATUS(ipc_call_wait(PATH, ASK_NOTHING, SLICE(""), -1, SAY_END, 10, NULL, NULL, &why),
	    STATUS_BUSY);
	CHECK(why.text[0] != '\0');
	CHECK_STATUS(ipc_call_wait(PATH, ASK_REFUSED, SLICE(""), -1, SAY_END, DEADLINE_MS, NULL,
	    NULL, &why), STATUS_BUSY);
	CHECK_STATUS(ipc_call_wait("absent.sock", ASK_ECHO, SLICE(""), -1, SAY_END, DEADLINE_MS,
	    NULL, NULL, &why), STATUS_BUSY);
	loop_post(w->loop, testing_stop, w->loop);
	CHECK(pthread_join(thread, NULL) == 0);
}

static void
a_sealed_memory_file_is_checked_and_mapped(void **state)
{
	struct slice map;
	int fd, other;

	(void)state;
	CHECK_STATUS(memfd_new(&fd, NULL), STATUS_OK);
	CHECK(write(fd, "hello", 5) == 5);
	CHECK_STATUS(memfd_sealed_check(fd, 5, NULL), STATUS_DENIED);
	CHECK_STATUS(memfd_seal(fd, NULL), STATUS_OK);
	CHECK_STATUS(memfd_sealed_check(fd, 5, NULL), STATUS_OK);
	CHECK_STATUS(memfd_sealed_check(fd, 4, NULL), STATUS_DENIED);
	CHECK(write(fd, "x", 1) < 0);
	CHECK_STATUS(memfd_map(fd, 5, &map, NULL), STATUS_OK);
	CHECK_SLICE(map, "hello");
	memfd_unmap(&map);
	CHECK_U64(map.len, 0);
	close(fd);
	CHECK_STATUS(memfd_new(&other, NULL), STATUS_OK);
	CHECK_STATUS(memfd_seal(other, NULL), STATUS_OK);
	CHECK_STATUS(memfd_map(other, 0, &map, NULL), STATUS_OK);
	CHECK_U64(map.len, 0);
	memfd_unmap(&map);
	close(other);
	CHECK_STATUS(memfd_sealed_check(STDERR_FILENO, 0, NULL), STATUS_DENIED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(answers_come_back_whatever_their_size),
		T(descriptors_stay_with_their_frames),
		T(malformed_frames_cost_their_sender_the_connection),
		T(a_frame_cut_after_any_byte_is_dropped),
		T(frames_may_come_byte_by_byte_and_all_at_once),
		T(calls_wait_for_a_server_and_survive_its_restart),
		T(deadlines_end_calls_with_busy),
		T(a_client_may_be_freed_by_any_callback),
		T(a_peer_that_never_reads_is_given_up),
		T(ipc_call_wait_collects_rows),
#undef T
		cmocka_unit_test(a_sealed_memory_file_is_checked_and_mapped),
	};
	char folder[] = "/tmp/tradepost-ipc-XXXXXX";
	int failed;

	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(PATH);
	rmdir(folder);
	return failed;
}
