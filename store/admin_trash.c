#include "store/admin.h"
#include "store/trash_order.h"
#include "store/upkeep.h"

/* STORE_TRASH_CHANGE: trash_order_put() form -> STORE_END; ABSENT when nothing of it is there. */
enum status
admin_trash_change(struct stored *s, struct ipc_peer *peer, struct ipc_frame *frame)
{
	uint64_t keys[TRASH_ORDER_MAX] = { 0 };
	struct problem why = { "" };
	struct trash_order order;
	struct txn *t;
	struct job *j;
	enum status st = trash_order_read(frame->payload, &order);

	if (st != STATUS_OK)
		return st;
	if (order.kind == TRASH_PURGE && upkeep_is_held(s->upkeep)) {
		problem_set(&why, "a backup is being made: nothing is purged until it is through");
		st = STATUS_BUSY;
	}
	if (st == STATUS_OK)
		st = txn_begin_read(store_env(s->store), &t, &why);
	if (st != STATUS_OK) {
		admin_end(s, ipc_peer_id(peer), frame->request, st, &why);
		return STATUS_OK;
	}
	if (order.kind == TRASH_PURGE)
		trash_keys(s->store, t, &order, keys);
	txn_abort(&t);
	j = job_of_trash(&order, keys);
	admin_submit(s, peer, frame->request, &j);
	return STATUS_OK;
}
