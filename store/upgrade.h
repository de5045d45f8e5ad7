/*
 * upgrade.h -- make a store of an older version one of this version.  All of
 * it is one transaction: it is done or nothing has happened.
 */
#ifndef STORE_UPGRADE_H
#define STORE_UPGRADE_H

#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct upgrade_hooks {
	/* Each step when it begins, every now and then, and with all its records at its end. */
	void (*progress)(void *ctx, struct slice step, uint64_t records);
	void *ctx;
};

/*
 * Upgrade the store in directory path, which nobody serves.  *from: the version it was of.
 * OK       it is of this version now, or was already (*from says)
 * CORRUPT  of a newer version, or damaged in what a step has to read
 * BUSY     somebody has it open to write, or the disk is full
 * ABSENT DENIED IO   as env_open()
 */
MUST_USE enum status store_upgrade(const char *path, const struct upgrade_hooks *hooks,
    uint32_t *from, struct problem *why);

#endif
