/*
 * segment_scan.h -- all records of all segments, read without the index: what
 * a repair or a rebuild has to go by.  Changes nothing.
 */
#ifndef STORE_SEGMENT_SCAN_H
#define STORE_SEGMENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/segment.h"

struct scan_text {
	uint64_t id;
	uint32_t segment;
	uint64_t at;		/* of the record's head */
	uint64_t batch;		/* its marker, counted from 1 in the order of the scan */
};

/* Bytes between records, or behind the last one, that are no record. */
struct scan_gap {
	uint32_t segment;
	uint64_t from, to;	/* multiples of RECORD_ALIGN, but for the end of a file */
};

struct scan_marker {
	uint64_t change;	/* last one committed before it */
	uint32_t segment;
};

struct scan_file {
	uint32_t number;
	bool has_head;		/* it is whole */
	uint64_t end;		/* behind the last record */
};

struct segment_scan {
	uint64_t store;		/* id */
	struct scan_text *texts;	/* by id, then by segment and place */
	size_t text_count;
	struct scan_gap *gaps;
	size_t gap_count;
	struct scan_marker *markers;	/* in the order of batches: markers[batch - 1] */
	size_t marker_count;
	uint64_t *voids;	/* ids that markers name, ascending */
	size_t void_count;
	struct scan_file *files;	/* ascending */
	size_t file_count;
};

/*
 * Read the heads of all records in the directory of segments.
 * store: id of the store; 0: that of most segments.
 * ABSENT  there is no segment with a head of its own   IO
 */
MUST_USE enum status segment_scan(int dir, uint64_t store,
    void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
    struct segment_scan *out, struct problem *why);
void segment_scan_clear(struct segment_scan *s);

/* First text with this id, or NULL; those with the same id lie behind it. */
const struct scan_text *scan_find(const struct segment_scan *s, uint64_t id);

/* Open a segment whether its head is whole or not; *fd: given.  ABSENT, IO. */
MUST_USE enum status scan_open(int dir, uint32_t number, int *fd, struct problem *why);

#endif
