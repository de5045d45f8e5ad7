#include "store/admin.h"
#include "store/audit.h"
#include "store/plan.h"

/*
 * STORE_AUDIT_PUT: what an administrator looked at or did is on disk before it is done.
 */

#define NAME_MAX_BYTES 255	/* of kind, actor and subject each */

static enum status
audit_put_run(struct job *j, struct change *c, struct problem *why)
{
	struct audit_row row;
	enum status st = audit_row_read(buf_slice(&j->payload), &row);

	return st == STATUS_OK ? audit_put(c, &row, why) : st;
}

/* An audit_row_put() form, of which change, part and time mean nothing -> STORE_END. */
enum status
admin_audit_put(struct stored *s, struct ipc_peer *peer, struct ipc_frame *frame)
{
	struct audit_row row;
	struct job *j;

	if (audit_row_read(frame->payload, &row) != STATUS_OK || row.kind.len == 0 ||
	    row.kind.len > NAME_MAX_BYTES || row.actor.len > NAME_MAX_BYTES ||
	    row.subject.len > NAME_MAX_BYTES || row.detail.len > AUDIT_DETAIL_MAX)
		return STATUS_CORRUPT;
	j = job_new(frame->type, frame->payload);
	j->run = audit_put_run;
	j->weight = 2;
	admin_submit(s, peer, frame->request, &j);
	return STATUS_OK;
}
