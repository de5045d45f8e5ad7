/*
 * schedule.h -- when which mailbox is collected.  Asks no clock and no dice:
 * times (seconds, of any clock that never goes back) and random numbers come
 * from the caller.
 */
#ifndef FETCHD_SCHEDULE_H
#define FETCHD_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct schedule;

#define SCHEDULE_BACKOFF_MAX_S 3600
#define SCHEDULE_NEVER UINT64_MAX

struct schedule *schedule_new(uint32_t concurrent);
void schedule_free(struct schedule **s);

/*
 * Collect id every so many seconds (at least 1), give or take a tenth.  A new
 * one is due at a random time within its interval, so that a start collects
 * not everything at once; a changed interval counts from now.
 */
void schedule_set(struct schedule *s, uint32_t id, uint32_t every_s, uint64_t now_s,
    uint64_t random);
/* Forget it; one that runs is not running any more. */
void schedule_remove(struct schedule *s, uint32_t id);
/* Due at once, whatever else runs.  False when there is no such id.  One that runs stays as it is. */
bool schedule_hurry(struct schedule *s, uint32_t id, uint64_t now_s);

/* The next one to begin now: it counts as running.  False when none is due or too many run. */
bool schedule_take(struct schedule *s, uint64_t now_s, uint32_t *id);
/*
 * A run has ended.  After n failures in a row the interval is doubled n - 1
 * times, up to SCHEDULE_BACKOFF_MAX_S (or the interval, where that is longer).
 */
void schedule_done(struct schedule *s, uint32_t id, bool is_ok, uint64_t now_s,
    uint64_t random);
/* When schedule_take() may succeed next; SCHEDULE_NEVER when only an ended run can change that. */
uint64_t schedule_next(const struct schedule *s);

#endif
