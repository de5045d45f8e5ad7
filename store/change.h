/*
 * change.h -- what a job needs while it runs inside the writer's transaction:
 * the change number that everything it does is filed under, and who does it.
 */
#ifndef STORE_CHANGE_H
#define STORE_CHANGE_H

#include <stdint.h>

#include "base/slice.h"
#include "store/counters.h"
#include "store/env.h"

struct change {
	struct txn *txn;
	struct counters *counters;
	uint64_t number;	/* the change number */
	uint64_t now_s;
	uint32_t actor;		/* account that does it; 0: a delivery */
	struct slice sid;	/* session it comes from */
	uint16_t journal_part, audit_part;	/* next part of its rows */
	uint32_t trash_part;
	struct filling {	/* an account that has come near its quota by this change */
		uint32_t account;	/* 0: none */
		uint64_t bytes, quota_bytes;
	} filling;
};

#endif
