/*
 * committer.h -- the thread that writes.  All jobs that wait are one batch and
 * one transaction: texts to the segment, jobs, sync of the segment, commit,
 * answers.  What comes during a commit is the next batch, so an idle store
 * answers at once and a busy one shares its syncs.  A job of several parts goes
 * to the end of the line behind each, so that nobody waits for all of it.
 */
#ifndef STORE_COMMITTER_H
#define STORE_COMMITTER_H

#include <stdint.h>

#include "base/problem.h"
#include "store/job.h"

struct ballast;
struct commit_stats;
struct committer;
struct loop;
struct store;

#define DIGEST_INLINE_MAX 1800	/* bytes of a digest record that lies in the text's row */

struct committer_spec {
	uint64_t segment_size;
	uint64_t floor_bytes;	/* free space under which no text is taken in */
	struct commit_stats *stats;	/* both stay the caller's, and may be NULL */
	struct ballast *ballast;	/* let go for what removes messages */
	/* Called on the loop: jobs of a batch, a list; taken: job_free() each.  is_changed: something
	 * was committed. */
	void (*done)(void *ctx, struct job *jobs, bool is_changed);
	void *ctx;
};

MUST_USE enum status committer_new(struct store *s, struct loop *l,
    const struct committer_spec *spec, struct committer **out, struct problem *why);
/* Takes the jobs, a list. */
void committer_submit(struct committer *c, struct job **jobs);
/* Finish what was submitted, and end the thread.  done() is still called, by the loop. */
void committer_stop(struct committer *c);
void committer_free(struct committer **c);
/* Bytes of texts that wait or are being written. */
uint64_t committer_pending_bytes(struct committer *c);
/* Jobs that wait for the next commit. */
uint64_t committer_waiting(struct committer *c);

#endif
