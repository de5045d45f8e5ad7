/*
 * heads.h -- every [policy] head_every policyd asks stored for the head of the
 * archive's chain, signs it and writes it down outside the store (head_sign.h)
 * and in the log.
 */
#ifndef POLICY_HEADS_H
#define POLICY_HEADS_H

#include "base/problem.h"
#include "base/status.h"

struct heads;
struct policyd;

/* The key is in directory, made where there is none; so is the file of heads. */
MUST_USE enum status heads_new(struct policyd *p, const char *directory, struct heads **out,
    struct problem *why);
void heads_free(struct heads **h);

#endif
