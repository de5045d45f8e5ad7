#include "base/mem.h"
#include "net/ipc.h"
#include "net/loop.h"
#include "store/audit.h"
#include "store/queue_order.h"
#include "store/stored.h"

/*
 * store-admin.sock: the administrator's commands read what is told row by row,
 * a slice a turn, so that neither a transaction nor the loop waits for them.
 */

#define SLICE_ROWS 2000
#define UNSENT_MAX (1024 * 1024)
#define UNSENT_PAUSE_MS 20

struct listing;
/* Send some rows; ABSENT when they were the last. */
typedef enum status listing_slice(struct listing *l, struct txn *t, struct problem *why);

struct listing {
	listing_slice *slice;
	struct stored *stored;
	struct ipc_peer *peer;
	uint32_t request;
	char *payload;		/* what the filter's slices point into */
	struct audit_filter filter;
	struct audit_place place;
	uint32_t left;
	struct queue_place {	/* STORE_QUEUE_LIST: how far the queue has been told */
		struct txn *txn;
		uint64_t after;
		uint32_t rows;
	} queue;
	struct timer *timer;
};

static bool
listing_row(void *ctx, const struct audit_row *row)
{
	struct listing *l = ctx;
	struct buf b = buf_init(IPC_FRAME_MAX);

	audit_row_put(row, &b);
	ipc_send(l->peer, STORE_ROW, l->request, buf_slice(&b), -1);
	buf_clear(&b);
	return --l->left > 0;
}

static enum status
audit_rows(struct listing *l, struct txn *t, struct problem *why)
{
	if (l->left == 0)
		return STATUS_ABSENT;
	return audit_slice(t, &l->filter, &l->place, SLICE_ROWS, listing_row, l, why);
}

static bool
queue_row(void *ctx, const struct spool_row *row)
{
	struct listing *l = ctx;
	struct buf b = buf_init(IPC_FRAME_MAX);
	struct text_row text = { 0 };

	if (text_get(l->queue.txn, row->text, &text, NULL) != STATUS_OK)
		text.size_bytes = 0;
	queue_row_put(row, text.size_bytes, &b);
	ipc_send(l->peer, STORE_ROW, l->request, buf_slice(&b), -1);
	buf_clear(&b);
	l->queue.after = row->id;
	return ++l->queue.rows < SLICE_ROWS;
}

static enum status
queue_rows(struct listing *l, struct txn *t, struct problem *why)
{
	enum status st;

	l->queue.txn = t;
	l->queue.rows = 0;
	st = spool_each(t, l->queue.after, queue_row, l, why);
	return st == STATUS_OK && l->queue.rows < SLICE_ROWS ? STATUS_ABSENT : st;
}

static void
listing_free(struct listing **lp)
{
	struct listing *l = *lp;

	if (l == NULL)
		return;
	*lp = NULL;
	timer_free(&l->timer);
	mem_free(l->payload);
	mem_free(l);
}

static void
listing_end(struct listing *l, enum status st, const struct problem *why)
{
	struct buf b = buf_init(1024);

	answer_put(st, why, &b);
	ipc_peer_set(l->peer, NULL);
	ipc_send(l->peer, STORE_END, l->request, buf_slice(&b), -1);
	buf_clear(&b);
	listing_free(&l);
}

static void
listing_step(void *ctx)
{
	struct listing *l = ctx;
	struct problem why = { "" };
	struct txn *t;
	enum status st;

	if (ipc_peer_pending(l->peer) > UNSENT_MAX) {
		timer_set(l->timer, UNSENT_PAUSE_MS);
		return;
	}
	st = txn_begin_read(store_env(l->stored->store), &t, &why);
	if (st == STATUS_OK) {
		st = l->slice(l, t, &why);
		txn_abort(&t);
	}
	if (st == STATUS_OK)
		timer_set(l->timer, 0);
	else
		listing_end(l, st == STATUS_ABSENT ? STATUS_OK : st, &why);
}

/* STORE_AUDIT_LIST: filter -> rows; STORE_QUEUE_LIST: rows; then STORE_END with the outcome. */
static enum status
list_frame(struct stored *s, struct ipc_peer *peer, const struct ipc_frame *frame)
{
	struct listing *l;

	if (ipc_peer_get(peer) != NULL)
		return STATUS_CORRUPT;
	l = mem_new(struct listing);
	l->payload = mem_dup(frame->payload);
	l->slice = frame->type == STORE_QUEUE_LIST ? queue_rows : audit_rows;
	if (l->slice == audit_rows && audit_filter_read(slice_make(l->payload, frame->payload.len), &l->filter) != STATUS_OK) {
		listing_free(&l);
		return STATUS_CORRUPT;
	}
	l->stored = s;
	l->peer = peer;
	l->request = frame->request;
	l->left = l->filter.limit;
	l->timer = timer_new(s->loop, listing_step, l);
	ipc_peer_set(peer, l);
	timer_set(l->timer, 0);
	return STATUS_OK;
}

static void
send_end(struct stored *s, uint64_t peer, uint32_t request, enum status st,
    const struct problem *why)
{
	struct buf b = buf_init(1024);

	answer_put(st, why, &b);
	ipc_send_to(s->admin, peer, STORE_END, request, buf_slice(&b), -1);
	buf_clear(&b);
}

void
admin_answer(struct stored *s, const struct job *j)
{
	send_end(s, j->peer, j->request, j->status, &j->why);
}

/* STORE_QUEUE_CHANGE: answered by admin_answer() when it is on disk. */
static enum status
change_frame(struct stored *s, struct ipc_peer *peer, const struct ipc_frame *frame)
{
	struct problem why = { "" };
	struct job *j = NULL;
	enum status st = job_of_order(frame->type, frame->payload, &j, &why);

	if (st != STATUS_OK)
		return st;
	j->peer = ipc_peer_id(peer);
	j->request = frame->request;
	st = stored_submit(s, &j, &why);
	if (st != STATUS_OK)
		send_end(s, ipc_peer_id(peer), frame->request, st, &why);
	return STATUS_OK;
}

static enum status
admin_frame(void *ctx, struct ipc_peer *peer, struct ipc_frame *frame)
{
	switch (frame->type) {
	case STORE_AUDIT_LIST:
	case STORE_QUEUE_LIST:
		return list_frame(ctx, peer, frame);
	case STORE_QUEUE_CHANGE:
		return change_frame(ctx, peer, frame);
	}
	return STATUS_CORRUPT;
}

static void
admin_close(void *ctx, struct ipc_peer *peer)
{
	struct listing *l = ipc_peer_get(peer);

	(void)ctx;
	listing_free(&l);
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
