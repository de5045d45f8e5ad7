/*
 * env_copy.h -- the bytes of an LMDB environment as one snapshot sees it: what
 * a file would be that was written by that snapshot's transaction last.
 */
#ifndef STORE_ENV_COPY_H
#define STORE_ENV_COPY_H

#include <stddef.h>

#include "store/env.h"

#define ENV_META_LEN 160

struct env_copy {
	int fd;			/* the environment's own: never closed here */
	uint32_t page_size;
	uint64_t size_bytes;	/* of the copy */
	uint8_t metas[2][ENV_META_LEN];
};

/*
 * Prepare to copy what t sees.  t stays open until the copy is made: its pages stay as they are for
 * so long.  No lock is taken: the writer goes on.
 * STALE    commits came too fast since t was begun: begin another transaction
 * CORRUPT  the file is no environment
 */
MUST_USE enum status env_copy_begin(struct env *e, struct txn *t, struct env_copy *out,
    struct problem *why);
/* Bytes [at, at + len) of the copy, which lie within size_bytes.  IO. */
MUST_USE enum status env_copy_read(const struct env_copy *c, uint64_t at, char *out, size_t len,
    struct problem *why);

#endif
