/*
 * testing_record.h -- a store with one transaction open, in which a test writes
 * and reads records.  Include base/check.h first.
 */
#ifndef STORE_TESTING_RECORD_H
#define STORE_TESTING_RECORD_H

#include <string.h>

#include "store/change.h"
#include "store/counters.h"
#include "store/scratch.h"
#include "store/store.h"

struct fixture {
	char path[SCRATCH_PATH_MAX];
	struct store *store;
	struct change change;
	struct counters counters;
};

#define TXN f->change.txn

/* A store of its own for each test, its transaction open. */
static inline int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.counters = (struct counters){ .change = 1, .text = 2, .mailbox = 5, .uid_validity = 6,
		.segment = 7, .segment_at = 8 };
	scratch_make(f.path);
	CHECK_STATUS(store_open(f.path, ENV_WRITE, &f.store, NULL), STATUS_OK);
	CHECK_STATUS(txn_begin_write(store_env(f.store), &f.change.txn, NULL), STATUS_OK);
	f.change.counters = &f.counters;
	f.change.number = 3;
	f.change.now_s = 99;
	f.change.actor = 7;
	f.change.sid = SLICE("sid");
	*state = &f;
	return 0;
}

/* Throw both away. */
static inline int
teardown(void **state)
{
	struct fixture *f = *state;

	txn_abort(&f->change.txn);
	store_close(&f->store);
	scratch_remove(f->path);
	return 0;
}

#endif
