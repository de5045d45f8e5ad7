/*
 * commit_stats.h -- what the last commits were like: for mailadm stats store.
 * Filled by the committer's thread, read by the loop's.
 */
#ifndef STORE_COMMIT_STATS_H
#define STORE_COMMIT_STATS_H

#include <stdbool.h>
#include <stdint.h>

#define COMMIT_STATS_WINDOW_S 300	/* that a summary is about */

struct commit_stats;

struct commit_summary {		/* of the last COMMIT_STATS_WINDOW_S, or of the last few thousand */
	uint64_t commits, jobs;
	uint64_t batch_max;	/* jobs in one commit */
	uint64_t p50_us, p99_us, max_us;	/* from a batch's beginning until it was on disk */
};

struct commit_stats *commit_stats_new(void);
void commit_stats_free(struct commit_stats **s);
/* A batch of so many jobs took so long; snapshot: the number of its transaction. */
void commit_stats_add(struct commit_stats *s, uint64_t at_ms, uint64_t took_us, uint64_t jobs,
    uint64_t snapshot);
void commit_stats_read(struct commit_stats *s, uint64_t now_ms, struct commit_summary *out);
/*
 * For how many seconds a snapshot has not been the newest; 0: it is.  False: for longer than that,
 * it is older than all commits that are remembered.
 */
bool commit_stats_age(struct commit_stats *s, uint64_t snapshot, uint64_t now_ms, uint64_t *age_s);

#endif
