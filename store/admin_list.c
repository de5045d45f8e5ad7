#include "base/mem.h"
#include "net/loop.h"
#include "store/admin.h"
#include "store/audit.h"
#include "store/queue_order.h"

/*
 * STORE_AUDIT_LIST, STORE_QUEUE_LIST: what is told row by row, a slice a turn, so that neither a
 * transaction nor the loop waits for who listens.
 */

#define SLICE_ROWS 2000
#define UNSENT_MAX (1024 * 1024)
#define UNSENT_PAUSE_MS 20

struct listing;
/* Send some rows; ABSENT when they were the last. */
typedef enum status listing_slice(struct listing *l, struct txn *t, struct problem *why);

struct listing {
	struct admin_task task;
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
		bool is_damaged;	/* an entry could not be read */
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
	l->queue.is_damaged |= st == STATUS_CORRUPT;
	if ((st != STATUS_OK && st != STATUS_CORRUPT) || l->queue.rows == SLICE_ROWS)
		return st == STATUS_CORRUPT ? STATUS_OK : st;
	if (!l->queue.is_damaged)
		return STATUS_ABSENT;
	problem_set(why, "entries that cannot be read were passed over: mailadm verify names them");
	return STATUS_CORRUPT;
}

static void
listing_close(struct admin_task *task)
{
	struct listing *l = (struct listing *)task;

	timer_free(&l->timer);
	mem_free(l->payload);
	mem_free(l);
}

static void
listing_end(struct listing *l, enum status st, const struct problem *why)
{
	ipc_peer_set(l->peer, NULL);
	admin_end(l->stored, ipc_peer_id(l->peer), l->request, st, why);
	listing_close(&l->task);
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

static enum status
list_begin(struct stored *s, struct ipc_peer *peer, const struct ipc_frame *frame,
    listing_slice *slice, struct slice filter)
{
	struct listing *l;

	if (ipc_peer_get(peer) != NULL)
		return STATUS_CORRUPT;
	l = mem_new(struct listing);
	l->task.close = listing_close;
	l->payload = mem_dup(filter);
	if (filter.len > 0 &&
	    audit_filter_read(slice_make(l->payload, filter.len), &l->filter) != STATUS_OK) {
		listing_close(&l->task);
		return STATUS_CORRUPT;
	}
	l->slice = slice;
	l->stored = s;
	l->peer = peer;
	l->request = frame->request;
	l->left = l->filter.limit;
	l->timer = timer_new(s->loop, listing_step, l);
	ipc_peer_set(peer, l);
	timer_set(l->timer, 0);
	return STATUS_OK;
}

/* STORE_AUDIT_LIST: filter -> rows, then STORE_END with the outcome. */
enum status
admin_audit_list(struct stored *s, struct ipc_peer *peer, struct ipc_frame *frame)
{
	return frame->payload.len == 0 ? STATUS_CORRUPT
	    : list_begin(s, peer, frame, audit_rows, frame->payload);
}

/* STORE_QUEUE_LIST: rows, then STORE_END with the outcome. */
enum status
admin_queue_list(struct stored *s, struct ipc_peer *peer, struct ipc_frame *frame)
{
	return list_begin(s, peer, frame, queue_rows, SLICE(""));
}
