/*
 * relay_schedule.h -- when mail that could not be sent is tried again, when its
 * author hears of it, and when it is given up.  Asks no clock and no dice.
 */
#ifndef SMTPD_RELAY_SCHEDULE_H
#define SMTPD_RELAY_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct relay_schedule {
	uint32_t first_s;	/* after the first failure */
	uint32_t max_s;		/* the longest pause */
	uint32_t notice_s;	/* so old, the author is told; 0: never */
	uint32_t expire_s;	/* so old, it is returned */
};

/*
 * When the entry is due after its attempt number attempts (from 1) failed: 5,
 * 10, 20, 40 minutes, 1, 2, 4 hours and so on when first_s is 5 minutes, give or
 * take a tenth.
 */
uint64_t relay_schedule_next(const struct relay_schedule *s, uint32_t attempts, uint64_t now_s,
    uint64_t random);
/*
 * Made at made_at, mail is given up now that attempts of it failed.  Age is not enough, since
 * nothing is tried while the power is off: there were three attempts at least, with pauses of
 * an hour together, or of expire_s where that is less.
 */
bool relay_schedule_is_expired(const struct relay_schedule *s, uint64_t made_at,
    uint32_t attempts, uint64_t now_s);
/* The author is to be told now. */
bool relay_schedule_is_late(const struct relay_schedule *s, uint64_t made_at, bool is_told,
    uint64_t now_s);
/*
 * For how long a host is left alone that could not be reached failures times in
 * a row (from 1): short, since every entry has its own schedule besides.
 */
uint32_t relay_schedule_rest(const struct relay_schedule *s, uint32_t failures);

#endif
