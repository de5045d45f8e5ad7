/*
 * segment_writer.h -- appends to the segments, batch by batch.  A thread of its
 * own writes the next segment's zeros ahead, so that a sync has little to do.
 *
 * A batch: add records, sync, then commit what refers to them, and say which it
 * was: committed, or rewound as if nothing had been added.
 */
#ifndef STORE_SEGMENT_WRITER_H
#define STORE_SEGMENT_WRITER_H

#include "store/counters.h"
#include "store/segment.h"

struct segment_writer;

/* Go on where counters say.  CORRUPT the segment named there is missing or another's. */
MUST_USE enum status segment_writer_open(struct store *s, uint64_t size_bytes,
    const struct counters *at, struct segment_writer **out, struct problem *why);
void segment_writer_close(struct segment_writer **w);

struct text_place {
	uint32_t segment;
	uint64_t at;		/* of the text's first byte */
	uint32_t head_len;	/* from the record's beginning to there */
};

/*
 * Add a record; r's slices are borrowed until the batch is synced or rewound.
 * last_change: for the marker that begins a batch.
 * BUSY the disk is full: rewind.  IO the disk failed.
 */
MUST_USE enum status segment_writer_add(struct segment_writer *w, struct segment_record *r,
    uint64_t last_change, struct text_place *place, struct problem *why);
/* The marker of the batch, though no record follows: what lies before it is sure from now on. */
MUST_USE enum status segment_writer_mark(struct segment_writer *w, uint64_t last_change,
    struct problem *why);
/* Begin to sync what was added, while the caller does other things.  BUSY, IO as above. */
MUST_USE enum status segment_writer_start(struct segment_writer *w, struct problem *why);
/* All that was added is on disk.  IO: the process must end. */
MUST_USE enum status segment_writer_sync(struct segment_writer *w, struct problem *why);
/* Put the place of the next record into c. */
void segment_writer_place(const struct segment_writer *w, struct counters *c);
/* The text was added, but what refers to it is not committed. */
void segment_writer_void(struct segment_writer *w, uint64_t text);
void segment_writer_committed(struct segment_writer *w);
void segment_writer_rewind(struct segment_writer *w);

#endif
