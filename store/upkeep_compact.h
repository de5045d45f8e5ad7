/*
 * upkeep_compact.h -- compaction as a kind of stored's upkeep, and for an
 * administrator who wants it now.
 */
#ifndef STORE_UPKEEP_COMPACT_H
#define STORE_UPKEEP_COMPACT_H

struct compaction;

struct compaction *compaction_new(void);
void compaction_free(struct compaction **c);

#endif
