/*
 * compaction.h -- gives back the space of texts that have gone.  What is still
 * wanted of a segment that is mostly dead is written again, with the same ids,
 * where new texts are written; rows are led there in the same transaction.
 * When no row refers to the segment any more it is retired, and its file
 * deleted when no reader can still want it.
 *
 * Slices, each a job of its own: a crash between them leaves some records
 * moved and others not, which is as good a state as any.
 */
#ifndef STORE_COMPACTION_H
#define STORE_COMPACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "store/job.h"

#define COMPACT_SLICE_BYTES (512u * 1024)	/* written in one go, or one record that is larger */
#define COMPACT_SLICE_RECORDS 128
#define COMPACT_SKIPS_MAX 64

enum compact_work {
	COMPACT_NOTHING,
	COMPACT_MOVE,		/* enough of it is dead */
	COMPACT_RETIRE,		/* all of it is */
	COMPACT_DELETE,		/* it was retired long enough ago */
};

struct compact_rules {
	uint32_t at_percent;	/* of dead bytes from which on a segment is worth it */
	uint32_t grace_s;	/* from retirement to deletion */
	uint64_t now_s;
	uint32_t skips[COMPACT_SKIPS_MAX];	/* segments that could not be moved: damaged */
	uint32_t skip_count;
};

/* What to do next, and with which segment. */
MUST_USE enum status compact_choose(struct txn *t, const struct compact_rules *rules,
    enum compact_work *work, uint32_t *segment, struct problem *why);

/* How far a segment has been moved. */
struct compact_walk {
	uint32_t segment;	/* 0: none */
	uint64_t at;		/* of the next record's head */
	bool is_end;		/* that was the last one */
	uint64_t moved_bytes;
};

/* From the segment's first record on. */
void compact_begin(struct compact_walk *w, uint32_t segment);
/*
 * The next slice of it, given; its run leaves alone what has moved or gone since.
 * CORRUPT: a record that is wanted is damaged, or of a type that is not known; it stays where it is.
 */
MUST_USE enum status compact_slice(struct store *s, struct txn *t, struct compact_walk *w,
    struct job **job, struct problem *why);
/* Given; CORRUPT when rows still refer to the segment. */
struct job *compact_retire(struct store *s, uint32_t segment);
/* Delete its file, and forget it.  Given. */
struct job *compact_delete(struct store *s, uint32_t segment);

/* What has been done since it was begun. */
struct compact_progress {
	uint32_t segment;	/* in work; 0: none */
	uint32_t retired, deleted;	/* segments */
	uint64_t moved_bytes;	/* written again */
	uint64_t gained_bytes;	/* of disk, when the files are deleted */
	uint32_t grace_s;	/* and when that will be */
};
void compact_progress_put(const struct compact_progress *p, struct buf *out);
MUST_USE enum status compact_progress_read(struct slice payload, struct compact_progress *out);

#endif
