/*
 * repair.h -- a damaged store made whole again: what is damaged is put aside,
 * all else is kept.  And a store from its segments alone, where the index is
 * lost.  Nobody has the store open meanwhile.
 *
 * Both write a new index beside the old one, of every record that is sound,
 * and give it the old one's name when it is whole and on disk: a crash leaves
 * the one or the other.  The old index and the bytes of damaged records go to
 * the directory damaged-TIME in the store's, with a report of everything that
 * was lost, mended or brought back.
 */
#ifndef STORE_REPAIR_H
#define STORE_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

enum repair_kind {
	REPAIR_LOST,		/* it is gone, or what is left of it is put aside */
	REPAIR_MENDED,		/* it is right again */
	REPAIR_RECOVERED,	/* it was found again, and lies elsewhere than before */
	REPAIR_CHANGED,		/* it is whole, but treated differently from now on */
	REPAIR_KIND_COUNT
};

struct repair_line {
	enum repair_kind kind;
	struct slice table;	/* of docs/store-format.md, "pages" or "segment" */
	struct slice key;	/* as text */
	uint32_t account;	/* whom it concerns; 0: nobody in particular */
	struct slice what;
};

struct repair_hooks {
	void (*line)(void *ctx, const struct repair_line *l);
	/* May be NULL. */
	void (*progress)(void *ctx, struct slice stage, uint64_t done, uint64_t total);
	/* A name for people to read; false: there is no such account.  May be NULL. */
	bool (*login)(void *ctx, uint32_t account, struct slice *login);
	/* rebuild: the i-th account that an address of ours leads to, 0: no more.  May be NULL. */
	uint32_t (*account)(void *ctx, struct slice address, unsigned i);
	void *ctx;
};

enum repair_mode { REPAIR_LOOK, REPAIR_DO };

struct repair_options {
	enum repair_mode mode;	/* LOOK: say what would be done, and change nothing */
	uint32_t administrator;	/* gets what nobody is known for; 0: the account with the lowest id */
	struct repair_hooks hooks;
};

struct repair_result {
	uint64_t lines[REPAIR_KIND_COUNT];
	uint64_t messages;	/* that the store has now, in all mailboxes */
	char aside[40];		/* name of the directory in the store's; empty: there is none */
};

/*
 * Repair the store in directory path.
 * OK       done, or nothing was damaged (no lines)
 * CORRUPT  too little of the index is left: rebuild (why), or what came out is not whole
 * ABSENT DENIED BUSY IO   nothing was changed (why)
 */
MUST_USE enum status repair_store(const char *path, const struct repair_options *o,
    struct repair_result *out, struct problem *why);

/*
 * Make a store of what the segments in directory path hold.  Statuses as repair_store(); ABSENT
 * also when there are no segments.
 */
MUST_USE enum status rebuild_store(const char *path, const struct repair_options *o,
    struct repair_result *out, struct problem *why);

#endif
