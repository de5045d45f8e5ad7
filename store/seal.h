/*
 * seal.h -- moves old rows of the journal out of the index into a segment
 * record, as a job: what sealed.h reads.  The record is written like a text,
 * and the rows go in the transaction that files it, so a crash leaves each
 * change in one of the two places.
 */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "store/job.h"

#define SEAL_ROWS 4096u			/* of one record, about: whole changes only, */
#define SEAL_BYTES (512u * 1024)	/* or so many bytes of them */
#define SEAL_WAIT_S 86400u		/* fewer are sealed when they are a day over their time */

/*
 * The oldest rows, if they are from before before_s.  *out: given; NULL when there are none,
 * or too few for now.  SEAL_BYTES are read and compressed by the caller's thread: 10 ms.
 */
MUST_USE enum status job_of_seal(struct txn *t, uint64_t before_s, struct job **out,
    struct problem *why);
/* How many rows a job of it moves. */
uint32_t seal_rows(const struct job *j);

#endif
