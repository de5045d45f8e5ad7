#include "store/admin.h"

/*
 * store-admin.sock: which file answers which request.
 */

static const struct {
	uint16_t type;		/* enum store_request */
	admin_handler *handle;
} handlers[] = {
	{ STORE_AUDIT_LIST, admin_audit_list },
	{ STORE_AUDIT_PUT, admin_audit_put },
	{ STORE_QUEUE_LIST, admin_queue_list },
	{ STORE_QUEUE_CHANGE, admin_queue_change },
	{ STORE_TRASH_CHANGE, admin_trash_change },
	{ STORE_HOLD, admin_hold },
	{ STORE_PUT_BACK, admin_put_back },
	{ STORE_STATS, admin_stats },
	{ STORE_COMPACT, admin_compact },
};

void
admin_end(struct stored *s, uint64_t peer, uint32_t request, enum status st,
    const struct problem *why)
{
	struct buf b = buf_init(1024);

	answer_put(st, why, &b);
	ipc_send_to(s->admin, peer, STORE_END, request, buf_slice(&b), -1);
	buf_clear(&b);
}

void
admin_submit(struct stored *s, struct ipc_peer *peer, uint32_t request, struct job **job)
{
	struct problem why = { "" };
	enum status st;

	(*job)->peer = ipc_peer_id(peer);
	(*job)->request = request;
	st = stored_submit(s, job, &why);
	if (st != STATUS_OK)
		admin_end(s, ipc_peer_id(peer), request, st, &why);
}

void
admin_answer(struct stored *s, const struct job *j)
{
	admin_end(s, j->peer, j->request, j->status, &j->why);
}

static enum status
admin_frame(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
		if (handlers[i].type == frame->type)
			return handlers[i].handle(ctx, peer, frame);
	return STATUS_CORRUPT;
}

static void
admin_close(void *ctx, struct ipc_peer *peer)
{
	struct admin_task *task = ipc_peer_get(peer);

	(void)ctx;
	if (task != NULL)
		task->close(task);
}

void
admin_server_new(struct stored *s, int listen_fd)
{
	static const struct ipc_server_handler handler = { NULL, admin_frame, admin_close };

	s->admin = ipc_server_new(s->loop, listen_fd, NULL, 0, &handler, s);
}

void
admin_server_free(struct stored *s)
{
	ipc_server_free(&s->admin);
}
