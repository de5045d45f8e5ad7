/*
 * upgrade_step.h -- what the steps of an upgrade (upgrade.c) are written with.
 * A step for a new version is a row in upgrade.c and a function here.
 */
#ifndef STORE_UPGRADE_STEP_H
#define STORE_UPGRADE_STEP_H

#include "store/env.h"

struct upgrade;

/* Once for each record that a step has dealt with: shows how far it is. */
void upgrade_count(struct upgrade *u);

/*
 * A step reads and writes records within t.  It finds the store as the version before left it,
 * with all tables of this version there, the new ones empty.  Any failure ends the upgrade.
 */
typedef enum status upgrade_step(struct upgrade *u, struct txn *t, struct problem *why);

/* From 1 to 2: each account's record in the form of today. */
upgrade_step upgrade_accounts;
/* From 1 to 2: how much of each segment is in use. */
upgrade_step upgrade_segments;
/* From 1 to 2: and how much is not, by what was written to it. */
upgrade_step upgrade_space;

#endif
