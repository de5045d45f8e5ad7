#include "base/clock.h"
#include "base/log.h"
#include "store/stored.h"

/*
 * store-work.sock: workers ask for changes in their users' mailboxes, under
 * the grant that policyd gave the session.
 */

static void
work_refuse(struct ipc_peer *peer, const struct ipc_frame *frame, enum status st,
    const struct problem *why)
{
	struct buf b = buf_init(1024);

	answer_put(st, why, &b);
	ipc_send(peer, frame->type, frame->request, buf_slice(&b), -1);
	buf_clear(&b);
}

/* What policyd has said so far, to a worker that has just come. */
static void
work_tell_logins(struct stored *s, struct ipc_peer *peer)
{
	struct buf b = buf_init(IPC_FRAME_MAX);

	logins_put(s->logins.rows, s->logins.count, true, &b);
	if (s->logins.is_known)
		ipc_send(peer, STORE_LOGINS, 0, buf_slice(&b), -1);
	buf_clear(&b);
}

enum status
work_logins(struct stored *s, struct slice payload)
{
	enum status st = logins_take(&s->logins, payload);

	for (size_t i = 0; st == STATUS_OK && i < s->worker_count; i++)
		(void)ipc_send_to(s->work, s->workers[i], STORE_LOGINS, 0, payload, -1);
	return st;
}

/* STORE_HELLO: the worker gets the eventfd that tells it of commits. */
static enum status
work_hello(struct stored *s, struct ipc_peer *peer, const struct ipc_frame *frame)
{
	struct wake_worker *worker = ipc_peer_get(peer);
	struct problem why = { "" };
	struct buf b = buf_init(1024);
	enum status st;
	int fd = -1;

	if (worker != NULL)
		return STATUS_CORRUPT;
	st = wake_worker_new(s->wake, &worker, &fd, &why);
	ipc_peer_set(peer, worker);
	answer_put(st, &why, &b);
	ipc_send(peer, STORE_HELLO, frame->request, buf_slice(&b), fd);
	buf_clear(&b);
	if (s->worker_count < ARRAY_LEN(s->workers))
		s->workers[s->worker_count++] = ipc_peer_id(peer);
	work_tell_logins(s, peer);
	return STATUS_OK;
}

static enum status
work_frame(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct stored *s = ctx;
	struct problem why = { "" };
	struct job *j = NULL;
	enum status st;

	if (frame->type == STORE_HELLO)
		return work_hello(s, peer, frame);
	if (!work_is_known(frame->type))
		return STATUS_CORRUPT;
	st = job_of_work(frame->type, frame->payload, frame->fd, buf_slice(&s->grant_key),
	    clock_now_s(), &j, &why);
	if (st == STATUS_OK && !logins_hold(&s->logins, j->grant.account, j->grant.login_mark)) {
		problem_set(&why, "the login does not hold any more");
		st = STATUS_DENIED;
		job_free(&j);
	}
	if (st == STATUS_OK) {
		j->peer = ipc_peer_id(peer);
		j->request = frame->request;
		st = stored_submit(s, &j, &why);
	}
	if (st != STATUS_OK)
		work_refuse(peer, frame, st, &why);
	return STATUS_OK;
}

static void
work_close(void *ctx, struct ipc_peer *peer)
{
	struct wake_worker *worker = ipc_peer_get(peer);
	struct stored *s = ctx;

	for (size_t i = 0; i < s->worker_count; i++)
		if (s->workers[i] == ipc_peer_id(peer))
			s->workers[i] = s->workers[--s->worker_count];
	ipc_peer_set(peer, NULL);
	wake_worker_free(&worker);
}

void
work_answer(struct stored *s, const struct job *j)
{
	struct buf b = buf_init(IPC_FRAME_MAX);

	answer_put(j->status, &j->why, &b);
	if (j->status == STATUS_OK)
		result_put(&j->result, &b);
	ipc_send_to(s->work, j->peer, j->type, j->request, buf_slice(&b), -1);
	buf_clear(&b);
}

void
work_server_new(struct stored *s, int listen_fd)
{
	static const struct ipc_server_handler handler = { NULL, work_frame, work_close };

	s->work = ipc_server_new(s->loop, listen_fd, s->work_users.uids, s->work_users.count,
	    &handler, s);
}

void
work_server_free(struct stored *s)
{
	ipc_server_free(&s->work);
}
