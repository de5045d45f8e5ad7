#include "store/admin.h"

/* STORE_QUEUE_CHANGE: queue_order_put() form -> STORE_END. */
enum status
admin_queue_change(struct stored *s, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct problem why = { "" };
	struct job *j = NULL;
	enum status st = job_of_order(frame->type, frame->payload, &j, &why);

	if (st == STATUS_OK)
		admin_submit(s, peer, frame->request, &j);
	return st;
}
