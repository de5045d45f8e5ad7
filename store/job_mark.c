#include "store/fetched.h"
#include "store/job.h"

/* STORE_FETCHED_MARK: how far their removal outside has come. */
enum status
mark_run(struct job *j, struct change *c, struct problem *why)
{
	struct reader in = reader_of(buf_slice(&j->payload));
	uint32_t fetch = read_u32le(&in);
	enum fetched_removal removal = read_u8(&in);
	enum status st = STATUS_OK;

	if (j->resume_at > 0)
		in = reader_of(slice_skip(buf_slice(&j->payload), j->resume_at));
	for (unsigned n = 0; st == STATUS_OK && in.rest.len > 0 && n < JOB_SLICE; n++) {
		struct slice uidl = read_slice(&in);

		st = fetched_mark(c->txn, fetch, uidl, read_u64le(&in), removal, why);
	}
	if (st == STATUS_OK && in.rest.len > 0) {
		j->resume_at = (uint32_t)(j->payload.len - in.rest.len);
		return STATUS_PENDING;
	}
	return st;
}
