/*
 * admission.h -- how many clients there may be at a time, and how many of them
 * may be of one kind: from one address, or of one account.  Counts, and knows
 * nothing about who is counted.
 */
#ifndef NET_ADMISSION_H
#define NET_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

struct admission;

/* places: for all; each: for those with the same key. */
struct admission *admission_new(uint32_t places, uint32_t each);
/* Whoever is still in need not leave any more. */
void admission_free(struct admission **a);

/*
 * OK     counted in: admission_leave() with the same key follows when it goes
 * BUSY   all places are taken
 * LIMIT  this key has its share
 */
MUST_USE enum status admission_enter(struct admission *a, struct slice key);
void admission_leave(struct admission *a, struct slice key);

/* Those that are in. */
uint32_t admission_count(const struct admission *a);
/* Three quarters of the places are taken: who has not said yet who he is has less time for it. */
bool admission_is_crowded(const struct admission *a);

#define ADMISSION_ADDRESS_MAX 46
/*
 * The key of a numeric address: itself; of a public IPv6 address its network
 * of 64 bits, as whoever has one such address has them all.  Written into out.
 */
struct slice admission_address(const char *peer, char out[ADMISSION_ADDRESS_MAX]);

#endif
