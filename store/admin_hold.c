#include "base/mem.h"
#include "net/loop.h"
#include "store/admin.h"
#include "store/upkeep.h"

#define WAIT_MS 5

struct hold {
	struct admin_task task;
	struct stored *stored;
	uint64_t peer;
	uint32_t request;
	struct timer *timer;
};

static void
hold_close(struct admin_task *task)
{
	struct hold *h = (struct hold *)task;

	upkeep_release(h->stored->upkeep);
	timer_free(&h->timer);
	mem_free(h);
}

/* A slice that was under way when it was asked ends first. */
static void
hold_answer(void *ctx)
{
	struct hold *h = ctx;

	if (upkeep_is_removing(h->stored->upkeep))
		timer_set(h->timer, WAIT_MS);
	else
		admin_end(h->stored, h->peer, h->request, STATUS_OK, NULL);
}

/* STORE_HOLD: nothing -> STORE_END; from then on, while the connection lasts, no text disappears. */
enum status
admin_hold(struct stored *s, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct hold *h;

	if (ipc_peer_get(peer) != NULL || frame->payload.len > 0)
		return STATUS_CORRUPT;
	h = mem_new(struct hold);
	h->task.close = hold_close;
	h->stored = s;
	h->peer = ipc_peer_id(peer);
	h->request = frame->request;
	h->timer = timer_new(s->loop, hold_answer, h);
	upkeep_hold(s->upkeep);
	ipc_peer_set(peer, h);
	hold_answer(h);
	return STATUS_OK;
}
