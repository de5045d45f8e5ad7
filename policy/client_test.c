#include "policy/client.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "policy/protocol.h"

#define PATH "client-test.sock"

/* A policyd that answers as the test says. */
struct world {
	unsigned changes;	/* POLICY_FETCH_CHANGED heard */
	struct loop *loop;
	int listen_fd;
	struct ipc_server *server;
	struct policy_client *client;
	struct ipc_peer *peer;
	struct buf heard;	/* what it was sent, a word each */
	struct buf answer;	/* what it answers to every request */
	struct buf got;		/* what the client's caller was told */
	unsigned wanted;	/* stop the loop after so many events */
};

static void
event(struct world *w)
{
	if (w->wanted > 0 && --w->wanted == 0)
		loop_stop(w->loop);
}

static void
wait_for(struct world *w, unsigned events)
{
	w->wanted = events;
	loop_run(w->loop);
}

static void
peer_opened(void *ctx, struct ipc_peer *peer)
{
	struct world *w = ctx;

	w->peer = peer;
}

static void
peer_closed(void *ctx, struct ipc_peer *peer)
{
	struct world *w = ctx;

	if (w->peer == peer)
		w->peer = NULL;
}

static enum status
peer_frame(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct world *w = ctx;
	struct policy_session s;
	struct slice sid;

	if (frame->type == POLICY_SESSION_OPEN) {
		CHECK_STATUS(policy_session_read(frame->payload, &s), STATUS_OK);
		buf_printf(&w->heard, "open:%.*s ", SLICE_ARG(s.sid));
	} else if (frame->type == POLICY_SESSION_CLOSE) {
		CHECK_STATUS(policy_sid_read(frame->payload, &sid), STATUS_OK);
		buf_printf(&w->heard, "close:%.*s ", SLICE_ARG(sid));
	} else {
		buf_printf(&w->heard, "%u ", frame->type);
		if (w->answer.len > 0)
			ipc_send(peer, frame->type, frame->request, buf_slice(&w->answer), -1);
	}
	event(w);
	return STATUS_OK;
}

static const struct ipc_server_handler handler = { peer_opened, peer_frame, peer_closed };

static void
noticed(void *ctx, uint16_t type, uint32_t fetch)
{
	struct world *w = ctx;

	if (type == POLICY_FETCH_CHANGED) {
		w->changes++;
		return;
	}
	buf_printf(&w->got, "notice:%u:%u ", type, fetch);
	event(w);
}

