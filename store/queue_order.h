/*
 * queue_order.h -- the wire forms of what is asked about the queue: relayd's
 * questions (queue_client.h) and the administrator's orders.
 *
 *   STORE_QUEUE_TAKE    u32 max, u64 now_s -> u32 count, items, u64 next_due_at
 *   STORE_QUEUE_TEXT    u64 text -> u32 size_bytes, and the text as a sealed memfd
 *   STORE_QUEUE_SETTLE  order -> nothing
 *   STORE_QUEUE_CHANGE  order -> nothing, as STORE_END
 *   STORE_QUEUE_LIST    nothing -> entries as STORE_ROW, then STORE_END
 *   STORE_QUEUE_DUE     a notice: take again
 */
#ifndef STORE_QUEUE_ORDER_H
#define STORE_QUEUE_ORDER_H

#include "base/bytes.h"
#include "store/queue_client.h"
#include "store/spool.h"

/* enum queue_outcome, and the administrator's: */
enum queue_order_kind {
	QUEUE_ORDER_RETRY = 10,	/* due now */
	QUEUE_ORDER_HOLD,
	QUEUE_ORDER_RELEASE,	/* waits again, due now */
	QUEUE_ORDER_REMOVE,	/* ends unsent; nobody is told */
	QUEUE_ORDER_END,
};

struct queue_order {
	uint64_t id;
	uint8_t kind;		/* enum queue_outcome or enum queue_order_kind */
	uint64_t due_at;
	struct slice detail;
};

/* A detail that is too long is cut. */
void queue_order_put(const struct queue_order *o, struct buf *out);
/* Slices are borrowed.  CORRUPT. */
MUST_USE enum status queue_order_read(struct slice payload, struct queue_order *out);
/* An entry as relayd sees it; slices are the row's. */
struct queue_item queue_item_of(const struct spool_row *row, uint32_t size_bytes);
/* One entry of the answer to STORE_QUEUE_TAKE; the reader is marked failed when it is none. */
void queue_item_put(const struct queue_item *item, struct buf *out);
void queue_item_read(struct reader *in, struct queue_item *out);
/* An entry for the administrator, with its state and the last answer. */
void queue_row_put(const struct spool_row *row, uint32_t size_bytes, struct buf *out);
MUST_USE enum status queue_row_read(struct slice payload, struct spool_row *out,
    uint32_t *size_bytes);

#endif
