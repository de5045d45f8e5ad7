#include "store/fetched.h"
#include "store/job.h"
#include "store/key.h"
#include "store/store.h"

/* When what this key names was stored; 0 when it is forgotten already. */
static enum status
forget_stored_at(struct change *c, struct slice key, uint64_t *stored_at, struct problem *why)
{
	struct slice value;
	struct reader in;
	enum status st;

	st = txn_get(c->txn, TABLE_FETCHED, key, &value, why);
	if (st == STATUS_ABSENT) {
		*stored_at = 0;
		return STATUS_OK;
	}
	if (st != STATUS_OK)
		return st;
	in = reader_of(value);
	read_u8(&in);
	*stored_at = read_u64le(&in);
	return STATUS_OK;
}

/* STORE_FETCHED_KEEP: these are no longer outside.  What was stored since the list began stays. */
enum status
forget_run(struct job *j, struct change *c, struct problem *why)
{
	struct reader in = reader_of(slice_skip(buf_slice(&j->keys), j->resume_at));
	uint64_t stored_at = 0;
	struct slice key;
	enum status st = STATUS_OK;

	for (unsigned n = 0; st == STATUS_OK && in.rest.len > 0 && n < JOB_SLICE; n++) {
		key = read_slice(&in);
		st = forget_stored_at(c, key, &stored_at, why);
		if (st == STATUS_OK && stored_at != 0 && stored_at < j->kept_before)
			st = fetched_delete(c->txn, key, why);
	}
	if (st == STATUS_OK && in.rest.len > 0) {
		j->resume_at = (uint32_t)(j->keys.len - in.rest.len);
		return STATUS_PENDING;
	}
	return st;
}
