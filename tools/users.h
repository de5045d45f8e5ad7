/*
 * users.h -- the system users that the daemons become when the instance is
 * served by root: one each, so that who takes one over has nothing of another.
 */
#ifndef TOOLS_USERS_H
#define TOOLS_USERS_H

#include "base/problem.h"
#include "base/status.h"

/* Make those that are not there yet, with groupadd and useradd.  Only as root. */
MUST_USE enum status users_make(struct problem *why);

#endif
