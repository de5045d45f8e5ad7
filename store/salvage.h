/*
 * salvage.h -- records out of a damaged data.mdb, read without LMDB: every
 * record whose checksum is right, from every page that can be reached, and from
 * leaves that a damaged page above them has cut off.  Trusts nothing that it
 * reads; changes nothing.
 */
#ifndef STORE_SALVAGE_H
#define STORE_SALVAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct salvage_record {
	struct slice key, value;	/* value: the payload, its checksum being right */
};

struct salvage_hooks {
	/*
	 * The sound records of one page, ascending.  False: none of them is of this table, the page
	 * is another's.  is_sure: the head of the page is whole, so it says what is current; else a
	 * record that is known already stays as it is known.
	 */
	bool (*page)(void *ctx, unsigned table, const struct salvage_record *records, size_t count,
	    bool is_sure);
	/* What is damaged; table: index, or the count of tables where no table is known. */
	void (*damaged)(void *ctx, unsigned table, uint64_t page, const char *what);
	void *ctx;
};

/* What could be read, and what could not. */
struct salvage_report {
	bool is_older;		/* the newest snapshot is gone: the one before it was read */
	bool is_cut_off;	/* leaves may be missing that nothing leads to */
};

/*
 * Read data.mdb, open as fd, with tables of these names.
 * CORRUPT  nothing in it leads to any record (why)   IO
 */
MUST_USE enum status salvage_read(int fd, const char *const *tables, unsigned table_count,
    const struct salvage_hooks *hooks, struct salvage_report *out, struct problem *why);

#endif
