/*
 * verify.h -- a pass over a whole store that reads and changes nothing: each
 * record decodes, whatever one record says of another is so, every counter
 * equals a recount, the archive's chain is whole.  What is wrong is named and
 * the pass goes on.
 *
 * It runs in a process of its own, which pages that are damaged in a bad
 * enough way can kill; that is then a finding, too, and the next stage begins.
 * The index is read inside one read transaction, the texts in short ones: stored
 * may be at work.
 */
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct verify_finding {
	struct slice table;	/* name of a table of docs/store-format.md, "pages" or "segment" */
	struct slice key;	/* as text: numbers in decimal separated by "/", names as they are */
	struct slice what;	/* what is wrong with it */
};

struct verify_hooks {
	/* Called once for each finding, in the order of the tables. */
	void (*found)(void *ctx, const struct verify_finding *f);
	/* How far the pass is: stages and, in the last ones, bytes; total 0: so many records or
	 * pages of that stage.  May be NULL. */
	void (*progress)(void *ctx, struct slice stage, uint64_t done, uint64_t total);
	void *ctx;
};

/*
 * Verify the store in directory path.  It must not be called where that store is open.
 * OK       it is whole
 * CORRUPT  something was found
 * ABSENT DENIED BUSY IO   it could not be opened (why)
 */
MUST_USE enum status verify_store(const char *path, const struct verify_hooks *hooks,
    struct problem *why);

#endif
