#include "base/clock.h"
#include "store/admin.h"
#include "store/put_back.h"

/* STORE_PUT_BACK: put_back_put() form, the text as a sealed memfd -> STORE_END. */
enum status
admin_put_back(struct stored *s, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct problem why = { "" };
	struct job *j = NULL;
	enum status st = job_of_put_back(frame->payload, frame->fd, clock_now_s(), &j, &why);

	if (st == STATUS_OK)
		admin_submit(s, peer, frame->request, &j);
	else
		admin_end(s, ipc_peer_id(peer), frame->request, st, &why);
	return STATUS_OK;
}
