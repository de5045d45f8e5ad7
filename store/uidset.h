/*
 * uidset.h -- a set of 32-bit numbers as sorted ranges; for UIDs, and for
 * sequence numbers while a command is read.
 */
#ifndef STORE_UIDSET_H
#define STORE_UIDSET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"

struct uid_range {
	uint32_t first, last;	/* inclusive; first <= last */
};

struct uidset {
	struct uid_range *ranges;	/* ascending, apart by at least one number */
	uint32_t count, cap;
};

#define UIDSET_RANGES_MAX 100000

struct uidset uidset_init(void);
void uidset_clear(struct uidset *s);
/* LIMIT above UIDSET_RANGES_MAX ranges.  Adding in ascending order costs constant time. */
MUST_USE enum status uidset_add(struct uidset *s, uint32_t first, uint32_t last);
/*
 * Add n, which is no less than any there.  Where that would make more than max ranges, the last one
 * grows up to n and has then, too, what was never added: for sets that are told, not worked on.
 */
void uidset_widen(struct uidset *s, uint32_t n, uint32_t max);
bool uidset_has(const struct uidset *s, uint32_t n);
uint64_t uidset_size(const struct uidset *s);	/* how many numbers */
/* Index of the first range with last >= n, or count. */
uint32_t uidset_find(const struct uidset *s, uint32_t n);
/* "1:4,7", as IMAP writes sets; nothing for the empty set. */
void uidset_print(const struct uidset *s, struct buf *out);
/* Record form: u32 count, then u32 first, u32 last each. */
void uidset_put(const struct uidset *s, struct buf *out);
/* *s is initialised here; marks the reader failed when it is no ascending set. */
void uidset_read(struct reader *in, struct uidset *s);

#endif
