#include "store/job.h"

/* STORE_CLAIM_RECENT: no other session shows these as \Recent. */
enum status
recent_run(struct job *j, struct change *c, struct problem *why)
{
	uint32_t from = j->work.uid == UINT32_MAX ? UINT32_MAX : j->work.uid + 1;
	struct folder f;
	enum status st;

	st = folder_open(c, j->grant.account, j->work.mailbox, &f, why);
	if (st != STATUS_OK)
		return st;
	if (from > f.row.uid_next)
		from = f.row.uid_next;
	if (from <= f.row.recent_from)
		return STATUS_OK;
	f.row.recent_from = from;
	return folder_save(c, &f, why);
}
