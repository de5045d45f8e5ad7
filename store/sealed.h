/*
 * sealed.h -- older parts of the journal: rows that have left the index and lie
 * compressed in segment records of type RECORD_JOURNAL, whole changes only.
 * A row of table `sealed` says where; change numbers rise from one to the next,
 * and all of them are below those that are still in table `journal`.
 *
 * The stored text of such a record holds, before the codec, slice key and
 * slice value of each row as it stood in the table.
 */
#ifndef STORE_SEALED_H
#define STORE_SEALED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/env.h"
#include "store/journal.h"
#include "store/segment_writer.h"

#define SEALED_SIZE_MAX (64u * 1024 * 1024)	/* rows of one record, before the codec */

struct store;

struct sealed_row {
	uint64_t first, last;	/* change numbers in it; first is the record's id */
	uint32_t rows;
	uint64_t from_s, until_s;	/* when the first and the last were made */
	struct text_place place;
	uint8_t codec;
	uint32_t stored_len, size_bytes;	/* behind and before the codec */
};

/* One record of the table.  CORRUPT. */
MUST_USE enum status sealed_decode(struct slice key, struct slice value, struct sealed_row *out);
/* By its first change number.  ABSENT. */
MUST_USE enum status sealed_get(struct txn *t, uint64_t first, struct sealed_row *out,
    struct problem *why);
/* Those with a change number > after, ascending; each() returns false to stop. */
MUST_USE enum status sealed_each(struct txn *t, uint64_t after,
    bool (*each)(void *ctx, const struct sealed_row *row), void *ctx, struct problem *why);
/* The one before that of a first change number; UINT64_MAX: the newest.  ABSENT: there is none. */
MUST_USE enum status sealed_before(struct txn *t, uint64_t first, struct sealed_row *out,
    struct problem *why);
/* Append what lies in it, before the codec, to out.  CORRUPT.  One thread a store. */
MUST_USE enum status sealed_read(struct store *s, const struct sealed_row *row, struct buf *out,
    struct problem *why);
/* Take the next row off what sealed_read() gave; borrowed from it.  ABSENT at the end, CORRUPT. */
MUST_USE enum status sealed_next(struct slice *rest, struct journal_row *out);

/* journal_each() over sealed rows and those in the index alike. */
MUST_USE enum status sealed_journal_each(struct store *s, struct txn *t, uint64_t after,
    bool (*each)(void *ctx, const struct journal_row *row), void *ctx, struct problem *why);

/* For the writer.  Append the stored form of rows to out; *codec says which. */
void sealed_pack(struct slice rows, struct buf *out, uint8_t *codec);
/* Bytes that its record takes in its segment. */
uint64_t sealed_record_len(const struct sealed_row *row);
MUST_USE enum status sealed_put(struct txn *t, const struct sealed_row *row, struct problem *why);
/* Compaction has written the record anew, byte for byte, at another place.  ABSENT. */
MUST_USE enum status sealed_move(struct txn *t, uint64_t first, const struct text_place *place,
    struct problem *why);

#endif