static int
set_up(void **state)
{
	struct world *w = mem_new(struct world);
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = PATH };

	(void)unlink(PATH);
	w->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CHECK(bind(w->listen_fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	CHECK(listen(w->listen_fd, 8) == 0);
	w->loop = loop_new();
	w->server = ipc_server_new(w->loop, w->listen_fd, NULL, 0, &handler, w);
	w->client = policy_client_new(w->loop, PATH, noticed, w);
	w->heard = buf_init(4096);
	w->answer = buf_init(IPC_FRAME_MAX);
	w->got = buf_init(4096);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	policy_client_free(&w->client);
	ipc_server_free(&w->server);
	loop_free(&w->loop);
	close(w->listen_fd);
	(void)unlink(PATH);
	buf_clear(&w->heard);
	buf_clear(&w->answer);
	buf_clear(&w->got);
	mem_free(w);
	return 0;
}

static void
replied(void *ctx, enum status st, const struct policy_reply *r)
{
	struct world *w = ctx;

	buf_printf(&w->got, "%s:%u ", status_name(st), r != NULL ? r->code : 0);
	event(w);
}

static void
logged_in(void *ctx, enum status st, const struct policy_sasl_answer *a,
    const struct problem *why)
{
	struct world *w = ctx;

	buf_printf(&w->got, "%s:%.*s:%s ", status_name(st), a != NULL ? (int)a->login.len : 0,
	    a != NULL ? a->login.ptr : "", why != NULL ? why->text : "");
	event(w);
}

static void
knew(void *ctx, enum status st, const struct fetch_known *known, uint32_t count)
{
	struct world *w = ctx;

	buf_printf(&w->got, "%s:%u:%llu:%d ", status_name(st), count,
	    count > 0 ? (unsigned long long)known[0].stored_at : 0,
	    count > 0 && known[0].is_removed);
	event(w);
}

static void
open_session(struct world *w, const char *sid)
{
	struct policy_session s = { .sid = slice_from_cstr(sid), .service = SERVICE_SMTP,
		.peer = SLICE("192.0.2.1") };

	policy_session_open(w->client, &s);
}

static void
sessions_are_told_again_after_a_restart_of_policyd(void **state)
{
	struct world *w = *state;

	open_session(w, "a");
	open_session(w, "b");
	/* Asked before there is a connection: it is told behind the sessions. */
	(void)policy_mail(w->client, SLICE("b"), SLICE(""), replied, w);
	wait_for(w, 3);
	CHECK(slice_ends(buf_slice(&w->heard), SLICE(" 4 ")));
	policy_session_close(w->client, SLICE("a"));
	policy_session_close(w->client, SLICE("never"));
	wait_for(w, 1);
	CHECK(slice_ends(buf_slice(&w->heard), SLICE("close:a ")));
	buf_reset(&w->heard);
	ipc_peer_close(w->peer);
	wait_for(w, 2);
	CHECK_SLICE(buf_slice(&w->got), "busy:0 ");
	CHECK_SLICE(buf_slice(&w->heard), "open:b ");
	CHECK_U64(w->changes, 2);	/* with each connection: a notice may have been lost */
}

static void
answers_are_given_as_they_came(void **state)
{
	struct world *w = *state;
	struct policy_reply reply = { 550, SLICE("5.1.1"), SLICE("no") };
	const struct fetch_known known[] = { { 17, true }, { 0, false } };
	const uint64_t sizes[] = { 0, 9 };
	const struct slice uidls[] = { SLICE("u1"), SLICE("u2") };

	policy_answer_put(&w->answer, STATUS_OK, NULL);
	policy_reply_put(&w->answer, &reply);
	(void)policy_recipient(w->client, SLICE("s"), SLICE("a@b"), SLICE("c@d"), replied, w);
	wait_for(w, 2);
	CHECK_SLICE(buf_slice(&w->got), "ok:550 ");
	buf_reset(&w->got);
	buf_reset(&w->answer);
	policy_answer_put(&w->answer, STATUS_DENIED, &(struct problem){ "wrong" });
	(void)policy_login(w->client, SLICE("s"), SLICE("li"), SLICE("x"), logged_in, w);
	wait_for(w, 2);
	CHECK_SLICE(buf_slice(&w->got), "denied::wrong ");
	buf_reset(&w->got);
	buf_reset(&w->answer);
	policy_answer_put(&w->answer, STATUS_OK, NULL);
	policy_known_put(&w->answer, known, 2);
	(void)policy_fetch_known(w->client, 1, uidls, sizes, 2, knew, w);
	wait_for(w, 2);
	CHECK_SLICE(buf_slice(&w->got), "ok:2:17:1 ");
	ipc_send(w->peer, POLICY_FETCH_RUN, 0, SLICE("\7\0\0\0"), -1);
	wait_for(w, 1);
	CHECK_SLICE(buf_slice(&w->got), "ok:2:17:1 notice:101:7 ");
}

static void
what_cannot_be_read_or_is_lost_is_busy(void **state)
{
	struct world *w = *state;

	buf_append(&w->answer, SLICE("\0nonsense"));
	(void)policy_mail(w->client, SLICE("s"), SLICE(""), replied, w);
	wait_for(w, 2);
	CHECK_SLICE(buf_slice(&w->got), "busy:0 ");
	buf_reset(&w->got);
	buf_reset(&w->answer);
	(void)policy_mail(w->client, SLICE("s"), SLICE(""), replied, w);
	wait_for(w, 1);
	ipc_peer_close(w->peer);
	wait_for(w, 1);
	CHECK_SLICE(buf_slice(&w->got), "busy:0 ");
}

static void
a_cancelled_call_is_not_answered(void **state)
{
	struct world *w = *state;
	struct slice *many = mem_array(struct slice, POLICY_UIDLS_MAX + 1);
	uint32_t call;

	policy_answer_put(&w->answer, STATUS_OK, NULL);
	policy_reply_put(&w->answer, &(struct policy_reply){ 250, SLICE(""), SLICE("") });
	call = policy_mail(w->client, SLICE("s"), SLICE(""), replied, w);
	policy_cancel(w->client, call);
	policy_cancel(w->client, call);
	call = policy_fetch_known(w->client, 1, many, NULL, POLICY_UIDLS_MAX + 1, knew, w);
	policy_cancel(w->client, call);
	(void)policy_fetch_known(w->client, 1, many, NULL, POLICY_UIDLS_MAX + 1, knew, w);
	wait_for(w, 1);
	CHECK_SLICE(buf_slice(&w->got), "limit:0:0:0 ");
	/* Freed with a call on its way. */
	(void)policy_mail(w->client, SLICE("s"), SLICE(""), replied, w);
	policy_client_free(&w->client);
	CHECK_SLICE(buf_slice(&w->got), "limit:0:0:0 ");
	mem_free(many);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sessions_are_told_again_after_a_restart_of_policyd),
		TEST(answers_are_given_as_they_came),
		TEST(what_cannot_be_read_or_is_lost_is_busy),
		TEST(a_cancelled_call_is_not_answered),
	};

	log_open("client_test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
