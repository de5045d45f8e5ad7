/*
 * store_hold.h -- keep stored from removing texts while a command copies them.
 */
#ifndef TOOLS_STORE_HOLD_H
#define TOOLS_STORE_HOLD_H

#include <stdbool.h>

#include "tools/command.h"

/*
 * While *fd is open no text disappears and no segment file is deleted; close() lets go.  The
 * instance has been entered.  BUSY when nobody serves it: then nothing is removed either, but
 * a server that starts later does not know of us.
 */
MUST_USE enum status store_hold(const struct invocation *in, int *fd, struct problem *why);
/* False when stored has ended since: what was copied may have gone while it was. */
bool store_hold_lasts(int fd);

#endif
