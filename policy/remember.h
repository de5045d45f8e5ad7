/*
 * remember.h -- passwords that were right a short while ago, as HMACs under a
 * key made at start, so that a mail program's twenty connections cost one hash.
 * Safe from any thread; time is passed in.
 */
#ifndef POLICY_REMEMBER_H
#define POLICY_REMEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct remember;

struct remember *remember_new(void);
void remember_free(struct remember **r);
/* This account, in this version, has shown this password. */
void remember_put(struct remember *r, uint32_t account, uint32_t version, struct slice password,
    uint64_t now_s, uint32_t for_s);
/* True when that was put for the same account and version, and its time is not over. */
bool remember_has(struct remember *r, uint32_t account, uint32_t version, struct slice password,
    uint64_t now_s);

#endif
