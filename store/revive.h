/*
 * revive.h -- make a store that lies as it lay at an earlier time (a backup,
 * a repair) one that clients may use: they may have seen a later state of it.
 */
#ifndef STORE_REVIVE_H
#define STORE_REVIVE_H

#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

#define REVIVE_UIDS (UINT32_C(1) << 20)
#define REVIVE_CHANGES (UINT64_C(1) << 40)

/*
 * Nobody has the store open.  Every UIDNEXT is raised by REVIVE_UIDS and the change number by
 * REVIVE_CHANGES, so that no client takes new mail for old; every message counts as changed, and
 * every UID given out since as expunged, so that clients see what is there now; queue entries are
 * held; the next segment is a new one.  note: for the audit, "backup 20261124T143005Z".
 * LIMIT  a number cannot be raised so far     Else as store_open().
 */
MUST_USE enum status store_revive(const char *path, struct slice note, struct problem *why);

#endif
