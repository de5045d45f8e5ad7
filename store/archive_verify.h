/*
 * archive_verify.h -- one pass over the archive's chain: each entry is there,
 * its hash is that of the entry before, its text, envelope and the rest, and
 * the last one is the one that was written last.
 *
 * Who can write the store can make all hashes behind an entry anew; what was
 * kept elsewhere -- a head printed once, the heads that policyd signed -- shows it.
 */
#ifndef STORE_ARCHIVE_VERIFY_H
#define STORE_ARCHIVE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/problem.h"
#include "base/slice.h"
#include "base/status.h"

struct store;

/* The hash of an entry covers all entries up to it. */
struct archive_head {
	uint64_t entry;		/* 0: the archive is empty, hash is zeros */
	uint8_t hash[SHA256_LEN];
};

struct archive_verify {
	struct archive_head from;	/* kept elsewhere: checked, and the pass begins there */
	/* Others that were kept, by rising entries. */
	const struct archive_head *heads;
	size_t head_count;
	bool is_reading_texts;	/* their bytes, too, not only what the index says of them */
	/* An entry that is not as it was written, in order; entry 0: the archive as a whole. */
	void (*found)(void *ctx, uint64_t entry, struct slice what);
	void (*progress)(void *ctx, uint64_t entry, uint64_t last);	/* may be NULL */
	void *ctx;
};

/* The last entry as the store has it now. */
MUST_USE enum status archive_head(struct store *s, struct archive_head *out, struct problem *why);
/*
 * The pass, in short transactions.  *head: the last entry that it came to.
 * OK       all is as it was written
 * CORRUPT  something was found
 * IO BUSY  the store cannot be read (why)
 */
MUST_USE enum status archive_verify(struct store *s, const struct archive_verify *v,
    struct archive_head *head, struct problem *why);

#endif
